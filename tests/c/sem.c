/*
 * sem: the weighted semaphore never gives more than it has, serves first come first, a
 * large request is not overtaken by small ones, and contexts end waits without a trace.
 */
/* needs: sem, context */
/* also: c++ */
#include "check.h"

enum { CAPACITY = 10, WORKERS = 16, ROUNDS = 300 };

static gort_sem sem;
static int64_t in_use;
static gort_waitgroup group;

static void works(void *arg)
{
    int64_t n = 1 + (intptr_t)arg % CAPACITY;
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 5 != 0 || !gort_sem_try_acquire(&sem, n)) {
            CHECK_STATUS(gort_sem_acquire(&sem, NULL, n), GORT_OK);
        }
        CHECK(ATOMIC_ADD(&in_use, n) <= CAPACITY);
        if (i % 16 == 0) {
            gort_yield();
        }
        ATOMIC_ADD(&in_use, -n);
        CHECK_STATUS(gort_sem_release(&sem, n), GORT_OK);
    }
}

static void *works_on_thread(void *arg)
{
    works(arg);
    return NULL;
}

static void never_too_many(void *arg)
{
    (void)arg;
    CHECK_STATUS(gort_sem_init(&sem, CAPACITY), GORT_OK);
    pthread_t thread = plain_thread(works_on_thread, (void *)2);
    for (intptr_t i = 0; i < WORKERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, works, (void *)i), GORT_OK);
    }
    gort_waitgroup_wait(&group);
    join_thread(thread);
    CHECK(gort_sem_try_acquire(&sem, CAPACITY)); /* all of it is back */
    CHECK(!gort_sem_try_acquire(&sem, 1));
    CHECK_STATUS(gort_sem_release(&sem, CAPACITY), GORT_OK);
}

struct request {
    gort_sem *sem;
    gort_ctx *ctx;
    int64_t n;
    gort_status status;
    int over;
};

static void acquires(void *arg)
{
    struct request *request = (struct request *)arg;
    request->status = gort_sem_acquire(request->sem, request->ctx, request->n);
    ATOMIC_SET(&request->over, 1);
}

static void first_come_first_served(void *arg)
{
    (void)arg;
    gort_sem own = {{0}};
    CHECK_STATUS(gort_sem_init(&own, 4), GORT_OK);
    CHECK_STATUS(gort_sem_acquire(&own, NULL, 3), GORT_OK);
    struct request large = {&own, NULL, 3, GORT_INVALID, 0}, small = {&own, NULL, 1, GORT_INVALID, 0};
    CHECK_STATUS(gort_waitgroup_go(&group, acquires, &large), GORT_OK);
    WAIT_UNTIL(!gort_sem_try_acquire(&own, 1) || (gort_sem_release(&own, 1), 0)); /* one is free, but somebody waits */
    CHECK_STATUS(gort_waitgroup_go(&group, acquires, &small), GORT_OK);
    settle();
    CHECK_EQ(ATOMIC_GET(&large.over) + ATOMIC_GET(&small.over), 0);
    CHECK_STATUS(gort_sem_release(&own, 2), GORT_OK); /* three are free: the large one, and nobody else */
    WAIT_UNTIL(ATOMIC_GET(&large.over) == 1);
    CHECK_EQ(large.status, GORT_OK);
    settle();
    CHECK_EQ(ATOMIC_GET(&small.over), 0);
    CHECK_STATUS(gort_sem_release(&own, 1), GORT_OK);
    gort_waitgroup_wait(&group);
    CHECK_EQ(small.status, GORT_OK);
    CHECK(!gort_sem_try_acquire(&own, 1));
    CHECK_STATUS(gort_sem_release(&own, 4), GORT_OK);
}

