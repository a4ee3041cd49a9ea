/*
 * mutex: one holder at a time, among goroutines and plain threads; unlocked by anyone;
 * misuse is refused and changes nothing; nobody starves; the memory is the caller's again
 * once the last unlock has returned.
 */
#include "check.h"

enum { USERS = 12, ROUNDS = 2000, THREADS = 3, THREAD_ROUNDS = 300, OBJECTS = 1500, SHARERS = 3, TURNS = 30 };

static gort_waitgroup group;

struct shared {
    gort_mutex mutex;
    int holders;
    long total; /* not atomic: the mutex alone protects it */
};

static void add_to(struct shared *shared, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        if (i % 3 != 0 || !gort_mutex_try_lock(&shared->mutex)) {
            gort_mutex_lock(&shared->mutex);
        }
        CHECK_EQ(ATOMIC_ADD(&shared->holders, 1), 1);
        if (i % 16 == 0) {
            gort_yield(); /* on another thread afterwards, perhaps */
        }
        shared->total++;
        CHECK_EQ(ATOMIC_ADD(&shared->holders, -1), 0);
        CHECK_STATUS(gort_mutex_unlock(&shared->mutex), GORT_OK);
    }
}

static void user(void *arg)
{
    add_to(arg, ROUNDS);
}

static void *user_thread(void *arg)
{
    add_to(arg, THREAD_ROUNDS);
    return NULL;
}

static void one_holder(void *arg)
{
    (void)arg;
    struct shared *shared = check_alloc(sizeof *shared); /* all-zero is ready */
    pthread_t threads[THREADS];
    for (int i = 0; i < USERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, user, shared), GORT_OK);
    }
    for (int i = 0; i < THREADS; i++) {
        threads[i] = bare_thread(user_thread, shared);
    }
    gort_waitgroup_wait(&group);
    for (int i = 0; i < THREADS; i++) {
        gort_block_enter();
        join_thread(threads[i]);
        gort_block_exit();
    }
    CHECK_EQ(shared->total, (long)USERS * ROUNDS + THREADS * THREAD_ROUNDS);
    CHECK_REFUSED(gort_mutex_unlock(&shared->mutex), GORT_MISUSE);
    free(shared);
}

static void misuse(void *arg)
{
    (void)arg;
    gort_mutex mutex;
    memset(&mutex, 0, sizeof mutex);
    for (int round = 0; round < 3; round++) {
        CHECK_REFUSED(gort_mutex_unlock(&mutex), GORT_MISUSE);
        CHECK(gort_mutex_try_lock(&mutex)); /* the refusal has not left it locked */
        CHECK(!gort_mutex_try_lock(&mutex));
        CHECK_STATUS(gort_mutex_unlock(&mutex), GORT_OK);
        gort_mutex_lock(&mutex);
        CHECK(!gort_mutex_try_lock(&mutex));
        CHECK_STATUS(gort_mutex_unlock(&mutex), GORT_OK);
    }
    CHECK_REFUSED(gort_mutex_unlock(&mutex), GORT_MISUSE);
    CHECK_REFUSED(gort_mutex_unlock(NULL), GORT_INVALID);
    CHECK(!gort_mutex_try_lock(NULL));
}

static void unlocks(void *arg)
{
    CHECK_STATUS(gort_mutex_unlock(arg), GORT_OK);
}

static void *unlocks_on_thread(void *arg)
{
    unlocks(arg);
    return NULL;
}

static void by_anyone(void *arg)
{
    (void)arg;
    gort_mutex mutex;
    memset(&mutex, 0, sizeof mutex);
    gort_mutex_lock(&mutex);
    spawn(unlocks, &mutex);
    gort_mutex_lock(&mutex);
    pthread_t thread = plain_thread(unlocks_on_thread, &mutex);
    gort_mutex_lock(&mutex);
    gort_block_enter();
    join_thread(thread);
    gort_block_exit();
    CHECK_STATUS(gort_mutex_unlock(&mutex), GORT_OK);
}

struct object {
    gort_mutex mutex;
    int references;
};

/* The last to hold it reuses the memory, whatever the others' unlocks are still at. */
static void drops_reference(void *arg)
{
    struct object *object = arg;
    gort_mutex_lock(&object->mutex);
    bool last = --object->references == 0;
    CHECK_STATUS(gort_mutex_unlock(&object->mutex), GORT_OK);
    if (last) {
        memset(object, 0x5A, sizeof *object);
        for (int i = 0; i < 4; i++) {
            gort_yield();
            for (size_t j = 0; j < sizeof *object; j++) {
                CHECK_EQ(((unsigned char *)object)[j], 0x5A);
            }
        }
        free(object);
    }
}

static void memory_is_the_callers(void *arg)
{
    (void)arg;
    for (int i = 0; i < OBJECTS; i++) {
        struct object *object = check_alloc(sizeof *object);
        object->references = SHARERS;
        for (int j = 0; j < SHARERS; j++) {
            CHECK_STATUS(gort_waitgroup_go(&group, drops_reference, object), GORT_OK);
        }
        if (i % 8 == 0) {
            gort_waitgroup_wait(&group);
        }
    }
    gort_waitgroup_wait(&group);
}

struct contest {
    gort_mutex mutex;
    int locks, over;
};

static void hogs(void *arg)
{
    struct contest *contest = arg;
    while (!ATOMIC_GET(&contest->over)) {
        gort_mutex_lock(&contest->mutex);
        ATOMIC_ADD(&contest->locks, 1);
        for (volatile int i = 0; i < 2000; i++) {
        }
        CHECK_STATUS(gort_mutex_unlock(&contest->mutex), GORT_OK);
    }
}

/* Two that lock again as soon as they have unlocked: a third gets its turns all the same. */
static void nobody_starves(void *arg)
{
    (void)arg;
    struct contest contest;
    memset(&contest, 0, sizeof contest);
    CHECK_STATUS(gort_waitgroup_go(&group, hogs, &contest), GORT_OK);
    CHECK_STATUS(gort_waitgroup_go(&group, hogs, &contest), GORT_OK);
    for (int i = 0; i < TURNS; i++) {
        int locks = ATOMIC_GET(&contest.locks);
        WAIT_UNTIL(ATOMIC_GET(&contest.locks) > locks); /* they are at it */
        gort_mutex_lock(&contest.mutex);
        CHECK_STATUS(gort_mutex_unlock(&contest.mutex), GORT_OK);
    }
    ATOMIC_SET(&contest.over, 1);
    gort_waitgroup_wait(&group);
}

int main(void)
{
    run_every_way(misuse, NULL);
    run_every_way(one_holder, NULL);
    run_every_way(by_anyone, NULL);
    run_every_way(memory_is_the_callers, NULL);
    run_every_way(nobody_starves, NULL);
    return EXIT_SUCCESS;
}
