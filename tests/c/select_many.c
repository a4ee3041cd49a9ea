/*
 * select_many: selects with a thousand cases, ready at once or later, the whole thousand
 * on one channel among them.
 */
#include "check.h"

enum { CASES = 1000, ROUNDS = 60 };

static gort_chan *chans[CASES];
static gort_case cases[CASES];
static int values[CASES];

static void sends_to(void *arg)
{
    int place = *(int *)arg;
    gort_yield();
    CHECK_STATUS(gort_chan_send(chans[place], &place), GORT_OK);
}

static void prepare(void)
{
    for (int i = 0; i < CASES; i++) {
        gort_case fresh = GORT_RECV_CASE(chans[i], &values[i]);
        cases[i] = fresh;
        values[i] = -1;
    }
}

static void each_its_own(void *arg)
{
    (void)arg;
    for (int i = 0; i < CASES; i++) {
        chans[i] = new_chan(sizeof(int), (size_t)i % 2);
    }
    for (int round = 0; round < ROUNDS; round++) {
        int place = (round * 617 + 13) % CASES;
        prepare();
        CHECK_EQ(gort_select_default(cases, CASES), GORT_NONE);
        CHECK_EQ(gort_select_timeout(cases, CASES, 20 * GORT_MICROSECOND), GORT_NONE);
        CHECK_STATUS(gort_go_copy(sends_to, &place, sizeof place), GORT_OK);
        CHECK_EQ(gort_select(cases, CASES), place);
        CHECK_EQ(values[place], place);
        CHECK_EQ(cases[place].status, GORT_OK);
    }
    for (int i = 0; i < CASES; i++) { /* no waiter was left behind */
        CHECK_EQ(gort_chan_try_send(chans[i], NULL), i % 2 == 0 ? GORT_WOULD_BLOCK : GORT_OK);
        gort_chan_release(chans[i]);
    }
}

static void all_the_same(void *arg)
{
    (void)arg;
    gort_chan *chan = new_chan(sizeof(int), 0);
    for (int i = 0; i < CASES; i++) {
        chans[i] = chan;
    }
    for (int round = 0; round < ROUNDS; round++) {
        int place = round;
        prepare();
        CHECK_STATUS(gort_go_copy(sends_to, &place, sizeof place), GORT_OK);
        int chosen = gort_select(cases, CASES);
        CHECK(chosen >= 0 && chosen < CASES);
        for (int i = 0; i < CASES; i++) {
            CHECK_EQ(values[i], i == chosen ? place : -1);
        }
        CHECK_STATUS(gort_chan_try_send(chan, NULL), GORT_WOULD_BLOCK);
    }
    gort_chan_release(chan);
}

int main(void)
{
    run_every_way(each_its_own, NULL);
    run_every_way(all_the_same, NULL);
    return EXIT_SUCCESS;
}
