/*
 * misuse: random calls of the whole API with random arguments, from goroutines and threads at once.
 *
 *     misuse SEED [STEPS]
 *
 * What the header forbids outright is not done: a handle is alive during a call, memory has the
 * size that is said, NULL is not given for a sync object to what returns nothing. All else may
 * come: NULL, numbers of every size, unlocks of what is not locked, closes of what is closed.
 *
 * What must hold: no crash, no hang, a status from those the call may give, a sentence for each
 * refusal, and nothing left at the end.
 */
#include "../c/check.h"

enum { ACTORS = 12, THREADS = 2, THINGS = 4, FAR = 1 << 30 };

static struct things {
    gort_chan *chans[THINGS];
    gort_ctx *ctxs[THINGS];
    gort_timer *timers[THINGS];
    gort_ticker *tickers[THINGS];
    gort_group *groups[THINGS];
    gort_mutex mutexes[THINGS];
    gort_rwmutex rwmutexes[THINGS];
    gort_cond conds[THINGS];
    gort_waitgroup wgs[THINGS];
    gort_sem sems[THINGS];
    gort_once onces[THINGS];
    int fds[2 * THINGS];
} all;

static int actors_left, children_left, steps = 2000;

struct actor {
    uint64_t seed;
    int is_goroutine;
};

static __attribute__((no_sanitize("undefined"))) uint32_t pick(struct actor *actor, uint32_t bound)
{
    actor->seed ^= actor->seed >> 12;
    actor->seed ^= actor->seed << 25;
    actor->seed ^= actor->seed >> 27;
    return (uint32_t)((actor->seed * 2685821657736338717u) >> 33) % bound;
}

#define ANY(actor, things) (pick(actor, 10) == 0 ? NULL : (things)[pick(actor, THINGS)])
#define ANY_OBJECT(actor, things) (pick(actor, 10) == 0 ? NULL : &(things)[pick(actor, THINGS)])
#define SOME(actor, things) (&(things)[pick(actor, THINGS)])

/* Numbers as they break things: small, around zero, at the ends of the range. */
static int64_t odd_number(struct actor *actor)
{
    static const int64_t numbers[] = {0, 1, -1, 2, 3, 7, 100, -100, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN,
        INT64_MAX - 1};
    return numbers[pick(actor, sizeof numbers / sizeof numbers[0])];
}

static gort_duration short_time(struct actor *actor)
{
    return pick(actor, 4) == 0 ? (gort_duration)-1 - pick(actor, FAR) : (gort_duration)pick(actor, 30000);
}

/* A call may give the statuses whose bits are set; every refusal leaves a sentence. */
static void expect(int line, gort_status got, unsigned allowed)
{
    if ((unsigned)got > 31 || (allowed >> (unsigned)got & 1) == 0) {
        check_fail(__FILE__, line, "status %s (%d) is none of those in %#x; last error: %s", gort_status_name(got),
            (int)got,
                   allowed, gort_last_error());
    }
    if (got != GORT_OK && gort_last_error()[0] == '\0') {
        check_fail(__FILE__, line, "%s without a sentence", gort_status_name(got));
    }
}

#define BIT(status) (1u << GORT_##status)
#define EXPECT(call, allowed) expect(__LINE__, (call), BIT(OK) | (allowed))

static void nothing(void *arg)
{
    (void)arg;
}

static void child_yields(void *arg)
{
    (void)arg;
    gort_yield();
    ATOMIC_ADD(&children_left, -1);
}

static int member(void *arg)
{
    child_yields(arg);
    return 3;
}

static void child_exits(void *arg)
{
    CHECK_STATUS(gort_defer(child_yields, arg), GORT_OK);
    gort_exit();
}

/* A child that was not made is not waited for. */
static void spawned(int line, gort_status got, unsigned allowed)
{
    expect(line, got, BIT(OK) | allowed);
    if (got != GORT_OK) {
        ATOMIC_ADD(&children_left, -1);
    }
}

#define SPAWNED(call, allowed) (ATOMIC_ADD(&children_left, 1), spawned(__LINE__, (call), (allowed)))

