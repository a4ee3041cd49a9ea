/* select_default [TIMES]: a select of three channels, nothing in any of them, and a default. */
#include "bench.h"

static void body(void *arg)
{
    (void)arg;
    int64_t times = bench_arg(1, 10000000);
    gort_chan *a = bench_chan(sizeof(int64_t), 0);
    gort_chan *b = bench_chan(sizeof(int64_t), 0);
    gort_chan *c = bench_chan(sizeof(int64_t), 0);
    int64_t empty = 0;

    int64_t started = gort_now();
    for (int64_t i = 0; i < times; i++) {
        gort_case cases[] = {GORT_RECV_CASE(a, NULL), GORT_RECV_CASE(b, NULL), GORT_RECV_CASE(c, NULL)};
        if (gort_select_default(cases, 3) == GORT_NONE) {
            empty++;
        }
    }
    bench_each("select_default", started, times);
    bench_check(empty == times, "found nothing %" PRId64 " times", empty);
    gort_chan_release(a);
    gort_chan_release(b);
    gort_chan_release(c);
}

int main(int argc, char **argv)
{
    return bench_run(argc, argv, body);
}
