/*
 * exit: gort_exit ends its goroutine and nothing else: the wait group's count goes down,
 * stacks are reused, the other goroutines do not notice; on a plain thread it is a panic.
 */
#include "check.h"
#include "child.h"

enum { MANY = 3000 };
static int deferred, after_exit;

static void count(void *arg)
{
    ATOMIC_ADD((int *)arg, 1);
}

static volatile int go_on = 1;

OPAQUE static void exit_from_below(int depth)
{
    if (depth > 0 && go_on) {
        exit_from_below(depth - 1);
        ATOMIC_ADD(&after_exit, 1);
    }
    if (go_on) {
        gort_exit();
    }
}

static void ends_early(void *arg)
{
    CHECK_STATUS(gort_defer(count, &deferred), GORT_OK);
    exit_from_below((int)(intptr_t)arg % 50);
    ATOMIC_ADD(&after_exit, 1);
}

static void exits_are_counted_done(void *arg)
{
    (void)arg;
    deferred = 0;
    gort_waitgroup group = {{0}};
    for (intptr_t i = 0; i < MANY; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, ends_early, (void *)i), GORT_OK);
    }
    gort_waitgroup_wait(&group);
    WAIT_UNTIL(ATOMIC_GET(&deferred) == MANY);
    CHECK_EQ(after_exit, 0);
}

static void announce(void *arg)
{
    ssize_t written = write(STDERR_FILENO, (const char *)arg, strlen((const char *)arg));
    (void)written;
}

static void exit_on_plain_thread(void)
{
    gort_exit();
}

static void main_exits_while_another_works(void)
{
    /* Ends through main's return, with the goroutine that gort_exit left having run its deferred call. */
    run_main(ends_early, (void *)3);
    CHECK_EQ(deferred, 1);
    announce((void *)"survived");
    exit(7);
}

static const struct scenario SCENARIOS[] = {
    {"plain", exit_on_plain_thread},
    {"main", main_exits_while_another_works},
};

int main(int argc, char **argv)
{
    if (argc > 1) {
        return run_scenario(SCENARIOS, COUNT_OF(SCENARIOS), argv[1]);
    }
    expect_exit("plain", 2, "panic: ");
    expect_exit("main", 7, "survived");
    run_every_way(exits_are_counted_done, NULL);
    WAIT_UNTIL(gort_num_goroutine() == 0);
    return EXIT_SUCCESS;
}
