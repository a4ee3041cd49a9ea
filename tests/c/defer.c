/*
 * defer: deferred calls run when the goroutine ends, last first, on return and on
 * gort_exit, from wherever in the call chain; a deferred call may defer, block and exit.
 */
/* also: c++ */
#include "check.h"

enum { DEEP = 1000 };
static int order[DEEP + 8], steps;

static void step(void *arg)
{
    order[steps++] = (int)(intptr_t)arg;
}

static void expect_order(int count)
{
    CHECK_EQ(steps, count);
    for (int i = 0; i < count; i++) {
        CHECK_EQ(order[i], i);
    }
    steps = 0;
}

static void defer_from_within(int depth)
{
    CHECK_STATUS(gort_defer(step, (void *)(intptr_t)(depth - 1)), GORT_OK);
}

static void many_then_return(void *arg)
{
    (void)arg;
    for (int i = DEEP; i > 0; i--) {
        defer_from_within(i);
    }
    CHECK_EQ(steps, 0);
}

static volatile int deepest = 19;

OPAQUE static void exit_below(int depth)
{
    CHECK_STATUS(gort_defer(step, (void *)(intptr_t)(19 - depth)), GORT_OK);
    if (depth < deepest) {
        exit_below(depth + 1);
    }
    if (deepest > 0) { /* always; the compiler shall not know that this never returns */
        gort_exit();
    }
}

static void many_then_exit(void *arg)
{
    (void)arg;
    exit_below(0);
    check_fail(__FILE__, __LINE__, "gort_exit returned");
}

static void defers_another(void *arg)
{
    step(arg);
    CHECK_STATUS(gort_defer(step, (void *)((intptr_t)arg + 1)), GORT_OK);
}

static void nested_defers(void *arg)
{
    (void)arg;
    CHECK_STATUS(gort_defer(step, (void *)4), GORT_OK);
    CHECK_STATUS(gort_defer(defers_another, (void *)2), GORT_OK);
    CHECK_STATUS(gort_defer(defers_another, (void *)0), GORT_OK);
}

static void exits(void *arg)
{
    step(arg);
    gort_exit();
}

/* As in Go: Goexit within a deferred call, while the goroutine returns or exits, runs the rest. */
static void exit_in_deferred(void *arg)
{
    CHECK_STATUS(gort_defer(step, (void *)3), GORT_OK);
    CHECK_STATUS(gort_defer(exits, (void *)2), GORT_OK);
    CHECK_STATUS(gort_defer(step, (void *)1), GORT_OK);
    CHECK_STATUS(gort_defer(exits, (void *)0), GORT_OK);
    if (arg != NULL) {
        gort_exit();
    }
}

static void blocks(void *arg)
{
    gort_sleep(GORT_MILLISECOND);
    int value = 0;
    CHECK_STATUS(gort_chan_recv((gort_chan *)arg, &value), GORT_OK);
    step((void *)(intptr_t)value);
}

static void blocking_deferred(void *arg)
{
    CHECK_STATUS(gort_defer(step, (void *)1), GORT_OK);
    CHECK_STATUS(gort_defer(blocks, arg), GORT_OK);
}

static void send_zero(void *arg)
{
    gort_yield();
    CHECK_STATUS(gort_chan_send((gort_chan *)arg, NULL), GORT_OK);
}

static void refuses_null(void *arg)
{
    (void)arg;
    CHECK_REFUSED(gort_defer(NULL, NULL), GORT_INVALID);
}

int main(void)
{
    CHECK_REFUSED(gort_defer(step, NULL), GORT_MISUSE); /* no goroutine, no deferred calls */
    run_main(many_then_return, NULL);
    expect_order(DEEP);
    run_main(many_then_exit, NULL);
    expect_order(20);
    run_main(nested_defers, NULL);
    expect_order(5);
    run_main(exit_in_deferred, NULL);
    expect_order(4);
    run_main(exit_in_deferred, &steps);
    expect_order(4);
    gort_chan *chan = new_chan(sizeof(int), 0);
    spawn(send_zero, chan);
    run_main(blocking_deferred, chan);
    expect_order(2);
    gort_chan_release(chan);
    run_main(refuses_null, NULL);
    expect_order(0);
    return EXIT_SUCCESS;
}
