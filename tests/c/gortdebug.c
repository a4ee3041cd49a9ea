/*
 * gortdebug: GORTDEBUG is read when the runtime starts. schedtrace writes lines in the form of
 * Go's while goroutines run and while all sleep; dumpsig dumps every goroutine when the signal
 * comes, beside a channel that listens to it, hides no deadlock, and gives the handler back; what is
 * not understood is named on one line and changes nothing.
 */
/* run: once */
#include "check.h"
#include "child.h"

static gort_chan *never;

static void parks(void *arg)
{
    (void)arg;
    gort_chan_recv(never, NULL);
}

static void park_named(const char *name)
{
    never = new_chan(1, 0);
    spawn_named(name, parks, NULL);
    settle();
}

static void sleeps_a_while(void *arg)
{
    (void)arg;
    for (int i = 0; i < 3; i++) {
        gort_sleep(20 * GORT_MILLISECOND);
    }
}

static void plain(void)
{
    run_main(sleeps_a_while, NULL);
}

/* stderr of this process, to wait for what is written there */
static int watched;

static void watch_stderr(void)
{
    char path[] = "/tmp/gortdebug-XXXXXX";
    watched = mkstemp(path);
    CHECK(watched >= 0);
    unlink(path);
    CHECK(dup2(watched, STDERR_FILENO) == STDERR_FILENO);
}

static char text[1 << 16];

static int times_written(const char *needle)
{
    ssize_t got = pread(watched, text, sizeof text - 1, 0);
    CHECK(got >= 0);
    text[got] = '\0';
    int times = 0;
    for (const char *at = strstr(text, needle); at != NULL; at = strstr(at + 1, needle)) {
        times++;
    }
    return times;
}

static void wait_until_written(const char *needle, int times)
{
    while (times_written(needle) < times) {
        usleep(1000);
    }
}

static void wait_for_dumps(int times)
{
    wait_until_written("\"the-parker\"", times);
}

static void trace(void)
{
    watch_stderr();
    run_main(sleeps_a_while, NULL);
    wait_until_written("SCHED", times_written("SCHED") + 3); /* nothing runs at all, and lines come still */
    CHECK_STATUS(gort_shutdown(-1), GORT_OK);
    int lines = times_written("SCHED");
    usleep(50000);
    CHECK_EQ(times_written("SCHED"), lines);
    fputs(text, stdout);
}

static void dumps_on_signal(void)
{
    watch_stderr();
    park_named("the-parker");
    for (int i = 1; i <= 3; i++) {
        CHECK_EQ(kill(getpid(), SIGQUIT), 0);
        wait_for_dumps(i);
        CHECK_EQ(times_written("asked for by signal 3"), i);
    }
}

static void dumps_beside_a_channel(void)
{
    watch_stderr();
    park_named("the-parker");
    gort_chan *signals = new_chan(sizeof(int), 1);
    CHECK_STATUS(gort_signal_notify(signals, SIGUSR2), GORT_OK);
    CHECK_EQ(kill(getpid(), SIGUSR2), 0);
    int got = 0;
    CHECK_STATUS(gort_chan_recv(signals, &got), GORT_OK);
    CHECK_EQ(got, SIGUSR2);
    wait_for_dumps(1);
    CHECK_STATUS(gort_signal_stop(signals), GORT_OK);
    CHECK_EQ(kill(getpid(), SIGUSR2), 0); /* still ours: the default would end the process */
    wait_for_dumps(2);
    CHECK_EQ(gort_chan_len(signals), 0);
}

static int handled;

static void own_handler(int signum)
{
    CHECK_EQ(signum, SIGUSR2);
    ATOMIC_ADD(&handled, 1);
}

