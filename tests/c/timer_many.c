/*
 * timer_many: a hundred thousand timers made and stopped, released running, or fired,
 * from several goroutines and threads at once, leave nothing behind.
 */
/* sanitize: not thread */
#include "check.h"

enum { STOPPED = 100000, FIRED = 20000, WORKERS = 4 };

static gort_waitgroup group;
static int fired;

static uint64_t pending_timers(void)
{
    gort_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.struct_size = sizeof stats;
    CHECK_STATUS(gort_stats_read(&stats), GORT_OK);
    return stats.timers;
}

static void makes_and_stops(void *arg)
{
    (void)arg;
    for (int i = 0; i < STOPPED / WORKERS; i++) {
        gort_timer *timer = gort_timer_new((1 + i % 1000) * GORT_SECOND);
        CHECK(timer != NULL);
        if (i % 4 != 0) {
            CHECK(gort_timer_stop(timer));
        }
        gort_timer_release(timer); /* "stops it too" */
    }
}

static void counts(void *arg)
{
    (void)arg;
    ATOMIC_ADD(&fired, 1);
}

static void makes_and_lets_fire(void *arg)
{
    (void)arg;
    gort_timer **timers = check_alloc(FIRED / WORKERS * sizeof *timers);
    for (int i = 0; i < FIRED / WORKERS; i++) {
        timers[i] = gort_after_func((i % 5000) * GORT_MICROSECOND, counts, NULL);
        CHECK(timers[i] != NULL);
    }
    WAIT_UNTIL(ATOMIC_GET(&fired) == FIRED);
    for (int i = 0; i < FIRED / WORKERS; i++) {
        CHECK(!gort_timer_stop(timers[i]));
        gort_timer_release(timers[i]);
    }
    free(timers);
}

static void *on_thread(void *arg)
{
    makes_and_stops(arg);
    return NULL;
}

int main(void)
{
    makes_and_stops(NULL);
    for (int i = 0; i < WORKERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, makes_and_stops, NULL), GORT_OK);
    }
    pthread_t thread = plain_thread(on_thread, NULL);
    gort_waitgroup_wait(&group);
    join_thread(thread);
    for (int i = 0; i < WORKERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, makes_and_lets_fire, NULL), GORT_OK);
    }
    gort_waitgroup_wait(&group);
    CHECK_EQ(fired, FIRED);
    /* Stopped timers may be swept later, but they are swept. */
    for (int i = 0; i < 1000; i++) {
        gort_sleep(10 * GORT_MICROSECOND);
    }
    WAIT_UNTIL(pending_timers() < STOPPED / 2);
    return EXIT_SUCCESS;
}
