/* yield [GOROUTINES [TIMES]]: goroutines that do nothing but give way to each other, TIMES in all. */
#include "bench.h"

#include <stdatomic.h>

static int64_t share;
static atomic_int_fast64_t sum;

static void work(void *arg)
{
    (void)arg;
    int64_t count = 0;
    for (int64_t i = 0; i < share; i++) {
        gort_yield();
        count++;
    }
    atomic_fetch_add(&sum, count);
}

static void body(void *arg)
{
    (void)arg;
    int64_t goroutines = bench_arg(1, 8);
    share = bench_arg(2, 4000000) / goroutines;
    gort_waitgroup group = {{0}};

    int64_t started = gort_now();
    for (int64_t i = 0; i < goroutines; i++) {
        bench_must(gort_waitgroup_go(&group, work, NULL), "gort_waitgroup_go");
    }
    gort_waitgroup_wait(&group);
    bench_each("yield", started, goroutines * share);
    bench_check(sum == goroutines * share, "yielded %" PRIdFAST64 " times", sum);
}

int main(int argc, char **argv)
{
    return bench_run(argc, argv, body);
}
