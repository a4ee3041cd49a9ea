/*
 * select_basic: the index and status of the chosen case, default, timeouts, NULL channels
 * and elements, no cases, NULL cases; cases that were not chosen are untouched.
 */
/* also: c++ */
#include "check.h"

static void ready_case(void *arg)
{
    (void)arg;
    gort_chan *empty = new_chan(sizeof(int), 1), *full = new_chan(sizeof(int), 1);
    int seven = 7, received = -1, other = -2;
    CHECK_STATUS(gort_chan_send(full, &seven), GORT_OK);

    gort_case receive[] = {GORT_RECV_CASE(empty, &other), GORT_RECV_CASE(full, &received),
                           GORT_RECV_CASE(NULL, &other)};
    CHECK_EQ(gort_select(receive, 3), 1);
    CHECK_EQ(receive[1].status, GORT_OK);
    CHECK_EQ(received, 7);
    CHECK_EQ(other, -2);
    CHECK(receive[0].chan == empty && receive[0].elem == &other && receive[0].op == GORT_OP_RECV);

    CHECK_EQ(gort_select_default(receive, 3), GORT_NONE);
    int64_t begin = gort_now();
    CHECK_EQ(gort_select_timeout(receive, 3, 2 * GORT_MILLISECOND), GORT_NONE);
    CHECK(gort_now() - begin >= 2 * GORT_MILLISECOND);
    CHECK_EQ(gort_select_timeout(receive, 3, 0), GORT_NONE);
    CHECK_EQ(gort_select_timeout(receive, 3, -GORT_HOUR), GORT_NONE);
    CHECK_EQ(received, 7);

    gort_case send[] = {GORT_SEND_CASE(full, &seven), GORT_SEND_CASE(NULL, &seven), GORT_RECV_CASE(empty, &other)};
    CHECK_STATUS(gort_chan_send(full, &seven), GORT_OK);
    CHECK_EQ(gort_select_default(send, 3), GORT_NONE);
    CHECK_STATUS(gort_chan_recv(full, NULL), GORT_OK);
    int eight = 8;
    send[0].elem = &eight;
    CHECK_EQ(gort_select_timeout(send, 3, 0), 0); /* what is ready wins over a timeout that has passed */
    CHECK_EQ(send[0].status, GORT_OK);
    CHECK_STATUS(gort_chan_recv(full, &received), GORT_OK);
    CHECK_EQ(received, 8);
    gort_chan_release(empty);
    gort_chan_release(full);
}

static void null_elements(void *arg)
{
    (void)arg;
    gort_chan *chan = new_chan(sizeof(int), 1);
    gort_case send[] = {GORT_SEND_CASE(chan, NULL)};
    gort_case receive[] = {GORT_RECV_CASE(chan, NULL)};
    int value = 5;
    CHECK_STATUS(gort_chan_send(chan, &value), GORT_OK); /* the slot is dirty */
    CHECK_EQ(gort_select(receive, 1), 0);
    CHECK_EQ(gort_select(send, 1), 0);
    CHECK_STATUS(gort_chan_recv(chan, &value), GORT_OK);
    CHECK_EQ(value, 0);
    gort_chan_release(chan);
}

static void no_cases(void *arg)
{
    (void)arg;
    gort_case unused = GORT_RECV_CASE(NULL, NULL);
    CHECK_EQ(gort_select_default(NULL, 0), GORT_NONE);
    CHECK_EQ(gort_select_default(&unused, 0), GORT_NONE);
    int64_t begin = gort_now();
    CHECK_EQ(gort_select_timeout(NULL, 0, GORT_MILLISECOND), GORT_NONE);
    CHECK(gort_now() - begin >= GORT_MILLISECOND);
    CHECK_EQ(gort_select(NULL, 1), -2);
    CHECK(gort_last_error()[0] != '\0');
    CHECK_EQ(gort_select_default(NULL, 3), -2);
    CHECK_EQ(gort_select_timeout(NULL, 2, GORT_HOUR), -2);
    gort_case nulls[] = {GORT_RECV_CASE(NULL, NULL), GORT_SEND_CASE(NULL, NULL)};
    CHECK_EQ(gort_select_default(nulls, 2), GORT_NONE);
    CHECK_EQ(gort_select_timeout(nulls, 2, GORT_MILLISECOND), GORT_NONE);
}

struct late {
    gort_chan *chan;
    int value;
};

static void sends_late(void *arg)
{
    struct late *late = (struct late *)arg;
    gort_sleep(GORT_MILLISECOND);
    CHECK_STATUS(gort_chan_send(late->chan, &late->value), GORT_OK);
}

static void receives_late(void *arg)
{
    struct late *late = (struct late *)arg;
    gort_sleep(GORT_MILLISECOND);
    CHECK_STATUS(gort_chan_recv(late->chan, &late->value), GORT_OK);
}

/* Nothing is ready at first; then one case is, by another goroutine, whatever the form of the select. */
static void woken(void *arg)
{
    (void)arg;
    gort_chan *chans[5];
    for (int i = 0; i < 5; i++) {
        chans[i] = new_chan(sizeof(int), (size_t)i % 2);
    }
    int out = 55;
    for (int i = 0; i < 5; i++) {
        int in = 0;
        gort_case cases[] = {GORT_RECV_CASE(chans[0], &in), GORT_RECV_CASE(chans[1], &in),
                             GORT_RECV_CASE(chans[2], &in), GORT_RECV_CASE(chans[3], &in),
                             GORT_RECV_CASE(chans[4], &in), GORT_RECV_CASE(NULL, &in)};
        gort_waitgroup group = {{0}};
        struct late late = {chans[i], 100 + i};
        CHECK_STATUS(gort_waitgroup_go(&group, sends_late, &late), GORT_OK);
        CHECK_EQ(i % 2 == 0 ? gort_select(cases, 6) : gort_select_timeout(cases, 6, GORT_HOUR), i);
        CHECK_EQ(cases[i].status, GORT_OK);
        CHECK_EQ(in, 100 + i);
        gort_waitgroup_wait(&group);

        if (i % 2 == 0) { /* unbuffered: a send case that waits */
            cases[i].op = GORT_OP_SEND;
            cases[i].elem = &out;
            late.value = 0;
            CHECK_STATUS(gort_waitgroup_go(&group, receives_late, &late), GORT_OK);
            CHECK_EQ(gort_select(cases, 6), i);
            gort_waitgroup_wait(&group);
            CHECK_EQ(late.value, 55);
        }
    }
    for (int i = 0; i < 5; i++) {
        gort_chan_release(chans[i]);
    }
}

int main(void)
{
    run_every_way(ready_case, NULL);
    run_every_way(null_elements, NULL);
    run_every_way(no_cases, NULL);
    run_every_way(woken, NULL);
    return EXIT_SUCCESS;
}
