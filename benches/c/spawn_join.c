/*
 * spawn_join [GOROUTINES [TOTAL]]: start that many goroutines and wait for all, as
 * often as it takes to have started TOTAL. Time per goroutine.
 */
#include "bench.h"

#include <stdatomic.h>

static atomic_int_fast64_t ran;

static void count(void *arg)
{
    (void)arg;
    atomic_fetch_add(&ran, 1);
}

static void body(void *arg)
{
    (void)arg;
    int64_t goroutines = bench_arg(1, 1000000);
    int64_t total = bench_arg(2, goroutines);
    int64_t rounds = total > goroutines ? total / goroutines : 1;

    int64_t started = gort_now();
    for (int64_t round = 0; round < rounds; round++) {
        gort_waitgroup group = {{0}};
        for (int64_t i = 0; i < goroutines; i++) {
            bench_must(gort_waitgroup_go(&group, count, NULL), "gort_waitgroup_go");
        }
        gort_waitgroup_wait(&group);
    }
    bench_each("spawn_join", started, rounds * goroutines);
    bench_check(ran == rounds * goroutines, "%" PRIdFAST64 " goroutines ran", ran);
}

int main(int argc, char **argv)
{
    return bench_run(argc, argv, body);
}