static void use_channels(struct actor *actor)
{
    gort_chan *c = ANY(actor, all.chans);
    uint64_t value = 7, *elem = pick(actor, 4) == 0 ? NULL : &value;
    gort_duration d = short_time(actor);
    switch (pick(actor, 12)) {
    case 0:
        EXPECT(gort_chan_try_send(c, elem), BIT(WOULD_BLOCK) | BIT(CLOSED));
        break;
    case 1:
        EXPECT(gort_chan_try_recv(c, elem), BIT(WOULD_BLOCK) | BIT(CLOSED));
        break;
    case 2:
        EXPECT(gort_chan_send_timeout(c, elem, d), BIT(DEADLINE_EXCEEDED) | BIT(CLOSED));
        break;
    case 3:
        EXPECT(gort_chan_recv_timeout(c, elem, d), BIT(DEADLINE_EXCEEDED) | BIT(CLOSED));
        break;
    case 4: {
        gort_ctx *ctx = gort_ctx_with_timeout(gort_ctx_background(), d);
        CHECK(ctx != NULL);
        unsigned allowed = BIT(DEADLINE_EXCEEDED) | BIT(CLOSED);
        EXPECT(pick(actor, 2) ? gort_chan_send_ctx(c, elem, ctx) : gort_chan_recv_ctx(c, elem, ctx), allowed);
        gort_ctx_release(ctx);
        break;
    }
    case 5:
        if (pick(actor, 40) == 0) {
            EXPECT(gort_chan_close(c), BIT(CLOSED) | BIT(INVALID));
        }
        break;
    case 6:
        CHECK(gort_chan_len(c) <= gort_chan_cap(c));
        gort_chan_release(gort_chan_retain(c));
        break;
    case 7: { /* sizes that overflow, or are more than there is */
        gort_chan *new = gort_chan_new((size_t)odd_number(actor), (size_t)odd_number(actor));
        if (new != NULL) {
            EXPECT(gort_chan_try_recv(new, NULL), BIT(WOULD_BLOCK));
        }
        gort_chan_release(new);
        break;
    }
    default: {
        enum { MOST = 12 };
        gort_case cases[MOST];
        uint64_t values[MOST];
        size_t n = pick(actor, MOST + 1);
        int bad = 0;
        for (size_t i = 0; i < n; i++) {
            values[i] = i;
            cases[i].chan = ANY(actor, all.chans);
            cases[i].elem = pick(actor, 4) == 0 ? NULL : &values[i];
            cases[i].op = pick(actor, 2) ? GORT_OP_RECV : GORT_OP_SEND;
            cases[i].status = GORT_OK;
            if (pick(actor, 200) == 0) {
                int wrong = 77;
                memcpy(&cases[i].op, &wrong, sizeof wrong);
                bad = 1;
            }
        }
        gort_case *given = cases;
        if (pick(actor, 50) == 0) {
            given = NULL;
            bad = n > 0;
        }
        int chosen = pick(actor, 2) ? gort_select_default(given, n) : gort_select_timeout(given, n, d);
        CHECK(bad ? chosen == -2 : chosen == GORT_NONE || (chosen >= 0 && chosen < (int)n));
        if (chosen >= 0) {
            CHECK(given[chosen].chan != NULL);
            CHECK(given[chosen].status == GORT_OK || given[chosen].status == GORT_CLOSED);
        }
    }
    }
}

