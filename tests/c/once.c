/*
 * once: the function runs once, every caller returns after it is over and sees what it
 * wrote; a function that ends with gort_exit counts as done.
 */
/* needs: once */
/* also: c++ */
#include "check.h"

enum { CALLERS = 50, ROUNDS = 100 };

static gort_waitgroup group;

struct shared {
    gort_once once;
    int runs;
    int plain; /* ordered by the once alone */
};

static void runs_slowly(void *arg)
{
    struct shared *shared = (struct shared *)arg;
    CHECK_EQ(ATOMIC_ADD(&shared->runs, 1), 1);
    gort_yield();
    gort_sleep(50 * GORT_MICROSECOND);
    shared->plain = 42;
}

static void never(void *arg)
{
    (void)arg;
    check_fail(__FILE__, __LINE__, "a second function ran");
}

static void calls(void *arg)
{
    struct shared *shared = (struct shared *)arg;
    gort_once_do(&shared->once, runs_slowly, shared);
    CHECK_EQ(shared->plain, 42);
    gort_once_do(&shared->once, never, NULL); /* whatever the function */
}

static void *calls_on_thread(void *arg)
{
    calls(arg);
    return NULL;
}

static void once_for_all(void *arg)
{
    (void)arg;
    for (int round = 0; round < ROUNDS; round++) {
        struct shared shared;
        memset(&shared, 0, sizeof shared);
        pthread_t thread = pthread_self();
        if (round % 10 == 0) {
            thread = plain_thread(calls_on_thread, &shared);
        }
        for (int i = 0; i < CALLERS; i++) {
            CHECK_STATUS(gort_waitgroup_go(&group, calls, &shared), GORT_OK);
        }
        calls(&shared);
        gort_waitgroup_wait(&group);
        if (round % 10 == 0) {
            join_thread(thread);
        }
        CHECK_EQ(shared.runs, 1);
    }
}

static void exits(void *arg)
{
    struct shared *shared = (struct shared *)arg;
    CHECK_EQ(ATOMIC_ADD(&shared->runs, 1), 1);
    gort_yield();
    shared->plain = 42;
    gort_exit();
}

static void exits_within(void *arg)
{
    struct shared *shared = (struct shared *)arg;
    gort_once_do(&shared->once, exits, shared);
    /* Only who came too late to run it gets here. */
    CHECK_EQ(shared->plain, 42);
}

static void exit_counts_as_done(void *arg)
{
    (void)arg;
    for (int round = 0; round < ROUNDS; round++) {
        struct shared shared;
        memset(&shared, 0, sizeof shared);
        for (int i = 0; i < 8; i++) {
            CHECK_STATUS(gort_waitgroup_go(&group, exits_within, &shared), GORT_OK);
        }
        gort_waitgroup_wait(&group);
        CHECK_EQ(shared.runs, 1);
        gort_once_do(&shared.once, never, NULL);
    }
}

static void nests(void *arg)
{
    struct shared *shared = (struct shared *)arg;
    calls(shared); /* another once, from within */
}

static void nested(void *arg)
{
    (void)arg;
    struct shared outer, inner;
    memset(&outer, 0, sizeof outer);
    memset(&inner, 0, sizeof inner);
    gort_once_do(&outer.once, nests, &inner);
    CHECK_EQ(inner.runs, 1);
    gort_once_do(&outer.once, never, NULL);
}

int main(void)
{
    run_every_way(once_for_all, NULL);
    run_every_way(exit_counts_as_done, NULL);
    run_every_way(nested, NULL);
    return EXIT_SUCCESS;
}
