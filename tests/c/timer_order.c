/*
 * timer_order: timers fire in the order of their times, none early, whatever the order
 * they were made in and whichever were stopped or moved meanwhile.
 */
#include "check.h"

enum { TIMERS = 500 };

struct entry {
    gort_timer *timer;
    int64_t due;
    int64_t fired;
    int alive;
};

static struct entry entries[TIMERS];

static int by_due(const void *one, const void *other)
{
    int64_t a = ((const struct entry *)one)->due, b = ((const struct entry *)other)->due;
    return (a > b) - (a < b);
}

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* With one P there is one heap, and its order shows in the times of firing. */
static void fires_in_order(void *arg)
{
    unsigned random = *(unsigned *)arg;
    for (int i = 0; i < TIMERS; i++) {
        gort_duration d = (gort_duration)(next_random(&random) % 20000) * GORT_MICROSECOND;
        entries[i].due = gort_now() + d; /* a lower bound: the timer is made later */
        entries[i].timer = gort_timer_new(d);
        CHECK(entries[i].timer != NULL);
        entries[i].alive = 1;
    }
    for (int i = 0; i < TIMERS; i += 3) {
        if (i % 2 == 0) {
            CHECK(gort_timer_stop(entries[i].timer));
            entries[i].alive = 0;
        } else {
            gort_duration d = (gort_duration)(next_random(&random) % 20000) * GORT_MICROSECOND;
            entries[i].due = gort_now() + d;
            gort_timer_reset(entries[i].timer, d);
        }
    }
    gort_sleep(25 * GORT_MILLISECOND);
    for (int i = 0; i < TIMERS; i++) {
        if (entries[i].alive) {
            CHECK_STATUS(gort_chan_recv(gort_timer_chan(entries[i].timer), &entries[i].fired), GORT_OK);
            CHECK(entries[i].fired >= entries[i].due);
        } else {
            CHECK_STATUS(gort_chan_try_recv(gort_timer_chan(entries[i].timer), NULL), GORT_WOULD_BLOCK);
        }
        gort_timer_release(entries[i].timer);
    }
    qsort(entries, TIMERS, sizeof entries[0], by_due);
    int64_t last_due = 0, last_fired = 0;
    for (int i = 0; i < TIMERS; i++) {
        if (!entries[i].alive) {
            continue;
        }
        /* The bound is a little below the real time, so only clear distances count. */
        if (entries[i].due - last_due > 5 * GORT_MILLISECOND || last_due == 0) {
            CHECK(entries[i].fired >= last_fired);
            last_due = entries[i].due;
            last_fired = entries[i].fired;
        }
    }
}

int main(void)
{
    gort_gomaxprocs(1);
    for (unsigned seed = 1; seed <= 4; seed++) {
        fires_in_order(&seed);
        run_main(fires_in_order, &seed);
    }
    return EXIT_SUCCESS;
}
