/*
 * semaphore: a weighted semaphore of four lets four workers run at a time. Each
 * result lands in a slot of its own, so the results need no lock; at the end main
 * acquires all four at once, which it can only when the last worker is done.
 *
 *   semaphore [JOBS]      (default 10)
 */
#include "example.h"

#include <stdatomic.h>

enum { WORKERS = 4 };

/* Static: a worker may still be on its way out of its release when main goes on. */
static gort_sem semaphore;
static atomic_int running;
static atomic_int most_running;

struct job {
    long number;
    long *slot;
};

static void note_most_running(int now)
{
    int most = atomic_load(&most_running);
    while (now > most && !atomic_compare_exchange_weak(&most_running, &most, now)) {
    }
}

static void worker(void *arg)
{
    const struct job *job = arg;
    note_most_running(atomic_fetch_add(&running, 1) + 1);
    gort_sleep(GORT_MILLISECOND);
    *job->slot = job->number * job->number;
    atomic_fetch_sub(&running, 1);
    must(gort_sem_release(&semaphore, 1), "gort_sem_release");
}

static void main_goroutine(void *arg)
{
    const long *jobs = arg;
    long *results = must_alloc((size_t)*jobs, sizeof *results);

    must(gort_sem_init(&semaphore, WORKERS), "gort_sem_init");
    for (long i = 0; i < *jobs; i++) {
        struct job job = {i, &results[i]};
        must(gort_sem_acquire(&semaphore, NULL, 1), "gort_sem_acquire");
        must(gort_go_copy(worker, &job, sizeof job), "gort_go_copy");
    }
    must(gort_sem_acquire(&semaphore, NULL, WORKERS), "gort_sem_acquire");

    for (long i = 0; i < *jobs; i++) {
        printf("%ld -> %ld\n", i, results[i]);
    }
    printf("%s\n", atomic_load(&most_running) <= WORKERS ? "never more than 4 workers" : "too many workers");
    free(results);
}

int main(int argc, char **argv)
{
    long jobs = 10;
    if (argc > 2 || !parse_optional(argc, argv, 1, 0, 1000000, &jobs)) {
        return usage(argv[0], "[JOBS]");
    }
    return run_main(main_goroutine, &jobs);
}
