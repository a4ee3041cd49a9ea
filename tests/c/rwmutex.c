/*
 * rwmutex: readers together, writers alone, among goroutines and plain threads; a waiting
 * writer keeps new readers out and is not starved; misuse is told and changes nothing.
 */
/* needs: rwmutex */
/* also: c++ */
#include "check.h"

enum { READERS = 8, WRITERS = 4, ROUNDS = 800 };

static gort_rwmutex lock;
static int reading, writing;
static long counter; /* guarded by lock */
static gort_waitgroup group;

static void reads(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 4 == 0) {
            while (!gort_rwmutex_try_rlock(&lock)) {
                gort_yield();
            }
        } else {
            gort_rwmutex_rlock(&lock);
        }
        ATOMIC_ADD(&reading, 1);
        CHECK_EQ(ATOMIC_GET(&writing), 0);
        long seen = counter;
        if (i % 32 == 0) {
            gort_yield();
        }
        CHECK_EQ(counter, seen);
        ATOMIC_ADD(&reading, -1);
        CHECK_STATUS(gort_rwmutex_runlock(&lock), GORT_OK);
    }
}

static void writes(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 4 == 0) {
            while (!gort_rwmutex_try_lock(&lock)) {
                gort_yield();
            }
        } else {
            gort_rwmutex_lock(&lock);
        }
        CHECK_EQ(ATOMIC_ADD(&writing, 1), 1);
        CHECK_EQ(ATOMIC_GET(&reading), 0);
        counter++;
        if (i % 32 == 0) {
            gort_yield();
        }
        CHECK_EQ(ATOMIC_ADD(&writing, -1), 0);
        CHECK_STATUS(gort_rwmutex_unlock(&lock), GORT_OK);
    }
}

static void *reads_on_thread(void *arg)
{
    reads(arg);
    return NULL;
}

static void *writes_on_thread(void *arg)
{
    writes(arg);
    return NULL;
}

static void exclusion(void *arg)
{
    (void)arg;
    counter = 0;
    pthread_t reader = plain_thread(reads_on_thread, NULL), writer = plain_thread(writes_on_thread, NULL);
    for (int i = 0; i < READERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, reads, NULL), GORT_OK);
    }
    for (int i = 0; i < WRITERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, writes, NULL), GORT_OK);
    }
    gort_waitgroup_wait(&group);
    join_thread(reader);
    join_thread(writer);
    CHECK_EQ(counter, (WRITERS + 1) * ROUNDS);
}

static int got_in;

static void writer_gets_in(void *arg)
{
    gort_rwmutex_lock((gort_rwmutex *)arg);
    ATOMIC_SET(&got_in, 1);
    CHECK_STATUS(gort_rwmutex_unlock((gort_rwmutex *)arg), GORT_OK);
}

static void reader_gets_in(void *arg)
{
    gort_rwmutex_rlock((gort_rwmutex *)arg);
    CHECK_EQ(ATOMIC_GET(&got_in), 1); /* behind the writer */
    CHECK_STATUS(gort_rwmutex_runlock((gort_rwmutex *)arg), GORT_OK);
}

static void writer_before_new_readers(void *arg)
{
    (void)arg;
    gort_rwmutex own = {{0}};
    ATOMIC_SET(&got_in, 0);
    gort_rwmutex_rlock(&own);
    gort_rwmutex_rlock(&own); /* as often as one likes, while no writer waits */
    CHECK_STATUS(gort_rwmutex_runlock(&own), GORT_OK);
    CHECK(!gort_rwmutex_try_lock(&own));
    CHECK_STATUS(gort_waitgroup_go(&group, writer_gets_in, &own), GORT_OK);
    while (gort_rwmutex_try_rlock(&own)) { /* until the writer waits */
        CHECK_STATUS(gort_rwmutex_runlock(&own), GORT_OK);
        gort_yield();
    }
    for (int i = 0; i < 5; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, reader_gets_in, &own), GORT_OK);
    }
    settle();
    CHECK_EQ(ATOMIC_GET(&got_in), 0);
    CHECK_STATUS(gort_rwmutex_runlock(&own), GORT_OK);
    gort_waitgroup_wait(&group);
    CHECK(gort_rwmutex_try_lock(&own));
    CHECK_STATUS(gort_rwmutex_unlock(&own), GORT_OK);
}

static void misuse(void *arg)
{
    (void)arg;
    gort_rwmutex own = {{0}};
    CHECK_REFUSED(gort_rwmutex_unlock(&own), GORT_MISUSE);
    CHECK_REFUSED(gort_rwmutex_runlock(&own), GORT_MISUSE);
    CHECK(gort_rwmutex_try_lock(&own));
    CHECK(!gort_rwmutex_try_rlock(&own));
    CHECK(!gort_rwmutex_try_lock(&own));
    CHECK_REFUSED(gort_rwmutex_runlock(&own), GORT_MISUSE); /* locked to write */
    CHECK_STATUS(gort_rwmutex_unlock(&own), GORT_OK);
    gort_rwmutex_rlock(&own);
    CHECK_REFUSED(gort_rwmutex_unlock(&own), GORT_MISUSE); /* locked to read */
    CHECK(gort_rwmutex_try_rlock(&own));
    CHECK_STATUS(gort_rwmutex_runlock(&own), GORT_OK);
    CHECK_STATUS(gort_rwmutex_runlock(&own), GORT_OK);
    CHECK_REFUSED(gort_rwmutex_runlock(&own), GORT_MISUSE);
    CHECK_REFUSED(gort_rwmutex_unlock(NULL), GORT_INVALID);
    CHECK_REFUSED(gort_rwmutex_runlock(NULL), GORT_INVALID);
    CHECK(!gort_rwmutex_try_lock(NULL));
    CHECK(!gort_rwmutex_try_rlock(NULL));
}

int main(void)
{
    run_every_way(misuse, NULL);
    run_every_way(writer_before_new_readers, NULL);
    run_every_way(exclusion, NULL);
    return EXIT_SUCCESS;
}
