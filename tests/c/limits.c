/*
 * limits: out of address space, threads or descriptors: the call that needed more gets a
 * clear status, nothing that was started is lost, and the runtime goes on.
 */
/* sanitize: not thread, not address */
/* run: once */
#include "check.h"
#include "child.h"

#include <grp.h>

static gort_waitgroup group;
static int over;

static void limit(int resource, rlim_t value)
{
    struct rlimit limits = {value, value};
    CHECK_EQ(setrlimit((__rlimit_resource_t)resource, &limits), 0);
}

static rlim_t address_space(void)
{
    FILE *statm = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;
    CHECK(statm != NULL && fscanf(statm, "%lu", &pages) == 1);
    fclose(statm);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static void counts_at_close(void *arg)
{
    CHECK_EQ(gort_chan_recv(arg, NULL), GORT_CLOSED);
    ATOMIC_ADD(&over, 1);
}

static void works(void *arg)
{
    gort_chan *chan = arg;
    int value = 0;
    CHECK_STATUS(gort_chan_recv(chan, &value), GORT_OK);
    value++;
    CHECK_STATUS(gort_chan_send(chan, &value), GORT_OK);
}

static void still_works(void)
{
    gort_chan *chan = new_chan(sizeof(int), 0);
    for (int i = 0; i < 200; i++) {
        spawn(works, chan);
        CHECK_STATUS(gort_chan_send(chan, &i), GORT_OK);
        int got = 0;
        CHECK_STATUS(gort_chan_recv(chan, &got), GORT_OK);
        CHECK_EQ(got, i + 1);
    }
    gort_chan_release(chan);
    gort_sleep(GORT_MILLISECOND);
}

static int refused;

/* Starts goroutines that stay, until one is refused or there are as many as wanted. */
static int start_until_refused(gort_chan *chan, int most)
{
    int started = 0;
    gort_status status = GORT_OK;
    while (started < most && status == GORT_OK) {
        status = gort_waitgroup_go(&group, counts_at_close, chan);
        started += status == GORT_OK;
        if (started % 64 == 0) {
            gort_yield(); /* they take their stacks when they first run */
            gort_sleep(10 * GORT_MICROSECOND);
        }
    }
    if (status != GORT_OK) {
        refused = 1;
        CHECK(status == GORT_NO_MEMORY || status == GORT_OS_ERROR);
        CHECK(gort_last_error()[0] != '\0');
    }
    return started;
}

static void all_end(gort_chan *chan, int started)
{
    CHECK_STATUS(gort_chan_close(chan), GORT_OK);
    gort_waitgroup_wait(&group);
    CHECK_EQ(ATOMIC_GET(&over), started);
    gort_chan_release(chan);
    WAIT_UNTIL(gort_num_goroutine() == 0);
}

static void little_address_space(void)
{
    still_works();
    gort_chan *chan = new_chan(0, 0);
    limit(RLIMIT_AS, address_space() + (96u << 20));
    int started = start_until_refused(chan, 100000); /* of 256 KiB each */
    CHECK(refused);
    CHECK(started >= 20);
    CHECK(gort_chan_new(1 << 20, 4096) == NULL);
    CHECK(gort_last_error()[0] != '\0');
    all_end(chan, started);
    still_works();
}

static void no_address_space_at_start(void)
{
    limit(RLIMIT_AS, address_space());
    gort_status status = gort_go(counts_at_close, NULL);
    if (status != GORT_OK) { /* what else: it may have found room in what was mapped already */
        CHECK(status == GORT_NO_MEMORY || status == GORT_OS_ERROR);
        CHECK(gort_last_error()[0] != '\0');
    }
    (void)gort_run(works, NULL);
}

static void become_nobody(void)
{
    if (getuid() == 0) { /* root is above the limit of processes */
        CHECK_EQ(setgroups(0, NULL), 0);
        CHECK_EQ(setgid(65534), 0);
        CHECK_EQ(setuid(65534), 0);
    }
}

static void blocks_in_read(void *arg)
{
    char byte = 0;
    gort_block_enter();
    CHECK_EQ(read(*(int *)arg, &byte, 1), 1);
    gort_block_exit();
    ATOMIC_ADD(&over, 1);
}

/* Threads for handed-over Ps cannot be had: the goroutines have to share those that are there. */
static void no_more_threads(void)
{
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    become_nobody();
    still_works();
    limit(RLIMIT_NPROC, 1);
    for (int i = 0; i < 20; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, blocks_in_read, &ends[0]), GORT_OK);
    }
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(write(ends[1], "x", 1), 1);
    }
    gort_waitgroup_wait(&group);
    CHECK_EQ(ATOMIC_GET(&over), 20);
    still_works();
}

/* No thread at all: either the start says so, or the library needs none that it has not got. */
static void no_thread_at_start(void)
{
    become_nobody();
    limit(RLIMIT_NPROC, 1);
    gort_chan *chan = gort_chan_new(0, 0);
    CHECK(chan != NULL);
    gort_status status = gort_go(counts_at_close, chan);
    CHECK(status != GORT_OK);
    CHECK(status == GORT_NO_MEMORY || status == GORT_OS_ERROR);
    CHECK(gort_last_error()[0] != '\0');
    CHECK_STATUS(gort_chan_try_recv(chan, NULL), GORT_WOULD_BLOCK);
    gort_chan_release(chan);
}

static void no_descriptors(void)
{
    still_works();
    limit(RLIMIT_NOFILE, 3);
    still_works();
    gort_gomaxprocs(6);
    still_works();
    gort_chan *after = gort_after(GORT_MILLISECOND);
    CHECK(after != NULL);
    CHECK_STATUS(gort_chan_recv(after, NULL), GORT_OK);
    gort_chan_release(after);
}

static void no_descriptors_at_start(void)
{
    limit(RLIMIT_NOFILE, 3);
    gort_chan *chan = new_chan(0, 0);
    gort_status status = gort_waitgroup_go(&group, counts_at_close, chan);
    if (status == GORT_OK) {
        all_end(chan, 1);
        still_works();
    } else {
        CHECK(status == GORT_OS_ERROR || status == GORT_NO_MEMORY);
        CHECK(gort_last_error()[0] != '\0');
    }
}

static const struct scenario SCENARIOS[] = {
    {"address-space", little_address_space}, {"address-space-start", no_address_space_at_start},
    {"threads", no_more_threads},            {"threads-start", no_thread_at_start},
    {"descriptors", no_descriptors},         {"descriptors-start", no_descriptors_at_start},
};

int main(int argc, char **argv)
{
    if (argc > 1) {
        return run_scenario(SCENARIOS, COUNT_OF(SCENARIOS), argv[1]);
    }
    run_all_scenarios(SCENARIOS, COUNT_OF(SCENARIOS));
    return EXIT_SUCCESS;
}
