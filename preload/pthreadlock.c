/*
 * libgort_pthreadlock.so: tells libgort which pthread mutexes a thread has locked, for GORTDEBUG=pthreadlock=1.
 *
 *     LD_PRELOAD=libgort_pthreadlock.so GORTDEBUG=pthreadlock=1 ./program
 *
 * Stands before the C library's functions that lock mutexes, those of <threads.h> too, and notes for each thread what
 * it has locked and where. A mutex that is unlocked by another thread than the one that locked it stays in the
 * list of that one, which is no harm: it has been told by then, as a goroutine took it along.
 */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <threads.h>
#include <time.h>

struct held {
    void *mutex, *locked_at;
    unsigned depth; /* of a recursive one */
    bool told;
};

enum { MOST = 32 }; /* at once by one thread; what is beyond goes unnoticed */

static __thread struct held held[MOST] __attribute__((tls_model("initial-exec")));
static __thread unsigned count __attribute__((tls_model("initial-exec")));

static struct held *place_of(void *mutex)
{
    for (unsigned i = 0; i < count; i++) {
        if (held[i].mutex == mutex) {
            return &held[i];
        }
    }
    return NULL;
}

static struct held *free_place(void)
{
    if (count < MOST) {
        return &held[count++];
    }
    for (unsigned i = 0; i < MOST; i++) {
        if (held[i].told) {
            return &held[i];
        }
    }
    return NULL;
}

static void note(void *mutex, void *locked_at)
{
    struct held *place = place_of(mutex);
    if (place != NULL && !place->told) {
        place->depth++;
        return;
    }
    if (place == NULL) {
        place = free_place();
    }
    if (place != NULL) {
        *place = (struct held){mutex, locked_at, 1, false};
    }
}

static void forget(void *mutex)
{
    struct held *place = place_of(mutex);
    if (place != NULL && --place->depth == 0) {
        *place = held[--count];
    }
}

/* For libgort: calls report for each mutex that this thread has locked, once. */
__attribute__((visibility("default"))) void
gort_pthreadlock_held(void (*report)(void *mutex, void *locked_at, void *arg), void *arg)
{
    for (unsigned i = 0; i < count; i++) {
        if (!held[i].told) {
            held[i].told = true;
            report(held[i].mutex, held[i].locked_at, arg);
        }
    }
}

static void find(void **function, const char *name)
{
    __atomic_store_n(function, dlsym(RTLD_NEXT, name), __ATOMIC_RELAXED);
}

/* The function of this name that would be called without us. */
#define REAL(name) (real_##name != NULL ? (void)0 : find((void **)&real_##name, #name), real_##name)

#define LOCKS(name, parameters, arguments, got)                           \
    static int(*real_##name) parameters;                                              \
    __attribute__((visibility("default"))) int name parameters                        \
    {                                                                                 \
        int result = REAL(name) arguments;                                            \
        if (got) {                                                                    \
            note((void *)mutex, __builtin_extract_return_addr(__builtin_return_address(0))); \
        }                                                                             \
        return result;                                                                \
    }

#define UNLOCKS(name, parameters, arguments, done)             \
    static int(*real_##name) parameters;                       \
    __attribute__((visibility("default"))) int name parameters \
    {                                                          \
        int result = REAL(name) arguments;                     \
        if (done) {                                            \
            forget((void *)mutex);                             \
        }                                                      \
        return result;                                         \
    }

#define HAS_IT (result == 0 || result == EOWNERDEAD)

LOCKS(pthread_mutex_lock, (pthread_mutex_t * mutex), (mutex), HAS_IT)
LOCKS(pthread_mutex_trylock, (pthread_mutex_t * mutex), (mutex), HAS_IT)
LOCKS(pthread_mutex_timedlock, (pthread_mutex_t * mutex, const struct timespec *until), (mutex, until), HAS_IT)
LOCKS(pthread_mutex_clocklock, (pthread_mutex_t * mutex, clockid_t clock, const struct timespec *until),
      (mutex, clock, until), HAS_IT)
UNLOCKS(pthread_mutex_unlock, (pthread_mutex_t * mutex), (mutex), result == 0)
LOCKS(mtx_lock, (mtx_t * mutex), (mutex), result == thrd_success)
LOCKS(mtx_trylock, (mtx_t * mutex), (mutex), result == thrd_success)
LOCKS(mtx_timedlock, (mtx_t * restrict mutex, const struct timespec *restrict until), (mutex, until),
      result == thrd_success)
UNLOCKS(mtx_unlock, (mtx_t * mutex), (mutex), result == thrd_success)
