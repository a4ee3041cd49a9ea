/*
 * prime_feed.h: goroutines that count primes and send what they find, each on a channel of
 * its own, and an event loop's side of it: a receive that is begun again after each value.
 * What the loop is does not matter here; loop_epoll.c and loop_uv.c have one each.
 */
#ifndef GORT_EXAMPLE_PRIME_FEED_H
#define GORT_EXAMPLE_PRIME_FEED_H

#include "example.h"

enum { PRIMES_PER_VALUE = 1000 };

struct feed {
    gort_chan *chan; /* of long: how many primes there are in the next part of the range */
    long from, to;
    long value; /* where the receive that was begun puts it */
};

struct feeds {
    gort_completion_queue *queue;
    size_t open;
    long primes, values;
};

static inline bool is_prime(long n)
{
    for (long d = 2; d * d <= n; d++) {
        if (n % d == 0) {
            return false;
        }
    }
    return n >= 2;
}

static inline void count_primes(void *arg)
{
    struct feed *feed = (struct feed *)arg;
    for (long from = feed->from; from < feed->to; from += PRIMES_PER_VALUE) {
        long found = 0;
        for (long n = from; n < feed->to && n < from + PRIMES_PER_VALUE; n++) {
            found += is_prime(n);
        }
        must(gort_chan_send(feed->chan, &found), "gort_chan_send");
    }
    must(gort_chan_close(feed->chan), "gort_chan_close");
}

/* Nobody is going to cancel it, so the handle is released at once. */
static inline void begin_receive(struct feeds *feeds, struct feed *feed)
{
    gort_async *op = gort_completion_queue_recv(feeds->queue, feed->chan, &feed->value, feed);
    if (op == NULL) {
        fprintf(stderr, "gort_completion_queue_recv: %s\n", gort_last_error());
        exit(EXIT_FAILURE);
    }
    gort_async_release(op);
}

static inline void start_feeds(struct feeds *feeds, struct feed *feed, size_t count, long limit)
{
    feeds->queue = gort_completion_queue_new();
    if (feeds->queue == NULL) {
        fprintf(stderr, "gort_completion_queue_new: %s\n", gort_last_error());
        exit(EXIT_FAILURE);
    }
    feeds->open = count;
    for (size_t i = 0; i < count; i++) {
        feed[i].chan = must_chan(sizeof(long), 0);
        feed[i].from = limit * (long)i / (long)count;
        feed[i].to = limit * (long)(i + 1) / (long)count;
        begin_receive(feeds, &feed[i]);
        must(gort_go(count_primes, &feed[i]), "gort_go");
    }
}

/* The queue's descriptor is readable. */
static inline void drain_feeds(struct feeds *feeds)
{
    gort_completion done[16];
    size_t count = gort_completion_queue_drain(feeds->queue, done, 16);
    for (size_t i = 0; i < count; i++) {
        struct feed *feed = (struct feed *)done[i].user;
        if (done[i].status == GORT_CLOSED) {
            feeds->open--;
            gort_chan_release(feed->chan);
            continue;
        }
        feeds->primes += feed->value;
        feeds->values++;
        begin_receive(feeds, feed);
    }
}

/* The loop is over: an orderly end, which waits for the goroutines. */
static inline int end_feeds(struct feeds *feeds, const char *loop, bool ticked)
{
    gort_completion_queue_release(feeds->queue);
    must(gort_shutdown(-1), "gort_shutdown");
    printf("%ld primes in %ld values\n", feeds->primes, feeds->values);
    printf("%s\n", ticked ? loop : "the loop's own timer never ran");
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
