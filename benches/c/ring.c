/*
 * ring [GOROUTINES [HOPS]]: a token goes round a ring of goroutines, each takes one
 * from its value; who gets 0 reports. Time per hop.
 */
#include "bench.h"

struct member {
    int64_t number;
    gort_chan *in, *out, *last;
};

static void run_member(void *arg)
{
    const struct member *member = arg;
    for (int64_t value; gort_chan_recv(member->in, &value) == GORT_OK;) {
        if (value == 0) {
            gort_chan_send(member->last, &member->number);
        } else {
            value--;
            gort_chan_send(member->out, &value);
        }
    }
    gort_chan_close(member->out);
}

static void body(void *arg)
{
    (void)arg;
    int64_t goroutines = bench_arg(1, 503);
    int64_t hops = bench_arg(2, 2000000);
    gort_chan *last = bench_chan(sizeof(int64_t), 0);
    gort_chan *first = bench_chan(sizeof(int64_t), 0);
    gort_chan *in = first;
    for (int64_t number = 0; number < goroutines; number++) {
        gort_chan *out = number < goroutines - 1 ? bench_chan(sizeof(int64_t), 0) : first;
        struct member member = {number, in, out, last};
        bench_must(gort_go_copy(run_member, &member, sizeof member), "gort_go_copy");
        in = out;
    }

    int64_t started = gort_now();
    gort_chan_send(first, &hops);
    int64_t number;
    gort_chan_recv(last, &number);
    bench_each("ring", started, hops);
    bench_check(number == hops % goroutines, "goroutine %" PRId64 " got the 0", number);
}

int main(int argc, char **argv)
{
    return bench_run(argc, argv, body);
}
