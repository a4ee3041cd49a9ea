/*
 * go_copy: the argument is copied at the call: every size, 16-byte alignment, the
 * caller's own changes afterwards invisible, and impossible sizes refused.
 */
/* sanitize: not address */ /* prints a warning for the size that cannot be */
/* also: c++ */
#include "check.h"

static const size_t SIZES[] = {1,  2,   7,   8,   15,  16,   17,   31,   32,    33,     48,     63,
                               64, 65,  100, 128, 255, 256,  1000, 4096, 4097,  65536,  300000, 1 << 20};
enum { SIZE_COUNT = sizeof SIZES / sizeof SIZES[0] };

static size_t expected_size; /* read by a goroutine that was started after it was set, and waited for */
static unsigned char expected_seed;
static const void *callers_memory;
static gort_waitgroup group;

static unsigned char pattern(unsigned seed, size_t i)
{
    return (unsigned char)(seed + i * 7 + i / 251);
}

static void verify(void *arg)
{
    unsigned char *copy = (unsigned char *)arg;
    CHECK_EQ((uintptr_t)copy % 16, 0);
    CHECK(copy != callers_memory);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < expected_size; i++) {
            CHECK_EQ(copy[i], pattern(expected_seed, i));
        }
        gort_yield();
    }
    memset(copy, 0xA5, expected_size); /* it is the goroutine's own */
    CHECK_STATUS(gort_waitgroup_done(&group), GORT_OK);
}

static void all_sizes(void *arg)
{
    (void)arg;
    for (int i = 0; i < SIZE_COUNT; i++) {
        expected_size = SIZES[i];
        expected_seed = (unsigned char)i;
        unsigned char *memory = (unsigned char *)check_alloc(expected_size + 1);
        unsigned char *source = memory + (i % 2); /* the source needs no alignment */
        callers_memory = source;
        for (size_t j = 0; j < expected_size; j++) {
            source[j] = pattern(expected_seed, j);
        }
        CHECK_STATUS(gort_waitgroup_add(&group, 1), GORT_OK);
        CHECK_STATUS(gort_go_copy(verify, source, expected_size), GORT_OK);
        memset(source, 0xEE, expected_size);
        free(memory);
        gort_waitgroup_wait(&group);
    }
}

static void count_empty(void *arg)
{
    CHECK_EQ((uintptr_t)arg % 16, 0);
    CHECK_STATUS(gort_waitgroup_done(&group), GORT_OK);
}

static void size_zero(void *arg)
{
    (void)arg;
    char somewhere = 0;
    CHECK_STATUS(gort_waitgroup_add(&group, 2), GORT_OK);
    CHECK_STATUS(gort_go_copy(count_empty, NULL, 0), GORT_OK);
    CHECK_STATUS(gort_go_copy(count_empty, &somewhere, 0), GORT_OK);
    gort_waitgroup_wait(&group);
}

enum { LOOP = 2000 };
static int seen[LOOP];

static void mark(void *arg)
{
    int number = *(int *)arg;
    gort_yield();
    CHECK_EQ(*(int *)arg, number);
    CHECK_EQ(ATOMIC_ADD(&seen[number], 1), 1);
    CHECK_STATUS(gort_waitgroup_done(&group), GORT_OK);
}

static void each_iteration_its_own(void *arg)
{
    (void)arg;
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < LOOP; i++) {
        CHECK_STATUS(gort_waitgroup_add(&group, 1), GORT_OK);
        CHECK_STATUS(gort_go_copy(mark, &i, sizeof i), GORT_OK);
    }
    gort_waitgroup_wait(&group);
    for (int i = 0; i < LOOP; i++) {
        CHECK_EQ(seen[i], 1);
    }
}

static void never(void *arg)
{
    (void)arg;
    check_fail(__FILE__, __LINE__, "a refused function ran");
}

static void refusals(void *arg)
{
    (void)arg;
    CHECK_REFUSED(gort_go_copy(never, NULL, 1), GORT_INVALID);
    /* No memory can be that large; nothing may be read from the source before that is known. */
    char small = 0;
    CHECK_REFUSED(gort_go_copy(never, &small, SIZE_MAX), GORT_NO_MEMORY);
    CHECK_REFUSED(gort_go_copy(never, &small, SIZE_MAX / 2 + 1), GORT_NO_MEMORY);
    CHECK_REFUSED(gort_go_copy(never, &small, SIZE_MAX - 64), GORT_NO_MEMORY);
    gort_yield();
}

int main(void)
{
    run_every_way(size_zero, NULL);
    run_every_way(all_sizes, NULL);
    run_every_way(each_iteration_its_own, NULL);
    run_every_way(refusals, NULL);
    WAIT_UNTIL(gort_num_goroutine() == 0);
    return EXIT_SUCCESS;
}
