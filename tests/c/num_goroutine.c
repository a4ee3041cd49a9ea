/*
 * num_goroutine: goroutines that are started and not over, gort_run's included; none of
 * the library's own, whatever timers and descriptors it serves; plus the same numbers in
 * gort_stats.
 */
#include "check.h"

enum { PARKED = 500 };

static void parks(void *arg)
{
    CHECK_EQ(gort_chan_recv(arg, NULL), GORT_CLOSED);
}

static uint64_t goroutines_in_stats(void)
{
    gort_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.struct_size = sizeof stats;
    CHECK_STATUS(gort_stats_read(&stats), GORT_OK);
    return stats.goroutines;
}

static void count(void *arg)
{
    size_t mine = *(size_t *)arg;
    WAIT_UNTIL(gort_num_goroutine() == mine);
    gort_chan *chan = new_chan(0, 0);
    for (size_t i = 0; i < PARKED; i++) {
        CHECK_EQ(gort_num_goroutine(), mine + i);
        spawn(parks, chan);
    }
    CHECK_EQ(gort_num_goroutine(), mine + PARKED);
    CHECK_EQ(goroutines_in_stats(), mine + PARKED);
    settle();
    CHECK_EQ(gort_num_goroutine(), mine + PARKED); /* parked ones count */

    gort_timer *timer = gort_timer_new(GORT_HOUR);
    gort_ticker *ticker = gort_ticker_new(GORT_MILLISECOND);
    CHECK(timer != NULL && ticker != NULL);
    int64_t tick = 0;
    CHECK_STATUS(gort_chan_recv(gort_ticker_chan(ticker), &tick), GORT_OK);
    CHECK_EQ(gort_num_goroutine(), mine + PARKED);
    gort_timer_release(timer);
    gort_ticker_release(ticker);

    CHECK_STATUS(gort_chan_close(chan), GORT_OK);
    WAIT_UNTIL(gort_num_goroutine() == mine);
    CHECK_EQ(goroutines_in_stats(), mine);
    gort_chan_release(chan);
}

int main(void)
{
    CHECK_EQ(gort_num_goroutine(), 0);
    size_t none = 0, one = 1;
    count(&none);
    run_main(count, &one);
    run_in_goroutine(count, &one);
    run_on_thread(count, &none);
    return EXIT_SUCCESS;
}
