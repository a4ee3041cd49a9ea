/*
 * chan_unbuffered: a send and a receive meet: neither returns without the other, try_
 * calls succeed only when somebody waits, length and capacity are zero.
 */
/* also: c++ */
#include "check.h"

struct meeting {
    gort_chan *chan;
    int value;
    int before, after; /* of the partner */
};

static void sends(void *arg)
{
    struct meeting *meeting = (struct meeting *)arg;
    ATOMIC_SET(&meeting->before, 1);
    CHECK_STATUS(gort_chan_send(meeting->chan, &meeting->value), GORT_OK);
    ATOMIC_SET(&meeting->after, 1);
}

static void receives(void *arg)
{
    struct meeting *meeting = (struct meeting *)arg;
    ATOMIC_SET(&meeting->before, 1);
    CHECK_STATUS(gort_chan_recv(meeting->chan, &meeting->value), GORT_OK);
    ATOMIC_SET(&meeting->after, 1);
}

static struct meeting fresh(int value)
{
    struct meeting meeting = {new_chan(sizeof(int), 0), value, 0, 0};
    return meeting;
}

static void send_waits_for_receive(void *arg)
{
    (void)arg;
    struct meeting meeting = fresh(41);
    spawn(sends, &meeting);
    WAIT_UNTIL(ATOMIC_GET(&meeting.before) == 1);
    settle();
    CHECK_EQ(ATOMIC_GET(&meeting.after), 0);
    CHECK_EQ(gort_chan_len(meeting.chan), 0);
    CHECK_EQ(gort_chan_cap(meeting.chan), 0);
    int value = 0;
    CHECK_STATUS(gort_chan_recv(meeting.chan, &value), GORT_OK);
    CHECK_EQ(value, 41);
    WAIT_UNTIL(ATOMIC_GET(&meeting.after) == 1);
    gort_chan_release(meeting.chan);
}

static void receive_waits_for_send(void *arg)
{
    (void)arg;
    struct meeting meeting = fresh(0);
    spawn(receives, &meeting);
    WAIT_UNTIL(ATOMIC_GET(&meeting.before) == 1);
    settle();
    CHECK_EQ(ATOMIC_GET(&meeting.after), 0);
    int value = 42;
    CHECK_STATUS(gort_chan_send(meeting.chan, &value), GORT_OK);
    value = 0;
    WAIT_UNTIL(ATOMIC_GET(&meeting.after) == 1);
    CHECK_EQ(meeting.value, 42);
    gort_chan_release(meeting.chan);
}

static void try_needs_a_partner(void *arg)
{
    (void)arg;
    struct meeting meeting = fresh(0);
    int value = 7;
    CHECK_STATUS(gort_chan_try_send(meeting.chan, &value), GORT_WOULD_BLOCK);
    CHECK_STATUS(gort_chan_try_recv(meeting.chan, &value), GORT_WOULD_BLOCK);
    CHECK_EQ(value, 7);

    spawn(receives, &meeting);
    WAIT_UNTIL(gort_chan_try_send(meeting.chan, &value) == GORT_OK);
    WAIT_UNTIL(ATOMIC_GET(&meeting.after) == 1);
    CHECK_EQ(meeting.value, 7);
    CHECK_STATUS(gort_chan_try_send(meeting.chan, &value), GORT_WOULD_BLOCK);

    meeting.before = meeting.after = 0;
    meeting.value = 8;
    spawn(sends, &meeting);
    WAIT_UNTIL(gort_chan_try_recv(meeting.chan, &value) == GORT_OK);
    CHECK_EQ(value, 8);
    WAIT_UNTIL(ATOMIC_GET(&meeting.after) == 1);
    CHECK_STATUS(gort_chan_try_recv(meeting.chan, &value), GORT_WOULD_BLOCK);
    gort_chan_release(meeting.chan);
}

enum { HOPS = 2000 };

static void echoes(void *arg)
{
    gort_chan **chans = (gort_chan **)arg;
    int value = 0;
    while (gort_chan_recv(chans[0], &value) == GORT_OK) {
        value = -value;
        CHECK_STATUS(gort_chan_send(chans[1], &value), GORT_OK);
    }
    CHECK_STATUS(gort_chan_close(chans[1]), GORT_OK);
}

static void ping_pong(void *arg)
{
    (void)arg;
    gort_chan *chans[2] = {new_chan(sizeof(int), 0), new_chan(sizeof(int), 0)};
    spawn(echoes, chans);
    for (int i = 1; i <= HOPS; i++) {
        int got = 0;
        CHECK_STATUS(gort_chan_send(chans[0], &i), GORT_OK);
        CHECK_STATUS(gort_chan_recv(chans[1], &got), GORT_OK);
        CHECK_EQ(got, -i);
    }
    CHECK_STATUS(gort_chan_close(chans[0]), GORT_OK);
    CHECK_EQ(gort_chan_recv(chans[1], NULL), GORT_CLOSED);
    gort_chan_release(chans[0]);
    gort_chan_release(chans[1]);
}

int main(void)
{
    run_every_way(send_waits_for_receive, NULL);
    run_every_way(receive_waits_for_send, NULL);
    run_every_way(try_needs_a_partner, NULL);
    run_every_way(ping_pong, NULL);
    return EXIT_SUCCESS;
}
