/*
 * A program that is worth a look: a source, three workers and a sink, joined by channels, with a ticker
 * and a pipe beside them. What each is called is what a viewer shows.
 */
#include <gort.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { JOBS = 60, WORKERS = 3 };

static gort_chan *jobs, *results;
static gort_waitgroup workers;
static int ends[2];

static void check(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "%s\n", what);
        exit(EXIT_FAILURE);
    }
}

static void start(const char *name, gort_func body)
{
    gort_go_options options = {.struct_size = sizeof options, .name = name};
    check(gort_go_with(&options, body, NULL) == GORT_OK, "no goroutine");
}

static void source(void *arg)
{
    (void)arg;
    for (int i = 0; i < JOBS; i++) {
        gort_chan_send(jobs, &i);
    }
    gort_chan_close(jobs);
}

/* About a tenth of a millisecond. */
static double compute(int job)
{
    volatile double sum = 0;
    for (int i = 1; i < 20000 + 200 * job; i++) {
        sum += 1.0 / i;
    }
    return sum;
}

static void worker(void *arg)
{
    (void)arg;
    int job = 0;
    while (gort_chan_recv(jobs, &job) == GORT_OK) {
        double result = compute(job);
        gort_chan_send(results, &result);
    }
    gort_waitgroup_done(&workers);
}

static void closer(void *arg)
{
    (void)arg;
    gort_waitgroup_wait(&workers);
    gort_chan_close(results);
}

static void reader(void *arg)
{
    (void)arg;
    char byte;
    while (gort_read(ends[0], &byte, 1) == 1) {
    }
}

static void ticks(void *arg)
{
    (void)arg;
    for (int i = 0; i < 5; i++) {
        gort_sleep(300 * GORT_MICROSECOND);
        check(gort_write(ends[1], ".", 1) == 1, "the pipe does not take a byte");
    }
    gort_close(ends[1]);
}

static void sink(void *arg)
{
    (void)arg;
    start("source", source);
    start("reader", reader);
    start("ticks", ticks);
    gort_waitgroup_add(&workers, WORKERS);
    for (int i = 0; i < WORKERS; i++) {
        start("worker", worker);
    }
    start("closer", closer);
    double result = 0, sum = 0;
    while (gort_chan_recv(results, &result) == GORT_OK) {
        sum += result;
    }
    gort_block_enter(); /* what follows may block */
    printf("%.3f\n", sum);
    gort_block_exit();
}

int main(void)
{
    jobs = gort_chan_new(sizeof(int), 4);
    results = gort_chan_new(sizeof(double), 0);
    check(jobs != NULL && results != NULL && pipe(ends) == 0, "no channels");
    return gort_run(sink, NULL) != GORT_OK || gort_shutdown(-1) != GORT_OK;
}
