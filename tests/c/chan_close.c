/*
 * chan_close: closing wakes every receiver and sender, what is buffered can still be
 * received, after it receives give GORT_CLOSED and zeroes, sends and closes are refused.
 */
/* sanitize: races on purpose */
/* also: c++ */
#include "check.h"

enum { WAITERS = 40, ROUNDS = 30 };

struct waiter {
    gort_chan *chan;
    int number;
    int value;
    gort_status status;
};

static struct waiter waiters[WAITERS];
static gort_waitgroup group;
static int blocking;

static void receives(void *arg)
{
    struct waiter *waiter = (struct waiter *)arg;
    ATOMIC_ADD(&blocking, 1);
    waiter->status = waiter->number % 2 == 0 ? gort_chan_recv(waiter->chan, &waiter->value)
                                             : gort_chan_recv_timeout(waiter->chan, &waiter->value, GORT_HOUR);
    CHECK_STATUS(gort_waitgroup_done(&group), GORT_OK);
}

static void sends(void *arg)
{
    struct waiter *waiter = (struct waiter *)arg;
    ATOMIC_ADD(&blocking, 1);
    waiter->status = waiter->number % 2 == 0 ? gort_chan_send(waiter->chan, &waiter->value)
                                             : gort_chan_send_timeout(waiter->chan, &waiter->value, GORT_HOUR);
    if (waiter->status == GORT_CLOSED) {
        CHECK(gort_last_error()[0] != '\0');
    }
    CHECK_STATUS(gort_waitgroup_done(&group), GORT_OK);
}

static void *on_thread_receives(void *arg)
{
    receives(arg);
    return NULL;
}

static void *on_thread_sends(void *arg)
{
    sends(arg);
    return NULL;
}

static void start(gort_chan *chan, gort_func fn, void *(*on_thread)(void *))
{
    ATOMIC_SET(&blocking, 0);
    CHECK_STATUS(gort_waitgroup_add(&group, WAITERS), GORT_OK);
    for (int i = 0; i < WAITERS; i++) {
        struct waiter fresh = {chan, i, 1000 + i, GORT_INVALID};
        waiters[i] = fresh;
        if (i < 4) {
            CHECK_EQ(pthread_detach(plain_thread(on_thread, &waiters[i])), 0);
        } else {
            spawn(fn, &waiters[i]);
        }
    }
}

static void wakes_receivers(void *arg)
{
    (void)arg;
    for (int round = 0; round < ROUNDS; round++) {
        gort_chan *chan = new_chan(sizeof(int), (size_t)round % 2);
        start(chan, receives, on_thread_receives);
        if (round % 3 != 0) { /* else: some come before, some after it is closed */
            WAIT_UNTIL(ATOMIC_GET(&blocking) == WAITERS);
        }
        CHECK_STATUS(gort_chan_close(chan), GORT_OK);
        gort_waitgroup_wait(&group);
        for (int i = 0; i < WAITERS; i++) {
            CHECK_EQ(waiters[i].status, GORT_CLOSED);
            CHECK_EQ(waiters[i].value, 0);
        }
        gort_chan_release(chan);
    }
}

static void wakes_senders(void *arg)
{
    (void)arg;
    for (int round = 0; round < ROUNDS; round++) {
        size_t capacity = (size_t)round % 3;
        gort_chan *chan = new_chan(sizeof(int), capacity);
        start(chan, sends, on_thread_sends);
        WAIT_UNTIL(ATOMIC_GET(&blocking) == WAITERS);
        WAIT_UNTIL(gort_chan_len(chan) == capacity);
        CHECK_STATUS(gort_chan_close(chan), GORT_OK);
        gort_waitgroup_wait(&group);
        size_t accepted = 0;
        for (int i = 0; i < WAITERS; i++) {
            CHECK(waiters[i].status == GORT_OK || waiters[i].status == GORT_CLOSED);
            CHECK_EQ(waiters[i].value, 1000 + i);
            accepted += waiters[i].status == GORT_OK;
        }
        CHECK_EQ(accepted, capacity);
        for (size_t i = 0; i < accepted; i++) { /* only accepted values are there */
            int value = 0;
            CHECK_STATUS(gort_chan_recv(chan, &value), GORT_OK);
            CHECK(value >= 1000 && value < 1000 + WAITERS);
            CHECK_EQ(waiters[value - 1000].status, GORT_OK);
        }
        CHECK_STATUS(gort_chan_recv(chan, NULL), GORT_CLOSED);
        gort_chan_release(chan);
    }
}

