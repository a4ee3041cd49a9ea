/*
 * stats: gort_stats_read fills every field with something that is true, and refuses a
 * structure whose size it does not know.
 */
#include "check.h"

enum { PARKED = 100, TIMERS = 50 };

static gort_stats read_stats(void)
{
    gort_stats stats;
    memset(&stats, 0xFF, sizeof stats);
    stats.struct_size = sizeof stats;
    CHECK_STATUS(gort_stats_read(&stats), GORT_OK);
    CHECK_EQ(stats.struct_size, sizeof stats);
    return stats;
}

static gort_waitgroup group;

static void parks(void *arg)
{
    CHECK_EQ(gort_chan_recv(arg, NULL), GORT_CLOSED);
}

static void yields(void *arg)
{
    (void)arg;
    for (int i = 0; i < 100; i++) {
        gort_yield();
    }
}

static void sizes(void *arg)
{
    (void)arg;
    CHECK_REFUSED(gort_stats_read(NULL), GORT_INVALID);
    union {
        gort_stats stats;
        unsigned char room[sizeof(gort_stats) + 8];
    } wrong;
    static const size_t SIZES[] = {0, sizeof(gort_stats) + 8, SIZE_MAX};
    for (int i = 0; i < 3; i++) {
        memset(&wrong, 0x5A, sizeof wrong);
        wrong.stats.struct_size = SIZES[i];
        CHECK_REFUSED(gort_stats_read(&wrong.stats), GORT_INVALID);
        CHECK_EQ(wrong.stats.struct_size, SIZES[i]);
        for (size_t byte = sizeof(size_t); byte < sizeof wrong; byte++) {
            CHECK_EQ(wrong.room[byte], 0x5A); /* untouched */
        }
    }
}

int main(void)
{
    sizes(NULL);
    gort_stats before = read_stats();
    CHECK_EQ(before.goroutines, 0);

    gort_chan *chan = new_chan(0, 0);
    for (int i = 0; i < PARKED; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, parks, chan), GORT_OK);
    }
    gort_timer *timers[TIMERS];
    for (int i = 0; i < TIMERS; i++) {
        timers[i] = gort_timer_new(GORT_HOUR);
        CHECK(timers[i] != NULL);
    }
    gort_waitgroup yielders = {{0}};
    for (int i = 0; i < 10; i++) {
        CHECK_STATUS(gort_waitgroup_go(&yielders, yields, NULL), GORT_OK);
    }
    gort_waitgroup_wait(&yielders);
    WAIT_UNTIL(read_stats().goroutines == PARKED);
    WAIT_UNTIL(read_stats().stacks_in_use >= PARKED); /* all have run and are parked on their stacks */

    gort_stats during = read_stats();
    CHECK_EQ(during.procs, gort_gomaxprocs(0));
    CHECK(during.goroutines_created >= before.goroutines_created + PARKED + 10);
    CHECK(during.context_switches >= before.context_switches + PARKED + 10);
    CHECK(during.threads >= 1 && during.threads <= check_thread_count());
    CHECK(during.stack_bytes_committed >= PARKED * 1024);
    CHECK(during.timers >= TIMERS);

    for (int i = 0; i < TIMERS; i++) {
        CHECK(gort_timer_stop(timers[i]));
        gort_timer_release(timers[i]);
    }
    CHECK_STATUS(gort_chan_close(chan), GORT_OK);
    gort_waitgroup_wait(&group);
    gort_chan_release(chan);
    WAIT_UNTIL(read_stats().goroutines == 0);
    gort_stats after = read_stats();
    CHECK(after.goroutines_created >= during.goroutines_created);
    CHECK(after.context_switches >= during.context_switches);
    CHECK(after.steals >= during.steals && after.handoffs >= during.handoffs);
    CHECK(after.preemptions >= during.preemptions);
    CHECK(after.stacks_in_use <= during.stacks_in_use);
    run_every_way(sizes, NULL);
    return EXIT_SUCCESS;
}
