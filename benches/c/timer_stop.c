/* timer_stop [TIMES]: make a timer of an hour and stop it. */
#include "bench.h"

static void body(void *arg)
{
    (void)arg;
    int64_t times = bench_arg(1, 2000000);
    int64_t stopped = 0;

    int64_t started = gort_now();
    for (int64_t i = 0; i < times; i++) {
        gort_timer *timer = gort_timer_new(GORT_HOUR);
        if (gort_timer_stop(timer)) {
            stopped++;
        }
        gort_timer_release(timer);
    }
    bench_each("timer_stop", started, times);
    bench_check(stopped == times, "%" PRId64 " timers were stopped", stopped);
}

int main(int argc, char **argv)
{
    return bench_run(argc, argv, body);
}
