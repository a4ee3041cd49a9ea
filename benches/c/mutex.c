/* mutex [TIMES]: lock, count, unlock, with nobody else about. */
#include "bench.h"

static void body(void *arg)
{
    (void)arg;
    int64_t times = bench_arg(1, 20000000);
    gort_mutex mutex = {{0}};
    int64_t count = 0;

    int64_t started = gort_now();
    for (int64_t i = 0; i < times; i++) {
        gort_mutex_lock(&mutex);
        count++;
        gort_mutex_unlock(&mutex);
    }
    bench_each("mutex", started, times);
    bench_check(count == times, "counted %" PRId64, count);
}

int main(int argc, char **argv)
{
    return bench_run(argc, argv, body);
}
