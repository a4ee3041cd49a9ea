/*
 * select_once: stress of selects over several channels at both ends, with timeouts and
 * defaults, goroutines and plain threads: what one side has sent, the other has received,
 * exactly once.
 */
#include "check.h"

enum { CHANNELS = 4, WORKERS = 10, THREADS = 2, VALUES = 900, TOTAL = WORKERS * VALUES };

static gort_chan *chans[CHANNELS], *stop;
static int numbers, senders_left;
static unsigned char seen[TOTAL];
static gort_waitgroup senders, receivers;

static int one_of_the_forms(gort_case *cases, size_t n, int turn)
{
    switch (turn % 5) {
    case 0:
        return gort_select_default(cases, n);
    case 1:
        return gort_select_timeout(cases, n, (turn % 40) * GORT_MICROSECOND);
    case 2:
        return gort_select_timeout(cases, n, GORT_HOUR);
    default:
        return gort_select(cases, n);
    }
}

static void sends(void *arg)
{
    (void)arg;
    int turn = 0;
    for (int i = 0; i < VALUES; i++) {
        int value = ATOMIC_ADD(&numbers, 1) - 1, chosen = GORT_NONE;
        while (chosen == GORT_NONE) {
            gort_case cases[CHANNELS];
            for (int c = 0; c < CHANNELS; c++) {
                gort_case fresh = GORT_SEND_CASE(chans[(c + turn) % CHANNELS], &value);
                cases[c] = fresh;
            }
            chosen = one_of_the_forms(cases, CHANNELS, turn++);
            CHECK(chosen >= GORT_NONE && chosen < CHANNELS);
            CHECK(chosen == GORT_NONE || cases[chosen].status == GORT_OK);
            if (chosen == GORT_NONE) {
                gort_yield();
            }
        }
    }
    ATOMIC_ADD(&senders_left, -1);
    CHECK_STATUS(gort_waitgroup_done(&senders), GORT_OK);
}

static void receives(void *arg)
{
    (void)arg;
    for (int turn = 0;; turn++) {
        int values[CHANNELS];
        gort_case cases[CHANNELS + 1];
        for (int c = 0; c < CHANNELS; c++) {
            gort_case fresh = GORT_RECV_CASE(chans[(c * 3 + turn) % CHANNELS], &values[c]);
            cases[c] = fresh;
            values[c] = -1;
        }
        gort_case last = GORT_RECV_CASE(stop, NULL);
        cases[CHANNELS] = last;
        int chosen = one_of_the_forms(cases, CHANNELS + 1, turn);
        if (chosen == CHANNELS) {
            CHECK_EQ(cases[chosen].status, GORT_CLOSED);
            break;
        }
        for (int c = 0; c < CHANNELS; c++) {
            if (c != chosen) {
                CHECK_EQ(values[c], -1);
            }
        }
        if (chosen == GORT_NONE) {
            gort_yield();
            continue;
        }
        CHECK(values[chosen] >= 0 && values[chosen] < TOTAL);
        CHECK_EQ(__atomic_add_fetch(&seen[values[chosen]], 1, __ATOMIC_SEQ_CST), 1);
    }
    CHECK_STATUS(gort_waitgroup_done(&receivers), GORT_OK);
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
    size_t capacity = *(size_t *)arg;
    numbers = 0;
    senders_left = WORKERS;
    memset(seen, 0, sizeof seen);
    stop = new_chan(0, 0);
    for (int i = 0; i < CHANNELS; i++) {
        chans[i] = new_chan(sizeof(int), i % 2 == 0 ? 0 : capacity);
    }
    CHECK_STATUS(gort_waitgroup_add(&senders, WORKERS), GORT_OK);
    CHECK_STATUS(gort_waitgroup_add(&receivers, WORKERS), GORT_OK);
    pthread_t threads[2 * THREADS];
    for (int i = 0; i < WORKERS; i++) {
        if (i < THREADS) {
            threads[2 * i] = plain_thread(sends_on_thread, NULL);
            threads[2 * i + 1] = plain_thread(receives_on_thread, NULL);
        } else {
            spawn(sends, NULL);
            spawn(receives, NULL);
        }
    }
    gort_waitgroup_wait(&senders);
    CHECK_EQ(senders_left, 0);
    for (int i = 0; i < CHANNELS; i++) {
        WAIT_UNTIL(gort_chan_len(chans[i]) == 0);
    }
    CHECK_STATUS(gort_chan_close(stop), GORT_OK);
    gort_waitgroup_wait(&receivers);
    for (int i = 0; i < TOTAL; i++) {
        CHECK_EQ(seen[i], 1);
    }
    for (int i = 0; i < 2 * THREADS; i++) {
        join_thread(threads[i]);
    }
    for (int i = 0; i < CHANNELS; i++) {
        gort_chan_release(chans[i]);
    }
    gort_chan_release(stop);
}

int main(void)
{
    size_t capacities[] = {0, 1, 16};
    for (int i = 0; i < 3; i++) {
        trade(&capacities[i]);
        run_main(trade, &capacities[i]);
    }
    return EXIT_SUCCESS;
}