static void use_sync(struct actor *actor)
{
    unsigned broken = BIT(MISUSE) | BIT(INVALID);
    switch (pick(actor, 14)) {
    case 0:
        gort_mutex_lock(SOME(actor, all.mutexes)); /* unlocked by anyone, in the end by main */
        break;
    case 1:
        (void)gort_mutex_try_lock(ANY_OBJECT(actor, all.mutexes));
        break;
    case 2:
    case 3:
        EXPECT(gort_mutex_unlock(ANY_OBJECT(actor, all.mutexes)), broken);
        break;
    case 4:
        gort_rwmutex_rlock(SOME(actor, all.rwmutexes));
        break;
    case 5:
        (void)gort_rwmutex_try_rlock(ANY_OBJECT(actor, all.rwmutexes));
        break;
    case 6:
        gort_rwmutex_lock(SOME(actor, all.rwmutexes));
        break;
    case 7:
        (void)gort_rwmutex_try_lock(ANY_OBJECT(actor, all.rwmutexes));
        break;
    case 8:
        EXPECT(gort_rwmutex_unlock(ANY_OBJECT(actor, all.rwmutexes)), broken);
        EXPECT(gort_rwmutex_runlock(ANY_OBJECT(actor, all.rwmutexes)), broken);
        break;
    case 9:
        EXPECT(gort_waitgroup_add(ANY_OBJECT(actor, all.wgs), odd_number(actor)), broken);
        EXPECT(gort_waitgroup_done(ANY_OBJECT(actor, all.wgs)), broken);
        break;
    case 10:
        if (pick(actor, 8) == 0) {
            gort_waitgroup_wait(SOME(actor, all.wgs));
        }
        break;
    case 11:
        EXPECT(gort_sem_release(ANY_OBJECT(actor, all.sems), odd_number(actor)), broken);
        (void)gort_sem_try_acquire(ANY_OBJECT(actor, all.sems), odd_number(actor));
        break;
    case 12: {
        gort_ctx *ctx = gort_ctx_with_timeout(gort_ctx_background(), short_time(actor));
        CHECK(ctx != NULL);
        EXPECT(gort_sem_acquire(ANY_OBJECT(actor, all.sems), ctx, odd_number(actor)),
            BIT(INVALID) | BIT(DEADLINE_EXCEEDED));
        gort_ctx_release(ctx);
        break;
    }
    default:
        gort_cond_signal(SOME(actor, all.conds));
        gort_cond_broadcast(SOME(actor, all.conds));
        gort_once_do(SOME(actor, all.onces), nothing, NULL);
    }
}

static void use_time_and_contexts(struct actor *actor)
{
    int64_t when = odd_number(actor);
    gort_ctx *parent = ANY(actor, all.ctxs);
    switch (pick(actor, 13)) {
    case 0:
        gort_sleep(short_time(actor));
        break;
    case 1:
        (void)gort_timer_stop(ANY(actor, all.timers));
        break;
    case 2:
        (void)gort_timer_reset(ANY(actor, all.timers), pick(actor, 4) ? short_time(actor) : odd_number(actor));
        break;
    case 3:
        gort_ticker_stop(ANY(actor, all.tickers));
        break;
    case 4:
        EXPECT(gort_ticker_reset(ANY(actor, all.tickers), odd_number(actor)), BIT(INVALID));
        break;
    case 5:
        gort_chan_release(gort_after(odd_number(actor)));
        gort_timer_release(gort_timer_new(odd_number(actor)));
        gort_ticker_release(gort_ticker_new(odd_number(actor)));
        gort_timer_release(gort_after_func(odd_number(actor), nothing, NULL));
        CHECK(gort_after_func(1, NULL, NULL) == NULL);
        break;
    case 6:
        if (pick(actor, 60) == 0) {
            gort_ctx_cancel_cause(parent, pick(actor, 2) ? "a cause" : NULL);
        }
        break;
    case 7: {
        gort_ctx *ctx = pick(actor, 2) ? gort_ctx_with_deadline(parent, when) : gort_ctx_with_timeout(parent, when);
        CHECK((ctx == NULL) == (parent == NULL));
        gort_ctx_cancel(ctx);
        CHECK(ctx == NULL || gort_ctx_err(ctx) == GORT_CANCELED || gort_ctx_err(ctx) == GORT_DEADLINE_EXCEEDED);
        gort_ctx_release(ctx);
        break;
    }
    case 8: {
        gort_ctx *value = gort_ctx_with_value(parent, &all, &all, nothing);
        gort_ctx *apart = gort_ctx_without_cancel(value);
        CHECK(gort_ctx_value(apart, &all) == (parent != NULL ? &all : NULL));
        CHECK(gort_ctx_done(apart) == NULL && gort_ctx_err(apart) == GORT_OK);
        gort_ctx_release(value);
        gort_ctx_release(apart);
        break;
    }
    case 9: {
        gort_ctx_after *after = gort_ctx_after_func(parent, pick(actor, 8) ? nothing : NULL, NULL);
        (void)gort_ctx_after_stop(after);
        (void)gort_ctx_after_stop(after);
        gort_ctx_after_release(after);
        break;
    }
    case 10:
        EXPECT(gort_chan_recv_timeout(gort_timer_chan(SOME(actor, all.timers)[0]), NULL, short_time(actor)),
            BIT(DEADLINE_EXCEEDED));
        EXPECT(gort_chan_try_recv(gort_ticker_chan(SOME(actor, all.tickers)[0]), NULL), BIT(WOULD_BLOCK));
        break;
    case 11:
        EXPECT(gort_sleep_ctx(short_time(actor), parent), BIT(CANCELED) | BIT(DEADLINE_EXCEEDED));
        break;
    default:
        (void)gort_ctx_deadline(parent, pick(actor, 2) ? &when : NULL);
        CHECK((gort_ctx_err(parent) == GORT_OK) || gort_ctx_cause(parent) != NULL);
    }
}

