/* spsc [CAPACITY [MESSAGES]]: one producer, one consumer, one channel. Time per message. */
#include "bench.h"

static gort_chan *c;
static int64_t messages;

static void produce(void *arg)
{
    (void)arg;
    for (int64_t i = 0; i < messages; i++) {
        gort_chan_send(c, &i);
    }
    gort_chan_close(c);
}

static void body(void *arg)
{
    (void)arg;
    c = bench_chan(sizeof(int64_t), (size_t)bench_arg(1, 128));
    messages = bench_arg(2, 2000000);

    int64_t started = gort_now();
    bench_must(gort_go(produce, NULL), "gort_go");
    int64_t sum = 0;
    for (int64_t value; gort_chan_recv(c, &value) == GORT_OK;) {
        sum += value;
    }
    bench_each("spsc", started, messages);
    bench_check(sum == messages * (messages - 1) / 2, "the sum is %" PRId64, sum);
}

int main(int argc, char **argv)
{
    return bench_run(argc, argv, body);
}
