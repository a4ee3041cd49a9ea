/*
 * chan_ring: tokens go round a ring of goroutines, and numbers through the prime sieve:
 * long chains of hand-overs in which a single lost wake-up would show.
 */
/* sanitize: races on purpose */
#include "check.h"

enum { RING = 503, TOKENS = 5, HOPS = 40000, PRIMES = 150 };

struct link {
    gort_chan *in, *out, *result;
};

static void passes_on(void *arg)
{
    struct link *link = arg;
    int hops = 0;
    while (gort_chan_recv(link->in, &hops) == GORT_OK) {
        if (hops == 0) {
            CHECK_STATUS(gort_chan_send(link->result, NULL), GORT_OK);
        } else {
            hops--;
            CHECK_STATUS(gort_chan_send(link->out, &hops), GORT_OK);
        }
    }
}

static void ring(void *arg)
{
    (void)arg;
    static struct link links[RING];
    static gort_chan *chans[RING];
    gort_waitgroup group = {{0}};
    gort_chan *result = new_chan(0, 0);
    for (int i = 0; i < RING; i++) {
        chans[i] = new_chan(sizeof(int), 0);
    }
    for (int i = 0; i < RING; i++) {
        struct link link = {chans[i], chans[(i + 1) % RING], result};
        links[i] = link;
        CHECK_STATUS(gort_waitgroup_go(&group, passes_on, &links[i]), GORT_OK);
    }
    for (int i = 0; i < TOKENS; i++) {
        int hops = HOPS / TOKENS + i;
        CHECK_STATUS(gort_chan_send(chans[i * 100], &hops), GORT_OK);
    }
    for (int i = 0; i < TOKENS; i++) {
        CHECK_STATUS(gort_chan_recv(result, NULL), GORT_OK);
    }
    for (int i = 0; i < RING; i++) {
        CHECK_STATUS(gort_chan_close(chans[i]), GORT_OK);
    }
    gort_waitgroup_wait(&group);
    for (int i = 0; i < RING; i++) {
        gort_chan_release(chans[i]);
    }
    gort_chan_release(result);
}

struct filter {
    gort_chan *in, *out;
    int prime;
};

static void generates(void *arg)
{
    int number = 2;
    while (gort_chan_send(arg, &number) == GORT_OK) {
        number++;
    }
    gort_chan_release(arg);
}

/* Ends, and ends its predecessor, when its output is closed. */
static void filters(void *arg)
{
    struct filter *filter = arg;
    int number = 0;
    while (gort_chan_recv(filter->in, &number) == GORT_OK) {
        if (number % filter->prime != 0 && gort_chan_send(filter->out, &number) != GORT_OK) {
            break;
        }
    }
    CHECK_STATUS(gort_chan_close(filter->in), GORT_OK);
    gort_chan_release(filter->in);
    gort_chan_release(filter->out);
}

static void sieve(void *arg)
{
    (void)arg;
    gort_chan *chan = new_chan(sizeof(int), 0);
    spawn(generates, gort_chan_retain(chan));
    int prime = 0, last = 1;
    for (int i = 0; i < PRIMES; i++) {
        CHECK_STATUS(gort_chan_recv(chan, &prime), GORT_OK);
        for (int divisor = 2; divisor * divisor <= prime; divisor++) {
            CHECK(prime % divisor != 0);
        }
        CHECK(prime > last);
        last = prime;
        struct filter filter = {chan, gort_chan_retain(new_chan(sizeof(int), 0)), prime};
        chan = filter.out; /* one reference for the filter, one for here, then for the next filter */
        CHECK_STATUS(gort_go_copy(filters, &filter, sizeof filter), GORT_OK);
    }
    CHECK_EQ(prime, 863); /* the 150th */
    CHECK_STATUS(gort_chan_close(chan), GORT_OK);
    gort_chan_release(chan);
    WAIT_UNTIL(gort_num_goroutine() == (gort_goroutine_id() != 0 ? 1u : 0u));
}

int main(void)
{
    ring(NULL);
    run_main(ring, NULL);
    sieve(NULL);
    run_main(sieve, NULL);
    return EXIT_SUCCESS;
}
