/* mutex_contended [GOROUTINES [TIMES]]: many goroutines count under one lock, TIMES in all. */
#include "bench.h"

static gort_mutex mutex;
static int64_t count, share;

static void work(void *arg)
{
    (void)arg;
    int64_t times = share; /* its line of cache is the mutex's */
    for (int64_t i = 0; i < times; i++) {
        gort_mutex_lock(&mutex);
        count++;
        gort_mutex_unlock(&mutex);
    }
}

static void body(void *arg)
{
    (void)arg;
    int64_t goroutines = bench_arg(1, 8);
    share = bench_arg(2, 20000000) / goroutines;
    gort_waitgroup group = {{0}};

    int64_t started = gort_now();
    for (int64_t i = 0; i < goroutines; i++) {
        bench_must(gort_waitgroup_go(&group, work, NULL), "gort_waitgroup_go");
    }
    gort_waitgroup_wait(&group);
    bench_each("mutex_contended", started, goroutines * share);
    bench_check(count == goroutines * share, "counted %" PRId64, count);
}

int main(int argc, char **argv)
{
    return bench_run(argc, argv, body);
}
