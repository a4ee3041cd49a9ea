/* sleep_overshoot [TIMES]: how much longer than asked a sleep of 1 ms takes. */
#include "bench.h"

static void body(void *arg)
{
    (void)arg;
    int64_t times = bench_arg(1, 500);
    int64_t *overshoots = bench_alloc((size_t)times, sizeof *overshoots);

    for (int64_t i = 0; i < times; i++) {
        int64_t before = gort_now();
        gort_sleep(GORT_MILLISECOND);
        overshoots[i] = gort_now() - before - GORT_MILLISECOND;
        bench_check(overshoots[i] >= 0, "woke %" PRId64 " ns too early", -overshoots[i]);
    }
    bench_result("sleep_overshoot", bench_quantile(overshoots, times, 0.5) / 1e3, "us");
    bench_result("sleep_overshoot_p99", bench_quantile(overshoots, times, 0.99) / 1e3, "us");
    free(overshoots);
}

int main(int argc, char **argv)
{
    return bench_run(argc, argv, body);
}