static void drained_then_closed(void *arg)
{
    (void)arg;
    gort_chan *chan = new_chan(sizeof(int), 5);
    for (int i = 1; i <= 3; i++) {
        CHECK_STATUS(gort_chan_send(chan, &i), GORT_OK);
    }
    CHECK_STATUS(gort_chan_close(chan), GORT_OK);
    int value = 9;
    CHECK_REFUSED(gort_chan_send(chan, &value), GORT_CLOSED);
    CHECK_REFUSED(gort_chan_try_send(chan, &value), GORT_CLOSED);
    CHECK_REFUSED(gort_chan_send_timeout(chan, &value, 0), GORT_CLOSED);
    CHECK_REFUSED(gort_chan_send_timeout(chan, &value, GORT_HOUR), GORT_CLOSED);
    CHECK_REFUSED(gort_chan_close(chan), GORT_CLOSED);
    CHECK_EQ(gort_chan_len(chan), 3); /* the refused ones have changed nothing */
    CHECK_EQ(gort_chan_cap(chan), 5);
    CHECK_STATUS(gort_chan_recv(chan, &value), GORT_OK);
    CHECK_EQ(value, 1);
    CHECK_STATUS(gort_chan_try_recv(chan, &value), GORT_OK);
    CHECK_EQ(value, 2);
    CHECK_STATUS(gort_chan_recv_timeout(chan, &value, 0), GORT_OK);
    CHECK_EQ(value, 3);
    for (int i = 0; i < 5; i++) {
        value = 77;
        CHECK_STATUS(gort_chan_recv(chan, &value), GORT_CLOSED);
        CHECK_EQ(value, 0);
        value = 77;
        CHECK_STATUS(gort_chan_try_recv(chan, &value), GORT_CLOSED);
        CHECK_EQ(value, 0);
        value = 77;
        CHECK_STATUS(gort_chan_recv_timeout(chan, &value, -5), GORT_CLOSED);
        CHECK_EQ(value, 0);
        CHECK_STATUS(gort_chan_recv(chan, NULL), GORT_CLOSED);
    }
    CHECK_REFUSED(gort_chan_close(chan), GORT_CLOSED);
    CHECK_REFUSED(gort_chan_close(NULL), GORT_INVALID);
    gort_chan_release(chan);
}

static void zeroes_all_of_it(void *arg)
{
    (void)arg;
    static const size_t SIZES[] = {0, 1, 3, 8, 100, 65536};
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        unsigned char *elem = (unsigned char *)check_alloc(SIZES[i] + 1);
        memset(elem, 0xAB, SIZES[i] + 1);
        gort_chan *chan = new_chan(SIZES[i], 2);
        CHECK_STATUS(gort_chan_close(chan), GORT_OK);
        CHECK_STATUS(gort_chan_recv(chan, elem), GORT_CLOSED);
        for (size_t j = 0; j < SIZES[i]; j++) {
            CHECK_EQ(elem[j], 0);
        }
        CHECK_EQ(elem[SIZES[i]], 0xAB);
        gort_chan_release(chan);
        free(elem);
    }
}

int main(void)
{
    run_every_way(drained_then_closed, NULL);
    run_every_way(zeroes_all_of_it, NULL);
    run_every_way(wakes_receivers, NULL);
    run_every_way(wakes_senders, NULL);
    return EXIT_SUCCESS;
}