static void use_the_rest(struct actor *actor)
{
    gort_go_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = pick(actor, 4) == 0 ? (size_t)odd_number(actor) : sizeof options;
    options.stack_size = pick(actor, 4) == 0 ? (size_t)odd_number(actor) : pick(actor, 100000);
    options.name = pick(actor, 2) ? "misused" : NULL;
    unsigned refused = BIT(INVALID) | BIT(NO_MEMORY), closed = BIT(OS_ERROR);
    char bytes[64] = {0};
    int fd = pick(actor, 8) == 0 ? -1 : all.fds[pick(actor, 2 * THINGS)];
    gort_stats stats;
    switch (pick(actor, 14)) {
    case 0:
        SPAWNED(gort_go(pick(actor, 8) ? child_yields : NULL, NULL), refused);
        break;
    case 1:
        SPAWNED(gort_go_copy(child_exits, pick(actor, 8) ? bytes : NULL, pick(actor, sizeof bytes + 1)), refused);
        break;
    case 2:
        SPAWNED(gort_go_with(&options, child_yields, NULL), refused);
        break;
    case 3:
        SPAWNED(gort_waitgroup_go(ANY_OBJECT(actor, all.wgs), child_yields, NULL), refused | BIT(MISUSE));
        break;
    case 4:
        SPAWNED(gort_group_try_go(ANY(actor, all.groups), member, NULL), refused | BIT(WOULD_BLOCK) | BIT(MISUSE));
        break;
    case 5:
        EXPECT(gort_group_set_limit(ANY(actor, all.groups), pick(actor, 5)), BIT(INVALID) | BIT(MISUSE));
        (void)gort_group_ctx(ANY(actor, all.groups));
        break;
    case 6:
        EXPECT(gort_lock_os_thread(), BIT(MISUSE));
        gort_yield();
        EXPECT(gort_unlock_os_thread(), BIT(MISUSE));
        EXPECT(gort_unlock_os_thread(), BIT(MISUSE));
        break;
    case 7:
        gort_block_enter();
        gort_block_exit();
        gort_block_exit();
        break;
    case 8:
        EXPECT(gort_fd_wait(fd, (uint32_t)pick(actor, 5), short_time(actor) & 0xffff, NULL),
            BIT(INVALID) | BIT(DEADLINE_EXCEEDED) | closed);
        break;
    case 9:
        CHECK(gort_write(fd, bytes, pick(actor, 2)) >= -1); /* drained by main: a write may wait for that */
        break;
    case 10:
        memset(&stats, 0, sizeof stats);
        stats.struct_size = pick(actor, 2) ? (size_t)odd_number(actor) % (sizeof stats + 100) : sizeof stats;
        EXPECT(gort_stats_read(stats.struct_size <= sizeof stats ? &stats : NULL), BIT(INVALID));
        break;
    case 11:
        EXPECT(gort_dump(-1), closed);
        EXPECT(gort_signal_notify(ANY(actor, all.chans), (int)odd_number(actor)), BIT(INVALID) | closed);
        EXPECT(gort_signal_stop(ANY(actor, all.chans)), BIT(INVALID));
        break;
    case 12:
        if (actor->is_goroutine) {
            EXPECT(gort_run(nothing, NULL), BIT(MISUSE));
            EXPECT(gort_shutdown(0), BIT(MISUSE));
        }
        (void)gort_gomaxprocs((int)pick(actor, 9));
        break;
    default:
        CHECK(gort_status_name((gort_status)pick(actor, 20)) != NULL);
        CHECK(gort_status_message((gort_status)pick(actor, 20)) != NULL);
        CHECK(gort_num_cpu() >= 1 && gort_num_goroutine() < FAR);
        EXPECT(gort_defer(NULL, NULL), BIT(INVALID) | BIT(MISUSE));
    }
}

