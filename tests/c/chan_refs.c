/*
 * chan_refs: a channel lives as long as somebody holds a reference or is blocked on it;
 * the values left in it go with it.
 */
#include "check.h"

enum { MANY = 2000, BLOCKED = 30 };

static gort_waitgroup group;
static int about_to_block;

static void receives_and_expects_close(void *arg)
{
    int value = 1;
    ATOMIC_ADD(&about_to_block, 1);
    CHECK_EQ(gort_chan_recv(arg, &value), GORT_CLOSED);
    CHECK_EQ(value, 0);
}

static void receives_own(void *arg)
{
    gort_chan *chan = arg; /* a reference of its own */
    int value = 0;
    ATOMIC_ADD(&about_to_block, 1);
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
        ATOMIC_SET(&about_to_block, 0);
        gort_chan *chan = new_chan(sizeof(int), 0);
        for (int i = 0; i < BLOCKED; i++) {
            CHECK_STATUS(gort_waitgroup_go(&group, receives_and_expects_close, chan), GORT_OK);
        }
        WAIT_UNTIL(ATOMIC_GET(&about_to_block) == BLOCKED);
        settle(); /* only who is blocked is covered by the library's own reference */
        CHECK_STATUS(gort_waitgroup_go(&group, closes_and_releases, chan), GORT_OK);
        gort_waitgroup_wait(&group);
    }
}

static void receives_with_timeout(void *arg)
{
    ATOMIC_ADD(&about_to_block, 1);
    CHECK_EQ(gort_chan_recv_timeout(arg, NULL, 30 * GORT_MILLISECOND), GORT_DEADLINE_EXCEEDED);
}

/* Nobody but the blocked call itself refers to the channel: it lives until the timeout. */
static void released_while_blocked(void *arg)
{
    (void)arg;
    ATOMIC_SET(&about_to_block, 0);
    gort_chan *chan = new_chan(sizeof(int), 0);
    for (int i = 0; i < BLOCKED; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, receives_with_timeout, chan), GORT_OK);
    }
    WAIT_UNTIL(ATOMIC_GET(&about_to_block) == BLOCKED);
    settle();
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

int main(void)
{
    run_every_way(last_one_out_frees, NULL);
    run_every_way(released_while_others_leave, NULL);
    run_every_way(released_while_blocked, NULL);
    run_every_way(full_ones_go_with_their_values, NULL);
    return EXIT_SUCCESS;
}
