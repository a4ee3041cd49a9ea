/*
 * wc: wc(1) made concurrent, for files and whole directory trees.
 *
 *   walker --paths--> workers --results--> main --> stdout
 *                                           |
 *                         stop <------------+
 *
 * A walker goroutine sends the names of the regular files over a buffered channel;
 * a pool of workers counts them; main adds up and prints. Main closes the stop
 * channel at SIGINT or when it has LIMIT files: the walker ends its walk, the
 * workers throw away the names that are left, and what has been counted is printed
 * as ever.
 *
 *   wc [-a] [-s] [-j WORKERS] [-n LIMIT] [FILE-OR-DIRECTORY...]   (default .)
 *
 *   -a  words are made of any bytes but white space (see wc_count.h)
 *   -s  the total only
 *   -j  workers (default: two for each P)
 *   -n  stop after LIMIT files
 *
 * Lines come in the order in which files are done. The last line says what the
 * runtime did. The exit status is 1 when something could not be read, 130 after
 * SIGINT.
 */
#define _POSIX_C_SOURCE 200809L

#include "wc_walk.h"

#include <signal.h>

enum { CHANNEL_CAPACITY = 64, STATUS_INTERRUPTED = 130 };

struct result {
    char *path; /* the receiver's to free */
    struct wc_file file;
};

struct job {
    const char *program;
    bool total_only;
    long workers;
    long limit; /* 0: none */
    struct walk walk;
    gort_chan *paths;   /* of char *, the receiver's to free; closed by the walker */
    gort_chan *results; /* of struct result; closed when walker and workers are gone */
    gort_chan *stop;    /* closed by main, at most once */
    gort_waitgroup producers;
    int exit_status;
};

static void send_result(const struct job *job, char *path, const struct wc_file *file)
{
    struct result result = {path, *file};
    must(gort_chan_send(job->results, &result), "gort_chan_send");
}

static void walker(void *arg)
{
    struct job *job = arg;
    char *path;
    int error;
    enum walk_result found;
    while ((found = walk_next(&job->walk, &path, &error)) != WALK_END) {
        if (found == WALK_ERROR) {
            struct wc_file failed = {.path = path, .error = error};
            send_result(job, path, &failed);
            continue;
        }
        gort_case cases[] = {
            GORT_SEND_CASE(job->paths, &path),
            GORT_RECV_CASE(job->stop, NULL),
        };
        if (gort_select(cases, 2) != 0) {
            free(path);
            walk_free(&job->walk);
            break;
        }
    }
    must(gort_chan_close(job->paths), "gort_chan_close");
}

static void worker(void *arg)
{
    const struct job *job = arg;
    unsigned char *buffer = must_alloc(WC_BUFFER_SIZE, 1);
    char *path;
    while (gort_chan_recv(job->paths, &path) == GORT_OK) {
        if (gort_chan_try_recv(job->stop, NULL) == GORT_CLOSED) {
            free(path);
            continue;
        }
        struct wc_file file = {.path = path};
        wc_count_file(&file, buffer);
        send_result(job, path, &file);
    }
    free(buffer);
}

static void close_results(void *arg)
{
    struct job *job = arg;
    gort_waitgroup_wait(&job->producers);
    must(gort_chan_close(job->results), "gort_chan_close");
}

static void print_statistics(int64_t started)
{
    gort_stats stats = {.struct_size = sizeof stats};
    must(gort_stats_read(&stats), "gort_stats_read");
    printf("gort: %" PRIu64 " goroutines, %" PRIu64 " context switches, %" PRIu64 " steals, %" PRIu64
           " threads, %.3f s\n",
           stats.goroutines_created, stats.context_switches, stats.steals, stats.threads,
           (double)(gort_now() - started) / (double)GORT_SECOND);
}

/* Main's part: takes results until there are no more; the number of files counted. */
static long collect(struct job *job, gort_chan *interrupts, struct wc_counts *total)
{
    struct result result;
    long files = 0;
    bool stopped = false;
    gort_case cases[] = {
        GORT_RECV_CASE(job->results, &result),
        GORT_RECV_CASE(interrupts, NULL),
    };
    for (;;) {
        bool stop_now = false;
        if (gort_select(cases, 2) == 1) {
            job->exit_status = STATUS_INTERRUPTED;
            stop_now = true;
        } else if (cases[0].status == GORT_CLOSED) {
            return files;
        } else {
            if (result.file.error != 0) {
                wc_report_error(job->program, result.path, result.file.error);
                if (job->exit_status == EXIT_SUCCESS) {
                    job->exit_status = EXIT_FAILURE;
                }
            }
            if (result.file.opened && (job->limit == 0 || files < job->limit)) {
                files++;
                wc_add(total, &result.file.counts);
                if (!job->total_only) {
                    wc_print_counts(stdout, WC_UNKNOWN_SIZE_WIDTH, &result.file.counts, result.path);
                }
            }
            free(result.path);
            stop_now = files == job->limit && job->limit != 0;
        }
        if (stop_now && !stopped) {
            must(gort_chan_close(job->stop), "gort_chan_close");
            stopped = true;
        }
    }
}

static void main_goroutine(void *arg)
{
    struct job *job = arg;
    int64_t started = gort_now();
    if (job->workers == 0) {
        job->workers = 2L * gort_gomaxprocs(0);
    }
    job->paths = must_chan(sizeof(char *), CHANNEL_CAPACITY);
    job->results = must_chan(sizeof(struct result), CHANNEL_CAPACITY);
    job->stop = must_chan(0, 0);
    gort_chan *interrupts = must_chan(sizeof(int), 1);
    must(gort_signal_notify(interrupts, SIGINT), "gort_signal_notify");

    gort_waitgroup closer = {{0}};
    must(gort_waitgroup_go(&job->producers, walker, job), "gort_waitgroup_go");
    for (long i = 0; i < job->workers; i++) {
        must(gort_waitgroup_go(&job->producers, worker, job), "gort_waitgroup_go");
    }
    must(gort_waitgroup_go(&closer, close_results, job), "gort_waitgroup_go");

    struct wc_counts total = {0, 0, 0};
    collect(job, interrupts, &total);
    wc_print_counts(stdout, WC_UNKNOWN_SIZE_WIDTH, &total, "total");

    gort_waitgroup_wait(&closer);
    must(gort_signal_stop(interrupts), "gort_signal_stop");
    gort_chan_release(interrupts);
    gort_chan_release(job->paths);
    gort_chan_release(job->results);
    gort_chan_release(job->stop);
    print_statistics(started);
}

static bool parse_options(struct job *job, int argc, char **argv)
{
    for (int option; (option = getopt(argc, argv, "asj:n:")) != -1;) {
        switch (option) {
        case 'a':
            wc_any_bytes_are_words = true;
            break;
        case 's':
            job->total_only = true;
            break;
        case 'j':
            if (!parse_number(optarg, 1, 100000, &job->workers)) {
                return false;
            }
            break;
        case 'n':
            if (!parse_number(optarg, 1, 1000000000, &job->limit)) {
                return false;
            }
            break;
        default:
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct job job = {.program = argv[0]};
    if (!parse_options(&job, argc, argv)) {
        return usage(argv[0], "[-a] [-s] [-j WORKERS] [-n LIMIT] [FILE-OR-DIRECTORY...]");
    }
    char *here[] = {"."};
    job.walk.operands = optind < argc ? argv + optind : here;
    job.walk.operand_count = optind < argc ? (size_t)(argc - optind) : 1;

    int result = run_main(main_goroutine, &job);
    return result != EXIT_SUCCESS ? result : job.exit_status;
}
