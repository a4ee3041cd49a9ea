/*
 * lock_os_thread: a locked goroutine stays on its thread over everything that parks,
 * locks nest, nobody else runs on that thread meanwhile; not on a plain thread.
 */
#include "check.h"

enum { LOCKED = 6, OTHERS = 12, ROUNDS = 300 };

static gort_chan *chan;
static gort_mutex mutex;
static gort_waitgroup group;
static pthread_t owned_by[LOCKED];
static int owned[LOCKED];

OPAQUE static pthread_t this_thread(void)
{
    return pthread_self();
}

static void park_somehow(int round)
{
    int value = 0;
    switch (round % 5) {
    case 0:
        gort_yield();
        break;
    case 1:
        CHECK_STATUS(gort_chan_send(chan, &round), GORT_OK);
        break;
    case 2:
        CHECK_STATUS(gort_chan_recv(chan, &value), GORT_OK);
        break;
    case 3:
        gort_mutex_lock(&mutex);
        gort_yield();
        CHECK_STATUS(gort_mutex_unlock(&mutex), GORT_OK);
        break;
    default:
        if (round % 20 == 4) {
            gort_sleep(50 * GORT_MICROSECOND);
        }
        break;
    }
}

static void locked(void *arg)
{
    int me = (int)(intptr_t)arg;
    CHECK_STATUS(gort_lock_os_thread(), GORT_OK);
    CHECK_STATUS(gort_lock_os_thread(), GORT_OK);
    pthread_t mine = this_thread();
    owned_by[me] = mine;
    ATOMIC_SET(&owned[me], 1);
    for (int round = 0; round < ROUNDS; round++) {
        park_somehow(round);
        CHECK(pthread_equal(this_thread(), mine));
        if (round == ROUNDS / 2) {
            CHECK_STATUS(gort_unlock_os_thread(), GORT_OK); /* one lock is left */
        }
    }
    ATOMIC_SET(&owned[me], 0);
    if (me % 2 == 0) { /* the others end locked */
        CHECK_STATUS(gort_unlock_os_thread(), GORT_OK);
        gort_yield();
    }
}

static void other(void *arg)
{
    (void)arg;
    for (int round = 0; round < ROUNDS; round++) {
        park_somehow(round);
        for (int i = 0; i < LOCKED; i++) {
            /* Owned before and after the look: nobody but the owner may have been there in between. */
            if (ATOMIC_GET(&owned[i])) {
                int foreign = !pthread_equal(this_thread(), owned_by[i]);
                CHECK(foreign || !ATOMIC_GET(&owned[i]));
            }
        }
    }
}

static void locked_among_others(void)
{
    chan = new_chan(sizeof(int), 4);
    for (intptr_t i = 0; i < LOCKED; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, locked, (void *)i), GORT_OK);
    }
    for (int i = 0; i < OTHERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, other, NULL), GORT_OK);
    }
    gort_waitgroup_wait(&group);
    gort_chan_release(chan);
}

static void main_locked(void *arg)
{
    (void)arg;
    CHECK_STATUS(gort_lock_os_thread(), GORT_OK);
    pthread_t mine = this_thread();
    locked_among_others();
    CHECK(pthread_equal(this_thread(), mine));
    CHECK_STATUS(gort_unlock_os_thread(), GORT_OK);
    CHECK_STATUS(gort_unlock_os_thread(), GORT_OK); /* nothing, as in Go: the next lock counts */
    CHECK_STATUS(gort_lock_os_thread(), GORT_OK);
    mine = this_thread();
    gort_sleep(GORT_MILLISECOND);
    CHECK(pthread_equal(this_thread(), mine));
}

int main(void)
{
    CHECK_REFUSED(gort_lock_os_thread(), GORT_MISUSE);
    CHECK_REFUSED(gort_unlock_os_thread(), GORT_MISUSE);
    locked_among_others();
    run_main(main_locked, NULL);
    for (int i = 0; i < 5; i++) { /* goroutines that end locked leave a runtime that works */
        run_in_goroutine(main_locked, NULL);
    }
    return EXIT_SUCCESS;
}
