/*
 * example.h: the few lines every example would otherwise repeat: numbers from
 * the command line, a usage line, and giving up on a status nobody expects.
 *
 * An example that wants to show a status looks at it itself; must() is only for
 * calls that have no reason to fail.
 */
#ifndef GORT_EXAMPLE_H
#define GORT_EXAMPLE_H

#include <gort.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define EXAMPLE_USAGE_STATUS 64

/* A whole decimal number between low and high, and nothing after it. */
static inline bool parse_number(const char *text, long low, long high, long *out)
{
    char *end = NULL;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < low || value > high) {
        return false;
    }
    *out = value;
    return true;
}

/* The number at argv[index], or what *out holds already when there are fewer arguments. */
static inline bool parse_optional(int argc, char **argv, int index, long low, long high, long *out)
{
    return argc <= index || parse_number(argv[index], low, high, out);
}

static inline int usage(const char *program, const char *arguments)
{
    fprintf(stderr, "usage: %s %s\n", program, arguments);
    return EXAMPLE_USAGE_STATUS;
}

static inline void must(gort_status status, const char *what)
{
    if (status != GORT_OK) {
        fprintf(stderr, "%s: %s: %s\n", what, gort_status_name(status), gort_last_error());
        exit(EXIT_FAILURE);
    }
}

static inline gort_chan *must_chan(size_t elem_size, size_t capacity)
{
    gort_chan *chan = gort_chan_new(elem_size, capacity);
    if (chan == NULL) {
        fprintf(stderr, "gort_chan_new: %s\n", gort_last_error());
        exit(EXIT_FAILURE);
    }
    return chan;
}

static inline void *must_alloc(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size);
    if (memory == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(EXIT_FAILURE);
    }
    return memory;
}

/* Runs fn(arg) as the main goroutine; the result is for main's return. */
static inline int run_main(gort_func fn, void *arg)
{
    must(gort_run(fn, arg), "gort_run");
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
