/*
 * wc_channel: wc(1) with one goroutine a file; the results come over a buffered
 * channel, each with its index, so that they can be printed in order.
 *
 *   wc_channel [-a] FILE...
 */
#define _POSIX_C_SOURCE 200809L

#include "wc_count.h"

struct result {
    size_t index;
    struct wc_file file;
};

struct task {
    struct result result;
    gort_chan *results; /* the goroutine's reference */
};

struct job {
    const char *program;
    char **paths;
    size_t count;
    int exit_status;
};

static void count_and_send(void *arg)
{
    struct task *task = arg;
    wc_count_one(&task->result.file);
    must(gort_chan_send(task->results, &task->result), "gort_chan_send");
    gort_chan_release(task->results);
}

static void main_goroutine(void *arg)
{
    struct job *job = arg;
    struct wc_file *files = must_alloc(job->count, sizeof *files);
    gort_chan *results = must_chan(sizeof(struct result), 16);

    for (size_t i = 0; i < job->count; i++) {
        struct task task = {{i, {.path = job->paths[i]}}, gort_chan_retain(results)};
        must(gort_go_copy(count_and_send, &task, sizeof task), "gort_go_copy");
    }
    for (size_t i = 0; i < job->count; i++) {
        struct result result;
        must(gort_chan_recv(results, &result), "gort_chan_recv");
        files[result.index] = result.file;
    }
    job->exit_status = wc_print_table(stdout, job->program, files, job->count);
    gort_chan_release(results);
    free(files);
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
