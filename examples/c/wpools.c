/*
 * wpools: a worker pool. Jobs wait in a buffered channel, each worker ranges over
 * it, results go into another one; when the workers are done (WaitGroup) the
 * results are closed, the printing goroutine ends, and says so on `finished`.
 *
 *   wpools JOBS WORKERS
 */
#include "example.h"

struct job {
    long id;
    long number;
};

struct result {
    struct job job;
    long square;
};

struct pool {
    long job_count;
    long worker_count;
    gort_chan *jobs;
    gort_chan *results;
    gort_chan *finished;
};

static void create_jobs(void *arg)
{
    const struct pool *pool = arg;
    for (long i = 0; i < pool->job_count; i++) {
        struct job job = {i, i};
        must(gort_chan_send(pool->jobs, &job), "gort_chan_send");
    }
    must(gort_chan_close(pool->jobs), "gort_chan_close");
}

static void worker(void *arg)
{
    const struct pool *pool = arg;
    struct job job;
    while (gort_chan_recv(pool->jobs, &job) == GORT_OK) {
        struct result result = {job, job.number * job.number};
        must(gort_chan_send(pool->results, &result), "gort_chan_send");
    }
}

static void print_results(void *arg)
{
    const struct pool *pool = arg;
    struct result result;
    while (gort_chan_recv(pool->results, &result) == GORT_OK) {
        printf("Job ID: %ld number: %ld square: %ld\n", result.job.id, result.job.number, result.square);
    }
    must(gort_chan_close(pool->finished), "gort_chan_close");
}

static void main_goroutine(void *arg)
{
    struct pool *pool = arg;
    pool->jobs = must_chan(sizeof(struct job), 10);
    pool->results = must_chan(sizeof(struct result), 10);
    pool->finished = must_chan(0, 0);

    gort_waitgroup workers = {{0}};
    gort_waitgroup others = {{0}};
    must(gort_waitgroup_go(&others, create_jobs, pool), "gort_waitgroup_go");
    must(gort_waitgroup_go(&others, print_results, pool), "gort_waitgroup_go");
    for (long i = 0; i < pool->worker_count; i++) {
        must(gort_waitgroup_go(&workers, worker, pool), "gort_waitgroup_go");
    }

    gort_waitgroup_wait(&workers);
    must(gort_chan_close(pool->results), "gort_chan_close");
    gort_chan_recv(pool->finished, NULL);
    printf("finished\n");

    /* The handles may go once no goroutine is inside a call on them. */
    gort_waitgroup_wait(&others);
    gort_chan_release(pool->jobs);
    gort_chan_release(pool->results);
    gort_chan_release(pool->finished);
}

int main(int argc, char **argv)
{
    struct pool pool = {0};
    if (argc != 3 || !parse_number(argv[1], 0, 100000000, &pool.job_count)
        || !parse_number(argv[2], 1, 1000000, &pool.worker_count)) {
        return usage(argv[0], "JOBS WORKERS");
    }
    return run_main(main_goroutine, &pool);
}