static void act(void *arg)
{
    struct actor *actor = arg;
    actor->is_goroutine = gort_goroutine_id() != 0;
    for (int i = 0; i < steps; i++) {
        switch (pick(actor, 4)) {
        case 0:
            use_channels(actor);
            break;
        case 1:
            use_sync(actor);
            break;
        case 2:
            use_time_and_contexts(actor);
            break;
        default:
            use_the_rest(actor);
        }
    }
    ATOMIC_ADD(&actors_left, -1);
}

static void *act_on_thread(void *arg)
{
    act(arg);
    return NULL;
}

/* Let go of everything that an actor may wait for, as often as it takes. */
static void rescue(void)
{
    char bytes[4096];
    for (int i = 0; i < THINGS; i++) {
        (void)gort_mutex_unlock(&all.mutexes[i]);
        (void)gort_rwmutex_unlock(&all.rwmutexes[i]);
        (void)gort_rwmutex_runlock(&all.rwmutexes[i]);
        for (int64_t n = FAR; n > 0; n /= 2) {
            (void)gort_waitgroup_add(&all.wgs[i], -n);
        }
        gort_cond_broadcast(&all.conds[i]);
        while (recv(all.fds[2 * i], bytes, sizeof bytes, MSG_DONTWAIT) > 0 ||
            recv(all.fds[2 * i + 1], bytes, sizeof bytes, MSG_DONTWAIT) > 0) {
        }
    }
}

int main(int argc, char **argv)
{
    struct actor actors[ACTORS], self = {argc > 1 ? strtoull(argv[1], NULL, 10) * 2654435761u + 1 : 1, 0};
    steps = argc > 2 ? atoi(argv[2]) : steps;
    for (int i = 0; i < THINGS; i++) {
        all.chans[i] = new_chan(sizeof(uint64_t), pick(&self, 3));
        all.ctxs[i] = gort_ctx_with_cancel(i == 0 ? gort_ctx_background() : all.ctxs[pick(&self, (uint32_t)i)]);
        all.timers[i] = gort_timer_new(short_time(&self));
        all.tickers[i] = gort_ticker_new(1 + pick(&self, 100000));
        all.groups[i] = gort_group_new(all.ctxs[i]);
        CHECK(all.ctxs[i] && all.timers[i] && all.tickers[i] && all.groups[i]);
        CHECK_STATUS(gort_sem_init(&all.sems[i], pick(&self, 5)), GORT_OK);
        CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, &all.fds[2 * i]), 0);
    }
    actors_left = ACTORS;
    pthread_t threads[THREADS];
    for (int i = 0; i < ACTORS; i++) {
        actors[i].seed = ((uint64_t)pick(&self, FAR) << 30) + pick(&self, FAR) + 1;
        if (i < THREADS) {
            threads[i] = bare_thread(act_on_thread, &actors[i]);
        } else {
            spawn(act, &actors[i]);
        }
    }
    while (ATOMIC_GET(&actors_left) > 0 || ATOMIC_GET(&children_left) > 0) {
        rescue();
        gort_sleep(200 * GORT_MICROSECOND);
    }
    for (int i = 0; i < THREADS; i++) {
        join_thread(threads[i]);
    }
    for (int i = 0; i < THINGS; i++) {
        (void)gort_group_wait(all.groups[i]);
        gort_group_release(all.groups[i]);
        gort_ticker_release(all.tickers[i]);
        gort_timer_release(all.timers[i]);
        gort_ctx_release(all.ctxs[i]);
        gort_chan_release(all.chans[i]);
        CHECK_EQ(gort_close(all.fds[2 * i]), 0);
        CHECK_EQ(gort_close(all.fds[2 * i + 1]), 0);
    }
    CHECK_STATUS(gort_shutdown(20 * GORT_SECOND), GORT_OK);
    gort_stats stats;
    stats.struct_size = sizeof stats;
    CHECK_STATUS(gort_stats_read(&stats), GORT_OK);
    CHECK(stats.goroutines == 0 && stats.timers == 0 && stats.descriptors == 0);
    CHECK_EQ(check_thread_count(), 1);
    return EXIT_SUCCESS;
}
