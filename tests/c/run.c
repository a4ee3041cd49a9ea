/*
 * run: gort_run returns when its function is over, deferred calls included, gort_exit
 * included; other goroutines go on; several threads may be in it at once; not from a
 * goroutine.
 */
/* also: c++ */
#include "check.h"

static int order[8], steps;

static void step(void *arg)
{
    order[steps++] = (int)(intptr_t)arg;
}

static void with_deferred(void *arg)
{
    CHECK(gort_goroutine_id() != 0);
    CHECK_STATUS(gort_defer(step, (void *)2), GORT_OK);
    CHECK_STATUS(gort_defer(step, (void *)1), GORT_OK);
    step((void *)0);
    if (arg != NULL) {
        gort_exit();
        check_fail(__FILE__, __LINE__, "gort_exit returned");
    }
}

static void deferred_calls_have_run(void)
{
    for (int round = 0; round < 2; round++) {
        steps = 0;
        CHECK_STATUS(gort_run(with_deferred, round == 0 ? NULL : order), GORT_OK);
        CHECK_EQ(steps, 3);
        for (int i = 0; i < 3; i++) {
            CHECK_EQ(order[i], i);
        }
    }
}

static int survivor_may_end;
static int survivor_ended;

static void survivor(void *arg)
{
    (void)arg;
    WAIT_UNTIL(ATOMIC_GET(&survivor_may_end) == 1);
    ATOMIC_SET(&survivor_ended, 1);
}

static void leave_one_behind(void *arg)
{
    (void)arg;
    spawn(survivor, NULL);
}

static void others_go_on(void)
{
    run_main(leave_one_behind, NULL);
    CHECK_EQ(ATOMIC_GET(&survivor_ended), 0);
    CHECK(gort_num_goroutine() >= 1);
    ATOMIC_SET(&survivor_may_end, 1);
    WAIT_UNTIL(ATOMIC_GET(&survivor_ended) == 1);
}

static void never(void *arg)
{
    (void)arg;
    check_fail(__FILE__, __LINE__, "a refused function ran");
}

static void nested(void *arg)
{
    (void)arg;
    CHECK_REFUSED(gort_run(never, NULL), GORT_MISUSE);
}

static gort_chan *meeting;

/* Two runs that can only end together: the one sends what the other waits for. */
static void meet(void *arg)
{
    intptr_t value = (intptr_t)arg, got = 0;
    if (value % 2 == 0) {
        CHECK_STATUS(gort_chan_send(meeting, &value), GORT_OK);
    } else {
        CHECK_STATUS(gort_chan_recv(meeting, &got), GORT_OK);
        CHECK_EQ(got % 2, 0);
    }
}

static void *run_and_meet(void *arg)
{
    for (int i = 0; i < 50; i++) {
        CHECK_STATUS(gort_run(meet, arg), GORT_OK);
    }
    return NULL;
}

static void several_at_once(void)
{
    meeting = new_chan(sizeof(intptr_t), 0);
    pthread_t threads[6];
    for (intptr_t i = 0; i < 6; i++) {
        threads[i] = plain_thread(run_and_meet, (void *)i);
    }
    for (int i = 0; i < 6; i++) {
        join_thread(threads[i]);
    }
    gort_chan_release(meeting);
}

static void increment(void *arg)
{
    ++*(int *)arg;
}

int main(void)
{
    CHECK_REFUSED(gort_run(NULL, NULL), GORT_INVALID);
    int count = 0;
    for (int i = 0; i < 3000; i++) {
        CHECK_STATUS(gort_run(increment, &count), GORT_OK);
    }
    CHECK_EQ(count, 3000);
    deferred_calls_have_run();
    others_go_on();
    run_main(nested, NULL);
    run_in_goroutine(nested, NULL);
    several_at_once();
    return EXIT_SUCCESS;
}
