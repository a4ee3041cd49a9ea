/*
 * panic: gort_panic runs the deferred calls, prints "panic: ..." and the goroutine's
 * trace to stderr, and ends the process with status 2, from whatever it is called in.
 */
/* run: once */
#include "check.h"
#include "child.h"

static void say(void *arg)
{
    const char *text = (const char *)arg;
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written;
}

static void panics(void *arg)
{
    CHECK_STATUS(gort_defer(say, (void *)"[deferred two]"), GORT_OK);
    CHECK_STATUS(gort_defer(say, (void *)"[deferred one]"), GORT_OK);
    gort_panic((const char *)arg);
    say((void *)"[panic returned]");
}

static void in_main(void)
{
    gort_run(panics, (void *)"the roof is on fire");
    say((void *)"[gort_run returned]");
}

static void in_another(void)
{
    spawn(panics, (void *)"the roof is on fire");
    for (;;) {
        gort_sleep(GORT_SECOND);
    }
}

static void in_a_timer(void)
{
    CHECK(gort_after_func(GORT_MILLISECOND, panics, (void *)"the roof is on fire") != NULL);
    for (;;) {
        gort_sleep(GORT_SECOND);
    }
}

static void deferred_panic(void *arg)
{
    CHECK_STATUS(gort_defer(say, (void *)"[deferred two]"), GORT_OK);
    CHECK_STATUS(gort_defer(panics, arg), GORT_OK);
    say((void *)"[deferred one]");
}

static void in_a_deferred_call(void)
{
    gort_run(deferred_panic, (void *)"the roof is on fire");
}

static void on_plain_thread(void)
{
    gort_panic("the roof is on fire");
}

static void without_message(void)
{
    gort_panic(NULL);
}

static void *on_second_thread(void *arg)
{
    (void)arg;
    gort_panic("the roof is on fire");
    return NULL;
}

static void on_another_plain_thread(void)
{
    join_thread(plain_thread(on_second_thread, NULL));
}

static void long_message(void)
{
    static char message[20001];
    memset(message, 'x', sizeof message - 5);
    memcpy(message + sizeof message - 5, "TAIL", 5);
    gort_panic(message);
}

static void panic_while_exiting(void *arg)
{
    CHECK_STATUS(gort_defer(panics, arg), GORT_OK);
    gort_exit();
}

static void in_an_exit(void)
{
    gort_run(panic_while_exiting, (void *)"the roof is on fire");
}

static const struct scenario SCENARIOS[] = {
    {"main", in_main},
    {"another", in_another},
    {"timer", in_a_timer},
    {"deferred", in_a_deferred_call},
    {"exit", in_an_exit},
    {"plain", on_plain_thread},
    {"thread", on_another_plain_thread},
    {"null", without_message},
    {"long", long_message},
};

static void in_order(const char *text, const char *first, const char *second)
{
    const char *one = strstr(text, first);
    if (one == NULL || strstr(one, second) == NULL) {
        check_fail(__FILE__, __LINE__, "no \"%s\" followed by \"%s\" in: %.600s", first, second, text);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return run_scenario(SCENARIOS, COUNT_OF(SCENARIOS), argv[1]);
    }
    static const char *const WITH_DEFERRED[] = {"main", "another", "timer", "deferred", "exit"};
    for (size_t i = 0; i < COUNT_OF(WITH_DEFERRED); i++) {
        struct outcome outcome = expect_exit(WITH_DEFERRED[i], 2, "panic: the roof is on fire");
        in_order(outcome.text, "[deferred one]", "[deferred two]");
        in_order(outcome.text, "[deferred two]", "panic: the roof is on fire");
        in_order(outcome.text, "panic: the roof is on fire", "goroutine ");
        CHECK(strstr(outcome.text, "returned]") == NULL);
    }
    expect_exit("plain", 2, "panic: the roof is on fire");
    expect_exit("thread", 2, "panic: the roof is on fire");
    expect_exit("null", 2, "panic: ");
    expect_exit("long", 2, "panic: xxxx");
    return EXIT_SUCCESS;
}
