/*
 * chan_fifo: who waits longest is served first, senders and receivers alike, goroutines
 * and plain threads in one queue; and what one sender sends arrives in its order.
 */
#include "check.h"

enum { WAITERS = 12, ROUNDS = 5 };

struct waiter {
    gort_chan *chan;
    int number;
    int about_to_block;
    int got;
};

static struct waiter waiters[WAITERS];
static gort_waitgroup group;

static void sends_number(void *arg)
{
    struct waiter *waiter = arg;
    ATOMIC_SET(&waiter->about_to_block, 1);
    CHECK_STATUS(gort_chan_send(waiter->chan, &waiter->number), GORT_OK);
    CHECK_STATUS(gort_waitgroup_done(&group), GORT_OK);
}

static void receives_number(void *arg)
{
    struct waiter *waiter = arg;
    ATOMIC_SET(&waiter->about_to_block, 1);
    CHECK_STATUS(gort_chan_recv(waiter->chan, &waiter->got), GORT_OK);
    CHECK_STATUS(gort_waitgroup_done(&group), GORT_OK);
}

static void *sends_on_thread(void *arg)
{
    sends_number(arg);
    return NULL;
}

static void *receives_on_thread(void *arg)
{
    receives_number(arg);
    return NULL;
}

/* Every third one a plain thread. One after the other, each asleep before the next begins. */
static void line_up(gort_chan *chan, gort_func fn, void *(*on_thread)(void *))
{
    CHECK_STATUS(gort_waitgroup_add(&group, WAITERS), GORT_OK);
    for (int i = 0; i < WAITERS; i++) {
        struct waiter fresh = {chan, i, 0, -1};
        waiters[i] = fresh;
        if (i % 3 == 2) {
            CHECK_EQ(pthread_detach(plain_thread(on_thread, &waiters[i])), 0);
        } else {
            spawn(fn, &waiters[i]);
        }
        WAIT_UNTIL(ATOMIC_GET(&waiters[i].about_to_block) == 1);
        settle();
        if (i % 3 == 2) {
            gort_sleep(5 * GORT_MILLISECOND); /* a thread needs a processor to fall asleep */
        }
    }
}

static void senders_in_order(size_t capacity)
{
    gort_chan *chan = new_chan(sizeof(int), capacity);
    line_up(chan, sends_number, sends_on_thread);
    for (int i = 0; i < WAITERS; i++) {
        int value = -1;
        CHECK_STATUS(gort_chan_recv(chan, &value), GORT_OK);
        CHECK_EQ(value, i);
    }
    gort_waitgroup_wait(&group);
    gort_chan_release(chan);
}

static void receivers_in_order(size_t capacity)
{
    gort_chan *chan = new_chan(sizeof(int), capacity);
    line_up(chan, receives_number, receives_on_thread);
    for (int i = 0; i < WAITERS; i++) {
        int value = 100 + i;
        CHECK_STATUS(gort_chan_send(chan, &value), GORT_OK);
    }
    gort_waitgroup_wait(&group);
    for (int i = 0; i < WAITERS; i++) {
        CHECK_EQ(waiters[i].got, 100 + i);
    }
    gort_chan_release(chan);
}

static void waiters_in_order(void *arg)
{
    (void)arg;
    senders_in_order(0);
    senders_in_order(2);
    receivers_in_order(0);
    receivers_in_order(2);
}

enum { SENDERS = 6, VALUES = 2000 };

struct tagged {
    int sender, value;
};

static void sends_rising(void *arg)
{
    static int next_sender;
    struct tagged tagged = {ATOMIC_ADD(&next_sender, 1) % SENDERS, 0};
    for (; tagged.value < VALUES; tagged.value++) {
        CHECK_STATUS(gort_chan_send(arg, &tagged), GORT_OK);
    }
}

static void each_senders_order(void *arg)
{
    (void)arg;
    for (size_t capacity = 0; capacity < 5; capacity += 2) {
        gort_chan *chan = new_chan(sizeof(struct tagged), capacity);
        for (int i = 0; i < SENDERS; i++) {
            spawn(sends_rising, chan);
        }
        int next[SENDERS] = {0};
        for (int i = 0; i < SENDERS * VALUES; i++) {
            struct tagged tagged = {-1, -1};
            CHECK_STATUS(gort_chan_recv(chan, &tagged), GORT_OK);
            CHECK(tagged.sender >= 0 && tagged.sender < SENDERS);
            CHECK_EQ(tagged.value, next[tagged.sender]);
            next[tagged.sender]++;
        }
        gort_chan_release(chan);
    }
}

int main(void)
{
    waiters_in_order(NULL);
    run_main(waiters_in_order, NULL);
    run_every_way(each_senders_order, NULL);
    return EXIT_SUCCESS;
}
