/*
 * pingpong [ROUNDS]: a value goes to another goroutine and comes back plus one, over
 * two unbuffered channels. Time per round trip.
 */
#include "bench.h"

static gort_chan *ping, *pong;

static void answer(void *arg)
{
    (void)arg;
    int64_t value;
    while (gort_chan_recv(ping, &value) == GORT_OK) {
        value++;
        gort_chan_send(pong, &value);
    }
    gort_chan_close(pong);
}

static void body(void *arg)
{
    (void)arg;
    int64_t rounds = bench_arg(1, 1000000);
    ping = bench_chan(sizeof(int64_t), 0);
    pong = bench_chan(sizeof(int64_t), 0);
    bench_must(gort_go(answer, NULL), "gort_go");

    int64_t value = 0;
    int64_t started = gort_now();
    for (int64_t i = 0; i < rounds; i++) {
        gort_chan_send(ping, &value);
        gort_chan_recv(pong, &value);
    }
    bench_each("pingpong", started, rounds);
    gort_chan_close(ping);
    bench_check(gort_chan_recv(pong, NULL) == GORT_CLOSED, "the channel is still open");
    bench_check(value == rounds, "the value came back as %" PRId64, value);
}

int main(int argc, char **argv)
{
    return bench_run(argc, argv, body);
}
