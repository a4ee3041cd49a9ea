/*
 * wpool_wc: the worker pool of wpools, with work worth having one for: WORKERS
 * goroutines take files from a channel of jobs and do wc(1) on them.
 *
 *   wpool_wc [-a] WORKERS FILE...
 */
#define _POSIX_C_SOURCE 200809L

#include "wc_count.h"

struct result {
    size_t index;
    struct wc_file file;
};

struct pool {
    const char *program;
    long workers;
    char **paths;
    size_t count;
    gort_chan *jobs;    /* of struct result, with the counts still zero */
    gort_chan *results; /* of struct result */
    int exit_status;
};

static void send_jobs(void *arg)
{
    const struct pool *pool = arg;
    for (size_t i = 0; i < pool->count; i++) {
        struct result job = {i, {.path = pool->paths[i]}};
        must(gort_chan_send(pool->jobs, &job), "gort_chan_send");
    }
    must(gort_chan_close(pool->jobs), "gort_chan_close");
}

static void worker(void *arg)
{
    const struct pool *pool = arg;
    unsigned char *buffer = must_alloc(WC_BUFFER_SIZE, 1);
    struct result job;
    while (gort_chan_recv(pool->jobs, &job) == GORT_OK) {
        wc_count_file(&job.file, buffer);
        must(gort_chan_send(pool->results, &job), "gort_chan_send");
    }
    free(buffer);
}

static void main_goroutine(void *arg)
{
    struct pool *pool = arg;
    pool->jobs = must_chan(sizeof(struct result), 16);
    pool->results = must_chan(sizeof(struct result), 16);
    struct wc_file *files = must_alloc(pool->count, sizeof *files);
    gort_waitgroup group = {{0}};

    must(gort_waitgroup_go(&group, send_jobs, pool), "gort_waitgroup_go");
    for (long i = 0; i < pool->workers; i++) {
        must(gort_waitgroup_go(&group, worker, pool), "gort_waitgroup_go");
    }
    for (size_t i = 0; i < pool->count; i++) {
        struct result result;
        must(gort_chan_recv(pool->results, &result), "gort_chan_recv");
        files[result.index] = result.file;
    }
    gort_waitgroup_wait(&group);

    pool->exit_status = wc_print_table(stdout, pool->program, files, pool->count);
    free(files);
    gort_chan_release(pool->jobs);
    gort_chan_release(pool->results);
}

int main(int argc, char **argv)
{
    struct pool pool = {.program = argv[0]};
    int first = wc_options(argc, argv);
    if (first == 0 || argc - first < 2 || !parse_number(argv[first], 1, 100000, &pool.workers)) {
        return usage(argv[0], "[-a] WORKERS FILE...");
    }
    pool.paths = argv + first + 1;
    pool.count = (size_t)(argc - first - 1);
    int result = run_main(main_goroutine, &pool);
    return result != EXIT_SUCCESS ? result : pool.exit_status;
}
