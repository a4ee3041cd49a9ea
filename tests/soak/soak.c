/*
 * soak: every kind of load at once, for a long time; `make soak MINUTES=...`.
 *
 *     soak MINUTES [SEED [LOAD]...]     the loads of these names; none: all
 *
 * What must hold: the loads' own checks; every driver goes on (a plain thread watches; when one
 * has not finished a round for STUCK_SECONDS it dumps the goroutines and aborts with a core);
 * memory is flat after the warm-up; at the end nothing is left and the runtime shuts down.
 */
#include "soak.h"

#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <time.h>

enum { STUCK_SECONDS = 60, SAMPLES = 1 << 16 };

static struct load {
    const char *name;
    soak_round round;
    int drivers;
    uint64_t rounds;
} loads[] = {
    {"pipeline", soak_pipeline, 2, 0},   {"fan", soak_fan, 2, 0},         {"select", soak_select, 2, 0},
    {"timeouts", soak_timeouts, 2, 0},   {"spawn", soak_spawn, 2, 0},     {"mutex", soak_mutex, 2, 0},
    {"rwmutex", soak_rwmutex, 2, 0},     {"cond", soak_cond, 2, 0},       {"semaphore", soak_semaphore, 2, 0},
    {"group", soak_group, 2, 0},         {"timers", soak_timers, 2, 0},   {"after func", soak_after_func, 2, 0},
    {"context", soak_context, 2, 0},     {"cancel", soak_cancel, 2, 0},   {"sockets", soak_sockets, 3, 0},
    {"pipe close", soak_pipe_close, 1, 0}, {"threads", soak_threads, 1, 0}, {"hog", soak_hog, 2, 0},
    {"locked", soak_locked, 1, 0},       {"gomaxprocs", soak_gomaxprocs, 1, 0}, {"look", soak_look, 1, 0},
};

enum { LOADS = sizeof loads / sizeof loads[0], MAX_DRIVERS = 64 };

static struct driver {
    struct load *load;
    struct rng rng;
    int64_t last_round; /* seconds; written by the driver, read by the watchdog */
    int over;
} drivers[MAX_DRIVERS];

static int driver_count, stop;
static double rss[SAMPLES];
static int sample_count;

static int64_t seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void drive(void *arg)
{
    struct driver *driver = arg;
    while (!ATOMIC_GET(&stop)) {
        driver->load->round(&driver->rng);
        ATOMIC_ADD(&driver->load->rounds, 1);
        ATOMIC_SET(&driver->last_round, seconds());
    }
    ATOMIC_SET(&driver->over, 1);
}

static double rss_mib(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL);
    long total, resident;
    CHECK_EQ(fscanf(file, "%ld %ld", &total, &resident), 2);
    fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

static void check_progress(void)
{
    int64_t now = seconds();
    for (int i = 0; i < driver_count; i++) {
        int64_t idle = now - ATOMIC_GET(&drivers[i].last_round);
        if (!ATOMIC_GET(&drivers[i].over) && idle > STUCK_SECONDS) {
            fprintf(stderr, "soak: a driver of \"%s\" has been in one round for %lld s\n", drivers[i].load->name,
                    (long long)idle);
            gort_dump(STDERR_FILENO);
            abort();
        }
    }
}

static double heap_mib(void)
{
    struct mallinfo2 info = mallinfo2();
    return (double)(info.uordblks + info.hblkhd) / (1 << 20);
}

static void report(int64_t elapsed)
{
    gort_stats stats;
    stats.struct_size = sizeof stats;
    CHECK_STATUS(gort_stats_read(&stats), GORT_OK);
    printf("%6lld s  rss %6.1f MiB  heap %6.2f MiB  goroutines %5" PRIu64 "  created %9" PRIu64 "  threads %3" PRIu64
           "  stacks %5" PRIu64 " + %5" PRIu64 " (%" PRIu64 " KiB)  switches %10" PRIu64 "  preemptions %6" PRIu64
           "  handoffs %6" PRIu64 "\n",
           (long long)elapsed, rss_mib(), heap_mib(), stats.goroutines, stats.goroutines_created, stats.threads,
           stats.stacks_in_use, stats.stacks_cached, stats.stack_bytes_committed / 1024, stats.context_switches,
               stats.preemptions, stats.handoffs);
    fflush(stdout);
}

static double highest(int from, int to)
{
    double most = 0;
    for (int i = from; i < to; i++) {
        most = rss[i] > most ? rss[i] : most;
    }
    return most;
}

/* The peak of the last third against that of the middle one: the first is warm-up. */
static void check_memory(void)
{
    int third = sample_count / 3;
    double middle = highest(third, 2 * third), last = highest(2 * third, sample_count);
    printf("rss: warm-up up to %.1f MiB, middle third up to %.1f MiB, last third up to %.1f MiB\n", highest(0, third),
           middle, last);
    CHECK(last <= middle * 1.05 + 4);
}

static void print_rounds(void)
{
    for (int i = 0; i < LOADS; i++) {
        printf("%-12s %10" PRIu64 " rounds\n", loads[i].name, loads[i].rounds);
    }
}

static int all_over(void)
{
    for (int i = 0; i < driver_count; i++) {
        if (!ATOMIC_GET(&drivers[i].over)) {
            return 0;
        }
    }
    return 1;
}

static int is_wanted(const char *name, int count, char **names)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            return 1;
        }
    }
    return count <= 0;
}

int main(int argc, char **argv)
{
    double minutes = argc > 1 ? strtod(argv[1], NULL) : 0;
    if (minutes <= 0) {
        fprintf(stderr, "usage: soak MINUTES [SEED [LOAD]...]\n");
        return 2;
    }
    struct rng rng = {argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL) | 1};
    struct rlimit core = {RLIM_INFINITY, RLIM_INFINITY};
    (void)setrlimit(RLIMIT_CORE, &core); /* where we may */
    printf("soak for %g minutes, seed %" PRIu64 "\n", minutes, rng.state);

    int64_t start = seconds(), end = start + (int64_t)(minutes * 60);
    for (int i = 0; i < LOADS; i++) {
        for (int k = 0; k < loads[i].drivers && is_wanted(loads[i].name, argc - 3, argv + 3); k++) {
            struct driver *driver = &drivers[driver_count++];
            driver->load = &loads[i];
            driver->rng = rng_split(&rng);
            driver->last_round = start;
            gort_go_options options;
            memset(&options, 0, sizeof options);
            options.struct_size = sizeof options;
            options.name = loads[i].name;
            CHECK_STATUS(gort_go_with(&options, drive, driver), GORT_OK);
        }
    }
    int64_t next_report = start;
    while (seconds() < end) {
        if (seconds() >= next_report) {
            report(seconds() - start);
            next_report += end - start > 600 ? 60 : 10;
        }
        struct timespec pause = {0, 500000000};
        nanosleep(&pause, NULL);
        check_progress();
        if (sample_count < SAMPLES) {
            rss[sample_count++] = rss_mib();
        }
    }
    ATOMIC_SET(&stop, 1);
    while (!all_over()) {
        struct timespec pause = {0, 10000000};
        nanosleep(&pause, NULL);
        check_progress();
    }
    report(seconds() - start);
    print_rounds();
    CHECK_STATUS(gort_shutdown(30 * GORT_SECOND), GORT_OK);
    CHECK_EQ(gort_num_goroutine(), 0);
    CHECK_EQ(check_thread_count(), 1);
    check_memory();
    printf("soak: ok\n");
    return EXIT_SUCCESS;
}
