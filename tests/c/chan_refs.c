/*
 * chan_refs: a channel lives as long as somebody holds a reference or is blocked on it;
 * the values left in it go with it.
 */
#include "check.h"
#include "texts.h"

enum { MANY = 2000, BLOCKED = 30 };

static gort_waitgroup group;

static int over; /* waits that have ended */

static int blocked_or_over(const char *state)
{
    int ended = ATOMIC_GET(&over); /* first: nobody is counted twice */
    return ended + count_of(dump_text(), state);
}

/* So many are blocked in this way, or were: only those are covered by the library's own reference. */
static void wait_for_blocked(const char *state, int n)
{
    WAIT_UNTIL(blocked_or_over(state) == n);
}

static void receives_and_expects_close(void *arg)
{
    int value = 1;
    CHECK_EQ(gort_chan_recv(arg, &value), GORT_CLOSED);
    ATOMIC_ADD(&over, 1);
    CHECK_EQ(value, 0);
}

static void receives_own(void *arg)
{
    gort_chan *chan = arg; /* a reference of its own */
    int value = 0;
    CHECK_STATUS(gort_chan_recv(chan, &value), GORT_OK);
    CHECK_EQ(value, 42);
    gort_chan_release(chan);
}

static void sends_own(void *arg)
{
    gort_chan *chan = arg;
    int value = 42;
    CHECK_STATUS(gort_chan_send(chan, &value), GORT_OK);
    gort_chan_release(chan);
}

static void last_one_out_frees(void *arg)
{
    (void)arg;
    for (int i = 0; i < MANY; i++) {
        gort_chan *chan = new_chan(sizeof(int), (size_t)i % 2);
        CHECK(gort_chan_retain(chan) == chan);
        CHECK_STATUS(gort_waitgroup_go(&group, i % 4 < 2 ? receives_own : sends_own, chan), GORT_OK);
        CHECK(gort_chan_retain(chan) == chan);
        CHECK_STATUS(gort_waitgroup_go(&group, i % 4 < 2 ? sends_own : receives_own, chan), GORT_OK);
        gort_chan_release(chan);
    }
    gort_waitgroup_wait(&group);
}

static void closes_and_releases(void *arg)
{
    CHECK_STATUS(gort_chan_close(arg), GORT_OK);
    gort_chan_release(arg); /* the last reference, while those it woke still leave */
}

static void released_while_others_leave(void *arg)
{
    (void)arg;
    for (int round = 0; round < 50; round++) {
        ATOMIC_SET(&over, 0);
        gort_chan *chan = new_chan(sizeof(int), 0);
        for (int i = 0; i < BLOCKED; i++) {
            CHECK_STATUS(gort_waitgroup_go(&group, receives_and_expects_close, chan), GORT_OK);
        }
        wait_for_blocked("[chan receive", BLOCKED);
        CHECK_STATUS(gort_waitgroup_go(&group, closes_and_releases, chan), GORT_OK);
        gort_waitgroup_wait(&group);
    }
}

static void receives_with_timeout(void *arg)
{
    CHECK_EQ(gort_chan_recv_timeout(arg, NULL, 100 * GORT_MILLISECOND), GORT_DEADLINE_EXCEEDED);
    ATOMIC_ADD(&over, 1);
}

/* Nobody but the blocked call itself refers to the channel: it lives until the timeout. */
static void released_while_blocked(void *arg)
{
    (void)arg;
    ATOMIC_SET(&over, 0);
    gort_chan *chan = new_chan(sizeof(int), 0);
    for (int i = 0; i < BLOCKED; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, receives_with_timeout, chan), GORT_OK);
    }
    wait_for_blocked("[chan receive", BLOCKED);
    gort_chan_release(chan);
    gort_waitgroup_wait(&group);
}

static void full_ones_go_with_their_values(void *arg)
{
    (void)arg;
    for (int i = 0; i < MANY; i++) {
        gort_chan *chan = new_chan(1024, 32);
        for (int j = 0; j < 32; j++) {
            CHECK_STATUS(gort_chan_send(chan, NULL), GORT_OK);
        }
        if (i % 2 == 0) {
            CHECK_STATUS(gort_chan_close(chan), GORT_OK);
        }
        gort_chan_release(chan);
    }
}

