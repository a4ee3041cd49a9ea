/* spawn_one [TIMES]: start one goroutine and wait for it, again and again. */
#include "bench.h"

static void add_one(void *arg)
{
    int64_t *count = arg;
    ++*count;
}

static void body(void *arg)
{
    (void)arg;
    int64_t times = bench_arg(1, 1000000);
    int64_t count = 0;

    int64_t started = gort_now();
    for (int64_t i = 0; i < times; i++) {
        gort_waitgroup group = {{0}};
        bench_must(gort_waitgroup_go(&group, add_one, &count), "gort_waitgroup_go");
        gort_waitgroup_wait(&group);
    }
    bench_each("spawn_one", started, times);
    bench_check(count == times, "%" PRId64 " goroutines ran", count);
}

int main(int argc, char **argv)
{
    return bench_run(argc, argv, body);
}
