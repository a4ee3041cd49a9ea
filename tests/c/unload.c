/*
 * unload: after gort_shutdown the library can be unloaded with dlclose and loaded again,
 * a thousand times; no thread, mapping, memory, descriptor or signal handler of it is left behind.
 */
/* sanitize: not thread, not address */ /* keep memory of their own */
/* run: once */
/* link: dlopen */
#include "dl.h"

#include <fcntl.h>

static void adds(void *arg)
{
    ATOMIC_ADD((int *)arg, 1);
}

static int is_mapped(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK(maps != NULL);
    char line[4096];
    int found = 0;
    while (fgets(line, sizeof line, maps) != NULL) {
        found |= strstr(line, "libgort") != NULL;
    }
    fclose(maps);
    return found;
}

static size_t open_descriptors(void)
{
    DIR *fds = opendir("/proc/self/fd");
    CHECK(fds != NULL);
    size_t count = 0;
    while (readdir(fds) != NULL) {
        count++;
    }
    closedir(fds);
    return count;
}

static void handler_of(int signum, struct sigaction *out)
{
    CHECK_EQ(sigaction(signum, NULL, out), 0);
}

struct dumper {
    gort_status (*dump)(int descriptor);
    int descriptor;
};

/* Names the place where this was made: reads symbols, and shall keep none. */
static void dumps(void *arg)
{
    struct dumper *dumper = arg;
    CHECK_EQ(dumper->dump(dumper->descriptor), GORT_OK);
}

static long resident_pages(void)
{
    long size = 0, resident = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    CHECK(statm != NULL);
    CHECK_EQ(fscanf(statm, "%ld %ld", &size, &resident), 2);
    fclose(statm);
    return resident;
}

enum { CYCLES = 1000, WARM = 200, PAGES = 256, DUMP_EVERY = 50 };

static void cycle(int number)
{
    void *library = open_library(0);
    if (library == NULL) {
        check_fail(__FILE__, __LINE__, "dlopen: %s", dlerror());
    }
    FUNCTION(library, gort_go);
    FUNCTION(library, gort_run);
    FUNCTION(library, gort_chan_new);
    FUNCTION(library, gort_chan_send);
    FUNCTION(library, gort_chan_recv);
    FUNCTION(library, gort_chan_release);
    FUNCTION(library, gort_waitgroup_go);
    FUNCTION(library, gort_waitgroup_wait);
    FUNCTION(library, gort_sleep);
    FUNCTION(library, gort_dump);
    FUNCTION(library, gort_shutdown);

    int count = 0;
    gort_waitgroup group = {{0}};
    CHECK_EQ(gort_run_(adds, &count), GORT_OK);
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(gort_waitgroup_go_(&group, adds, &count), GORT_OK);
    }
    CHECK_EQ(gort_go_(adds, &count), GORT_OK);
    gort_chan *chan = gort_chan_new_(sizeof(int), 1);
    CHECK(chan != NULL);
    int value = 42;
    CHECK_EQ(gort_chan_send_(chan, &value), GORT_OK);
    CHECK_EQ(gort_chan_recv_(chan, &value), GORT_OK);
    gort_chan_release_(chan);
    gort_sleep_(GORT_MICROSECOND);
    gort_waitgroup_wait_(&group);
    if (number % DUMP_EVERY == 0) { /* it takes its time */
        struct dumper dumper = {gort_dump_, open("/dev/null", O_WRONLY)};
        CHECK_EQ(gort_waitgroup_go_(&group, dumps, &dumper), GORT_OK);
        gort_waitgroup_wait_(&group);
        close(dumper.descriptor);
    }
    CHECK_EQ(gort_shutdown_(-1), GORT_OK);
    CHECK_EQ(count, 102);
    CHECK_EQ(check_thread_count(), 1);
    CHECK_EQ(dlclose(library), 0);
}

int main(void)
{
    struct sigaction segv_before, bus_before, segv_after, bus_after;
    handler_of(SIGSEGV, &segv_before);
    handler_of(SIGBUS, &bus_before);
    cycle(0);
    size_t descriptors = open_descriptors();
    long warm = 0;
    for (int i = 1; i <= CYCLES; i++) {
        CHECK(!is_mapped());
        cycle(i);
        if (i == WARM) {
            warm = resident_pages();
        }
    }
    CHECK(resident_pages() <= warm + PAGES); /* of 800 cycles: not two pages of every five */
    CHECK_EQ(open_descriptors(), descriptors);
    handler_of(SIGSEGV, &segv_after);
    handler_of(SIGBUS, &bus_after);
    CHECK(segv_before.sa_handler == segv_after.sa_handler);
    CHECK(bus_before.sa_handler == bus_after.sa_handler);
    return EXIT_SUCCESS;
}
