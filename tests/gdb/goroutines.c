/*
 * goroutines: for gort-gdb.py. One waits in a channel, one in a select, one runs, and the main
 * goroutine aborts once they do.
 */
#include <gort.h>

#include <stdlib.h>

static volatile int spinning;

static void wait_inside(gort_chan *never)
{
    int value = 4711;
    gort_chan_recv(never, &value);
    abort();
}

static void receiver(void *never)
{
    wait_inside((gort_chan *)never);
}

static void selector(void *never)
{
    gort_case cases[2] = {GORT_RECV_CASE((gort_chan *)never, NULL), GORT_RECV_CASE((gort_chan *)never, NULL)};
    gort_select(cases, 2);
}

static void spinner(void *unused)
{
    (void)unused;
    for (;;)
        spinning = 1;
}

static void start(void *unused)
{
    gort_chan *never = gort_chan_new(sizeof(int), 0);
    gort_go_options named = {sizeof named, "the receiver", 0, NULL};
    (void)unused;
    if (gort_go_with(&named, receiver, never) != GORT_OK || gort_go(selector, never) != GORT_OK
        || gort_go(spinner, NULL) != GORT_OK)
        exit(1);
    /* On one P the spinner may be last: when it has run, they all have. */
    while (!spinning)
        gort_yield();
    gort_sleep(100 * GORT_MILLISECOND);
    abort();
}

int main(void)
{
    return gort_run(start, NULL) == GORT_OK ? 0 : 1;
}
