/*
 * rwmutex [GOROUTINES [TIMES]]: many goroutines read a counter under a read lock, and
 * every 100th time one adds to it under the write lock. Time per locking, TIMES in all.
 */
#include "bench.h"

enum { WRITE_EVERY = 100 };

static gort_rwmutex mutex;
static int64_t count, writes;

static void work(void *arg)
{
    (void)arg;
    int64_t latest = 0;
    for (int64_t i = 0; i < writes; i++) {
        for (int j = 0; j < WRITE_EVERY - 1; j++) {
            gort_rwmutex_rlock(&mutex);
            int64_t seen = count;
            gort_rwmutex_runlock(&mutex);
            if (seen < latest) {
                bench_check(false, "the counter went back from %" PRId64 " to %" PRId64, latest, seen);
            }
            latest = seen;
        }
        gort_rwmutex_lock(&mutex);
        count++;
        gort_rwmutex_unlock(&mutex);
    }
}

static void body(void *arg)
{
    (void)arg;
    int64_t goroutines = bench_arg(1, 8);
    writes = bench_arg(2, 20000000) / goroutines / WRITE_EVERY;
    gort_waitgroup group = {{0}};

    int64_t started = gort_now();
    for (int64_t i = 0; i < goroutines; i++) {
        bench_must(gort_waitgroup_go(&group, work, NULL), "gort_waitgroup_go");
    }
    gort_waitgroup_wait(&group);
    bench_each("rwmutex", started, goroutines * writes * WRITE_EVERY);
    bench_check(count == goroutines * writes, "counted %" PRId64, count);
}

int main(int argc, char **argv)
{
    return bench_run(argc, argv, body);
}
