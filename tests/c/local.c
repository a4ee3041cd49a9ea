/*
 * Goroutine-local storage: each goroutine and plain thread sees its own values, on whatever
 * thread it goes on; destructors run once, at the end of their goroutine or thread.
 */
/* also: c++ */
#include "check.h"

#include <stdint.h>

#define GOROUTINES 200

static gort_local key, other;
static int destroyed;
static uintptr_t sum;

static void destroy(void *value)
{
    CHECK(value != NULL);
    ATOMIC_ADD(&sum, (uintptr_t)value);
    ATOMIC_ADD(&destroyed, 1);
}

static void keeps_its_own(void *arg)
{
    CHECK(gort_local_get(key) == NULL);
    CHECK_STATUS(gort_local_set(key, (void *)1), GORT_OK);
    CHECK_STATUS(gort_local_set(key, arg), GORT_OK);
    CHECK_STATUS(gort_local_set(other, &arg), GORT_OK);
    for (int i = 0; i < 20; i++) {
        gort_yield();
        CHECK(gort_local_get(key) == arg);
        CHECK(gort_local_get(other) == &arg);
    }
}

static void *on_thread(void *arg)
{
    keeps_its_own(arg);
    return NULL;
}

static void deferred(void *arg)
{
    CHECK(gort_local_get(key) == arg); /* it is still there */
}

static void ends_early(void *arg)
{
    CHECK_STATUS(gort_local_set(key, arg), GORT_OK);
    CHECK_STATUS(gort_defer(deferred, arg), GORT_OK);
    gort_exit();
}

/* A destructor that sets values again is called again, but not for ever. */
static gort_local stubborn;
static int calls;

static void set_again(void *value)
{
    calls++;
    CHECK_STATUS(gort_local_set(stubborn, value), GORT_OK);
}

static void sets_once(void *arg)
{
    CHECK_STATUS(gort_local_set(stubborn, arg), GORT_OK);
}

static void keys(void)
{
    gort_local many[300];
    int made = 0;
    while (made < 300 && gort_local_create(&many[made], NULL) == GORT_OK) {
        CHECK(many[made] != 0);
        made++;
    }
    CHECK_EQ(made, 256 - 3);
    CHECK_REFUSED(gort_local_create(&many[0], NULL), GORT_NO_MEMORY);
    CHECK_STATUS(gort_local_set(many[7], &made), GORT_OK);
    gort_local old = many[7];
    CHECK_STATUS(gort_local_delete(old), GORT_OK);
    CHECK_REFUSED(gort_local_delete(old), GORT_INVALID);
    CHECK_REFUSED(gort_local_set(old, &made), GORT_INVALID);
    CHECK(gort_local_get(old) == NULL);
    CHECK_STATUS(gort_local_create(&many[7], NULL), GORT_OK); /* in its place */
    CHECK(many[7] != old && gort_local_get(many[7]) == NULL && gort_local_get(old) == NULL);
    for (int i = 0; i < made; i++) {
        CHECK_STATUS(gort_local_delete(many[i]), GORT_OK);
    }
    CHECK_REFUSED(gort_local_create(NULL, NULL), GORT_INVALID);
    CHECK_REFUSED(gort_local_set(0, NULL), GORT_INVALID);
    CHECK_REFUSED(gort_local_delete(~(gort_local)0), GORT_INVALID);
    CHECK(gort_local_get(~(gort_local)0) == NULL && gort_local_get(0) == NULL);
}

int main(void)
{
    CHECK_STATUS(gort_local_create(&key, destroy), GORT_OK);
    CHECK_STATUS(gort_local_create(&other, NULL), GORT_OK);
    CHECK_STATUS(gort_local_create(&stubborn, set_again), GORT_OK);
    gort_waitgroup all = {{0}};
    for (uintptr_t i = 1; i <= GOROUTINES; i++) {
        CHECK_STATUS(gort_waitgroup_go(&all, i % 2 ? keeps_its_own : ends_early, (void *)i), GORT_OK);
    }
    gort_waitgroup_wait(&all);
    CHECK(gort_local_get(key) == NULL);
    WAIT_UNTIL(ATOMIC_GET(&destroyed) == GOROUTINES);
    CHECK_EQ(sum, GOROUTINES * (GOROUTINES + 1) / 2);

    join_thread(bare_thread(on_thread, (void *)1000));
    CHECK_EQ(ATOMIC_GET(&destroyed), GOROUTINES + 1);
    CHECK_STATUS(gort_run(sets_once, &calls), GORT_OK);
    CHECK(calls > 1 && calls < 100);
    keys();

    /* Deleted: forgotten. */
    gort_local deleted;
    CHECK_STATUS(gort_local_create(&deleted, destroy), GORT_OK);
    CHECK_STATUS(gort_local_set(deleted, &all), GORT_OK);
    CHECK_STATUS(gort_local_delete(deleted), GORT_OK);
    CHECK_STATUS(gort_local_set(key, &all), GORT_OK);
    CHECK_STATUS(gort_shutdown(-1), GORT_OK); /* forgets this thread's */
    CHECK(gort_local_get(key) == NULL);
    CHECK_STATUS(gort_local_set(key, &all), GORT_OK);
    CHECK(gort_local_get(key) == &all);
    CHECK_STATUS(gort_local_set(key, NULL), GORT_OK);
    CHECK_EQ(ATOMIC_GET(&destroyed), GOROUTINES + 1);
    return EXIT_SUCCESS;
}
