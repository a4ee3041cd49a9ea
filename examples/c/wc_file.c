/*
 * wc_file: wc(1) with one goroutine a file, the result saved to OUTPUT, which one
 * goroutine owns: the counting ones send it their results, and it alone writes.
 *
 *   wc_file [-a] OUTPUT FILE...
 */
#define _POSIX_C_SOURCE 200809L

#include "wc_count.h"

struct result {
    size_t index;
    struct wc_file file;
};

struct task {
    struct result result;
    gort_chan *results;
    gort_waitgroup *group;
};

struct job {
    const char *program;
    const char *output;
    char **paths;
    size_t count;
    gort_chan *results;
    int exit_status;
};

static void count_and_send(void *arg)
{
    struct task *task = arg;
    wc_count_one(&task->result.file);
    must(gort_chan_send(task->results, &task->result), "gort_chan_send");
    must(gort_waitgroup_done(task->group), "gort_waitgroup_done");
}

static WC_NOINLINE int save_table(struct job *job, const struct wc_file *files)
{
    FILE *out = fopen(job->output, "w");
    if (out == NULL) {
        wc_report_error(job->program, job->output, errno);
        return EXIT_FAILURE;
    }
    int status = wc_print_table(out, job->program, files, job->count);
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        wc_report_error(job->program, job->output, errno);
        status = EXIT_FAILURE;
    }
    return status;
}

/* The owner of the output: collects until the results are closed, then saves. */
static void write_output(void *arg)
{
    struct job *job = arg;
    struct wc_file *files = must_alloc(job->count, sizeof *files);
    struct result result;
    while (gort_chan_recv(job->results, &result) == GORT_OK) {
        files[result.index] = result.file;
    }
    job->exit_status = save_table(job, files);
    free(files);
}

static void main_goroutine(void *arg)
{
    struct job *job = arg;
    gort_waitgroup counting = {{0}};
    gort_waitgroup writing = {{0}};
    job->results = must_chan(sizeof(struct result), 16);

    must(gort_waitgroup_go(&writing, write_output, job), "gort_waitgroup_go");
    must(gort_waitgroup_add(&counting, (int64_t)job->count), "gort_waitgroup_add");
    for (size_t i = 0; i < job->count; i++) {
        struct task task = {{i, {.path = job->paths[i]}}, job->results, &counting};
        must(gort_go_copy(count_and_send, &task, sizeof task), "gort_go_copy");
    }
    gort_waitgroup_wait(&counting);
    must(gort_chan_close(job->results), "gort_chan_close");
    gort_waitgroup_wait(&writing);
    gort_chan_release(job->results);
}

int main(int argc, char **argv)
{
    int first = wc_options(argc, argv);
    if (first == 0 || argc - first < 2) {
        return usage(argv[0], "[-a] OUTPUT FILE...");
    }
    struct job job = {.program = argv[0],
                      .output = argv[first],
                      .paths = argv + first + 1,
                      .count = (size_t)(argc - first - 1)};
    int result = run_main(main_goroutine, &job);
    return result != EXIT_SUCCESS ? result : job.exit_status;
}
