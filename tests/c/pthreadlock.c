/*
 * pthreadlock: GORTDEBUG=pthreadlock=1 warns when a goroutine leaves its thread with a pthread mutex locked, once for
 * each place, with the mutex, where it was locked and where the goroutine is; not of a mutex that was unlocked before,
 * nor of a goroutine that is locked to its thread. Without what it needs it says how to get it.
 */
/* run: once */
/* sanitize: not address */
#include "check.h"
#include "child.h"
#include "texts.h"

#include <threads.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, other = PTHREAD_MUTEX_INITIALIZER;

static const char WARNING[] = "with the pthread mutex 0x";

static void go_named(const char *name, gort_func body)
{
    spawn_named(name, body, NULL);
    WAIT_UNTIL(gort_num_goroutine() == 0);
}

static int turns;

static OPAQUE void locks_and_parks(void)
{
    CHECK_EQ(pthread_mutex_lock(&mutex), 0);
    gort_sleep(GORT_MILLISECOND);
    turns++; /* no call in tail position */
}

static void parks_twice(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2; i++) {
        locks_and_parks();
        memset(&mutex, 0, sizeof mutex); /* an unlock on another thread would be undefined */
    }
}

static void parks(void)
{
    printf("the mutex is 0x%llx\n", (unsigned long long)(uintptr_t)&mutex);
    fflush(stdout);
    go_named("parker", parks_twice);
}

static void yields_holding(void *arg)
{
    (void)arg;
    mtx_t c11;
    CHECK_EQ(mtx_init(&c11, mtx_plain), thrd_success);
    CHECK_EQ(mtx_lock(&c11), thrd_success);
    gort_yield();
}

static void yields(void)
{
    go_named("yielder", yields_holding);
}

static void ends_holding(void *arg)
{
    (void)arg;
    CHECK_EQ(pthread_mutex_trylock(&mutex), 0);
}

static void ends(void)
{
    go_named("ender", ends_holding);
}

static void is_careful(void *arg)
{
    (void)arg;
    pthread_mutexattr_t recursive;
    CHECK_EQ(pthread_mutexattr_init(&recursive), 0);
    CHECK_EQ(pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE), 0);
    pthread_mutex_t nested;
    CHECK_EQ(pthread_mutex_init(&nested, &recursive), 0);
    struct timespec past = {0, 0};
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(pthread_mutex_lock(&mutex), 0);
        CHECK_EQ(pthread_mutex_timedlock(&other, &past), 0); /* it is free */
        CHECK_EQ(pthread_mutex_trylock(&mutex), EBUSY);
        CHECK_EQ(pthread_mutex_lock(&nested), 0);
        CHECK_EQ(pthread_mutex_lock(&nested), 0);
        CHECK_EQ(pthread_mutex_unlock(&mutex), 0);
        CHECK_EQ(pthread_mutex_unlock(&other), 0);
        CHECK_EQ(pthread_mutex_unlock(&nested), 0);
        CHECK_EQ(pthread_mutex_unlock(&nested), 0);
        gort_sleep(GORT_MILLISECOND);
        gort_yield();
    }
    CHECK_STATUS(gort_lock_os_thread(), GORT_OK);
    CHECK_EQ(pthread_mutex_lock(&mutex), 0);
    gort_sleep(GORT_MILLISECOND);
    CHECK_EQ(pthread_mutex_unlock(&mutex), 0);
    CHECK_STATUS(gort_unlock_os_thread(), GORT_OK);
    gort_sleep(GORT_MILLISECOND);
}

static void careful(void)
{
    go_named("careful", is_careful);
}

static const struct scenario SCENARIOS[] = {
    {"parks", parks}, {"yields", yields}, {"ends", ends}, {"careful", careful},
};

int main(int argc, char **argv)
{
    if (argc > 1) {
        return run_scenario(SCENARIOS, COUNT_OF(SCENARIOS), argv[1]);
    }
    unsetenv("GORTDEBUG");
    unsetenv("LD_PRELOAD");
    CHECK_EQ(count_of(expect_exit("parks", EXIT_SUCCESS, NULL).text, WARNING), 0);
    setenv("GORTDEBUG", "pthreadlock=1", 1);
    const char *text = expect_exit("careful", EXIT_SUCCESS, "LD_PRELOAD=libgort_pthreadlock.so").text;
    CHECK_EQ(count_of(text, "\n"), 1);

    setenv("LD_PRELOAD", LIBRARY_DIR "/libgort_pthreadlock.so", 1);
    text = expect_exit("parks", EXIT_SUCCESS, "gort: a goroutine parks with the pthread mutex 0x").text;
    CHECK_EQ(count_of(text, WARNING), 1); /* though it happens twice */
    char address[32];
    CHECK_EQ(sscanf(text, "the mutex is %31s", address), 1);
    CHECK_EQ(count_of(text, address), 2);
    CHECK(strstr(text, "\"parker\" [sleep]:") != NULL);
    CHECK_EQ(count_of(text, "locks_and_parks"), 2); /* where it was locked, and in the goroutine's stack */
    expect_exit("yields", EXIT_SUCCESS, "gort: a goroutine yields with the pthread mutex 0x");
    text = expect_exit("ends", EXIT_SUCCESS, "gort: a goroutine ends with the pthread mutex 0x").text;
    CHECK(strstr(text, "\"ender\"") != NULL && strstr(text, "ends_holding") != NULL);
    text = expect_exit("careful", EXIT_SUCCESS, NULL).text;
    CHECK_EQ(strlen(text), 0);
    return EXIT_SUCCESS;
}
