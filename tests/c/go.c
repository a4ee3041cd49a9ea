/*
 * go: gort_go from everywhere: each function runs exactly once, ids are unique and start
 * with 1, a refused call starts nothing, the count of goroutines returns to zero.
 */
/* also: c++ */
#include "check.h"

enum { MANY = 20000, SMALL = 300 };

static int runs[MANY];
static uint64_t ids[MANY];
static gort_waitgroup all;

static void note(void *arg)
{
    int number = (int)(intptr_t)arg;
    CHECK_EQ(ATOMIC_ADD(&runs[number], 1), 1);
    ids[number] = gort_goroutine_id();
    CHECK(ids[number] != 0);
    gort_yield();
    CHECK_EQ(gort_goroutine_id(), ids[number]);
    CHECK_STATUS(gort_waitgroup_done(&all), GORT_OK);
}

static int compare_ids(const void *one, const void *other)
{
    uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
    return (a > b) - (a < b);
}

static void start_many(void *arg)
{
    int count = (int)(intptr_t)arg;
    memset(runs, 0, sizeof runs);
    CHECK_STATUS(gort_waitgroup_add(&all, count), GORT_OK);
    for (int i = 0; i < count; i++) {
        spawn(note, (void *)(intptr_t)i);
    }
    gort_waitgroup_wait(&all);
    for (int i = 0; i < count; i++) {
        CHECK_EQ(runs[i], 1);
    }
    qsort(ids, (size_t)count, sizeof ids[0], compare_ids);
    for (int i = 1; i < count; i++) {
        CHECK(ids[i - 1] != ids[i]);
    }
}

static void first_id(void *arg)
{
    *(uint64_t *)arg = gort_goroutine_id();
}

static int nested_leaves;

/* A goroutine that starts goroutines that start goroutines. */
static void nest(void *arg)
{
    intptr_t depth = (intptr_t)arg;
    if (depth == 0) {
        ATOMIC_ADD(&nested_leaves, 1);
    } else {
        for (int i = 0; i < 4; i++) {
            CHECK_STATUS(gort_waitgroup_add(&all, 1), GORT_OK);
            spawn(nest, (void *)(depth - 1));
        }
    }
    CHECK_STATUS(gort_waitgroup_done(&all), GORT_OK);
}

static void *start_from_thread(void *arg)
{
    for (int i = 0; i < SMALL; i++) {
        spawn(note, (void *)((intptr_t)arg * SMALL + i));
    }
    return NULL;
}

static void several_threads_at_once(void)
{
    pthread_t threads[4];
    memset(runs, 0, sizeof runs);
    CHECK_STATUS(gort_waitgroup_add(&all, 4 * SMALL), GORT_OK);
    for (intptr_t i = 0; i < 4; i++) {
        threads[i] = plain_thread(start_from_thread, (void *)i);
    }
    for (int i = 0; i < 4; i++) {
        join_thread(threads[i]);
    }
    gort_waitgroup_wait(&all);
    for (int i = 0; i < 4 * SMALL; i++) {
        CHECK_EQ(runs[i], 1);
    }
}

static void refuses_null(void *arg)
{
    (void)arg;
    CHECK_REFUSED(gort_go(NULL, NULL), GORT_INVALID);
    CHECK_REFUSED(gort_go_copy(NULL, "x", 1), GORT_INVALID);
    CHECK_REFUSED(gort_go_with(NULL, NULL, NULL), GORT_INVALID);
}

int main(void)
{
    CHECK_EQ(gort_goroutine_id(), 0);
    uint64_t id = 0;
    run_in_goroutine(first_id, &id);
    CHECK_EQ(id, 1);
    CHECK_EQ(gort_goroutine_id(), 0);

    start_many((void *)(intptr_t)MANY);
    run_every_way(start_many, (void *)(intptr_t)SMALL);
    run_every_way(refuses_null, NULL);
    CHECK_STATUS(gort_waitgroup_add(&all, 1), GORT_OK);
    spawn(nest, (void *)5);
    gort_waitgroup_wait(&all);
    CHECK_EQ(nested_leaves, 1024);
    several_threads_at_once();
    WAIT_UNTIL(gort_num_goroutine() == 0);
    return EXIT_SUCCESS;
}
