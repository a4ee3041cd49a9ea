/*
 * sleep: gort_now never goes back, gort_sleep is never early, thousands sleep at once, and
 * a negative or zero duration is no sleep.
 */
/* also: c++ */
#include "check.h"

enum { SLEEPERS = 5000 };

static int64_t latest;
static gort_waitgroup group;

/* What has happened before in one goroutine is before in another one's time, too. */
static void never_back(void *arg)
{
    (void)arg;
    int64_t last = gort_now();
    for (int i = 0; i < 20000; i++) {
        int64_t seen = ATOMIC_GET(&latest);
        int64_t now = gort_now();
        CHECK(now >= last);
        CHECK(now >= seen);
        last = now;
        if (i % 16 == 0) {
            ATOMIC_SET(&latest, now);
            gort_yield();
        }
    }
}

static void not_early(void *arg)
{
    (void)arg;
    static const gort_duration DURATIONS[] = {1, 100, GORT_MICROSECOND, 33 * GORT_MICROSECOND, 700 * GORT_MICROSECOND,
                                              GORT_MILLISECOND, 7 * GORT_MILLISECOND};
    for (size_t i = 0; i < sizeof DURATIONS / sizeof DURATIONS[0]; i++) {
        int64_t begin = gort_now();
        gort_sleep(DURATIONS[i]);
        CHECK(gort_now() - begin >= DURATIONS[i]);
    }
    gort_sleep(0);
    gort_sleep(-1);
    gort_sleep(-GORT_HOUR);
    gort_sleep(INT64_MIN);
}

static void sleeps_its_share(void *arg)
{
    gort_duration d = (intptr_t)arg % 50 * GORT_MILLISECOND + (intptr_t)arg;
    int64_t begin = gort_now();
    gort_sleep(d);
    CHECK(gort_now() - begin >= d);
}

static void thousands(void *arg)
{
    (void)arg;
    for (intptr_t i = 0; i < SLEEPERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, sleeps_its_share, (void *)i), GORT_OK);
    }
    gort_waitgroup_wait(&group);
}

static void sleeps_for_ever(void *arg)
{
    (void)arg;
    gort_sleep(INT64_MAX);
    check_fail(__FILE__, __LINE__, "a sleep of 292 years is over");
}

int main(void)
{
    run_every_way(not_early, NULL);
    for (int i = 0; i < 4; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, never_back, NULL), GORT_OK);
    }
    never_back(NULL);
    gort_waitgroup_wait(&group);
    spawn(sleeps_for_ever, NULL); /* is in nobody's way */
    thousands(NULL);
    run_main(thousands, NULL);
    return EXIT_SUCCESS;
}
