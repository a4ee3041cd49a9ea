/*
 * wc_count.h: what the wc examples share: counting one file, and a table that
 * looks as wc(1) prints it, column widths and "total" line included.
 *
 * Words: the older GNU wc wants a printable character in a word, the newer one
 * (coreutils 9.5) and the standard take any bytes that are not white space. The
 * former is the default, wc_any_bytes_are_words (option -a) gives the latter.
 *
 * errno: a goroutine may be on another thread after a call into gort, and the
 * compiler may remember the address of errno from before it. So system calls that
 * are not gort's are made, and their errno taken, in functions that are not inlined.
 */
#ifndef GORT_WC_COUNT_H
#define GORT_WC_COUNT_H

#include "example.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WC_NOINLINE __attribute__((noinline))

enum { WC_BUFFER_SIZE = 64 * 1024, WC_UNKNOWN_SIZE_WIDTH = 7 };

struct wc_counts {
    uint64_t lines;
    uint64_t words;
    uint64_t bytes;
};

struct wc_file {
    const char *path;
    struct wc_counts counts; /* as far as it could be read */
    int error;               /* the errno of what failed, 0: nothing */
    bool opened;
};

static bool wc_any_bytes_are_words;

/* Takes the option -a off the command line; the index of the first operand, 0 for a wrong option. */
static inline int wc_options(int argc, char **argv)
{
    for (int option; (option = getopt(argc, argv, "+a")) != -1;) {
        if (option != 'a') {
            return 0;
        }
        wc_any_bytes_are_words = true;
    }
    return optind;
}

/* in_word carries a word over from one buffer to the next; false at a file's start. */
static inline void wc_count_bytes(struct wc_counts *counts, bool *in_word, const unsigned char *data, size_t size)
{
    uint64_t lines = 0;
    uint64_t words = 0;
    bool inside = *in_word;
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = data[i];
        bool space = byte == ' ' || (byte >= '\t' && byte <= '\r');
        bool starts_word = !space && (wc_any_bytes_are_words || (byte > ' ' && byte < 0x7f));
        lines += byte == '\n';
        words += starts_word && !inside;
        inside = (inside && !space) || starts_word;
    }
    *in_word = inside;
    counts->lines += lines;
    counts->words += words;
    counts->bytes += size;
}

static inline void wc_add(struct wc_counts *total, const struct wc_counts *counts)
{
    total->lines += counts->lines;
    total->words += counts->words;
    total->bytes += counts->bytes;
}

static WC_NOINLINE int wc_open(const char *path, int *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    *error = fd < 0 ? errno : 0;
    return fd;
}

/* Counts file->path. The buffer has WC_BUFFER_SIZE bytes. */
static inline void wc_count_file(struct wc_file *file, unsigned char *buffer)
{
    int fd;
    /* Out of descriptors: some goroutine will close one soon. */
    while ((fd = wc_open(file->path, &file->error)) < 0 && (file->error == EMFILE || file->error == ENFILE)) {
        gort_sleep(GORT_MILLISECOND);
    }
    if (fd < 0) {
        return;
    }
    file->opened = true;

    bool in_word = false;
    ssize_t got;
    while ((got = gort_read(fd, buffer, WC_BUFFER_SIZE)) != 0) {
        if (got > 0) {
            wc_count_bytes(&file->counts, &in_word, buffer, (size_t)got);
        } else if (gort_errno() != EINTR) {
            file->error = gort_errno();
            break;
        }
    }
    gort_close(fd);
}

/* The same with a buffer of its own, for a goroutine that counts one file only. */
static inline void wc_count_one(struct wc_file *file)
{
    unsigned char *buffer = must_alloc(WC_BUFFER_SIZE, 1);
    wc_count_file(file, buffer);
    free(buffer);
}

static inline void wc_report_error(const char *program, const char *path, int error)
{
    fflush(stdout);
    fprintf(stderr, "%s: %s: %s\n", program, path, strerror(error));
}

static inline void wc_print_counts(FILE *out, int width, const struct wc_counts *counts, const char *name)
{
    fprintf(out, "%*" PRIu64 " %*" PRIu64 " %*" PRIu64 " %s\n", width, counts->lines, width, counts->words, width,
            counts->bytes, name);
}

/* As wide as the sum of the sizes, and at least 7 when a size says nothing (a pipe, a directory). */
static inline int wc_column_width(const struct wc_file *files, size_t count)
{
    int width = 1;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        struct stat status;
        if (stat(files[i].path, &status) == 0 && S_ISREG(status.st_mode)) {
            sum += (uint64_t)status.st_size;
        } else if (stat(files[i].path, &status) == 0) {
            width = WC_UNKNOWN_SIZE_WIDTH;
        }
    }
    int digits = 1;
    for (; sum >= 10; sum /= 10) {
        digits++;
    }
    return digits > width ? digits : width;
}

/* The whole table in the order of the files, errors to stderr; the exit status. */
static inline int wc_print_table(FILE *out, const char *program, const struct wc_file *files, size_t count)
{
    int width = wc_column_width(files, count);
    int status = EXIT_SUCCESS;
    struct wc_counts total = {0, 0, 0};
    for (size_t i = 0; i < count; i++) {
        if (files[i].error != 0) {
            wc_report_error(program, files[i].path, files[i].error);
            status = EXIT_FAILURE;
        }
        if (files[i].opened) {
            wc_print_counts(out, width, &files[i].counts, files[i].path);
            wc_add(&total, &files[i].counts);
        }
    }
    if (count > 1) {
        wc_print_counts(out, width, &total, "total");
    }
    return status;
}

#endif
