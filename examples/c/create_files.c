/*
 * create_files: one goroutine a file creates DIRECTORY/NAME<i> for i from START
 * to END, END included. Each file that cannot be created is reported, the
 * others are created all the same, and the exit status is 1.
 *
 *   create_files START END DIRECTORY NAME
 *   create_files 10 20 /tmp test
 */
#include "example.h"

#include <stdatomic.h>
#include <string.h>

struct job {
    long first;
    long last;
    const char *directory;
    const char *name;
    atomic_long failures;
};

struct file {
    struct job *job;
    long number;
    gort_waitgroup *group;
};

static void create_one(void *arg)
{
    const struct file *file = arg;
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s%ld", file->job->directory, file->job->name, file->number);

    FILE *stream = NULL;
    if (length >= 0 && (size_t)length < sizeof path) {
        stream = fopen(path, "w");
    } else {
        errno = ENAMETOOLONG;
    }
    if (stream == NULL) {
        char reason[128];
        snprintf(reason, sizeof reason, "%s", strerror(errno));
        fprintf(stderr, "create_files: %s: %s\n", path, reason);
        atomic_fetch_add(&file->job->failures, 1);
    } else {
        fclose(stream);
        printf("%s created!\n", path);
    }
    must(gort_waitgroup_done(file->group), "gort_waitgroup_done");
}

static void main_goroutine(void *arg)
{
    struct job *job = arg;
    gort_waitgroup group = {{0}};
    for (long i = job->first; i <= job->last; i++) {
        struct file file = {job, i, &group};
        must(gort_waitgroup_add(&group, 1), "gort_waitgroup_add");
        must(gort_go_copy(create_one, &file, sizeof file), "gort_go_copy");
    }
    gort_waitgroup_wait(&group);
}

int main(int argc, char **argv)
{
    struct job job = {0};
    if (argc != 5 || !parse_number(argv[1], 0, 1000000000, &job.first)
        || !parse_number(argv[2], job.first, 1000000000, &job.last)) {
        return usage(argv[0], "START END DIRECTORY NAME");
    }
    job.directory = argv[3];
    job.name = argv[4];

    int result = run_main(main_goroutine, &job);
    return atomic_load(&job.failures) > 0 ? EXIT_FAILURE : result;
}
