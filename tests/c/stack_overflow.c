/*
 * stack_overflow: recursion without end in a goroutine says "stack overflow" with the
 * goroutine's id and name on stderr and ends the process; so does one on a small stack,
 * and one on a stack that another goroutine had before.
 */
/* run: once */
#include "check.h"
#include "child.h"

static volatile int never = 0;

OPAQUE static int recurse(int depth)
{
    volatile char frame[200];
    frame[0] = (char)depth;
    frame[sizeof frame - 1] = frame[0];
    if (never) {
        return frame[0];
    }
    return recurse(depth + 1) + frame[sizeof frame - 1];
}

static void overflows(void *arg)
{
    (void)arg;
    char text[64];
    int length = snprintf(text, sizeof text, "[id is %llu]", (unsigned long long)gort_goroutine_id());
    ssize_t written = write(STDERR_FILENO, text, (size_t)length);
    (void)written;
    recurse(0);
}

static void nothing(void *arg)
{
    (void)arg;
    gort_yield();
}

static void named(size_t stack_size, int warm)
{
    gort_waitgroup group = {{0}};
    for (int i = 0; i < warm; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, nothing, NULL), GORT_OK);
    }
    gort_waitgroup_wait(&group);
    gort_go_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.name = "bottomless-pit";
    options.stack_size = stack_size;
    CHECK_STATUS(gort_go_with(&options, overflows, NULL), GORT_OK);
    for (;;) {
        gort_sleep(GORT_SECOND);
    }
}

static void in_default(void)
{
    named(0, 0);
}

static void in_small(void)
{
    named(16 << 10, 0);
}

static void in_large(void)
{
    named(3 << 20, 0);
}

static void in_reused(void)
{
    named(0, 200);
}

static void in_main(void)
{
    gort_run(overflows, NULL);
}

static void locked(void *arg)
{
    CHECK_STATUS(gort_lock_os_thread(), GORT_OK);
    overflows(arg);
}

static void in_locked(void)
{
    gort_run(locked, NULL);
}

static const struct scenario SCENARIOS[] = {
    {"default", in_default}, {"small", in_small}, {"large", in_large},
    {"reused", in_reused},   {"main", in_main},   {"locked", in_locked},
};

int main(int argc, char **argv)
{
    if (argc > 1) {
        return run_scenario(SCENARIOS, COUNT_OF(SCENARIOS), argv[1]);
    }
    for (size_t i = 0; i < COUNT_OF(SCENARIOS); i++) {
        struct outcome outcome = run_self(SCENARIOS[i].name);
        if (outcome.exit_status == 0 || strstr(outcome.text, "stack overflow") == NULL) {
            check_fail(__FILE__, __LINE__, "%s: exit status %d, signal %d: %.600s", SCENARIOS[i].name,
                       outcome.exit_status, outcome.signal, outcome.text);
        }
        unsigned long long id = 0;
        const char *sign = strstr(outcome.text, "[id is ");
        CHECK(sign != NULL && sscanf(sign, "[id is %llu]", &id) == 1);
        char needle[64];
        snprintf(needle, sizeof needle, "goroutine %llu", id);
        CHECK(strstr(outcome.text, needle) != NULL);
        if (i < 4) {
            CHECK(strstr(outcome.text, "bottomless-pit") != NULL);
        }
    }
    return EXIT_SUCCESS;
}