static int freed;

static void notes(void *elem)
{
    ATOMIC_ADD(&freed, *(int *)elem);
}

static gort_chan *gate;

/* Waits for the gate, and in the queue of a channel that is full and not its own. */
static void selects_at_gate(void *arg)
{
    int value = 1;
    gort_case cases[] = {GORT_SEND_CASE(arg, &value), GORT_RECV_CASE(gate, NULL), GORT_SEND_CASE(arg, &value)};
    CHECK_EQ(gort_select(cases, 3), 1);
    ATOMIC_ADD(&over, 1);
}

static void block_selects(gort_chan *chans[BLOCKED])
{
    ATOMIC_SET(&over, 0);
    ATOMIC_SET(&freed, 0);
    gate = new_chan(0, 0);
    for (int i = 0; i < BLOCKED; i++) {
        int value = 1;
        chans[i] = gort_chan_new_with_drop(sizeof value, 1, notes);
        CHECK(chans[i] != NULL);
        CHECK_STATUS(gort_chan_send(chans[i], &value), GORT_OK);
        CHECK_STATUS(gort_waitgroup_go(&group, selects_at_gate, chans[i]), GORT_OK);
    }
    wait_for_blocked("[select", BLOCKED);
}

static void end_selects(void)
{
    gort_waitgroup_wait(&group);
    CHECK_EQ(ATOMIC_GET(&freed), BLOCKED);
    gort_chan_release(gate);
}

/* The selects alone keep the channels they wait for in vain, and free them as they leave. */
static void released_while_selected(void *arg)
{
    (void)arg;
    gort_chan *chans[BLOCKED];
    block_selects(chans);
    for (int i = 0; i < BLOCKED; i++) {
        gort_chan_release(chans[i]);
    }
    CHECK_EQ(ATOMIC_GET(&freed), 0);
    CHECK_STATUS(gort_chan_close(gate), GORT_OK);
    end_selects();
}

/* Who comes upon a select that was woken elsewhere passes it over; the select still has to leave. */
static void released_while_selects_leave(void *arg)
{
    (void)arg;
    for (int round = 0; round < 20; round++) {
        gort_chan *chans[BLOCKED];
        block_selects(chans);
        CHECK_STATUS(gort_chan_close(gate), GORT_OK);
        for (int i = 0; i < BLOCKED; i++) {
            int value = 0;
            CHECK_STATUS(gort_chan_try_recv(chans[i], &value), GORT_OK);
            CHECK_STATUS(gort_chan_try_send(chans[i], &value), GORT_OK);
            gort_chan_release(chans[i]);
        }
        end_selects();
    }
}

static void selects_until_after(void *arg)
{
    gort_chan *never = new_chan(0, 0);
    gort_case cases[] = {GORT_RECV_CASE(never, NULL), GORT_RECV_CASE(arg, NULL), GORT_RECV_CASE(arg, NULL)};
    CHECK(gort_select(cases, 3) > 0);
    ATOMIC_ADD(&over, 1);
    gort_chan_release(never);
}

/* The timer of such a channel has no reference to it. */
static void released_after_is_waited_for(void *arg)
{
    (void)arg;
    ATOMIC_SET(&over, 0);
    gort_chan *after = gort_after(100 * GORT_MILLISECOND);
    CHECK_STATUS(gort_waitgroup_go(&group, selects_until_after, after), GORT_OK);
    wait_for_blocked("[select", 1);
    gort_chan_release(after);
    gort_waitgroup_wait(&group);
}

int main(void)
{
    run_every_way(last_one_out_frees, NULL);
    run_every_way(released_while_others_leave, NULL);
    run_every_way(released_while_blocked, NULL);
    run_every_way(released_while_selected, NULL);
    run_every_way(released_while_selects_leave, NULL);
    run_every_way(released_after_is_waited_for, NULL);
    run_every_way(full_ones_go_with_their_values, NULL);
    return EXIT_SUCCESS;
}
