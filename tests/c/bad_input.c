/*
 * bad_input: NULL where it has no meaning gives GORT_INVALID, 0, NULL or false in every
 * function of the core that returns something, and numbers out of range are refused.
 */
/* also: c++ */
#include "check.h"

static void nulls(void *arg)
{
    (void)arg;
    CHECK_REFUSED(gort_go(NULL, NULL), GORT_INVALID);
    CHECK_REFUSED(gort_go_copy(NULL, NULL, 0), GORT_INVALID);
    CHECK_REFUSED(gort_go_with(NULL, NULL, NULL), GORT_INVALID);
    CHECK_REFUSED(gort_stats_read(NULL), GORT_INVALID);
    CHECK_REFUSED(gort_chan_close(NULL), GORT_INVALID);
    CHECK(gort_chan_retain(NULL) == NULL);
    CHECK_EQ(gort_chan_len(NULL), 0);
    CHECK_EQ(gort_chan_cap(NULL), 0);
    CHECK(gort_after_func(0, NULL, NULL) == NULL);
    CHECK(gort_timer_chan(NULL) == NULL);
    CHECK(!gort_timer_stop(NULL));
    CHECK(!gort_timer_reset(NULL, 1));
    CHECK(gort_ticker_chan(NULL) == NULL);
    CHECK_REFUSED(gort_ticker_reset(NULL, GORT_SECOND), GORT_INVALID);
    CHECK(!gort_mutex_try_lock(NULL));
    CHECK_REFUSED(gort_mutex_unlock(NULL), GORT_INVALID);
    CHECK_REFUSED(gort_waitgroup_add(NULL, 1), GORT_INVALID);
    CHECK_REFUSED(gort_waitgroup_done(NULL), GORT_INVALID);
    CHECK_REFUSED(gort_waitgroup_go(NULL, NULL, NULL), GORT_INVALID);
    CHECK_EQ(gort_select(NULL, 1), -2);
    CHECK_EQ(gort_select_default(NULL, 1), -2);
    CHECK_EQ(gort_select_timeout(NULL, SIZE_MAX, 0), -2);
    gort_chan_release(NULL);
    gort_timer_release(NULL);
    gort_ticker_release(NULL);
}

static void in_goroutine_only(void *arg)
{
    (void)arg;
    CHECK_REFUSED(gort_defer(NULL, NULL), GORT_INVALID);
}

static void numbers(void *arg)
{
    (void)arg;
    int procs = gort_gomaxprocs(0);
    CHECK_EQ(gort_gomaxprocs(-7), procs);
    CHECK_EQ(gort_gomaxprocs(0), procs);
    CHECK(gort_ticker_new(0) == NULL);
    CHECK(gort_chan_new(SIZE_MAX, SIZE_MAX) == NULL);
    gort_timer *timer = gort_timer_new(INT64_MAX); /* the end of time is not an overflow */
    CHECK(timer != NULL);
    CHECK_STATUS(gort_chan_try_recv(gort_timer_chan(timer), NULL), GORT_WOULD_BLOCK);
    CHECK(gort_timer_reset(timer, INT64_MAX - 1));
    CHECK_STATUS(gort_chan_recv_timeout(gort_timer_chan(timer), NULL, GORT_MILLISECOND), GORT_DEADLINE_EXCEEDED);
    CHECK(gort_timer_reset(timer, INT64_MIN));
    CHECK_STATUS(gort_chan_recv(gort_timer_chan(timer), NULL), GORT_OK);
    gort_timer_release(timer);
}

int main(void)
{
    CHECK_REFUSED(gort_run(NULL, NULL), GORT_INVALID);
    run_every_way(nulls, NULL);
    run_in_goroutine(in_goroutine_only, NULL);
    run_main(in_goroutine_only, NULL);
    run_every_way(numbers, NULL);
    return EXIT_SUCCESS;
}
