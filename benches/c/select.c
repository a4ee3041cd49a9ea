/*
 * select [CHANNELS [MESSAGES]]: one goroutine receives by select from as many
 * unbuffered channels as there are senders. Time per message.
 */
#include "bench.h"

static int64_t share;

static void produce(void *arg)
{
    gort_chan *c = arg;
    for (int64_t value = 0; value < share; value++) {
        gort_chan_send(c, &value);
    }
}

static void body(void *arg)
{
    (void)arg;
    int64_t channels = bench_arg(1, 3);
    share = bench_arg(2, 1000000) / channels;
    gort_case *cases = bench_alloc((size_t)channels, sizeof *cases);
    int64_t value;
    for (int64_t i = 0; i < channels; i++) {
        cases[i] = (gort_case)GORT_RECV_CASE(bench_chan(sizeof value, 0), &value);
    }

    int64_t started = gort_now();
    for (int64_t i = 0; i < channels; i++) {
        bench_must(gort_go(produce, cases[i].chan), "gort_go");
    }
    int64_t sum = 0;
    for (int64_t i = 0; i < channels * share; i++) {
        gort_select(cases, (size_t)channels);
        sum += value;
    }
    bench_each("select", started, channels * share);
    bench_check(sum == channels * (share * (share - 1) / 2), "the sum is %" PRId64, sum);
}

int main(int argc, char **argv)
{
    return bench_run(argc, argv, body);
}
