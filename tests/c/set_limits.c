/*
 * gort_set_limits: beyond each limit there is a clear error, or no more threads, and what is
 * within goes on; without limits all is as before.
 */
/* sanitize: not thread */ /* has room for 8128 threads, goroutines among them */
#include "check.h"

static void waits(void *arg)
{
    gort_chan_recv((gort_chan *)arg, NULL);
}

static void limit(size_t threads, size_t stack_bytes, size_t goroutines)
{
    gort_limits limits = {sizeof limits, threads, stack_bytes, goroutines};
    CHECK_STATUS(gort_set_limits(&limits), GORT_OK);
}

/* How many goroutines that wait can be started, up to most. */
static int starts(int most)
{
    gort_chan *end = new_chan(0, 0);
    int started = 0;
    gort_status status = GORT_OK;
    while (started < most && (status = gort_go(waits, end)) == GORT_OK) {
        started++;
    }
    if (started < most) {
        CHECK_STATUS(status, GORT_NO_MEMORY);
        CHECK(strstr(gort_last_error(), "limit") != NULL);
    }
    CHECK_STATUS(gort_chan_close(end), GORT_OK);
    WAIT_UNTIL(gort_num_goroutine() == 0);
    CHECK_STATUS(gort_go(waits, end), GORT_OK); /* there is room again */
    CHECK_STATUS(gort_shutdown(-1), GORT_OK);
    gort_chan_release(end);
    return started;
}

static gort_chan *inner_end;
static int inner_started;

static void starts_from_inside(void *arg)
{
    (void)arg;
    inner_end = new_chan(0, 0);
    while (gort_go(waits, inner_end) == GORT_OK) {
        inner_started++;
    }
    CHECK(strstr(gort_last_error(), "limit") != NULL);
    CHECK_STATUS(gort_chan_close(inner_end), GORT_OK);
}

static void blocks_outside(void *arg)
{
    gort_block_enter();
    while (!ATOMIC_GET((int *)arg)) {
        usleep(1000);
    }
    gort_block_exit();
}

int main(void)
{
    limit(0, 0, 10);
    CHECK_EQ(starts(1000), 10);
    run_main(starts_from_inside, NULL);
    CHECK_EQ(inner_started, 9);
    CHECK_REFUSED(gort_set_limits(NULL), GORT_MISUSE);
    CHECK_STATUS(gort_shutdown(-1), GORT_OK);
    gort_chan_release(inner_end);

    limit(0, (size_t)1 << 30, 0);
    int some = starts(100000);
    CHECK(some > 100 && some <= 4096);

    limit(4, 0, 0);
    int over = 0;
    for (int i = 0; i < 20; i++) {
        spawn(blocks_outside, &over);
    }
    gort_sleep(20 * GORT_MILLISECOND);
    gort_stats stats = {.struct_size = sizeof stats};
    CHECK_STATUS(gort_stats_read(&stats), GORT_OK);
    CHECK(stats.threads <= 4);
    CHECK(check_thread_count() <= 5);
    ATOMIC_SET(&over, 1);
    CHECK_STATUS(gort_shutdown(-1), GORT_OK);

    CHECK_STATUS(gort_set_limits(NULL), GORT_OK);
    CHECK_EQ(starts(20000), 20000);
    gort_limits bad = {sizeof bad, 1, 0, 0};
    CHECK_REFUSED(gort_set_limits(&bad), GORT_INVALID);
    bad.struct_size = 0;
    CHECK_REFUSED(gort_set_limits(&bad), GORT_INVALID);
    bad.struct_size = sizeof bad + 8;
    CHECK_REFUSED(gort_set_limits(&bad), GORT_INVALID);
    return EXIT_SUCCESS;
}
