/*
 * go_with: options of a goroutine: struct_size, names (copied), stack sizes, and drop,
 * which runs exactly once: when the function is over, however it ended, and when the
 * call fails.
 */
#include "check.h"

static int ran, dropped;
static gort_waitgroup group;

static gort_go_options options(void)
{
    gort_go_options fresh;
    memset(&fresh, 0, sizeof fresh);
    fresh.struct_size = sizeof fresh;
    return fresh;
}

static void count_run(void *arg)
{
    (void)arg;
    ATOMIC_ADD(&ran, 1);
    gort_yield();
    CHECK_EQ(ATOMIC_GET(&dropped), 0);
    CHECK_STATUS(gort_waitgroup_done(&group), GORT_OK);
}

static void count_run_and_exit(void *arg)
{
    count_run(arg);
    gort_exit();
}

static void count_drop(void *arg)
{
    CHECK(arg == &ran);
    CHECK_EQ(ATOMIC_ADD(&dropped, 1), 1);
}

static void never(void *arg)
{
    (void)arg;
    check_fail(__FILE__, __LINE__, "a refused function ran");
}

static void dropped_once(gort_func fn)
{
    ran = dropped = 0;
    gort_go_options with_drop = options();
    with_drop.drop = count_drop;
    CHECK_STATUS(gort_waitgroup_add(&group, 1), GORT_OK);
    CHECK_STATUS(gort_go_with(&with_drop, fn, &ran), GORT_OK);
    memset(&with_drop, 0xFF, sizeof with_drop); /* the options are the caller's again */
    gort_waitgroup_wait(&group);
    WAIT_UNTIL(ATOMIC_GET(&dropped) == 1);
    CHECK_EQ(ran, 1);
}

static void dropped_on_failure(gort_func fn, size_t stack_size)
{
    dropped = 0;
    gort_go_options with_drop = options();
    with_drop.drop = count_drop;
    with_drop.stack_size = stack_size;
    CHECK(gort_go_with(&with_drop, fn, &ran) != GORT_OK);
    CHECK(gort_last_error()[0] != '\0');
    CHECK_EQ(ATOMIC_GET(&dropped), 1);
}

static void drops(void *arg)
{
    (void)arg;
    dropped_once(count_run);
    dropped_once(count_run_and_exit);
    dropped_on_failure(NULL, 0);
    dropped_on_failure(never, SIZE_MAX);
    dropped_on_failure(never, SIZE_MAX - 4095);
    dropped_on_failure(never, SIZE_MAX / 2);
}

static void struct_sizes(void *arg)
{
    (void)arg;
    gort_go_options wrong = options();
    wrong.struct_size = 0;
    CHECK_REFUSED(gort_go_with(&wrong, never, NULL), GORT_INVALID);
    union {
        gort_go_options options;
        unsigned char room[sizeof(gort_go_options) + 8];
    } larger;
    memset(&larger, 0, sizeof larger);
    larger.options.struct_size = sizeof(gort_go_options) + 8;
    CHECK_REFUSED(gort_go_with(&larger.options, never, NULL), GORT_INVALID);
    larger.options.struct_size = SIZE_MAX;
    CHECK_REFUSED(gort_go_with(&larger.options, never, NULL), GORT_INVALID);

    ran = dropped = 0;
    CHECK_STATUS(gort_waitgroup_add(&group, 1), GORT_OK);
    CHECK_STATUS(gort_go_with(NULL, count_run, NULL), GORT_OK);
    gort_waitgroup_wait(&group);
    CHECK_EQ(ran, 1);
}

/* Goes `depth` bytes down the stack and touches every page on the way. */
OPAQUE static int touch_stack(size_t depth)
{
    volatile char page[2048];
    page[0] = (char)depth;
    page[sizeof page - 1] = 1;
    return depth < 4096 ? page[0] : touch_stack(depth - 2048) + page[sizeof page - 1];
}

static void use_stack(void *arg)
{
    touch_stack((size_t)(uintptr_t)arg);
    gort_yield();
    touch_stack((size_t)(uintptr_t)arg);
    CHECK_STATUS(gort_waitgroup_done(&group), GORT_OK);
}

static void stack_sizes(void *arg)
{
    (void)arg;
    /* What is asked for can be used, but for some room for the library and the signal-free C library calls. */
    static const struct {
        size_t size, use;
    } CASES[] = {
        {1, 4096},         {16 << 10, 4096},           {0, 200 << 10},
        {1 << 20, 900 << 10}, {(1 << 20) + 1, 900 << 10}, {16 << 20, 15 << 20},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        for (int round = 0; round < 3; round++) {
            gort_go_options sized = options();
            sized.stack_size = CASES[i].size;
            CHECK_STATUS(gort_waitgroup_add(&group, 1), GORT_OK);
            CHECK_STATUS(gort_go_with(&sized, use_stack, (void *)(uintptr_t)CASES[i].use), GORT_OK);
            gort_waitgroup_wait(&group);
        }
    }
}

int main(void)
{
    run_every_way(drops, NULL);
    run_every_way(struct_sizes, NULL);
    run_every_way(stack_sizes, NULL);
    return EXIT_SUCCESS;
}
