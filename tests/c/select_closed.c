/*
 * select_closed: closed channels in a select: a receive is chosen with GORT_CLOSED and a
 * zeroed element, a send with GORT_CLOSED, ready at once or by a close while it waits.
 */
/* sanitize: races on purpose */
/* also: c++ */
#include "check.h"

static void closed_already(void *arg)
{
    (void)arg;
    gort_chan *open = new_chan(sizeof(int), 0), *closed = new_chan(sizeof(int), 1);
    int value = 3;
    CHECK_STATUS(gort_chan_send(closed, &value), GORT_OK);
    CHECK_STATUS(gort_chan_close(closed), GORT_OK);

    gort_case receive[] = {GORT_RECV_CASE(open, NULL), GORT_RECV_CASE(closed, &value)};
    value = -1;
    CHECK_EQ(gort_select(receive, 2), 1); /* the buffered value first */
    CHECK_EQ(receive[1].status, GORT_OK);
    CHECK_EQ(value, 3);
    for (int i = 0; i < 6; i++) {
        value = -1;
        receive[1].status = GORT_OK;
        int chosen = i % 3 == 0   ? gort_select(receive, 2)
                     : i % 3 == 1 ? gort_select_default(receive, 2)
                                  : gort_select_timeout(receive, 2, 0);
        CHECK_EQ(chosen, 1);
        CHECK_EQ(receive[1].status, GORT_CLOSED);
        CHECK_EQ(value, 0);
    }
    receive[1].elem = NULL;
    CHECK_EQ(gort_select(receive, 2), 1);
    CHECK_EQ(receive[1].status, GORT_CLOSED);

    gort_case send[] = {GORT_SEND_CASE(open, &value), GORT_SEND_CASE(closed, &value)};
    for (int i = 0; i < 6; i++) {
        value = 17;
        send[1].status = GORT_OK;
        int chosen = i % 3 == 0   ? gort_select(send, 2)
                     : i % 3 == 1 ? gort_select_default(send, 2)
                                  : gort_select_timeout(send, 2, 0);
        CHECK_EQ(chosen, 1);
        CHECK_EQ(send[1].status, GORT_CLOSED);
        CHECK_EQ(value, 17);
    }
    gort_chan_release(open);
    gort_chan_release(closed);
}

struct waiting {
    gort_chan *chans[3];
    int about_to_block;
    gort_op op;
    int chosen;
    gort_status status;
    int value;
};

static void waits(void *arg)
{
    struct waiting *waiting = (struct waiting *)arg;
    gort_case cases[] = {GORT_RECV_CASE(waiting->chans[0], NULL),
                         {waiting->chans[1], &waiting->value, waiting->op, GORT_OK},
                         GORT_RECV_CASE(waiting->chans[2], NULL)};
    ATOMIC_SET(&waiting->about_to_block, 1);
    waiting->chosen = gort_select(cases, 3);
    waiting->status = waiting->chosen >= 0 ? cases[waiting->chosen].status : GORT_INVALID;
}

static void closed_while_waiting(void *arg)
{
    (void)arg;
    for (int round = 0; round < 40; round++) {
        struct waiting waiting = {{new_chan(4, 0), new_chan(sizeof(int), 0), new_chan(4, 0)}, 0,
                                  round % 2 == 0 ? GORT_OP_RECV : GORT_OP_SEND, -9, GORT_INVALID, 23};
        gort_waitgroup group = {{0}};
        CHECK_STATUS(gort_waitgroup_go(&group, waits, &waiting), GORT_OK);
        WAIT_UNTIL(ATOMIC_GET(&waiting.about_to_block) == 1);
        if (round % 4 < 2) {
            gort_sleep(50 * GORT_MICROSECOND);
        }
        CHECK_STATUS(gort_chan_close(waiting.chans[1]), GORT_OK);
        gort_waitgroup_wait(&group);
        CHECK_EQ(waiting.chosen, 1);
        CHECK_EQ(waiting.status, GORT_CLOSED);
        CHECK_EQ(waiting.value, round % 2 == 0 ? 0 : 23);
        /* Nobody is left in the queues of the others. */
        CHECK_STATUS(gort_chan_try_send(waiting.chans[0], NULL), GORT_WOULD_BLOCK);
        CHECK_STATUS(gort_chan_try_send(waiting.chans[2], NULL), GORT_WOULD_BLOCK);
        for (int i = 0; i < 3; i++) {
            gort_chan_release(waiting.chans[i]);
        }
    }
}

enum { SELECTORS = 50 };

static void ends_at_close(void *arg)
{
    gort_case cases[] = {GORT_RECV_CASE(NULL, NULL), GORT_RECV_CASE((gort_chan *)arg, NULL)};
    CHECK_EQ(gort_select(cases, 2), 1);
    CHECK_EQ(cases[1].status, GORT_CLOSED);
}

static void close_wakes_every_select(void *arg)
{
    (void)arg;
    for (int round = 0; round < 20; round++) {
        gort_chan *chan = new_chan(4, 0);
        gort_waitgroup group = {{0}};
        for (int i = 0; i < SELECTORS; i++) {
            CHECK_STATUS(gort_waitgroup_go(&group, ends_at_close, chan), GORT_OK);
        }
        if (round % 2 == 0) {
            settle();
        }
        CHECK_STATUS(gort_chan_close(chan), GORT_OK);
        gort_waitgroup_wait(&group);
        gort_chan_release(chan);
    }
}

int main(void)
{
    run_every_way(closed_already, NULL);
    run_every_way(closed_while_waiting, NULL);
    run_every_way(close_wakes_every_select, NULL);
    return EXIT_SUCCESS;
}
