/*
 * chan_big: elements of 64 KiB arrive whole, handed over directly or buffered, between
 * goroutines and plain threads; sizes that overflow or cannot be had give NULL.
 */
#include "check.h"

enum { SIZE = 65536, MESSAGES = 40, STREAMS = 3 };

struct message {
    uint32_t words[SIZE / 4];
};

struct stream {
    gort_chan *chan;
    uint32_t number;
};

static void fill(struct message *message, uint32_t seed)
{
    for (size_t i = 0; i < SIZE / 4; i++) {
        message->words[i] = seed * 2654435761u + (uint32_t)i;
    }
}

static void expect_whole(const struct message *message)
{
    uint32_t first = message->words[0];
    for (size_t i = 0; i < SIZE / 4; i++) {
        CHECK_EQ(message->words[i], (uint32_t)(first + i));
    }
}

static void sends(void *arg)
{
    struct stream *stream = arg;
    struct message *message = check_alloc(sizeof *message);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        fill(message, stream->number * MESSAGES + i);
        CHECK_STATUS(gort_chan_send(stream->chan, message), GORT_OK);
        memset(message, 0xDD, sizeof *message); /* the caller's again */
    }
    free(message);
}

static void *sends_on_thread(void *arg)
{
    sends(arg);
    return NULL;
}

static void receives_all(void *arg)
{
    size_t capacity = *(size_t *)arg;
    struct stream streams[STREAMS];
    gort_chan *chan = new_chan(SIZE, capacity);
    for (uint32_t i = 0; i < STREAMS; i++) {
        streams[i].chan = chan;
        streams[i].number = i;
        if (i == 0) {
            CHECK_EQ(pthread_detach(plain_thread(sends_on_thread, &streams[i])), 0);
        } else {
            spawn(sends, &streams[i]);
        }
    }
    struct message *message = check_alloc(sizeof *message);
    uint32_t sum = 0, expected = 0;
    for (uint32_t i = 0; i < STREAMS * MESSAGES; i++) {
        memset(message, 0xEE, sizeof *message);
        CHECK_STATUS(gort_chan_recv(chan, message), GORT_OK);
        expect_whole(message);
        sum += message->words[0];
        expected += i * 2654435761u;
    }
    CHECK_EQ(sum, expected);
    free(message);
    gort_chan_release(chan);
}

static void impossible_sizes(void *arg)
{
    (void)arg;
    static const struct {
        size_t elem_size, capacity;
    } CASES[] = {
        {SIZE_MAX, 2},           {2, SIZE_MAX},           {SIZE_MAX, SIZE_MAX}, {SIZE_MAX / 2 + 1, 2},
        {SIZE_MAX / 2, 2},       {SIZE_MAX, 1},           {1, SIZE_MAX},        {8, SIZE_MAX / 8},
        {SIZE_MAX / 16 + 1, 16}, {1, SIZE_MAX / 2 + 1},   {4096, SIZE_MAX / 4096}, {SIZE_MAX - 63, 1},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        CHECK(gort_chan_new(CASES[i].elem_size, CASES[i].capacity) == NULL);
        CHECK(gort_last_error()[0] != '\0');
    }
    /* Nothing is stored, so nothing overflows; refused or not, it must not lie. */
    gort_chan *counted = gort_chan_new(0, (size_t)1 << 40);
    CHECK(counted == NULL || gort_chan_cap(counted) == (size_t)1 << 40);
    gort_chan_release(counted);
}

int main(void)
{
    size_t none = 0, few = 3;
    run_every_way(receives_all, &none);
    run_every_way(receives_all, &few);
    run_every_way(impossible_sizes, NULL);
    return EXIT_SUCCESS;
}
