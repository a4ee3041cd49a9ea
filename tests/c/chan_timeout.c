/*
 * chan_timeout: zero and negative timeouts have passed, but what is ready wins; a timeout
 * is not early; whoever timed out is out of the queue and takes no value with it.
 */
/* also: c++ */
#include "check.h"

static void ready_wins(void *arg)
{
    (void)arg;
    static const gort_duration PASSED[] = {0, -1, -GORT_HOUR, INT64_MIN};
    gort_chan *chan = new_chan(sizeof(int), 1);
    for (int i = 0; i < 4; i++) {
        int value = 11;
        CHECK_STATUS(gort_chan_recv_timeout(chan, &value, PASSED[i]), GORT_DEADLINE_EXCEEDED);
        CHECK_EQ(value, 11);
        CHECK_STATUS(gort_chan_send_timeout(chan, &value, PASSED[i]), GORT_OK);
        CHECK_STATUS(gort_chan_send_timeout(chan, &value, PASSED[i]), GORT_DEADLINE_EXCEEDED);
        CHECK_EQ(gort_chan_len(chan), 1);
        value = 0;
        CHECK_STATUS(gort_chan_recv_timeout(chan, &value, PASSED[i]), GORT_OK);
        CHECK_EQ(value, 11);
    }
    /* A timeout that is out of range of the clock is one that never comes. */
    CHECK_STATUS(gort_chan_send_timeout(chan, NULL, INT64_MAX), GORT_OK);
    CHECK_STATUS(gort_chan_recv_timeout(chan, NULL, INT64_MAX), GORT_OK);
    gort_chan_release(chan);
}

static void not_early(void *arg)
{
    (void)arg;
    gort_chan *chan = new_chan(sizeof(int), 1);
    for (int i = 1; i <= 5; i++) {
        gort_duration d = i * 700 * GORT_MICROSECOND;
        int64_t begin = gort_now();
        CHECK_STATUS(gort_chan_recv_timeout(chan, NULL, d), GORT_DEADLINE_EXCEEDED);
        CHECK(gort_now() - begin >= d);
        CHECK_STATUS(gort_chan_send(chan, NULL), GORT_OK);
        begin = gort_now();
        CHECK_STATUS(gort_chan_send_timeout(chan, NULL, d), GORT_DEADLINE_EXCEEDED);
        CHECK(gort_now() - begin >= d);
        CHECK_STATUS(gort_chan_recv(chan, NULL), GORT_OK);
    }
    gort_chan_release(chan);
}

static void sends_later(void *arg)
{
    int value = 13;
    gort_sleep(3 * GORT_MILLISECOND);
    CHECK_STATUS(gort_chan_send((gort_chan *)arg, &value), GORT_OK);
}

static void receives_forever_max(void *arg)
{
    (void)arg;
    gort_chan *chan = new_chan(sizeof(int), 0);
    int value = 0;
    spawn(sends_later, chan);
    CHECK_STATUS(gort_chan_recv_timeout(chan, &value, INT64_MAX), GORT_OK);
    CHECK_EQ(value, 13);
    gort_chan_release(chan);
}

/* After many timeouts on both sides, the queues hold nobody who would swallow a value. */
static void leaves_the_queue(void *arg)
{
    (void)arg;
    gort_chan *chan = new_chan(sizeof(int), 0);
    for (int i = 0; i < 20; i++) {
        CHECK_STATUS(gort_chan_recv_timeout(chan, NULL, 50 * GORT_MICROSECOND), GORT_DEADLINE_EXCEEDED);
        CHECK_STATUS(gort_chan_send_timeout(chan, &i, 50 * GORT_MICROSECOND), GORT_DEADLINE_EXCEEDED);
    }
    CHECK_STATUS(gort_chan_try_send(chan, NULL), GORT_WOULD_BLOCK);
    CHECK_STATUS(gort_chan_try_recv(chan, NULL), GORT_WOULD_BLOCK);
    int value = 0;
    spawn(sends_later, chan);
    CHECK_STATUS(gort_chan_recv(chan, &value), GORT_OK);
    CHECK_EQ(value, 13);
    gort_chan_release(chan);
}

enum { WORKERS = 8, TRIES = 1500 };

static int sent, received;
static long sent_sum, received_sum;
static gort_waitgroup group;

static void sends_hastily(void *arg)
{
    for (int i = 1; i <= TRIES; i++) {
        gort_status status = gort_chan_send_timeout((gort_chan *)arg, &i, (i % 60) * GORT_MICROSECOND);
        CHECK(status == GORT_OK || status == GORT_DEADLINE_EXCEEDED);
        if (status == GORT_OK) {
            ATOMIC_ADD(&sent, 1);
            ATOMIC_ADD(&sent_sum, (long)i);
        }
    }
}

static void receives_hastily(void *arg)
{
    for (int i = 0; i < TRIES; i++) {
        int value = -1;
        gort_status status = gort_chan_recv_timeout((gort_chan *)arg, &value, (i % 45) * GORT_MICROSECOND);
        CHECK(status == GORT_OK ? value > 0 : status == GORT_DEADLINE_EXCEEDED && value == -1);
        if (status == GORT_OK) {
            ATOMIC_ADD(&received, 1);
            ATOMIC_ADD(&received_sum, (long)value);
        }
    }
}

/* A value counts on both sides or on none, however close the timeout. */
static void exactly_once(void *arg)
{
    gort_chan *chan = new_chan(sizeof(int), *(size_t *)arg);
    sent = received = 0;
    sent_sum = received_sum = 0;
    for (int i = 0; i < WORKERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, i % 2 == 0 ? sends_hastily : receives_hastily, chan), GORT_OK);
    }
    gort_waitgroup_wait(&group);
    int value = 0;
    while (gort_chan_try_recv(chan, &value) == GORT_OK) {
        received++;
        received_sum += value;
    }
    CHECK_EQ(received, sent);
    CHECK_EQ(received_sum, sent_sum);
    gort_chan_release(chan);
}

int main(void)
{
    size_t none = 0, two = 2;
    run_every_way(ready_wins, NULL);
    run_every_way(not_early, NULL);
    run_every_way(receives_forever_max, NULL);
    run_every_way(leaves_the_queue, NULL);
    exactly_once(&none);
    run_main(exactly_once, &two);
    return EXIT_SUCCESS;
}
