/*
 * chan_buffered: a buffer of n takes n values without a receiver and gives them back in
 * order, over many turns of the ring, for elements of every size, and touches no byte
 * beside the element.
 */
/* also: c++ */
#include "check.h"

enum { GUARD = 16, LARGEST = 65536 };

static unsigned char pattern(unsigned number, size_t i)
{
    return (unsigned char)(number * 31 + i * 7 + i / 256);
}

static void fill(unsigned char *elem, size_t size, unsigned number)
{
    for (size_t i = 0; i < size; i++) {
        elem[i] = pattern(number, i);
    }
}

static void expect_pattern(const unsigned char *elem, size_t size, unsigned number)
{
    for (size_t i = 0; i < size; i++) {
        CHECK_EQ(elem[i], pattern(number, i));
    }
}

static void size_and_capacity(size_t size, size_t capacity)
{
    gort_chan *chan = new_chan(size, capacity);
    unsigned char *out = (unsigned char *)check_alloc(size + 2 * GUARD);
    unsigned char *in = (unsigned char *)check_alloc(size + 2 * GUARD);
    unsigned sent = 0, received = 0;
    CHECK_EQ(gort_chan_cap(chan), capacity);
    for (size_t turn = 0; turn < 7; turn++) {
        /* Fill to the brim, then take out a different number each turn, so that the ring's ends move. */
        while (gort_chan_len(chan) < capacity) {
            fill(out + GUARD, size, sent);
            CHECK_STATUS(sent % 2 == 0 ? gort_chan_send(chan, out + GUARD) : gort_chan_try_send(chan, out + GUARD),
                         GORT_OK);
            sent++;
        }
        CHECK_STATUS(gort_chan_try_send(chan, out + GUARD), GORT_WOULD_BLOCK);
        CHECK_EQ(gort_chan_len(chan), capacity);
        size_t keep = turn == 6 ? 0 : turn % capacity;
        while (gort_chan_len(chan) > keep) {
            memset(in, 0xC3, size + 2 * GUARD);
            CHECK_STATUS(received % 2 == 0 ? gort_chan_try_recv(chan, in + GUARD) : gort_chan_recv(chan, in + GUARD),
                         GORT_OK);
            expect_pattern(in + GUARD, size, received);
            for (size_t i = 0; i < GUARD; i++) {
                CHECK_EQ(in[i], 0xC3);
                CHECK_EQ(in[GUARD + size + i], 0xC3);
            }
            received++;
        }
    }
    CHECK_STATUS(gort_chan_try_recv(chan, in + GUARD), GORT_WOULD_BLOCK);
    CHECK_EQ(sent, received);
    free(out);
    free(in);
    gort_chan_release(chan);
}

static void sizes_and_capacities(void *arg)
{
    (void)arg;
    static const size_t SIZES[] = {0, 1, 2, 3, 4, 7, 8, 9, 12, 16, 17, 24, 32, 40, 64, 100, 1000, LARGEST};
    static const size_t CAPACITIES[] = {1, 2, 3, 5, 8, 100};
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        for (size_t j = 0; j < sizeof CAPACITIES / sizeof CAPACITIES[0]; j++) {
            if (SIZES[i] * CAPACITIES[j] <= 4 * LARGEST) {
                size_and_capacity(SIZES[i], CAPACITIES[j]);
            }
        }
    }
}

static void sends_the_rest(void *arg)
{
    gort_chan *chan = (gort_chan *)arg;
    for (int i = 0; i < 100; i++) {
        CHECK_STATUS(gort_chan_send(chan, &i), GORT_OK);
        CHECK(gort_chan_len(chan) <= 3);
    }
    CHECK_STATUS(gort_chan_close(chan), GORT_OK);
}

/* A sender that waits on a full buffer puts its value behind the buffered ones. */
static void full_buffer_keeps_order(void *arg)
{
    (void)arg;
    gort_chan *chan = new_chan(sizeof(int), 3);
    spawn(sends_the_rest, chan);
    WAIT_UNTIL(gort_chan_len(chan) == 3);
    settle();
    int value = -1, expected = 0;
    while (gort_chan_recv(chan, &value) == GORT_OK) {
        CHECK_EQ(value, expected);
        expected++;
    }
    CHECK_EQ(expected, 100);
    gort_chan_release(chan);
}

int main(void)
{
    run_every_way(sizes_and_capacities, NULL);
    run_every_way(full_buffer_keeps_order, NULL);
    return EXIT_SUCCESS;
}
