/*
 * load_sync.c: the sync types under contention, from goroutines and with sleeps and yields
 * inside critical sections. What they protect is plain memory: a broken lock is a wrong sum.
 */
#include "soak.h"

enum { WORKERS = 8, TIMES = 300 };

static void dawdle(struct rng *rng)
{
    switch (rng_below(rng, 64)) {
    case 0:
        gort_sleep((gort_duration)rng_below(rng, 100) * GORT_MICROSECOND);
        break;
    case 1:
    case 2:
        gort_yield();
        break;
    default:
        break;
    }
}

struct shared {
    gort_mutex mutex;
    gort_rwmutex rwmutex;
    gort_cond filled, emptied;
    gort_once once;
    gort_sem sem;
    gort_waitgroup over;
    uint64_t seed, first, second, taken;
    int holders, once_runs;
};

static void run_workers(struct shared *shared, struct rng *rng, gort_func body, int workers)
{
    shared->seed = rng_split(rng).state;
    for (int i = 0; i < workers; i++) {
        CHECK_STATUS(gort_waitgroup_go(&shared->over, body, shared), GORT_OK);
    }
}

static void init_once(void *arg)
{
    struct shared *shared = arg;
    gort_yield();
    shared->once_runs++;
}

static void mutex_body(void *arg)
{
    struct shared *shared = arg;
    struct rng rng = {ATOMIC_ADD(&shared->seed, 77)};
    gort_once_do(&shared->once, init_once, shared);
    CHECK_EQ(shared->once_runs, 1);
    for (int i = 0; i < TIMES; i++) {
        if (rng_below(&rng, 8) != 0 || !gort_mutex_try_lock(&shared->mutex)) {
            gort_mutex_lock(&shared->mutex);
        }
        shared->first++;
        dawdle(&rng);
        shared->second++;
        CHECK_EQ(shared->first, shared->second);
        CHECK_STATUS(gort_mutex_unlock(&shared->mutex), GORT_OK);
    }
}

void soak_mutex(struct rng *rng)
{
    struct shared shared;
    memset(&shared, 0, sizeof shared);
    run_workers(&shared, rng, mutex_body, WORKERS);
    gort_waitgroup_wait(&shared.over);
    CHECK_EQ(shared.first, WORKERS * TIMES);
    CHECK_EQ(shared.once_runs, 1);
}

static void rwmutex_body(void *arg)
{
    struct shared *shared = arg;
    struct rng rng = {ATOMIC_ADD(&shared->seed, 77)};
    for (int i = 0; i < TIMES; i++) {
        if (i % 8 == 0) {
            gort_rwmutex_lock(&shared->rwmutex);
            shared->first++;
            dawdle(&rng);
            shared->second++;
            CHECK_STATUS(gort_rwmutex_unlock(&shared->rwmutex), GORT_OK);
        } else {
            if (i % 3 != 0 || !gort_rwmutex_try_rlock(&shared->rwmutex)) {
                gort_rwmutex_rlock(&shared->rwmutex);
            }
            uint64_t first = shared->first;
            dawdle(&rng);
            CHECK_EQ(shared->second, first);
            CHECK_STATUS(gort_rwmutex_runlock(&shared->rwmutex), GORT_OK);
        }
    }
}

void soak_rwmutex(struct rng *rng)
{
    struct shared shared;
    memset(&shared, 0, sizeof shared);
    run_workers(&shared, rng, rwmutex_body, WORKERS);
    gort_waitgroup_wait(&shared.over);
    CHECK_EQ(shared.first, WORKERS * ((TIMES + 7) / 8));
}

/* A buffer of four places: producers wait for room, consumers for something in it. */
static void produce(void *arg)
{
    struct shared *shared = arg;
    for (int i = 0; i < TIMES; i++) {
        gort_mutex_lock(&shared->mutex);
        while (shared->first == 4) {
            gort_cond_wait(&shared->emptied, &shared->mutex);
        }
        shared->first++;
        gort_cond_signal(&shared->filled);
        CHECK_STATUS(gort_mutex_unlock(&shared->mutex), GORT_OK);
    }
}

