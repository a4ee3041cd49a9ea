/*
 * race.h: two goroutines (or threads) touch one variable, and one edge of the memory model
 * orders them, or does not.
 *
 * A program of this folder is called with the name of an edge and "with" or "without". With it
 * the program must be silent; without it the race detector must report it. Without an argument
 * the edges are listed. What stands in for the edge then, and what gives all the others their
 * order in time, is a relaxed atomic, which orders nothing.
 */
#ifndef GORT_TEST_RACE_H
#define GORT_TEST_RACE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <gort.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * What the race is about. Not static, for the compiler shall believe that somebody reads it; and in eight
 * bytes of its own, for the detector remembers the last few accesses of each eight.
 */
int data_alone[4];
#define data data_alone[2]

static int came_here;

/* Waits without end. */
#define AWAIT(condition)                         \
    do {                                         \
        while (!(condition)) {                   \
            gort_sleep(100 * GORT_MICROSECOND);  \
        }                                        \
    } while (0)

/* In time, not for the memory model: everything before reached() is over when await_reached() returns. */
static inline void reached(void)
{
    __atomic_store_n(&came_here, 1, __ATOMIC_RELAXED);
}

static inline void await_reached(void)
{
    AWAIT(__atomic_load_n(&came_here, __ATOMIC_RELAXED));
}

static inline void must(gort_status status)
{
    if (status != GORT_OK) {
        fprintf(stderr, "%s: %s\n", gort_status_name(status), gort_last_error());
        exit(1);
    }
}

/* One edge: a goroutine writes data and then does `before`; another does `after` and then writes data. */
struct edge {
    const char *name;
    void (*set_up)(void);
    void (*before)(void);
    void (*after)(void);
    /* Instead of all that. */
    void (*whole)(int with);
};

static const struct edge *edge;
static int with_edge;
static gort_waitgroup both;

static inline void goes_first(void *arg)
{
    (void)arg;
    data = 1;
    if (with_edge) {
        edge->before();
    }
    reached();
}

static inline void goes_second(void *arg)
{
    (void)arg;
    if (with_edge) {
        edge->after();
    } else {
        await_reached();
    }
    data = 2;
}

static inline void run_edge(void *arg)
{
    (void)arg;
    if (edge->set_up != NULL) {
        edge->set_up();
    }
    if (edge->whole != NULL) {
        edge->whole(with_edge);
        return;
    }
    must(gort_waitgroup_go(&both, goes_second, NULL));
    must(gort_waitgroup_go(&both, goes_first, NULL));
    gort_waitgroup_wait(&both);
}

static inline int race_main(int argc, char **argv, const struct edge *edges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (argc < 3) {
            puts(edges[i].name);
        } else if (strcmp(edges[i].name, argv[1]) == 0) {
            edge = &edges[i];
            with_edge = strcmp(argv[2], "with") == 0;
            must(gort_run(run_edge, NULL));
            return 0;
        }
    }
    return argc < 3 ? 0 : 2;
}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
