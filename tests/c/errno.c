/*
 * errno: each goroutine finds the errno it left when it went to sleep, whichever thread
 * it wakes on, and calls that succeed or time out leave it alone.
 */
#include "check.h"

enum { GOROUTINES = 24, ROUNDS = 200 };

/* Through functions that are not inlined: the address of errno must not be kept over a call. */
OPAQUE static void set_errno(int value)
{
    errno = value;
}

OPAQUE static int get_errno(void)
{
    return errno;
}

static gort_chan *chan;
static gort_mutex mutex;
static gort_waitgroup group;

static void keeps_errno(void *arg)
{
    int mine = (int)(intptr_t)arg + 1;
    set_errno(mine);
    for (int round = 0; round < ROUNDS; round++) {
        int value = mine;
        switch (round % 5) {
        case 0:
            gort_yield();
            break;
        case 1:
            gort_chan_send(chan, &value);
            break;
        case 2:
            gort_chan_recv(chan, &value);
            break;
        case 3:
            gort_mutex_lock(&mutex);
            gort_yield();
            gort_mutex_unlock(&mutex);
            break;
        default:
            if (round % 40 == 4) {
                gort_sleep(10 * GORT_MICROSECOND);
            }
            break;
        }
        CHECK_EQ(get_errno(), mine);
    }
}

static void all_keep_theirs(void *arg)
{
    (void)arg;
    chan = new_chan(sizeof(int), 2);
    set_errno(99);
    for (intptr_t i = 0; i < GOROUTINES; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, keeps_errno, (void *)i), GORT_OK);
    }
    gort_waitgroup_wait(&group);
    CHECK_EQ(get_errno(), 99);
    gort_chan_release(chan);
}

static void success_leaves_it(void *arg)
{
    (void)arg;
    gort_chan *own = new_chan(sizeof(int), 1);
    set_errno(77);
    CHECK_STATUS(gort_chan_send(own, NULL), GORT_OK);
    CHECK_EQ(get_errno(), 77);
    CHECK_STATUS(gort_chan_recv(own, NULL), GORT_OK);
    CHECK_EQ(get_errno(), 77);
    gort_mutex own_mutex = {{0}};
    gort_mutex_lock(&own_mutex);
    CHECK_STATUS(gort_mutex_unlock(&own_mutex), GORT_OK);
    gort_sleep(100 * GORT_MICROSECOND);
    CHECK_EQ(get_errno(), 77);
    CHECK_EQ(gort_chan_recv_timeout(own, NULL, 100 * GORT_MICROSECOND), GORT_DEADLINE_EXCEEDED);
    gort_yield();
    gort_chan_release(own);
    CHECK_EQ(get_errno(), 77);
}

int main(void)
{
    run_in_goroutine(success_leaves_it, NULL);
    run_main(success_leaves_it, NULL);
    run_in_goroutine(all_keep_theirs, NULL);
    run_main(all_keep_theirs, NULL);
    return EXIT_SUCCESS;
}
