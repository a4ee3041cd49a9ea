/*
 * squares.c: goroutines in C for the tests of the other languages: they take numbers from one
 * channel and send their squares on another, which the last of them closes.
 */
#include <gort.h>

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

struct squares {
    gort_chan *jobs, *results;
    atomic_int workers;
};

gort_status squares_start(gort_chan *jobs, gort_chan *results, int workers);

static void work(void *arg)
{
    struct squares *squares = arg;
    int64_t number;
    while (gort_chan_recv(squares->jobs, &number) == GORT_OK) {
        number *= number;
        if (gort_chan_send(squares->results, &number) != GORT_OK) {
            break;
        }
    }
    if (atomic_fetch_sub(&squares->workers, 1) == 1) {
        gort_chan_close(squares->results);
        gort_chan_release(squares->jobs);
        gort_chan_release(squares->results);
        free(squares);
    }
}

gort_status squares_start(gort_chan *jobs, gort_chan *results, int workers)
{
    struct squares *squares = malloc(sizeof *squares);
    if (squares == NULL || workers < 1) {
        free(squares);
        return GORT_INVALID;
    }
    squares->jobs = gort_chan_retain(jobs);
    squares->results = gort_chan_retain(results);
    atomic_init(&squares->workers, workers);
    for (int i = 0; i < workers; i++) {
        gort_status status = gort_go(work, squares);
        if (status != GORT_OK) {
            return status; /* the others go on; this one's share of the count keeps the results open */
        }
    }
    return GORT_OK;
}
