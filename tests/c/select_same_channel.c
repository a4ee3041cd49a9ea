/*
 * select_same_channel: one channel in several cases of a select: each is chosen as often
 * as the others, only the chosen one acts, and a select never meets itself.
 */
#include "check.h"

enum { COPIES = 4, VALUES = 4000 };

static gort_waitgroup group;

static void sends_all(void *arg)
{
    for (int i = 1; i <= VALUES; i++) {
        CHECK_STATUS(gort_chan_send(arg, &i), GORT_OK);
    }
    CHECK_STATUS(gort_chan_close(arg), GORT_OK);
}

static void several_receives(void *arg)
{
    size_t capacity = *(size_t *)arg;
    gort_chan *chan = new_chan(sizeof(int), capacity);
    int values[COPIES], counts[COPIES] = {0}, next = 1;
    CHECK_STATUS(gort_waitgroup_go(&group, sends_all, chan), GORT_OK);
    for (;;) {
        gort_case cases[COPIES];
        for (int i = 0; i < COPIES; i++) {
            gort_case fresh = GORT_RECV_CASE(chan, &values[i]);
            cases[i] = fresh;
            values[i] = -1;
        }
        int chosen = gort_select(cases, COPIES);
        CHECK(chosen >= 0 && chosen < COPIES);
        if (cases[chosen].status == GORT_CLOSED) {
            CHECK_EQ(values[chosen], 0);
            break;
        }
        CHECK_EQ(values[chosen], next);
        for (int i = 0; i < COPIES; i++) {
            CHECK(i == chosen || values[i] == -1); /* no other case got anything */
        }
        counts[chosen]++;
        next++;
    }
    CHECK_EQ(next, VALUES + 1);
    for (int i = 0; i < COPIES && capacity > 0; i++) {
        CHECK(counts[i] > 0);
    }
    gort_waitgroup_wait(&group);
    gort_chan_release(chan);
}

static void several_sends(void *arg)
{
    (void)arg;
    gort_chan *chan = new_chan(sizeof(int), 3);
    int counts[COPIES] = {0}, values[COPIES];
    gort_case cases[COPIES];
    for (int i = 0; i < COPIES; i++) {
        gort_case fresh = GORT_SEND_CASE(chan, &values[i]);
        cases[i] = fresh;
        values[i] = i;
    }
    for (int i = 0; i < VALUES; i++) {
        int chosen = gort_select(cases, COPIES), value = -1;
        CHECK(chosen >= 0 && chosen < COPIES);
        CHECK_EQ(gort_chan_len(chan), 1);
        CHECK_STATUS(gort_chan_recv(chan, &value), GORT_OK);
        CHECK_EQ(value, chosen);
        counts[chosen]++;
    }
    for (int i = 0; i < COPIES; i++) {
        CHECK(counts[i] > VALUES / COPIES / 2 && counts[i] < VALUES / COPIES * 2);
    }
    gort_chan_release(chan);
}

static void never_meets_itself(void *arg)
{
    (void)arg;
    gort_chan *chan = new_chan(sizeof(int), 0);
    int in = -1, out = 5;
    gort_case cases[] = {GORT_RECV_CASE(chan, &in), GORT_SEND_CASE(chan, &out), GORT_RECV_CASE(chan, &in),
                         GORT_SEND_CASE(chan, &out)};
    CHECK_EQ(gort_select_default(cases, 4), GORT_NONE);
    CHECK_EQ(gort_select_timeout(cases, 4, 2 * GORT_MILLISECOND), GORT_NONE);
    CHECK_EQ(in, -1);
    gort_chan_release(chan);

    chan = new_chan(sizeof(int), 1); /* empty: only the sends; full: only the receives */
    for (int i = 0; i < 4; i++) {
        cases[i].chan = chan;
    }
    for (int i = 0; i < 100; i++) {
        int chosen = gort_select(cases, 4);
        CHECK_EQ(chosen % 2, 1);
        chosen = gort_select(cases, 4);
        CHECK_EQ(chosen % 2, 0);
        CHECK_EQ(in, 5);
    }
    gort_chan_release(chan);
}

enum { PARTNERS = 8, EXCHANGES = 1500 };
static long sent_sum, received_sum;
static int sent_count, received_count;
static gort_chan *exchange, *stop;

/* Sends and receives on one channel in one select, as often as it comes. */
static void exchanges(void *arg)
{
    int out = (int)(intptr_t)arg * EXCHANGES, in = -1;
    for (;;) {
        gort_case cases[] = {GORT_RECV_CASE(exchange, &in), GORT_SEND_CASE(exchange, &out), GORT_RECV_CASE(stop, NULL)};
        int chosen = gort_select(cases, 3);
        if (chosen == 2) {
            break;
        }
        if (chosen == 0) {
            ATOMIC_ADD(&received_sum, (long)in);
            ATOMIC_ADD(&received_count, 1);
        } else {
            CHECK_EQ(chosen, 1);
            ATOMIC_ADD(&sent_sum, (long)out);
            ATOMIC_ADD(&sent_count, 1);
            out++;
        }
    }
}

static void select_exchange(void *arg)
{
    (void)arg;
    sent_sum = received_sum = 0;
    sent_count = received_count = 0;
    exchange = new_chan(sizeof(int), 0);
    stop = new_chan(0, 0);
    for (intptr_t i = 0; i < PARTNERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, exchanges, (void *)i), GORT_OK);
    }
    WAIT_UNTIL(ATOMIC_GET(&received_count) >= EXCHANGES);
    CHECK_STATUS(gort_chan_close(stop), GORT_OK);
    gort_waitgroup_wait(&group);
    CHECK_EQ(sent_count, received_count);
    CHECK_EQ(sent_sum, received_sum);
    gort_chan_release(exchange);
    gort_chan_release(stop);
}

int main(void)
{
    size_t none = 0, few = 8;
    run_every_way(several_receives, &none);
    run_every_way(several_receives, &few);
    run_every_way(several_sends, NULL);
    run_every_way(never_meets_itself, NULL);
    run_every_way(select_exchange, NULL);
    return EXIT_SUCCESS;
}
