/*
 * contract: the header against the prototypes, values and layouts that were promised, and
 * every function of them against the library: all can be linked.
 */
/* run: once */
/* needs: everything */
/* also: c++ */
#include "check.h"

#include "contract_prototypes.h"

typedef void (*function)(void);
#define ADDRESS(name) {#name, (function)name}

static const struct {
    const char *name;
    function address;
} FUNCTIONS[] = {
    ADDRESS(gort_status_name),
    ADDRESS(gort_status_message),
    ADDRESS(gort_last_error),
    ADDRESS(gort_version),
    ADDRESS(gort_go),
    ADDRESS(gort_go_copy),
    ADDRESS(gort_go_with),
    ADDRESS(gort_run),
    ADDRESS(gort_on_deadlock),
    ADDRESS(gort_yield),
    ADDRESS(gort_exit),
    ADDRESS(gort_defer),
    ADDRESS(gort_panic),
    ADDRESS(gort_goroutine_id),
    ADDRESS(gort_gomaxprocs),
    ADDRESS(gort_num_cpu),
    ADDRESS(gort_num_goroutine),
    ADDRESS(gort_lock_os_thread),
    ADDRESS(gort_unlock_os_thread),
    ADDRESS(gort_block_enter),
    ADDRESS(gort_block_exit),
    ADDRESS(gort_shutdown),
    ADDRESS(gort_stats_read),
    ADDRESS(gort_dump),
    ADDRESS(gort_chan_new),
    ADDRESS(gort_chan_new_with_drop),
    ADDRESS(gort_chan_retain),
    ADDRESS(gort_chan_release),
    ADDRESS(gort_chan_send),
    ADDRESS(gort_chan_recv),
    ADDRESS(gort_chan_try_send),
    ADDRESS(gort_chan_try_recv),
    ADDRESS(gort_chan_send_timeout),
    ADDRESS(gort_chan_recv_timeout),
    ADDRESS(gort_chan_close),
    ADDRESS(gort_chan_len),
    ADDRESS(gort_chan_cap),
    ADDRESS(gort_select),
    ADDRESS(gort_select_default),
    ADDRESS(gort_select_timeout),
    ADDRESS(gort_now),
    ADDRESS(gort_sleep),
    ADDRESS(gort_after),
    ADDRESS(gort_timer_new),
    ADDRESS(gort_after_func),
    ADDRESS(gort_timer_chan),
    ADDRESS(gort_timer_stop),
    ADDRESS(gort_timer_reset),
    ADDRESS(gort_timer_release),
    ADDRESS(gort_ticker_new),
    ADDRESS(gort_ticker_chan),
    ADDRESS(gort_ticker_stop),
    ADDRESS(gort_ticker_reset),
    ADDRESS(gort_ticker_release),
    ADDRESS(gort_mutex_lock),
    ADDRESS(gort_mutex_try_lock),
    ADDRESS(gort_mutex_unlock),
    ADDRESS(gort_rwmutex_lock),
    ADDRESS(gort_rwmutex_try_lock),
    ADDRESS(gort_rwmutex_unlock),
    ADDRESS(gort_rwmutex_rlock),
    ADDRESS(gort_rwmutex_try_rlock),
    ADDRESS(gort_rwmutex_runlock),
    ADDRESS(gort_waitgroup_add),
    ADDRESS(gort_waitgroup_done),
    ADDRESS(gort_waitgroup_wait),
    ADDRESS(gort_waitgroup_go),
    ADDRESS(gort_once_do),
    ADDRESS(gort_cond_wait),
    ADDRESS(gort_cond_signal),
    ADDRESS(gort_cond_broadcast),
    ADDRESS(gort_sem_init),
    ADDRESS(gort_sem_acquire),
    ADDRESS(gort_sem_try_acquire),
    ADDRESS(gort_sem_release),
    ADDRESS(gort_flight_do),
    ADDRESS(gort_flight_forget),
    ADDRESS(gort_pool_new),
    ADDRESS(gort_pool_get),
    ADDRESS(gort_pool_put),
    ADDRESS(gort_pool_release),
    ADDRESS(gort_map_new),
    ADDRESS(gort_map_load),
    ADDRESS(gort_map_store),
    ADDRESS(gort_map_load_or_store),
    ADDRESS(gort_map_load_and_delete),
    ADDRESS(gort_map_delete),
    ADDRESS(gort_map_compare_and_swap),
    ADDRESS(gort_map_range),
    ADDRESS(gort_map_len),
    ADDRESS(gort_map_release),
    ADDRESS(gort_group_new),
    ADDRESS(gort_group_ctx),
    ADDRESS(gort_group_set_limit),
    ADDRESS(gort_group_go),
    ADDRESS(gort_group_try_go),
    ADDRESS(gort_group_wait),
    ADDRESS(gort_group_release),
    ADDRESS(gort_ctx_background),
    ADDRESS(gort_ctx_todo),
    ADDRESS(gort_ctx_with_cancel),
    ADDRESS(gort_ctx_with_timeout),
    ADDRESS(gort_ctx_with_deadline),
    ADDRESS(gort_ctx_with_value),
    ADDRESS(gort_ctx_without_cancel),
    ADDRESS(gort_ctx_cancel),
    ADDRESS(gort_ctx_cancel_cause),
    ADDRESS(gort_ctx_done),
    ADDRESS(gort_ctx_err),
    ADDRESS(gort_ctx_cause),
    ADDRESS(gort_ctx_deadline),
    ADDRESS(gort_ctx_value),
    ADDRESS(gort_ctx_after_func),
    ADDRESS(gort_ctx_after_stop),
    ADDRESS(gort_ctx_after_release),
    ADDRESS(gort_ctx_retain),
    ADDRESS(gort_ctx_release),
    ADDRESS(gort_chan_send_ctx),
    ADDRESS(gort_chan_recv_ctx),
    ADDRESS(gort_sleep_ctx),
    ADDRESS(gort_fd_wait),
    ADDRESS(gort_read),
    ADDRESS(gort_write),
    ADDRESS(gort_accept),
    ADDRESS(gort_connect),
    ADDRESS(gort_close),
    ADDRESS(gort_errno),
};
enum { FUNCTION_COUNT = sizeof FUNCTIONS / sizeof FUNCTIONS[0] };

/* The function types are what the contract calls them. */
static void takes_two(const char *report, void *user)
{
    (void)report;
    (void)user;
}

static void takes_one(void *arg)
{
    (void)arg;
}

int main(void)
{
    for (int i = 0; i < FUNCTION_COUNT; i++) {
        if (FUNCTIONS[i].address == NULL) {
            check_fail(__FILE__, __LINE__, "%s is missing", FUNCTIONS[i].name);
        }
    }
    gort_func one = takes_one;
    gort_deadlock_handler two = takes_two;
    gort_case cases[] = {GORT_RECV_CASE(NULL, NULL), GORT_SEND_CASE(NULL, "constant")};
    CHECK(one != NULL && two != NULL);
    CHECK(cases[0].op == GORT_OP_RECV && cases[0].status == GORT_OK);
    CHECK(cases[1].op == GORT_OP_SEND && cases[1].elem != NULL);
    return EXIT_SUCCESS;
}