static void contexts_end_waits(void *arg)
{
    (void)arg;
    gort_sem own = {{0}};
    CHECK_STATUS(gort_sem_init(&own, 2), GORT_OK);
    gort_ctx *cancel = gort_ctx_with_cancel(gort_ctx_background());
    gort_ctx *timed = gort_ctx_with_timeout(gort_ctx_background(), GORT_MILLISECOND);
    CHECK_STATUS(gort_sem_acquire(&own, cancel, 1), GORT_OK);
    CHECK_REFUSED(gort_sem_acquire(&own, timed, 2), GORT_DEADLINE_EXCEEDED);
    CHECK(gort_sem_try_acquire(&own, 1)); /* who gave up is out of the queue and holds nothing */
    CHECK_STATUS(gort_sem_release(&own, 1), GORT_OK);

    struct request blocked = {&own, cancel, 2, GORT_INVALID, 0}, behind = {&own, NULL, 1, GORT_INVALID, 0};
    /* Above the capacity: it waits for its context, in nobody's way. */
    struct request too_large = {&own, cancel, 3, GORT_INVALID, 0};
    CHECK_STATUS(gort_waitgroup_go(&group, acquires, &too_large), GORT_OK);
    settle();
    CHECK(gort_sem_try_acquire(&own, 1));
    CHECK_STATUS(gort_sem_release(&own, 1), GORT_OK);
    CHECK_STATUS(gort_waitgroup_go(&group, acquires, &blocked), GORT_OK);
    WAIT_UNTIL(!gort_sem_try_acquire(&own, 1) || (gort_sem_release(&own, 1), 0));
    CHECK_STATUS(gort_waitgroup_go(&group, acquires, &behind), GORT_OK);
    settle();
    CHECK_EQ(ATOMIC_GET(&behind.over), 0);
    gort_ctx_cancel(cancel); /* the one behind can go on then */
    gort_waitgroup_wait(&group);
    CHECK_EQ(blocked.status, GORT_CANCELED);
    CHECK_EQ(too_large.status, GORT_CANCELED);
    CHECK_EQ(behind.status, GORT_OK);
    CHECK(!gort_sem_try_acquire(&own, 1));
    CHECK_STATUS(gort_sem_release(&own, 2), GORT_OK);
    gort_ctx_release(cancel);
    gort_ctx_release(timed);
}

static void bad_numbers(void *arg)
{
    (void)arg;
    gort_sem own = {{0}}; /* capacity 0 */
    CHECK(!gort_sem_try_acquire(&own, 1));
    CHECK_REFUSED(gort_sem_release(&own, 1), GORT_MISUSE);
    CHECK_STATUS(gort_sem_init(&own, 3), GORT_OK);
    CHECK_REFUSED(gort_sem_release(&own, 1), GORT_MISUSE);
    CHECK(gort_sem_try_acquire(&own, 2));
    CHECK_REFUSED(gort_sem_release(&own, 3), GORT_MISUSE); /* and changes nothing */
    CHECK(!gort_sem_try_acquire(&own, 2));
    CHECK(gort_sem_try_acquire(&own, 1));
    CHECK_STATUS(gort_sem_release(&own, 3), GORT_OK);
    CHECK(!gort_sem_try_acquire(&own, 4));
    CHECK(!gort_sem_try_acquire(&own, INT64_MAX));
    CHECK_STATUS(gort_sem_acquire(&own, NULL, 0), GORT_OK);
    CHECK_REFUSED(gort_sem_acquire(&own, NULL, -1), GORT_INVALID);
    CHECK(!gort_sem_try_acquire(&own, -1));
    CHECK_REFUSED(gort_sem_release(&own, -1), GORT_INVALID);
    CHECK_REFUSED(gort_sem_init(&own, -1), GORT_INVALID);
    CHECK_REFUSED(gort_sem_init(NULL, 1), GORT_INVALID);
    CHECK_REFUSED(gort_sem_acquire(NULL, NULL, 1), GORT_INVALID);
    CHECK_REFUSED(gort_sem_release(NULL, 1), GORT_INVALID);
    CHECK(!gort_sem_try_acquire(NULL, 1));
    CHECK(gort_sem_try_acquire(&own, 3));
    CHECK_STATUS(gort_sem_release(&own, 3), GORT_OK);
}

int main(void)
{
    run_every_way(never_too_many, NULL);
    run_every_way(first_come_first_served, NULL);
    run_every_way(contexts_end_waits, NULL);
    run_every_way(bad_numbers, NULL);
    return EXIT_SUCCESS;
}
