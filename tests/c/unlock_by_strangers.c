/*
 * unlock_by_strangers: locks that others unlock at any moment, and unlocks of what is not locked,
 * several at once: whoever waits gets in, and an unlock that is refused has changed nothing.
 */
/* needs: rwmutex */
#include "check.h"

enum { LOCKERS = 6, TIMES = 3000 };

static gort_rwmutex rwmutex;
static gort_mutex mutex;
static int64_t locked, unlocked;
static int lockers_left;

static void locks(void *arg)
{
    (void)arg;
    for (int i = 0; i < TIMES; i++) {
        gort_rwmutex_lock(&rwmutex);
        gort_mutex_lock(&mutex);
        ATOMIC_ADD(&locked, 2);
        if (i % 3 == 0) {
            gort_yield();
        }
    }
    ATOMIC_ADD(&lockers_left, -1);
}

static void locks_for_reading(void *arg)
{
    (void)arg;
    for (int i = 0; i < TIMES; i++) {
        gort_rwmutex_rlock(&rwmutex);
        ATOMIC_ADD(&locked, 1);
        if (i % 3 == 0) {
            gort_yield();
        }
    }
    ATOMIC_ADD(&lockers_left, -1);
}

static void count_unlock(gort_status got)
{
    if (got != GORT_OK) {
        CHECK_EQ(got, GORT_MISUSE);
        return;
    }
    ATOMIC_ADD(&unlocked, 1);
}

static void unlocks(void *arg)
{
    while (ATOMIC_GET(&lockers_left) > 0) {
        count_unlock(gort_rwmutex_unlock(&rwmutex));
        count_unlock(gort_rwmutex_runlock(&rwmutex));
        count_unlock(gort_mutex_unlock(&mutex));
        gort_yield();
    }
    CHECK_STATUS(gort_waitgroup_done((gort_waitgroup *)arg), GORT_OK);
}

static void all_get_in(void *arg)
{
    (void)arg;
    enum { STRANGERS = 3 };
    locked = unlocked = 0;
    lockers_left = 2 * LOCKERS;
    gort_waitgroup strangers = {{0}};
    CHECK_STATUS(gort_waitgroup_add(&strangers, STRANGERS), GORT_OK);
    for (int i = 0; i < LOCKERS; i++) {
        spawn(locks, NULL);
        spawn(locks_for_reading, NULL);
    }
    for (int i = 0; i < STRANGERS; i++) {
        spawn(unlocks, &strangers);
    }
    gort_waitgroup_wait(&strangers);
    count_unlock(gort_mutex_unlock(&mutex));
    count_unlock(gort_rwmutex_unlock(&rwmutex));
    while (gort_rwmutex_runlock(&rwmutex) == GORT_OK) {
        unlocked++;
    }
    CHECK_EQ(unlocked, locked); /* each lock was unlocked once, and nothing else was */
    CHECK_REFUSED(gort_mutex_unlock(&mutex), GORT_MISUSE);
    CHECK_REFUSED(gort_rwmutex_unlock(&rwmutex), GORT_MISUSE);
}

int main(void)
{
    run_every_way(all_get_in, NULL);
    return EXIT_SUCCESS;
}
