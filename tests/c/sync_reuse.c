/*
 * sync_reuse: the memory of a mutex or wait group is the caller's again as soon as its
 * last use has returned: it is overwritten and unmapped or freed at once here, and anybody in the
 * library who still touched it would be seen, or would crash.
 */
#include "check.h"

#include <sys/mman.h>

enum { ROUNDS = 400, HELPERS = 3 };

struct shared {
    gort_mutex mutex;
    gort_waitgroup group;
    int users;
};

static int use_mapping;

/* Every second object is a mapping of its own, so that a late access is a fault. */
static struct shared *obtain(void)
{
    if (!use_mapping) {
        return check_alloc(sizeof(struct shared));
    }
    void *memory = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    return memory;
}

static void give_back(struct shared *shared)
{
    memset(shared, 0xFF, sizeof *shared);
    if (use_mapping) {
        CHECK_EQ(munmap(shared, sizeof *shared), 0);
    } else {
        for (size_t i = 0; i < sizeof *shared; i++) {
            CHECK_EQ(((unsigned char *)shared)[i], 0xFF);
        }
        free(shared);
    }
}

static void is_done(void *arg)
{
    CHECK_STATUS(gort_waitgroup_done(&((struct shared *)arg)->group), GORT_OK);
}

static void *is_done_on_thread(void *arg)
{
    is_done(arg);
    return NULL;
}

static void wait_and_free(void *arg)
{
    (void)arg;
    for (int round = 0; round < ROUNDS; round++) {
        struct shared *shared = obtain();
        int threads = round % 20 == 0;
        CHECK_STATUS(gort_waitgroup_add(&shared->group, HELPERS + threads), GORT_OK);
        if (threads) {
            CHECK_EQ(pthread_detach(plain_thread(is_done_on_thread, shared)), 0);
        }
        for (int i = 0; i < HELPERS; i++) {
            spawn(is_done, shared);
        }
        gort_waitgroup_wait(&shared->group);
        give_back(shared);
    }
}

static void nothing(void *arg)
{
    (void)arg;
}

static void wait_for_go_and_free(void *arg)
{
    (void)arg;
    for (int round = 0; round < ROUNDS; round++) {
        struct shared *shared = obtain();
        for (int i = 0; i < HELPERS; i++) {
            CHECK_STATUS(gort_waitgroup_go(&shared->group, nothing, NULL), GORT_OK);
        }
        gort_waitgroup_wait(&shared->group);
        give_back(shared);
    }
}

/* As with a reference count under a lock: who brings it to zero frees, right after its unlock. */
static void last_user_frees(void *arg)
{
    struct shared *shared = arg;
    gort_mutex_lock(&shared->mutex);
    int left = --shared->users;
    CHECK_STATUS(gort_mutex_unlock(&shared->mutex), GORT_OK);
    if (left == 0) {
        give_back(shared);
    }
}

static void *last_user_on_thread(void *arg)
{
    last_user_frees(arg);
    return NULL;
}

static void unlock_and_free(void *arg)
{
    (void)arg;
    gort_waitgroup group = {{0}};
    for (int round = 0; round < ROUNDS; round++) {
        struct shared *shared = obtain();
        int threads = round % 20 == 0;
        shared->users = HELPERS + 1 + threads;
        gort_mutex_lock(&shared->mutex); /* they queue up behind this one */
        for (int i = 0; i < HELPERS; i++) {
            CHECK_STATUS(gort_waitgroup_go(&group, last_user_frees, shared), GORT_OK);
        }
        if (threads) {
            CHECK_EQ(pthread_detach(plain_thread(last_user_on_thread, shared)), 0);
        }
        gort_yield();
        CHECK_STATUS(gort_mutex_unlock(&shared->mutex), GORT_OK);
        last_user_frees(shared);
        if (round % 8 == 0) {
            gort_waitgroup_wait(&group);
        }
    }
    gort_waitgroup_wait(&group);
}

int main(void)
{
    for (use_mapping = 0; use_mapping < 2; use_mapping++) {
        run_every_way(wait_and_free, NULL);
        run_every_way(wait_for_go_and_free, NULL);
        run_every_way(unlock_and_free, NULL);
        gort_sleep(10 * GORT_MILLISECOND);
        WAIT_UNTIL(gort_num_goroutine() == 0);
    }
    return EXIT_SUCCESS;
}
