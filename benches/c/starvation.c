/*
 * starvation [HOGS [TICKS]]: how late a goroutine gets the ticks of a 1 ms ticker while
 * others compute without a pause.
 */
#include "bench.h"

#include <stdatomic.h>

static atomic_bool stop;
static atomic_int_fast64_t spun;

static void hog(void *arg)
{
    (void)arg;
    int64_t count = 0;
    while (!atomic_load(&stop)) {
        count++;
    }
    atomic_fetch_add(&spun, count);
}

static void body(void *arg)
{
    (void)arg;
    int64_t hogs = bench_arg(1, 8);
    int64_t ticks = bench_arg(2, 100);
    gort_waitgroup group = {{0}};
    for (int64_t i = 0; i < hogs; i++) {
        bench_must(gort_waitgroup_go(&group, hog, NULL), "gort_waitgroup_go");
    }

    gort_ticker *ticker = gort_ticker_new(GORT_MILLISECOND);
    int64_t *gaps = bench_alloc((size_t)ticks, sizeof *gaps);
    int64_t previous = gort_now();
    for (int64_t i = 0; i < ticks; i++) {
        gort_chan_recv(gort_ticker_chan(ticker), NULL);
        int64_t now = gort_now();
        gaps[i] = now - previous;
        previous = now;
    }
    gort_ticker_stop(ticker);
    atomic_store(&stop, true);
    gort_waitgroup_wait(&group);
    bench_check(spun > 0, "the hogs did not run");
    bench_result("starvation", bench_quantile(gaps, ticks, 1) / 1e6, "ms");
    bench_result("starvation_p50", bench_quantile(gaps, ticks, 0.5) / 1e6, "ms");
    gort_ticker_release(ticker);
    free(gaps);
}

int main(int argc, char **argv)
{
    return bench_run(argc, argv, body);
}
