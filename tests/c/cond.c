/*
 * cond: wait gives the mutex away and has it again on return; signals wake one waiter
 * each, in the order of the waits, broadcast all; a signal without a waiter is nothing.
 */
/* needs: cond */
/* also: c++ */
#include "check.h"

enum { WAITERS = 10, ITEMS = 3000 };

static gort_mutex mutex;
static gort_cond cond;
static int waiting, tickets; /* guarded by mutex */
static int order[WAITERS], woken;
static gort_waitgroup group;

static void waits_once(void *arg)
{
    gort_mutex_lock(&mutex);
    waiting++;
    gort_cond_wait(&cond, &mutex); /* no predicate: the library has no spurious wake-ups, as in Go */
    CHECK(!gort_mutex_try_lock(&mutex));
    order[woken++] = (int)(intptr_t)arg;
    CHECK_STATUS(gort_mutex_unlock(&mutex), GORT_OK);
    CHECK_STATUS(gort_waitgroup_done(&group), GORT_OK);
}

static void *waits_on_thread(void *arg)
{
    waits_once(arg);
    return NULL;
}

static int count_waiting(void)
{
    gort_mutex_lock(&mutex);
    int count = waiting;
    CHECK_STATUS(gort_mutex_unlock(&mutex), GORT_OK);
    return count; /* whoever is counted has given the mutex away, and so is in the queue */
}

static int count_woken(void)
{
    gort_mutex_lock(&mutex);
    int count = woken;
    CHECK_STATUS(gort_mutex_unlock(&mutex), GORT_OK);
    return count;
}

static void line_up(void)
{
    waiting = woken = 0;
    CHECK_STATUS(gort_waitgroup_add(&group, WAITERS), GORT_OK);
    for (intptr_t i = 0; i < WAITERS; i++) {
        if (i % 3 == 1) {
            CHECK_EQ(pthread_detach(plain_thread(waits_on_thread, (void *)i)), 0);
        } else {
            spawn(waits_once, (void *)i);
        }
        WAIT_UNTIL(count_waiting() == i + 1);
    }
}

static void signals_in_order(void *arg)
{
    (void)arg;
    gort_cond_signal(&cond);
    gort_cond_broadcast(&cond); /* nobody there: nothing is kept */
    line_up();
    for (int i = 0; i < WAITERS; i++) {
        if (i % 2 == 0) {
            gort_cond_signal(&cond); /* with and without the mutex */
        } else {
            gort_mutex_lock(&mutex);
            gort_cond_signal(&cond);
            CHECK_STATUS(gort_mutex_unlock(&mutex), GORT_OK);
        }
        WAIT_UNTIL(count_woken() == i + 1);
        CHECK_EQ(order[i], i);
    }
    gort_waitgroup_wait(&group);
}

static void broadcast_wakes_all(void *arg)
{
    (void)arg;
    line_up();
    gort_cond_broadcast(&cond);
    gort_waitgroup_wait(&group);
    CHECK_EQ(woken, WAITERS);
}

static void produces(void *arg)
{
    (void)arg;
    for (int i = 0; i < ITEMS; i++) {
        gort_mutex_lock(&mutex);
        tickets++;
        if (i % 3 == 0) {
            gort_cond_broadcast(&cond);
        } else {
            gort_cond_signal(&cond);
        }
        CHECK_STATUS(gort_mutex_unlock(&mutex), GORT_OK);
    }
}

static void consumes(void *arg)
{
    (void)arg;
    for (int i = 0; i < ITEMS / 2; i++) {
        gort_mutex_lock(&mutex);
        while (tickets == 0) {
            gort_cond_wait(&cond, &mutex);
        }
        tickets--;
        CHECK_STATUS(gort_mutex_unlock(&mutex), GORT_OK);
    }
}

static void *consumes_on_thread(void *arg)
{
    consumes(arg);
    return NULL;
}

static void producers_and_consumers(void *arg)
{
    (void)arg;
    tickets = 0;
    pthread_t thread = plain_thread(consumes_on_thread, NULL);
    for (int i = 0; i < 3; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, consumes, NULL), GORT_OK);
        if (i < 2) {
            CHECK_STATUS(gort_waitgroup_go(&group, produces, NULL), GORT_OK);
        }
    }
    gort_waitgroup_wait(&group);
    join_thread(thread);
    CHECK_EQ(tickets, 0);
}

int main(void)
{
    run_every_way(signals_in_order, NULL);
    run_every_way(broadcast_wakes_all, NULL);
    run_every_way(producers_and_consumers, NULL);
    return EXIT_SUCCESS;
}
