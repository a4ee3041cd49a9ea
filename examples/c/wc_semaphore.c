/*
 * wc_semaphore: wc(1) with one goroutine a file, but only WORKERS of them at a
 * time, so that any number of files needs few descriptors and little memory. Each
 * writes to the slot of its file; acquiring the whole semaphore is the join.
 *
 *   wc_semaphore [-a] WORKERS FILE...
 */
#define _POSIX_C_SOURCE 200809L

#include "wc_count.h"

/* Static: a goroutine may still be on its way out of its release when main goes on. */
static gort_sem semaphore;

struct job {
    const char *program;
    long workers;
    char **paths;
    size_t count;
    int exit_status;
};

static void count_slot(void *arg)
{
    wc_count_one(arg);
    must(gort_sem_release(&semaphore, 1), "gort_sem_release");
}

static void main_goroutine(void *arg)
{
    struct job *job = arg;
    struct wc_file *files = must_alloc(job->count, sizeof *files);

    must(gort_sem_init(&semaphore, job->workers), "gort_sem_init");
    for (size_t i = 0; i < job->count; i++) {
        files[i].path = job->paths[i];
        must(gort_sem_acquire(&semaphore, NULL, 1), "gort_sem_acquire");
        must(gort_go(count_slot, &files[i]), "gort_go");
    }
    must(gort_sem_acquire(&semaphore, NULL, job->workers), "gort_sem_acquire");

    job->exit_status = wc_print_table(stdout, job->program, files, job->count);
    free(files);
}

int main(int argc, char **argv)
{
    struct job job = {.program = argv[0]};
    int first = wc_options(argc, argv);
    if (first == 0 || argc - first < 2 || !parse_number(argv[first], 1, 1000000, &job.workers)) {
        return usage(argv[0], "[-a] WORKERS FILE...");
    }
    job.paths = argv + first + 1;
    job.count = (size_t)(argc - first - 1);
    int result = run_main(main_goroutine, &job);
    return result != EXIT_SUCCESS ? result : job.exit_status;
}
