/*
 * sync_reuse_more: the memory of rwmutexes, onces, conds and semaphores is the caller's
 * again after the last use, as in sync_reuse; here each lives in a page that vanishes.
 */
/* needs: rwmutex, once, cond, sem */
#include "check.h"

#include <sys/mman.h>

enum { ROUNDS = 250, HELPERS = 3 };

struct shared {
    gort_rwmutex rwmutex;
    gort_once once;
    gort_mutex mutex;
    gort_cond cond;
    gort_sem sem;
    int users, ready;
};

static gort_waitgroup group;

static struct shared *obtain(void)
{
    void *memory = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    return memory;
}

static void give_back(struct shared *shared)
{
    memset(shared, 0xFF, sizeof *shared);
    CHECK_EQ(munmap(shared, sizeof *shared), 0);
}

static void rwmutex_user(void *arg)
{
    struct shared *shared = arg;
    gort_rwmutex_lock(&shared->rwmutex);
    int left = --shared->users;
    CHECK_STATUS(gort_rwmutex_unlock(&shared->rwmutex), GORT_OK);
    if (left == 0) {
        give_back(shared);
    }
}

static void reader_leaves_last(void *arg)
{
    struct shared *shared = arg;
    gort_rwmutex_rlock(&shared->rwmutex);
    int left = ATOMIC_ADD(&shared->users, -1);
    CHECK_STATUS(gort_rwmutex_runlock(&shared->rwmutex), GORT_OK);
    if (left == 0) { /* a writer comes after all readers that may still be leaving */
        gort_rwmutex_lock(&shared->rwmutex);
        CHECK_STATUS(gort_rwmutex_unlock(&shared->rwmutex), GORT_OK);
        give_back(shared);
    }
}

static void sets_ready(void *arg)
{
    struct shared *shared = arg;
    shared->ready = 1;
    gort_yield();
}

/* Returns only after the function, and the last to return may free. */
static void once_user(void *arg)
{
    struct shared *shared = arg;
    gort_once_do(&shared->once, sets_ready, shared);
    CHECK_EQ(shared->ready, 1);
    if (ATOMIC_ADD(&shared->users, -1) == 0) {
        give_back(shared);
    }
}

static void cond_user(void *arg)
{
    struct shared *shared = arg;
    gort_mutex_lock(&shared->mutex);
    while (shared->ready == 0) {
        gort_cond_wait(&shared->cond, &shared->mutex);
    }
    int left = --shared->users;
    CHECK_STATUS(gort_mutex_unlock(&shared->mutex), GORT_OK);
    if (left == 0) {
        give_back(shared);
    }
}

static void sem_user(void *arg)
{
    struct shared *shared = arg;
    CHECK_STATUS(gort_sem_acquire(&shared->sem, NULL, 1), GORT_OK);
    int left = --shared->users;
    CHECK_STATUS(gort_sem_release(&shared->sem, 1), GORT_OK);
    if (left == 0) {
        give_back(shared);
    }
}

static void use_and_free(gort_func user, int round)
{
    struct shared *shared = obtain();
    CHECK_STATUS(gort_sem_init(&shared->sem, 1), GORT_OK);
    shared->users = HELPERS + 1;
    for (int i = 0; i < HELPERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, user, shared), GORT_OK);
    }
    if (user == cond_user) {
        gort_mutex_lock(&shared->mutex);
        shared->ready = 1;
        gort_cond_broadcast(&shared->cond); /* before the unlock: the last waiter may free */
        int left = --shared->users;
        CHECK_STATUS(gort_mutex_unlock(&shared->mutex), GORT_OK);
        if (left == 0) {
            give_back(shared);
        }
    } else {
        user(shared);
    }
    if (round % 8 == 0) {
        gort_waitgroup_wait(&group);
    }
}

static void all(void *arg)
{
    (void)arg;
    static const gort_func USERS[] = {rwmutex_user, reader_leaves_last, once_user, cond_user, sem_user};
    for (int i = 0; i < 5; i++) {
        for (int round = 0; round < ROUNDS; round++) {
            use_and_free(USERS[i], round);
        }
        gort_waitgroup_wait(&group);
    }
}

int main(void)
{
    run_every_way(all, NULL);
    return EXIT_SUCCESS;
}
