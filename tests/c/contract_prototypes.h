/*
 * contract_prototypes.h: what the header has promised, written down a second time: every
 * prototype once more, and the values, sizes and layouts that programs were compiled with.
 * Included after gort.h; a difference is a compile error. Nothing here may be removed or
 * changed; what the header gains is added.
 */
#ifndef GORT_TEST_CONTRACT_PROTOTYPES_H
#define GORT_TEST_CONTRACT_PROTOTYPES_H

#define CONTRACT_JOIN(a, b) a##b
#define CONTRACT_NAME(line) CONTRACT_JOIN(contract_, line)
#define CONTRACT(condition) extern char CONTRACT_NAME(__LINE__)[(condition) ? 1 : -1]

#ifdef __cplusplus
extern "C" {
#endif

/* ---- values */

CONTRACT(sizeof(enum gort_status) == sizeof(gort_status) && sizeof(gort_status) == sizeof(int));
CONTRACT(GORT_OK == 0);
CONTRACT(GORT_CLOSED == 1);
CONTRACT(GORT_WOULD_BLOCK == 2);
CONTRACT(GORT_CANCELED == 3);
CONTRACT(GORT_DEADLINE_EXCEEDED == 4);
CONTRACT(GORT_DEADLOCK == 5);
CONTRACT(GORT_MISUSE == 6);
CONTRACT(GORT_INVALID == 7);
CONTRACT(GORT_NO_MEMORY == 8);
CONTRACT(GORT_OS_ERROR == 9);
CONTRACT(GORT_SHUTDOWN == 10);

CONTRACT(sizeof(enum gort_op) == sizeof(gort_op) && sizeof(gort_op) == sizeof(int));
CONTRACT(GORT_OP_RECV == 0);
CONTRACT(GORT_OP_SEND == 1);

CONTRACT(GORT_VERSION_MAJOR == 0);
CONTRACT(GORT_VERSION_MINOR == 1);
CONTRACT(GORT_VERSION_PATCH == 0);
CONTRACT(GORT_NONE == -1);
CONTRACT(GORT_READABLE == 1u && GORT_WRITABLE == 2u && (GORT_READABLE - 2) > 0); /* unsigned */

CONTRACT(GORT_NANOSECOND == INT64_C(1) && sizeof(GORT_NANOSECOND) == 8);
CONTRACT(GORT_MICROSECOND == INT64_C(1000) && sizeof(GORT_MICROSECOND) == 8);
CONTRACT(GORT_MILLISECOND == INT64_C(1000000) && sizeof(GORT_MILLISECOND) == 8);
CONTRACT(GORT_SECOND == INT64_C(1000000000) && sizeof(GORT_SECOND) == 8);
CONTRACT(GORT_MINUTE == INT64_C(60000000000) && sizeof(GORT_MINUTE) == 8);
CONTRACT(GORT_HOUR == INT64_C(3600000000000) && sizeof(GORT_HOUR) == 8);
CONTRACT(sizeof(gort_duration) == 8 && (gort_duration)-1 < 0);

/* ---- layouts */

CONTRACT(sizeof(struct gort_go_options) == sizeof(gort_go_options));
CONTRACT(offsetof(gort_go_options, struct_size) == 0);
CONTRACT(offsetof(gort_go_options, struct_size) < offsetof(gort_go_options, name));
CONTRACT(offsetof(gort_go_options, name) < offsetof(gort_go_options, stack_size));
CONTRACT(offsetof(gort_go_options, stack_size) < offsetof(gort_go_options, drop));
CONTRACT(sizeof(gort_go_options) == 2 * sizeof(size_t) + 2 * sizeof(void *));
CONTRACT(sizeof(struct gort_stats) == sizeof(gort_stats));
CONTRACT(offsetof(gort_stats, struct_size) == 0);
CONTRACT(offsetof(gort_stats, struct_size) < offsetof(gort_stats, goroutines));
CONTRACT(offsetof(gort_stats, goroutines) < offsetof(gort_stats, goroutines_created));
CONTRACT(offsetof(gort_stats, goroutines_created) < offsetof(gort_stats, threads));
CONTRACT(offsetof(gort_stats, threads) < offsetof(gort_stats, procs));
CONTRACT(offsetof(gort_stats, procs) < offsetof(gort_stats, context_switches));
CONTRACT(offsetof(gort_stats, context_switches) < offsetof(gort_stats, steals));
CONTRACT(offsetof(gort_stats, steals) < offsetof(gort_stats, handoffs));
CONTRACT(offsetof(gort_stats, handoffs) < offsetof(gort_stats, preemptions));
CONTRACT(offsetof(gort_stats, preemptions) < offsetof(gort_stats, stacks_in_use));
CONTRACT(offsetof(gort_stats, stacks_in_use) < offsetof(gort_stats, stacks_cached));
CONTRACT(offsetof(gort_stats, stacks_cached) < offsetof(gort_stats, stack_bytes_committed));
CONTRACT(offsetof(gort_stats, stack_bytes_committed) < offsetof(gort_stats, timers));
CONTRACT(offsetof(gort_stats, timers) < offsetof(gort_stats, descriptors));
CONTRACT(sizeof(gort_stats) == sizeof(size_t) + 13 * sizeof(uint64_t));
CONTRACT(sizeof(struct gort_case) == sizeof(gort_case));
CONTRACT(offsetof(gort_case, chan) == 0);
CONTRACT(offsetof(gort_case, chan) < offsetof(gort_case, elem));
CONTRACT(offsetof(gort_case, elem) < offsetof(gort_case, op));
CONTRACT(offsetof(gort_case, op) < offsetof(gort_case, status));
CONTRACT(sizeof(gort_case) == 2 * sizeof(void *) + 2 * sizeof(int));
CONTRACT(sizeof(struct gort_mutex) == sizeof(gort_mutex));
CONTRACT(sizeof(gort_mutex) == 1 * sizeof(uint64_t) && sizeof(((gort_mutex *)0)->opaque) == 1 * sizeof(uint64_t));
CONTRACT(sizeof(struct gort_rwmutex) == sizeof(gort_rwmutex));
CONTRACT(sizeof(gort_rwmutex) == 4 * sizeof(uint64_t) && sizeof(((gort_rwmutex *)0)->opaque) == 4 * sizeof(uint64_t));
CONTRACT(sizeof(struct gort_waitgroup) == sizeof(gort_waitgroup));
CONTRACT(sizeof(gort_waitgroup) == 2 * sizeof(uint64_t));
CONTRACT(sizeof(((gort_waitgroup *)0)->opaque) == 2 * sizeof(uint64_t));
CONTRACT(sizeof(struct gort_once) == sizeof(gort_once));
CONTRACT(sizeof(gort_once) == 1 * sizeof(uint64_t) && sizeof(((gort_once *)0)->opaque) == 1 * sizeof(uint64_t));
CONTRACT(sizeof(struct gort_cond) == sizeof(gort_cond));
CONTRACT(sizeof(gort_cond) == 2 * sizeof(uint64_t) && sizeof(((gort_cond *)0)->opaque) == 2 * sizeof(uint64_t));
CONTRACT(sizeof(struct gort_sem) == sizeof(gort_sem));
CONTRACT(sizeof(gort_sem) == 6 * sizeof(uint64_t) && sizeof(((gort_sem *)0)->opaque) == 6 * sizeof(uint64_t));

/* ---- prototypes */

const char *gort_status_name(gort_status status);
const char *gort_status_message(gort_status status);
const char *gort_last_error(void);
const char *gort_version(void);
gort_status gort_go(gort_func fn, void *arg);
gort_status gort_go_copy(gort_func fn, const void *arg, size_t size);
gort_status gort_go_with(const gort_go_options *options, gort_func fn, void *arg);
gort_status gort_run(gort_func fn, void *arg);
void gort_on_deadlock(gort_deadlock_handler handler, void *user);
void gort_yield(void);
void gort_exit(void);
gort_status gort_defer(gort_func fn, void *arg);
void gort_panic(const char *message);
uint64_t gort_goroutine_id(void);
int gort_gomaxprocs(int n);
int gort_num_cpu(void);
size_t gort_num_goroutine(void);
gort_status gort_lock_os_thread(void);
gort_status gort_unlock_os_thread(void);
void gort_block_enter(void);
void gort_block_exit(void);
gort_status gort_shutdown(gort_duration timeout);
gort_status gort_stats_read(gort_stats *out);
gort_status gort_dump(int fd);
gort_chan *gort_chan_new(size_t elem_size, size_t capacity);
gort_chan *gort_chan_new_with_drop(size_t elem_size, size_t capacity, gort_drop_func drop);
gort_chan *gort_chan_retain(gort_chan *c);
void gort_chan_release(gort_chan *c);
gort_status gort_chan_send(gort_chan *c, const void *elem);
gort_status gort_chan_recv(gort_chan *c, void *elem);
gort_status gort_chan_try_send(gort_chan *c, const void *elem);
gort_status gort_chan_try_recv(gort_chan *c, void *elem);
gort_status gort_chan_send_timeout(gort_chan *c, const void *elem, gort_duration timeout);
gort_status gort_chan_recv_timeout(gort_chan *c, void *elem, gort_duration timeout);
gort_status gort_chan_close(gort_chan *c);
size_t gort_chan_len(const gort_chan *c);
size_t gort_chan_cap(const gort_chan *c);
int gort_select(gort_case *cases, size_t n);
int gort_select_default(gort_case *cases, size_t n);
int gort_select_timeout(gort_case *cases, size_t n, gort_duration timeout);
int64_t gort_now(void);
void gort_sleep(gort_duration d);
gort_chan *gort_after(gort_duration d);
gort_timer *gort_timer_new(gort_duration d);
gort_timer *gort_after_func(gort_duration d, gort_func fn, void *arg);
gort_chan *gort_timer_chan(gort_timer *t);
bool gort_timer_stop(gort_timer *t);
bool gort_timer_reset(gort_timer *t, gort_duration d);
void gort_timer_release(gort_timer *t);
gort_ticker *gort_ticker_new(gort_duration period);
gort_chan *gort_ticker_chan(gort_ticker *t);
void gort_ticker_stop(gort_ticker *t);
gort_status gort_ticker_reset(gort_ticker *t, gort_duration period);
void gort_ticker_release(gort_ticker *t);
void gort_mutex_lock(gort_mutex *m);
bool gort_mutex_try_lock(gort_mutex *m);
gort_status gort_mutex_unlock(gort_mutex *m);
void gort_rwmutex_lock(gort_rwmutex *m);
bool gort_rwmutex_try_lock(gort_rwmutex *m);
gort_status gort_rwmutex_unlock(gort_rwmutex *m);
void gort_rwmutex_rlock(gort_rwmutex *m);
bool gort_rwmutex_try_rlock(gort_rwmutex *m);
gort_status gort_rwmutex_runlock(gort_rwmutex *m);
gort_status gort_waitgroup_add(gort_waitgroup *wg, int64_t delta);
gort_status gort_waitgroup_done(gort_waitgroup *wg);
void gort_waitgroup_wait(gort_waitgroup *wg);
gort_status gort_waitgroup_go(gort_waitgroup *wg, gort_func fn, void *arg);
void gort_once_do(gort_once *once, gort_func fn, void *arg);
void gort_cond_wait(gort_cond *cond, gort_mutex *m);
void gort_cond_signal(gort_cond *cond);
void gort_cond_broadcast(gort_cond *cond);
gort_status gort_sem_init(gort_sem *sem, int64_t n);
gort_status gort_sem_acquire(gort_sem *sem, gort_ctx *ctx, int64_t n);
bool gort_sem_try_acquire(gort_sem *sem, int64_t n);
gort_status gort_sem_release(gort_sem *sem, int64_t n);
gort_status gort_flight_do(gort_flight *flight, const void *key, size_t size, gort_value_func fn, void *arg,
                           void **value, bool *shared);
gort_status gort_flight_forget(gort_flight *flight, const void *key, size_t size);
gort_pool *gort_pool_new(gort_value_func make, gort_drop_func drop, void *arg);
void *gort_pool_get(gort_pool *pool);
void gort_pool_put(gort_pool *pool, void *value);
void gort_pool_release(gort_pool *pool);
gort_map *gort_map_new(void);
bool gort_map_load(gort_map *m, const void *key, size_t size, void **out);
gort_status gort_map_store(gort_map *m, const void *key, size_t size, void *value, void **before);
gort_status gort_map_load_or_store(gort_map *m, const void *key, size_t size, void *value, void **out, bool *loaded);
bool gort_map_load_and_delete(gort_map *m, const void *key, size_t size, void **out);
void gort_map_delete(gort_map *m, const void *key, size_t size);
bool gort_map_compare_and_swap(gort_map *m, const void *key, size_t size, void *old, void *value);
gort_status gort_map_range(gort_map *m, gort_map_func fn, void *arg);
size_t gort_map_len(gort_map *m);
void gort_map_release(gort_map *m);
gort_group *gort_group_new(gort_ctx *parent);
gort_ctx *gort_group_ctx(gort_group *g);
gort_status gort_group_set_limit(gort_group *g, int64_t n);
gort_status gort_group_go(gort_group *g, int (*fn)(void *arg), void *arg);
gort_status gort_group_try_go(gort_group *g, int (*fn)(void *arg), void *arg);
int gort_group_wait(gort_group *g);
void gort_group_release(gort_group *g);
gort_ctx *gort_ctx_background(void);
gort_ctx *gort_ctx_todo(void);
gort_ctx *gort_ctx_with_cancel(gort_ctx *parent);
gort_ctx *gort_ctx_with_timeout(gort_ctx *parent, gort_duration timeout);
gort_ctx *gort_ctx_with_deadline(gort_ctx *parent, int64_t when);
gort_ctx *gort_ctx_with_value(gort_ctx *parent, const void *key, void *value, void (*drop)(void *value));
gort_ctx *gort_ctx_without_cancel(gort_ctx *parent);
void gort_ctx_cancel(gort_ctx *ctx);
void gort_ctx_cancel_cause(gort_ctx *ctx, const char *cause);
gort_chan *gort_ctx_done(gort_ctx *ctx);
gort_status gort_ctx_err(gort_ctx *ctx);
const char *gort_ctx_cause(gort_ctx *ctx);
bool gort_ctx_deadline(gort_ctx *ctx, int64_t *when);
void *gort_ctx_value(gort_ctx *ctx, const void *key);
gort_ctx_after *gort_ctx_after_func(gort_ctx *ctx, gort_func fn, void *arg);
bool gort_ctx_after_stop(gort_ctx_after *a);
void gort_ctx_after_release(gort_ctx_after *a);
gort_ctx *gort_ctx_retain(gort_ctx *ctx);
void gort_ctx_release(gort_ctx *ctx);
gort_status gort_chan_send_ctx(gort_chan *c, const void *elem, gort_ctx *ctx);
gort_status gort_chan_recv_ctx(gort_chan *c, void *elem, gort_ctx *ctx);
gort_status gort_sleep_ctx(gort_duration d, gort_ctx *ctx);
gort_status gort_fd_wait(int fd, uint32_t events, gort_duration timeout, uint32_t *ready);
ssize_t gort_read(int fd, void *buf, size_t n);
ssize_t gort_write(int fd, const void *buf, size_t n);
int gort_accept(int fd, struct sockaddr *addr, socklen_t *len);
int gort_connect(int fd, const struct sockaddr *addr, socklen_t len);
int gort_close(int fd);
int gort_errno(void);

#ifdef __cplusplus
}
#endif
#endif
