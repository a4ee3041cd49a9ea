/*
 * many_parked: tens of thousands of goroutines wait at once, need no thread each, and all
 * wake; the runtime is small again afterwards.
 */
/* sanitize: not thread */
#include "check.h"

enum { PARKED = 40000, ROUNDS = 2 };

static gort_waitgroup group;

static void parks(void *arg)
{
    int value = 0;
    CHECK_STATUS(gort_chan_recv(arg, &value), GORT_OK);
    CHECK(value >= 0 && value < PARKED);
    gort_yield();
}

static void park_and_wake(void *arg)
{
    (void)arg;
    gort_chan *chan = new_chan(sizeof(int), 0);
    for (int i = 0; i < PARKED; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, parks, chan), GORT_OK);
    }
    size_t threads = check_thread_count();
    if (threads > (size_t)gort_gomaxprocs(0) + 24) {
        check_fail(__FILE__, __LINE__, "%zu threads for goroutines that only wait", threads);
    }
    for (int i = 0; i < PARKED; i++) {
        CHECK_STATUS(gort_chan_send(chan, &i), GORT_OK);
    }
    gort_waitgroup_wait(&group);
    gort_chan_release(chan);
}

int main(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        park_and_wake(NULL);
    }
    run_main(park_and_wake, NULL);
    WAIT_UNTIL(gort_num_goroutine() == 0);
    CHECK_STATUS(gort_shutdown(-1), GORT_OK);
    CHECK_EQ(check_thread_count(), 1);
    return EXIT_SUCCESS;
}
