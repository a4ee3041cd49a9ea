/*
 * gomaxprocs: the initial number of Ps from the environment, the affinity mask or the
 * processors, and changing it, also while goroutines are busy.
 */
#include "check.h"
#include "child.h"

#include <sched.h>

static void print_procs(void)
{
    printf("procs=%d.", gort_gomaxprocs(0));
    fflush(stdout);
}

static void print_procs_with_one_processor(void)
{
    cpu_set_t all, one;
    CHECK_EQ(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE; i++) {
        if (CPU_ISSET(i, &all)) {
            CPU_SET(i, &one);
            break;
        }
    }
    CHECK_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    print_procs();
}

static const struct scenario SCENARIOS[] = {
    {"print", print_procs},
    {"affinity", print_procs_with_one_processor},
};

static struct outcome with_environment(const char *gort, const char *go, const char *scenario, int expected)
{
    CHECK_EQ(gort != NULL ? setenv("GORT_MAXPROCS", gort, 1) : unsetenv("GORT_MAXPROCS"), 0);
    CHECK_EQ(go != NULL ? setenv("GOMAXPROCS", go, 1) : unsetenv("GOMAXPROCS"), 0);
    char needle[32];
    snprintf(needle, sizeof needle, "procs=%d.", expected);
    return expect_exit(scenario, EXIT_SUCCESS, expected > 0 ? needle : "procs=");
}

static void initial(void)
{
    with_environment("3", NULL, "print", 3);
    with_environment(NULL, "5", "print", 5);
    with_environment("3", "5", "print", 3);
    with_environment(NULL, NULL, "affinity", 1);
    with_environment("4", NULL, "affinity", 4);

    cpu_set_t all;
    CHECK_EQ(sched_getaffinity(0, sizeof all, &all), 0);
    struct outcome outcome = with_environment(NULL, NULL, "print", -1);
    int found = 0;
    CHECK_EQ(sscanf(outcome.text, "procs=%d.", &found), 1);
    CHECK(found >= 1 && found <= CPU_COUNT(&all)); /* fewer with a cgroup quota */

    /* Nonsense counts as not set. */
    static const char *const NONSENSE[] = {"", "0", "-2", "many", "3x"};
    for (size_t i = 0; i < COUNT_OF(NONSENSE); i++) {
        with_environment(NONSENSE[i], NULL, "print", found);
        with_environment(NONSENSE[i], "6", "print", 6);
    }
}

static void get_and_set(void *arg)
{
    (void)arg;
    int before = gort_gomaxprocs(0);
    CHECK(before >= 1);
    CHECK_EQ(gort_gomaxprocs(3), before);
    CHECK_EQ(gort_gomaxprocs(0), 3);
    CHECK_EQ(gort_gomaxprocs(-1), 3);
    CHECK_EQ(gort_gomaxprocs(INT32_MIN), 3);
    CHECK_EQ(gort_gomaxprocs(1), 3);
    CHECK_EQ(gort_gomaxprocs(5), 1);
    CHECK_EQ(gort_gomaxprocs(before), 5);
    CHECK_EQ(gort_gomaxprocs(0), before);
    CHECK(gort_num_cpu() >= 1);
    CHECK(gort_num_cpu() <= sysconf(_SC_NPROCESSORS_CONF));
}

enum { PAIRS = 8, HOPS = 3000 };

struct pair {
    gort_chan *there, *back;
};

static void echo(void *arg)
{
    struct pair *pair = arg;
    int value = 0;
    while (gort_chan_recv(pair->there, &value) == GORT_OK) {
        CHECK_STATUS(gort_chan_send(pair->back, &value), GORT_OK);
    }
}

static gort_waitgroup group;

static void hop(void *arg)
{
    struct pair *pair = arg;
    for (int i = 0; i < HOPS; i++) {
        int got = -1;
        CHECK_STATUS(gort_chan_send(pair->there, &i), GORT_OK);
        CHECK_STATUS(gort_chan_recv(pair->back, &got), GORT_OK);
        CHECK_EQ(got, i);
    }
    CHECK_STATUS(gort_chan_close(pair->there), GORT_OK);
    CHECK_STATUS(gort_waitgroup_done(&group), GORT_OK);
}

/* Nothing runnable is lost with a P that goes away. */
static void change_under_load(void *arg)
{
    (void)arg;
    int before = gort_gomaxprocs(0);
    struct pair pairs[PAIRS];
    CHECK_STATUS(gort_waitgroup_add(&group, PAIRS), GORT_OK);
    for (int i = 0; i < PAIRS; i++) {
        pairs[i].there = new_chan(sizeof(int), 0);
        pairs[i].back = new_chan(sizeof(int), 0);
        spawn(echo, &pairs[i]);
        spawn(hop, &pairs[i]);
    }
    for (int i = 0; i < 40; i++) {
        static const int COUNTS[] = {1, 8, 2, 16, 1, 3};
        gort_gomaxprocs(COUNTS[i % 6]);
        gort_sleep(200 * GORT_MICROSECOND);
    }
    gort_waitgroup_wait(&group);
    WAIT_UNTIL(gort_num_goroutine() == (gort_goroutine_id() != 0 ? 1u : 0u));
    for (int i = 0; i < PAIRS; i++) {
        gort_chan_release(pairs[i].there);
        gort_chan_release(pairs[i].back);
    }
    gort_gomaxprocs(before);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return run_scenario(SCENARIOS, COUNT_OF(SCENARIOS), argv[1]);
    }
    if (getenv("GORT_MAXPROCS") != NULL) {
        CHECK_EQ(gort_gomaxprocs(0), atoi(getenv("GORT_MAXPROCS")));
    }
    initial();
    run_every_way(get_and_set, NULL);
    change_under_load(NULL);
    run_main(change_under_load, NULL);
    return EXIT_SUCCESS;
}
