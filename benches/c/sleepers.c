/*
 * sleepers [GOROUTINES]: goroutines that sleep 0 to 99 ms, all at once. Time until the
 * last is over.
 */
#include "bench.h"

#include <stdatomic.h>

enum { DURATIONS = 100 };

static atomic_int_fast64_t early;

static void doze(void *arg)
{
    const gort_duration *duration = arg;
    int64_t before = gort_now();
    gort_sleep(*duration);
    if (gort_now() - before < *duration) {
        atomic_fetch_add(&early, 1);
    }
}

static void body(void *arg)
{
    (void)arg;
    int64_t goroutines = bench_arg(1, 100000);
    gort_duration durations[DURATIONS];
    for (int i = 0; i < DURATIONS; i++) {
        durations[i] = i * GORT_MILLISECOND;
    }
    gort_waitgroup group = {{0}};

    int64_t started = gort_now();
    for (int64_t i = 0; i < goroutines; i++) {
        bench_must(gort_waitgroup_go(&group, doze, &durations[i % DURATIONS]), "gort_waitgroup_go");
    }
    gort_waitgroup_wait(&group);
    bench_result("sleepers", (double)(gort_now() - started) / GORT_MILLISECOND, "ms");
    bench_check(early == 0, "%" PRIdFAST64 " goroutines woke too early", early);
}

int main(int argc, char **argv)
{
    return bench_run(argc, argv, body);
}
