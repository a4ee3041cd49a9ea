/*
 * chan_mpmc: many senders and receivers, goroutines and plain threads mixed, on channels
 * of several capacities: every value arrives exactly once.
 */
#include "check.h"

enum { SENDERS = 6, RECEIVERS = 5, THREADS = 2, VALUES = 1200, TOTAL = SENDERS * VALUES };

struct market {
    gort_chan *chan;
    gort_waitgroup senders, receivers;
    int next;
    int seen[TOTAL];
};

static void sends(void *arg)
{
    struct market *market = arg;
    int base = (ATOMIC_ADD(&market->next, 1) - 1) * VALUES;
    for (int i = 0; i < VALUES; i++) {
        int value = base + i;
        if (i % 7 != 0) {
            CHECK_STATUS(gort_chan_send(market->chan, &value), GORT_OK);
        } else {
            while (gort_chan_try_send(market->chan, &value) == GORT_WOULD_BLOCK) {
                gort_yield();
            }
        }
    }
    CHECK_STATUS(gort_waitgroup_done(&market->senders), GORT_OK);
}

static void receives(void *arg)
{
    struct market *market = arg;
    for (;;) {
        int value = -1;
        gort_status status = gort_chan_recv(market->chan, &value);
        if (status == GORT_CLOSED) {
            break;
        }
        CHECK_STATUS(status, GORT_OK);
        CHECK(value >= 0 && value < TOTAL);
        CHECK_EQ(ATOMIC_ADD(&market->seen[value], 1), 1);
    }
    CHECK_STATUS(gort_waitgroup_done(&market->receivers), GORT_OK);
}

static void *sends_on_thread(void *arg)
{
    sends(arg);
    return NULL;
}

static void *receives_on_thread(void *arg)
{
    receives(arg);
    return NULL;
}

static void trade(void *arg)
{
    struct market *market = check_alloc(sizeof *market);
    market->chan = new_chan(sizeof(int), *(size_t *)arg);
    CHECK_STATUS(gort_waitgroup_add(&market->senders, SENDERS), GORT_OK);
    CHECK_STATUS(gort_waitgroup_add(&market->receivers, RECEIVERS), GORT_OK);
    pthread_t threads[2 * THREADS];
    for (int i = 0; i < THREADS; i++) {
        threads[2 * i] = plain_thread(sends_on_thread, market);
        threads[2 * i + 1] = plain_thread(receives_on_thread, market);
    }
    for (int i = THREADS; i < RECEIVERS; i++) {
        spawn(receives, market);
    }
    for (int i = THREADS; i < SENDERS; i++) {
        spawn(sends, market);
    }
    gort_waitgroup_wait(&market->senders);
    CHECK_STATUS(gort_chan_close(market->chan), GORT_OK);
    gort_waitgroup_wait(&market->receivers);
    for (int i = 0; i < TOTAL; i++) {
        CHECK_EQ(market->seen[i], 1);
    }
    for (int i = 0; i < 2 * THREADS; i++) {
        join_thread(threads[i]);
    }
    gort_chan_release(market->chan);
    free(market);
}

int main(void)
{
    static size_t capacities[] = {0, 1, 3, 128, TOTAL};
    for (int i = 0; i < 5; i++) {
        trade(&capacities[i]);
        run_main(trade, &capacities[i]);
    }
    return EXIT_SUCCESS;
}
