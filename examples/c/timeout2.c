/*
 * timeout2: the time-out in a function of its own: it waits for a WaitGroup, but
 * no longer than the duration from the command line.
 *
 *   timeout2 LIMIT_MS [WORK_MS]      (default work: 5000)
 */
#include "example.h"

struct settings {
    long limit_ms;
    long work_ms;
};

struct waiter {
    gort_waitgroup *group;
    gort_chan *done; /* the waiter's reference */
};

/* Lives until the process ends: a wait that timed out goes on without us. */
static gort_waitgroup group;

static void work(void *arg)
{
    const long *work_ms = arg;
    gort_sleep(*work_ms * GORT_MILLISECOND);
}

static void wait_and_close(void *arg)
{
    const struct waiter *waiter = arg;
    gort_waitgroup_wait(waiter->group);
    must(gort_chan_close(waiter->done), "gort_chan_close");
    gort_chan_release(waiter->done);
}

static bool timed_out(gort_waitgroup *wait_for, gort_duration limit)
{
    gort_chan *done = must_chan(0, 0);
    struct waiter waiter = {wait_for, gort_chan_retain(done)};
    must(gort_go_copy(wait_and_close, &waiter, sizeof waiter), "gort_go_copy");

    gort_chan *timeout = gort_after(limit);
    gort_case cases[] = {GORT_RECV_CASE(done, NULL), GORT_RECV_CASE(timeout, NULL)};
    bool late = gort_select(cases, 2) == 1;
    gort_chan_release(timeout);
    gort_chan_release(done);
    return late;
}

static void main_goroutine(void *arg)
{
    struct settings *settings = arg;
    printf("Timeout period is %ld ms\n", settings->limit_ms);
    must(gort_waitgroup_go(&group, work, &settings->work_ms), "gort_waitgroup_go");
    printf("%s\n", timed_out(&group, settings->limit_ms * GORT_MILLISECOND) ? "Timed out!" : "OK!");
}

int main(int argc, char **argv)
{
    struct settings settings = {0, 5000};
    if (argc < 2 || argc > 3 || !parse_number(argv[1], 0, 3600000, &settings.limit_ms)
        || !parse_optional(argc, argv, 2, 0, 3600000, &settings.work_ms)) {
        return usage(argv[0], "LIMIT_MS [WORK_MS]");
    }
    return run_main(main_goroutine, &settings);
}
