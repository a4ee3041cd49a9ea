/*
 * mpmc [PAIRS [CAPACITY [MESSAGES]]]: as many producers as consumers on one buffered
 * channel. Time per message.
 */
#include "bench.h"

#include <stdatomic.h>

static gort_chan *c;
static int64_t share;
static atomic_int_fast64_t sum, count;

static void produce(void *arg)
{
    (void)arg;
    for (int64_t i = 0; i < share; i++) {
        gort_chan_send(c, &i);
    }
}

static void consume(void *arg)
{
    (void)arg;
    int64_t mine = 0;
    int64_t received = 0;
    for (int64_t value; gort_chan_recv(c, &value) == GORT_OK;) {
        mine += value;
        received++;
    }
    atomic_fetch_add(&sum, mine);
    atomic_fetch_add(&count, received);
}

static void body(void *arg)
{
    (void)arg;
    int64_t pairs = bench_arg(1, 4);
    c = bench_chan(sizeof(int64_t), (size_t)bench_arg(2, 128));
    share = bench_arg(3, 4000000) / pairs;
    gort_waitgroup producers = {{0}};
    gort_waitgroup consumers = {{0}};

    int64_t started = gort_now();
    for (int64_t i = 0; i < pairs; i++) {
        bench_must(gort_waitgroup_go(&producers, produce, NULL), "gort_waitgroup_go");
        bench_must(gort_waitgroup_go(&consumers, consume, NULL), "gort_waitgroup_go");
    }
    gort_waitgroup_wait(&producers);
    gort_chan_close(c);
    gort_waitgroup_wait(&consumers);
    bench_each("mpmc", started, pairs * share);
    bench_check(count == pairs * share, "%" PRIdFAST64 " messages", count);
    bench_check(sum == pairs * (share * (share - 1) / 2), "the sum is %" PRIdFAST64, sum);
}

int main(int argc, char **argv)
{
    return bench_run(argc, argv, body);
}