static void gives_the_handler_back(void)
{
    CHECK(signal(SIGUSR2, own_handler) != SIG_ERR);
    for (int i = 1; i <= 3; i++) {
        run_main(sleeps_a_while, NULL);
        CHECK_EQ(kill(getpid(), SIGUSR2), 0);
        CHECK_STATUS(gort_shutdown(-1), GORT_OK);
        CHECK_EQ(ATOMIC_GET(&handled), i - 1);
        CHECK_EQ(kill(getpid(), SIGUSR2), 0);
        while (ATOMIC_GET(&handled) != i) {
            usleep(1000);
        }
    }
}

static void deadlock(void)
{
    never = new_chan(1, 0);
    gort_run(parks, NULL);
}

static const struct scenario SCENARIOS[] = {
    {"trace", trace},
    {"plain", plain},
    {"dump", dumps_on_signal},
    {"dump-beside-channel", dumps_beside_a_channel},
    {"handler", gives_the_handler_back},
    {"deadlock", deadlock},
};

static struct outcome run_with(const char *value, const char *scenario, int status)
{
    CHECK_EQ(setenv("GORTDEBUG", value, 1), 0);
    struct outcome outcome = expect_exit(scenario, status, NULL);
    CHECK_EQ(unsetenv("GORTDEBUG"), 0);
    return outcome;
}

static void trace_lines(void)
{
    CHECK_EQ(setenv("GORT_MAXPROCS", "3", 1), 0);
    struct outcome outcome = run_with("schedtrace=10", "trace", 0);
    int lines = 0;
    long last = -1;
    for (const char *at = outcome.text; *at != '\0'; lines++) {
        long ms = 0;
        int procs = 0, idle = 0, threads = 0, spinning = 0, needs = 0, idle_threads = 0, queue = 0, p[3], end = 0;
        int got = sscanf(at,
                         "SCHED %ldms: gomaxprocs=%d idleprocs=%d threads=%d spinningthreads=%d needspinning=%d "
                         "idlethreads=%d runqueue=%d [%d %d %d]%n",
                         &ms, &procs, &idle, &threads, &spinning, &needs, &idle_threads, &queue, &p[0], &p[1], &p[2],
                         &end);
        if (got != 11 || at[end] != '\n') {
            check_fail(__FILE__, __LINE__, "not a line of schedtrace: %.200s", at);
        }
        CHECK(lines == 0 ? ms == 0 : ms >= last + 10);
        CHECK_EQ(procs, 3);
        CHECK(idle >= 0 && idle <= 3 && threads >= 1 && idle_threads >= 0 && idle_threads < threads);
        last = ms;
        at += end + 1;
    }
    CHECK(lines >= 4);
    CHECK_EQ(unsetenv("GORT_MAXPROCS"), 0);
}

static void expect_text(struct outcome outcome, const char *text)
{
    if (strcmp(outcome.text, text) != 0) {
        check_fail(__FILE__, __LINE__, "it wrote: %.600s", outcome.text);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return run_scenario(SCENARIOS, COUNT_OF(SCENARIOS), argv[1]);
    }
    trace_lines();
    expect_text(run_with("", "plain", 0), "");
    expect_text(run_with("dumpsig=SIGQUIT", "plain", 0), "");
    expect_text(run_with("schedtrace=0", "plain", 0), "");
    expect_text(run_with("gctrace=1,dumpsig=QUIT,x,dumpsig=SIGKILL", "plain", 0),
                "gort: GORTDEBUG: not understood: gctrace=1, x, dumpsig=SIGKILL\n");
    run_with("dumpsig=SIGQUIT", "dump", 0);
    run_with("dumpsig=3", "dump", 0);
    run_with("dumpsig=QUIT,nonsense", "dump", 0);
    run_with("dumpsig=SIGUSR2", "dump-beside-channel", 0);
    run_with("dumpsig=SIGUSR2", "handler", 0);
    struct outcome outcome = run_with("dumpsig=SIGUSR2", "deadlock", 2);
    CHECK(strstr(outcome.text, "all goroutines are asleep - deadlock!") != NULL);
    return EXIT_SUCCESS;
}
