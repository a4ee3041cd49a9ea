/*
 * blocked_stderr: what the runtime says of itself goes to a pipe that nobody reads; goroutines that compute
 * without end are preempted all the same, and shutdown is not held up.
 */
/* run: once */
#include "check.h"
#include "child.h"

#include <fcntl.h>

static int stop;

static void hogs(void *arg)
{
    (void)arg;
    while (!ATOMIC_GET(&stop)) {
    }
}

static void counts(void *arg)
{
    ATOMIC_ADD((int *)arg, 1);
}

static void body(void *arg)
{
    (void)arg;
    for (int round = 0; round < 5; round++) {
        int count = 0;
        ATOMIC_SET(&stop, 0);
        spawn(hogs, NULL);
        spawn(hogs, NULL);
        CHECK_EQ(raise(SIGUSR1), 0); /* asks for a dump */
        spawn(counts, &count);
        while (ATOMIC_GET(&count) == 0) { /* only who takes this P lets it run */
        }
        ATOMIC_SET(&stop, 1);
    }
}

static void full_pipe(void)
{
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    while (write(ends[1], "x", 1) == 1) {
    }
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(fcntl(ends[1], F_SETFL, 0), 0);
    CHECK_EQ(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    gort_gomaxprocs(1);
    run_main(body, NULL);
    CHECK_STATUS(gort_shutdown(-1), GORT_OK);
}

static const struct scenario SCENARIOS[] = {{"full-pipe", full_pipe}};

int main(int argc, char **argv)
{
    if (argc > 1) {
        return run_scenario(SCENARIOS, COUNT_OF(SCENARIOS), argv[1]);
    }
    CHECK_EQ(setenv("GORTDEBUG", "schedtrace=1,dumpsig=SIGUSR1", 1), 0);
    expect_exit("full-pipe", EXIT_SUCCESS, NULL);
    return EXIT_SUCCESS;
}