static void consume(void *arg)
{
    struct shared *shared = arg;
    for (int i = 0; i < TIMES; i++) {
        gort_mutex_lock(&shared->mutex);
        while (shared->first == 0) {
            gort_cond_wait(&shared->filled, &shared->mutex);
        }
        shared->first--;
        shared->taken++;
        if (i % 16 == 0) {
            gort_cond_broadcast(&shared->emptied);
        } else {
            gort_cond_signal(&shared->emptied);
        }
        CHECK_STATUS(gort_mutex_unlock(&shared->mutex), GORT_OK);
    }
}

void soak_cond(struct rng *rng)
{
    struct shared shared;
    memset(&shared, 0, sizeof shared);
    run_workers(&shared, rng, produce, WORKERS / 2);
    run_workers(&shared, rng, consume, WORKERS / 2);
    gort_waitgroup_wait(&shared.over);
    CHECK_EQ(shared.taken, WORKERS / 2 * TIMES);
    CHECK_EQ(shared.first, 0);
}

enum { ROOM = 5 };

static void semaphore_body(void *arg)
{
    struct shared *shared = arg;
    struct rng rng = {ATOMIC_ADD(&shared->seed, 77)};
    for (int i = 0; i < TIMES; i++) {
        int n = (int)rng_below(&rng, ROOM) + 1;
        if (rng_below(&rng, 4) == 0) {
            gort_ctx *ctx = gort_ctx_with_timeout(gort_ctx_background(), (gort_duration)rng_below(&rng, 30000));
            gort_status got = gort_sem_acquire(&shared->sem, ctx, n);
            gort_ctx_release(ctx);
            if (got != GORT_OK) {
                CHECK_EQ(got, GORT_DEADLINE_EXCEEDED);
                continue;
            }
        } else {
            CHECK_STATUS(gort_sem_acquire(&shared->sem, NULL, n), GORT_OK);
        }
        CHECK(ATOMIC_ADD(&shared->holders, n) <= ROOM);
        dawdle(&rng);
        ATOMIC_ADD(&shared->holders, -n);
        CHECK_STATUS(gort_sem_release(&shared->sem, n), GORT_OK);
    }
}

void soak_semaphore(struct rng *rng)
{
    struct shared shared;
    memset(&shared, 0, sizeof shared);
    CHECK_STATUS(gort_sem_init(&shared.sem, ROOM), GORT_OK);
    run_workers(&shared, rng, semaphore_body, WORKERS);
    gort_waitgroup_wait(&shared.over);
    CHECK(gort_sem_try_acquire(&shared.sem, ROOM)); /* all was given back */
}

struct member {
    uint64_t *ran;
    gort_ctx *ctx;
};

static int member_body(void *arg)
{
    struct member *member = arg;
    ATOMIC_ADD(member->ran, 1);
    return 0;
}

static int member_waits(void *arg)
{
    struct member *member = arg;
    ATOMIC_ADD(member->ran, 1);
    CHECK_STATUS(gort_sleep_ctx(GORT_HOUR, member->ctx), GORT_CANCELED);
    return 0;
}

static int member_fails(void *arg)
{
    struct member *member = arg;
    ATOMIC_ADD(member->ran, 1);
    return 7;
}

void soak_group(struct rng *rng)
{
    gort_group *group = gort_group_new(NULL);
    CHECK(group != NULL);
    int limited = rng_below(rng, 2) == 0;
    CHECK_STATUS(gort_group_set_limit(group, limited ? WORKERS + 1 : -1), GORT_OK);
    uint64_t ran = 0;
    struct member member = {&ran, gort_group_ctx(group)};
    for (int i = 0; i < WORKERS; i++) {
        CHECK_STATUS(gort_group_go(group, member_waits, &member), GORT_OK);
    }
    for (int i = 0; i < TIMES; i++) {
        CHECK_STATUS(gort_group_go(group, member_body, &member), GORT_OK);
    }
    CHECK_STATUS(gort_group_go(group, member_fails, &member), GORT_OK);
    CHECK_EQ(gort_group_wait(group), 7);
    CHECK_EQ(ran, WORKERS + TIMES + 1);
    gort_group_release(group);
}
