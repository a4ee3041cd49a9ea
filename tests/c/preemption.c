/*
 * preemption: goroutines that compute without end, call the library all the time, or sit in a
 * blocking system call, on every P do not stop the others: channels, timers and new goroutines
 * go on, and the hogs go on themselves after it.
 */
#include "check.h"

enum { EXTRA = 2, HOPS = 50 };

static int stop, spinning;
static gort_waitgroup hogs;

static void spins(void *arg)
{
    (void)arg;
    ATOMIC_ADD(&spinning, 1);
    while (!ATOMIC_GET(&stop)) {
    }
    gort_yield(); /* its next call, without a P perhaps */
    ATOMIC_ADD(&spinning, -1);
}

/* Out of the library again and again, but never for as long as it takes to make sure of that from outside. */
static void calls(void *arg)
{
    (void)arg;
    gort_chan *empty = new_chan(sizeof(int), 0);
    ATOMIC_ADD(&spinning, 1);
    while (!ATOMIC_GET(&stop)) {
        for (volatile int i = 0; i < 500; i++) {
        }
        CHECK_STATUS(gort_chan_try_recv(empty, NULL), GORT_WOULD_BLOCK);
    }
    ATOMIC_ADD(&spinning, -1);
    gort_chan_release(empty);
}

static void echo(void *arg)
{
    gort_chan **chans = arg;
    int value = 0;
    while (gort_chan_recv(chans[0], &value) == GORT_OK) {
        CHECK_STATUS(gort_chan_send(chans[1], &value), GORT_OK);
    }
}

static void adds(void *arg)
{
    ATOMIC_ADD((int *)arg, 1);
}

static void others_go_on(void *arg)
{
    (void)arg;
    gort_chan *chans[2] = {new_chan(sizeof(int), 0), new_chan(sizeof(int), 0)};
    gort_waitgroup group = {{0}};
    CHECK_STATUS(gort_waitgroup_go(&group, echo, chans), GORT_OK);
    int count = 0;
    for (int i = 0; i < HOPS; i++) {
        int got = -1;
        CHECK_STATUS(gort_chan_send(chans[0], &i), GORT_OK);
        CHECK_STATUS(gort_chan_recv(chans[1], &got), GORT_OK);
        CHECK_EQ(got, i);
        CHECK_STATUS(gort_waitgroup_go(&group, adds, &count), GORT_OK);
    }
    for (int i = 0; i < 3; i++) {
        gort_sleep(GORT_MILLISECOND);
        gort_chan *after = gort_after(GORT_MILLISECOND);
        CHECK_STATUS(gort_chan_recv(after, NULL), GORT_OK);
        gort_chan_release(after);
    }
    CHECK_STATUS(gort_chan_close(chans[0]), GORT_OK);
    gort_waitgroup_wait(&group);
    CHECK_EQ(count, HOPS);
    gort_chan_release(chans[0]);
    gort_chan_release(chans[1]);
}

static void beside(gort_func hog)
{
    int count = gort_gomaxprocs(0) + EXTRA;
    ATOMIC_SET(&stop, 0);
    for (int i = 0; i < count; i++) {
        CHECK_STATUS(gort_waitgroup_go(&hogs, hog, NULL), GORT_OK);
    }
    WAIT_UNTIL(ATOMIC_GET(&spinning) == count); /* more hogs than Ps: each got one in turn */
    others_go_on(NULL);
    CHECK_EQ(ATOMIC_GET(&spinning), count);
    ATOMIC_SET(&stop, 1);
    gort_waitgroup_wait(&hogs);
    CHECK_EQ(ATOMIC_GET(&spinning), 0);
}

static void beside_hogs(void *arg)
{
    (void)arg;
    beside(spins);
    beside(calls);
}

static int reading;

static void reads(void *arg)
{
    char byte = 0;
    ATOMIC_ADD(&reading, 1);
    CHECK_EQ(read(*(int *)arg, &byte, 1), 1); /* the runtime does not know */
    ATOMIC_ADD(&reading, -1);
    gort_yield();
}

static void beside_blocked(void *arg)
{
    (void)arg;
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    int count = gort_gomaxprocs(0) + EXTRA;
    for (int i = 0; i < count; i++) {
        CHECK_STATUS(gort_waitgroup_go(&hogs, reads, &ends[0]), GORT_OK);
    }
    WAIT_UNTIL(ATOMIC_GET(&reading) == count);
    others_go_on(NULL);
    CHECK_EQ(ATOMIC_GET(&reading), count);
    for (int i = 0; i < count; i++) {
        CHECK_EQ(write(ends[1], "x", 1), 1);
    }
    gort_waitgroup_wait(&hogs);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    run_main(beside_hogs, NULL);
    beside_hogs(NULL);
    run_main(beside_blocked, NULL);
    beside_blocked(NULL);
    return EXIT_SUCCESS;
}
