/*
 * Cancels race with completions, by callback and by queue: every number that was sent is
 * received once, every operation is told of or canceled, never both, never neither.
 */
#include "check.h"

#include <poll.h>

#define SENDERS 3
#define NUMBERS 4000
#define OPERATIONS 4

static gort_chan *chans[2];
static gort_waitgroup senders;
static int next_number;
static unsigned char seen[SENDERS * NUMBERS];

static void send_numbers(void *arg)
{
    gort_chan *chan = chans[*(int *)arg % 2];
    for (int i = 0; i < NUMBERS; i++) {
        int number = ATOMIC_ADD(&next_number, 1) - 1;
        CHECK_STATUS(gort_chan_send(chan, &number), GORT_OK);
    }
}

static void *send_numbers_on_thread(void *arg)
{
    send_numbers(arg);
    gort_waitgroup_done(&senders);
    return NULL;
}

static void see(int number)
{
    CHECK(number >= 0 && number < SENDERS * NUMBERS);
    CHECK_EQ(__atomic_exchange_n(&seen[number], 1, __ATOMIC_SEQ_CST), 0);
}

struct receive {
    int out[2];
    int told;
    int over; /* the channel is closed */
};

static void received(void *user, int index, gort_status status)
{
    struct receive *receive = (struct receive *)user;
    if (status == GORT_OK) {
        see(receive->out[index]);
    } else {
        receive->over = 1;
    }
    ATOMIC_ADD(&receive->told, 1);
}

/* Receives until both channels are closed; cancels every other operation at some point. */
static void receive_with_cancels(void *arg)
{
    unsigned random = (unsigned)(*(int *)arg + 1) * 2654435761u;
    gort_case cases[2];
    for (;;) {
        struct receive receive = {{-1, -1}, 0, 0};
        for (int i = 0; i < 2; i++) {
            gort_case one = GORT_RECV_CASE(chans[i], &receive.out[i]);
            cases[i] = one;
        }
        gort_async *op = gort_select_async(cases, 2, received, &receive);
        CHECK(op != NULL);
        random = random * 1664525u + 1013904223u;
        for (unsigned i = random >> 30; i > 0; i--) {
            gort_yield();
        }
        if (gort_async_cancel(op)) {
            CHECK_EQ(ATOMIC_GET(&receive.told), 0);
            CHECK_EQ(receive.out[0], -1);
            CHECK_EQ(receive.out[1], -1);
        } else {
            WAIT_UNTIL(ATOMIC_GET(&receive.told) > 0);
            CHECK_EQ(receive.told, 1);
        }
        gort_async_release(op);
        if (receive.over) {
            return;
        }
    }
}

static void *receive_on_thread(void *arg)
{
    receive_with_cancels(arg);
    return NULL;
}

/* The same over queues, which are closed in the midst of it again and again. */
static void *receive_through_queues(void *arg)
{
    (void)arg;
    for (int round = 0, over = 0; !over; round++) {
        gort_completion_queue *queue = gort_completion_queue_new();
        CHECK(queue != NULL);
        int out[OPERATIONS];
        gort_async *ops[OPERATIONS];
        for (int i = 0; i < OPERATIONS; i++) {
            out[i] = -1;
            ops[i] = gort_completion_queue_recv(queue, chans[i % 2], &out[i], &out[i]);
            CHECK(ops[i] != NULL);
        }
        size_t expected = OPERATIONS;
        for (int i = 0; i < OPERATIONS; i++) {
            if ((round + i) % 3 == 0 && gort_async_cancel(ops[i])) {
                expected--;
                CHECK_EQ(out[i], -1);
            }
            gort_async_release(ops[i]);
        }
        if (round % 2 == 0) {
            size_t left = gort_completion_queue_close(queue);
            CHECK(left <= expected);
            expected = left;
        }
        struct pollfd readable = {gort_completion_queue_fd(queue), POLLIN, 0};
        for (size_t got = 0; got < expected;) {
            CHECK_EQ(poll(&readable, 1, -1), 1);
            gort_completion done[2];
            size_t n = gort_completion_queue_drain(queue, done, 2);
            CHECK(n > 0);
            for (size_t i = 0; i < n; i++) {
                if (done[i].status == GORT_OK) {
                    see(*(int *)done[i].user);
                } else {
                    over = 1;
                }
            }
            got += n;
        }
        CHECK_EQ(poll(&readable, 1, 0), 0);
        gort_completion_queue_release(queue);
    }
    return NULL;
}

int main(void)
{
    chans[0] = new_chan(sizeof(int), 0);
    chans[1] = new_chan(sizeof(int), 2);
    int id[SENDERS] = {0, 1, 2};
    CHECK_STATUS(gort_waitgroup_go(&senders, send_numbers, &id[0]), GORT_OK);
    CHECK_STATUS(gort_waitgroup_go(&senders, send_numbers, &id[1]), GORT_OK);
    CHECK_STATUS(gort_waitgroup_add(&senders, 1), GORT_OK);
    pthread_t thread = plain_thread(send_numbers_on_thread, &id[2]);
    pthread_t receiver = plain_thread(receive_on_thread, &id[1]);
    pthread_t loop = plain_thread(receive_through_queues, NULL);
    gort_waitgroup receivers = {{0}};
    CHECK_STATUS(gort_waitgroup_go(&receivers, receive_with_cancels, &id[0]), GORT_OK);
    CHECK_STATUS(gort_waitgroup_go(&receivers, receive_with_cancels, &id[2]), GORT_OK);
    gort_waitgroup_wait(&senders);
    CHECK_STATUS(gort_chan_close(chans[0]), GORT_OK);
    CHECK_STATUS(gort_chan_close(chans[1]), GORT_OK);
    gort_waitgroup_wait(&receivers);
    join_thread(thread);
    join_thread(receiver);
    join_thread(loop);
    int last = 0; /* what a closed receiver has left in the buffer */
    while (gort_chan_recv(chans[1], &last) == GORT_OK) {
        see(last);
    }
    for (int i = 0; i < SENDERS * NUMBERS; i++) {
        CHECK_EQ(seen[i], 1);
    }
    gort_chan_release(chans[0]);
    gort_chan_release(chans[1]);
    return EXIT_SUCCESS;
}
