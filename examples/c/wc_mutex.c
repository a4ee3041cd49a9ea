/*
 * wc_mutex: wc(1) with one goroutine a file; the results are in shared memory, and
 * a mutex guards the list they are appended to, in the order they come in.
 *
 *   wc_mutex [-a] FILE...
 */
#define _POSIX_C_SOURCE 200809L

#include "wc_count.h"

struct result {
    size_t index;
    struct wc_file file;
};

struct shared {
    gort_mutex mutex;
    size_t length;          /* under mutex */
    struct result *results; /* under mutex */
};

struct task {
    struct result result;
    struct shared *shared;
    gort_waitgroup *group;
};

struct job {
    const char *program;
    char **paths;
    size_t count;
    int exit_status;
};

static void count_and_append(void *arg)
{
    struct task *task = arg;
    struct shared *shared = task->shared;
    wc_count_one(&task->result.file); /* outside of the lock: this is the long part */

    gort_mutex_lock(&shared->mutex);
    shared->results[shared->length++] = task->result;
    must(gort_mutex_unlock(&shared->mutex), "gort_mutex_unlock");
    must(gort_waitgroup_done(task->group), "gort_waitgroup_done");
}

static void main_goroutine(void *arg)
{
    struct job *job = arg;
    struct shared shared = {.results = must_alloc(job->count, sizeof *shared.results)};
    gort_waitgroup group = {{0}};

    must(gort_waitgroup_add(&group, (int64_t)job->count), "gort_waitgroup_add");
    for (size_t i = 0; i < job->count; i++) {
        struct task task = {{i, {.path = job->paths[i]}}, &shared, &group};
        must(gort_go_copy(count_and_append, &task, sizeof task), "gort_go_copy");
    }
    gort_waitgroup_wait(&group);

    struct wc_file *files = must_alloc(job->count, sizeof *files);
    for (size_t i = 0; i < shared.length; i++) {
        files[shared.results[i].index] = shared.results[i].file;
    }
    job->exit_status = wc_print_table(stdout, job->program, files, job->count);
    free(files);
    free(shared.results);
}

int main(int argc, char **argv)
{
    int first = wc_options(argc, argv);
    if (first == 0 || first == argc) {
        return usage(argv[0], "[-a] FILE...");
    }
    struct job job = {argv[0], argv + first, (size_t)(argc - first), EXIT_SUCCESS};
    int result = run_main(main_goroutine, &job);
    return result != EXIT_SUCCESS ? result : job.exit_status;
}
