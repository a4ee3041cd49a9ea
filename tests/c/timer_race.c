/*
 * timer_race: stop against firing: exactly one of "stop said true" and "the value was
 * received" (or "the function ran") holds, for every timer, however close.
 */
#include "check.h"

enum { TIMERS = 1500, WORKERS = 6, ALARMS = 300 };

static int ran[WORKERS * TIMERS];
static gort_waitgroup group;
static int next_worker;

static void marks(void *arg)
{
    ATOMIC_ADD((int *)arg, 1);
}

static void stops_functions(void *arg)
{
    (void)arg;
    int *mine = &ran[(ATOMIC_ADD(&next_worker, 1) - 1) * TIMERS];
    for (int i = 0; i < TIMERS; i++) {
        gort_timer *timer = gort_after_func((i % 80) * GORT_MICROSECOND, marks, &mine[i]);
        CHECK(timer != NULL);
        CHECK(gort_timer_chan(timer) == NULL);
        if (i % 7 == 0) {
            gort_sleep((i % 60) * GORT_MICROSECOND);
        } else if (i % 3 == 0) {
            gort_yield();
        }
        bool stopped = gort_timer_stop(timer);
        if (stopped) {
            CHECK_EQ(ATOMIC_GET(&mine[i]), 0);
            ATOMIC_ADD(&mine[i], 1000); /* must stay at that */
        } else {
            WAIT_UNTIL(ATOMIC_GET(&mine[i]) == 1);
        }
        CHECK(!gort_timer_stop(timer));
        gort_timer_release(timer);
    }
}

static void functions(void *arg)
{
    (void)arg;
    memset(ran, 0, sizeof ran);
    next_worker = 0;
    for (int i = 0; i < WORKERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, stops_functions, NULL), GORT_OK);
    }
    gort_waitgroup_wait(&group);
    gort_sleep(2 * GORT_MILLISECOND);
    for (int i = 0; i < WORKERS * TIMERS; i++) {
        CHECK(ran[i] == 1 || ran[i] == 1000);
    }
}

struct contested {
    gort_timer *timer;
    gort_chan *give_up;
    int received;
};

static void receives(void *arg)
{
    struct contested *contested = arg;
    int64_t fired = 0;
    gort_case cases[] = {GORT_RECV_CASE(gort_timer_chan(contested->timer), &fired),
                         GORT_RECV_CASE(contested->give_up, NULL)};
    if (gort_select(cases, 2) == 0) {
        CHECK(fired > 0);
        ATOMIC_ADD(&contested->received, 1);
    }
}

static void stop_against_receive(void *arg)
{
    (void)arg;
    for (int i = 0; i < ALARMS; i++) {
        struct contested contested = {gort_timer_new((i % 70) * GORT_MICROSECOND), new_chan(0, 0), 0};
        CHECK(contested.timer != NULL);
        gort_waitgroup receiver = {{0}};
        CHECK_STATUS(gort_waitgroup_go(&receiver, receives, &contested), GORT_OK);
        if (i % 2 == 0) {
            gort_sleep((i % 90) * GORT_MICROSECOND);
        }
        bool stopped = gort_timer_stop(contested.timer);
        if (!stopped) { /* then the value was received, or is about to be counted */
            WAIT_UNTIL(ATOMIC_GET(&contested.received) == 1);
        }
        CHECK_STATUS(gort_chan_close(contested.give_up), GORT_OK);
        gort_waitgroup_wait(&receiver);
        CHECK_EQ(contested.received, stopped ? 0 : 1);
        gort_timer_release(contested.timer);
        gort_chan_release(contested.give_up);
    }
}

int main(void)
{
    functions(NULL);
    run_main(functions, NULL);
    run_every_way(stop_against_receive, NULL);
    return EXIT_SUCCESS;
}
