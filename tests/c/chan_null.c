/*
 * chan_null: a NULL channel is Go's nil channel; elem NULL sends zeroes and drops what is
 * received; elements of size zero are counted and nothing else.
 */
/* also: c++ */
#include "check.h"

static void null_channel(void *arg)
{
    (void)arg;
    int value = 5;
    CHECK_STATUS(gort_chan_try_send(NULL, &value), GORT_WOULD_BLOCK);
    CHECK_STATUS(gort_chan_try_recv(NULL, &value), GORT_WOULD_BLOCK);
    CHECK_STATUS(gort_chan_send_timeout(NULL, &value, 0), GORT_DEADLINE_EXCEEDED);
    CHECK_STATUS(gort_chan_recv_timeout(NULL, &value, -1), GORT_DEADLINE_EXCEEDED);
    int64_t begin = gort_now();
    CHECK_STATUS(gort_chan_send_timeout(NULL, &value, 2 * GORT_MILLISECOND), GORT_DEADLINE_EXCEEDED);
    CHECK_STATUS(gort_chan_recv_timeout(NULL, &value, 2 * GORT_MILLISECOND), GORT_DEADLINE_EXCEEDED);
    CHECK(gort_now() - begin >= 4 * GORT_MILLISECOND);
    CHECK_EQ(value, 5);
    CHECK_REFUSED(gort_chan_close(NULL), GORT_INVALID);
    CHECK_EQ(gort_chan_len(NULL), 0);
    CHECK_EQ(gort_chan_cap(NULL), 0);
    CHECK(gort_chan_retain(NULL) == NULL);
    gort_chan_release(NULL);
}

struct blob {
    unsigned char bytes[40];
};

static void receives_blob(void *arg)
{
    gort_chan **chans = (gort_chan **)arg;
    struct blob blob;
    memset(&blob, 0xFF, sizeof blob);
    CHECK_STATUS(gort_chan_recv(chans[0], &blob), GORT_OK);
    for (size_t i = 0; i < sizeof blob.bytes; i++) {
        CHECK_EQ(blob.bytes[i], 0);
    }
    CHECK_STATUS(gort_chan_send(chans[1], &blob), GORT_OK);
}

static void null_elements(void *arg)
{
    (void)arg;
    gort_chan *buffered = new_chan(sizeof(struct blob), 2);
    struct blob blob;
    memset(&blob, 0xFF, sizeof blob);
    CHECK_STATUS(gort_chan_send(buffered, &blob), GORT_OK); /* makes the slot dirty */
    CHECK_STATUS(gort_chan_send(buffered, &blob), GORT_OK);
    CHECK_STATUS(gort_chan_recv(buffered, NULL), GORT_OK);
    CHECK_STATUS(gort_chan_try_recv(buffered, NULL), GORT_OK);
    CHECK_STATUS(gort_chan_send(buffered, NULL), GORT_OK);
    CHECK_STATUS(gort_chan_try_send(buffered, NULL), GORT_OK);
    for (int i = 0; i < 2; i++) {
        memset(&blob, 0xFF, sizeof blob);
        CHECK_STATUS(gort_chan_recv(buffered, &blob), GORT_OK);
        for (size_t j = 0; j < sizeof blob.bytes; j++) {
            CHECK_EQ(blob.bytes[j], 0);
        }
    }
    gort_chan_release(buffered);

    gort_chan *chans[2] = {new_chan(sizeof blob, 0), new_chan(sizeof blob, 0)};
    spawn(receives_blob, chans);
    CHECK_STATUS(gort_chan_send(chans[0], NULL), GORT_OK);
    CHECK_STATUS(gort_chan_recv(chans[1], NULL), GORT_OK);
    gort_chan_release(chans[0]);
    gort_chan_release(chans[1]);
}

enum { SIGNALS = 1000 };

static void sends_signals(void *arg)
{
    char nothing = 'x';
    for (int i = 0; i < SIGNALS; i++) {
        CHECK_STATUS(gort_chan_send((gort_chan *)arg, i % 2 == 0 ? NULL : &nothing), GORT_OK);
    }
    CHECK_STATUS(gort_chan_close((gort_chan *)arg), GORT_OK);
}

static void size_zero(void *arg)
{
    (void)arg;
    static const size_t CAPACITIES[] = {0, 1, 7, 1000000};
    for (int i = 0; i < 4; i++) {
        gort_chan *chan = new_chan(0, CAPACITIES[i]);
        CHECK_EQ(gort_chan_cap(chan), CAPACITIES[i]);
        spawn(sends_signals, chan);
        int count = 0;
        unsigned char untouched = 0x77;
        while (gort_chan_recv(chan, &untouched) == GORT_OK) {
            count++;
        }
        CHECK_EQ(count, SIGNALS);
        CHECK_EQ(untouched, 0x77);
        gort_chan_release(chan);
    }
}

int main(void)
{
    run_every_way(null_channel, NULL);
    run_every_way(null_elements, NULL);
    run_every_way(size_zero, NULL);
    return EXIT_SUCCESS;
}
