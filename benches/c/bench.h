/*
 * bench.h: what every workload shares: numbers from the command line, the clock, the
 * check that makes a wrong answer no time, the result line, and quantiles. It is the
 * twin of benches/go/bench: the same names, the same meaning.
 *
 * A program runs its workload as the main goroutine by bench_run, so that bench_arg
 * knows the command line; one that has no main goroutine calls bench_init.
 */
#ifndef GORT_BENCH_H
#define GORT_BENCH_H

#include <gort.h>

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int bench_argc;
static char **bench_argv;

/* Ends the program with status 1 and the message unless ok. */
__attribute__((format(printf, 2, 3))) static inline void bench_check(bool ok, const char *format, ...)
{
    if (!ok) {
        va_list arguments;
        va_start(arguments, format);
        fputs("wrong: ", stderr);
        vfprintf(stderr, format, arguments);
        fputc('\n', stderr);
        va_end(arguments);
        exit(EXIT_FAILURE);
    }
}

static inline void bench_must(gort_status status, const char *what)
{
    if (status != GORT_OK) {
        bench_check(false, "%s: %s: %s", what, gort_status_name(status), gort_last_error());
    }
}

static inline gort_chan *bench_chan(size_t elem_size, size_t capacity)
{
    gort_chan *chan = gort_chan_new(elem_size, capacity);
    bench_check(chan != NULL, "gort_chan_new gave nothing");
    return chan;
}

static inline void *bench_alloc(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    bench_check(memory != NULL, "out of memory");
    return memory;
}

static inline void bench_init(int argc, char **argv)
{
    bench_argc = argc;
    bench_argv = argv;
}

/* Runs body as the main goroutine; for main's return. */
static inline int bench_run(int argc, char **argv, gort_func body)
{
    bench_init(argc, argv);
    bench_must(gort_run(body, NULL), "gort_run");
    return EXIT_SUCCESS;
}

/* The whole number at argv[index], or by_default when there are fewer. */
static inline int64_t bench_arg(int index, int64_t by_default)
{
    if (index >= bench_argc) {
        return by_default;
    }
    char *end = NULL;
    long long value = strtoll(bench_argv[index], &end, 10);
    bench_check(end != bench_argv[index] && *end == '\0' && value >= 0, "argument %d is no whole number", index);
    return value;
}

/* Prints one figure for benches/run.py. */
static inline void bench_result(const char *name, double value, const char *unit)
{
    printf("RESULT %s %.6g %s\n", name, value, unit);
}

/* Prints the nanoseconds since started per operation. */
static inline void bench_each(const char *name, int64_t started, int64_t operations)
{
    bench_result(name, (double)(gort_now() - started) / (double)operations, "ns");
}

static inline int bench_compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* Sorts the samples and gives the one below or at which that share of them lies. */
static inline double bench_quantile(int64_t *samples, int64_t count, double share)
{
    qsort(samples, (size_t)count, sizeof *samples, bench_compare);
    int64_t index = (int64_t)(share * (double)count);
    return (double)samples[index < count ? index : count - 1];
}

/* The field of /proc/self/status in bytes: "VmRSS", "VmPTE". */
static inline int64_t bench_proc_status(const char *field)
{
    FILE *status = fopen("/proc/self/status", "r");
    bench_check(status != NULL, "cannot open /proc/self/status");
    char line[256];
    long long kilobytes = -1;
    size_t length = strlen(field);
    while (kilobytes < 0 && fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, field, length) == 0 && line[length] == ':') {
            kilobytes = strtoll(line + length + 1, NULL, 10);
        }
    }
    fclose(status);
    bench_check(kilobytes >= 0, "no %s in /proc/self/status", field);
    return kilobytes * 1024;
}

#endif
