/*
 * check.h: what every test of the contract shares: checks that name their place, a
 * watchdog, and the ways a function can be run (goroutine, gort_run, plain thread).
 *
 * A test prints nothing and exits with 0, or prints "FILE:LINE: what failed" and
 * exits with 1 at once, from whatever goroutine or thread the check was made in.
 * Nothing here is timed except the watchdog; GORT_TEST_DUMP=1 makes it show the
 * goroutines, as far as a hung process still can. Must be included first: it asks
 * the C library for more than C99. Compiles as C99, C11 and C++17.
 */
#ifndef GORT_TEST_CHECK_H
#define GORT_TEST_CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <gort.h>

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef WATCHDOG_SECONDS
#define WATCHDOG_SECONDS 60
#endif

/* Keeps the compiler from carrying anything (a thread-local's address, above all) over a call. */
#define OPAQUE __attribute__((noinline, noclone))

#define ATOMIC_GET(p) __atomic_load_n((p), __ATOMIC_SEQ_CST)
#define ATOMIC_SET(p, v) __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)
#define ATOMIC_ADD(p, v) __atomic_add_fetch((p), (v), __ATOMIC_SEQ_CST)

static const char *check_last_file = __FILE__;
static int check_last_line = 0;

static inline void check_at(const char *file, int line)
{
    __atomic_store_n(&check_last_file, file, __ATOMIC_RELAXED);
    __atomic_store_n(&check_last_line, line, __ATOMIC_RELAXED);
}

__attribute__((noreturn, format(printf, 3, 4))) static inline void check_fail(const char *file, int line,
                                                                              const char *format, ...)
{
    char text[1024];
    int used = snprintf(text, sizeof text, "%s:%d: ", file, line);
    va_list arguments;
    va_start(arguments, format);
    used += vsnprintf(text + used, sizeof text - (size_t)used - 1, format, arguments);
    va_end(arguments);
    if (used > (int)sizeof text - 2) {
        used = (int)sizeof text - 2;
    }
    text[used] = '\n';
    ssize_t written = write(STDOUT_FILENO, text, (size_t)used + 1);
    (void)written;
    _exit(EXIT_FAILURE);
}

#define CHECK(condition)                                                    \
    do {                                                                    \
        check_at(__FILE__, __LINE__);                                       \
        if (!(condition)) {                                                 \
            check_fail(__FILE__, __LINE__, "%s does not hold", #condition); \
        }                                                                   \
    } while (0)

#define CHECK_EQ(got, want)                                                                                    \
    do {                                                                                                       \
        check_at(__FILE__, __LINE__);                                                                          \
        long long got_ = (long long)(got), want_ = (long long)(want);                                          \
        if (got_ != want_) {                                                                                   \
            check_fail(__FILE__, __LINE__, "%s is %lld, not %s (%lld)", #got, got_, #want, want_); \
        }                                                                                                      \
    } while (0)

static inline void *check_alloc(size_t size)
{
    void *memory = calloc(1, size > 0 ? size : 1);
    CHECK(memory != NULL);
    return memory;
}

static inline void check_on_alarm(int signum)
{
    static const char hint[] = "hangs; the last check begun was at the place above\n";
    char text[256];
    int used = snprintf(text, sizeof text, "%s:%d: %s", __atomic_load_n(&check_last_file, __ATOMIC_RELAXED),
                        __atomic_load_n(&check_last_line, __ATOMIC_RELAXED), hint);
    ssize_t written = write(STDOUT_FILENO, text, (size_t)used);
    (void)written;
#ifndef CHECK_WITHOUT_LIBRARY
    if (getenv("GORT_TEST_DUMP") != NULL) {
        signal(signum, SIG_DFL);
        alarm(2); /* the dump may hang too */
        gort_dump(STDOUT_FILENO);
    }
#endif
    (void)signum;
    _exit(EXIT_FAILURE);
}

/* alarm(2) survives exec but not fork: a forked child calls this itself. */
__attribute__((constructor)) static void check_watchdog(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGALRM, check_on_alarm);
    alarm(WATCHDOG_SECONDS);
}

static inline size_t check_thread_count(void)
{
    DIR *tasks = opendir("/proc/self/task");
    CHECK(tasks != NULL);
    size_t count = 0;
    for (struct dirent *entry = readdir(tasks); entry != NULL; entry = readdir(tasks)) {
        count += entry->d_name[0] != '.';
    }
    closedir(tasks);
#ifdef __SANITIZE_THREAD__
    count--; /* its own */
#endif
    return count;
}

/* A thread that the library has not seen yet. */
static inline pthread_t bare_thread(void *(*fn)(void *), void *arg)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, fn, arg), 0);
    return thread;
}

static inline void join_thread(pthread_t thread)
{
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

#ifndef CHECK_WITHOUT_LIBRARY

#define CHECK_STATUS(call, want)                                                                              \
    do {                                                                                                      \
        check_at(__FILE__, __LINE__);                                                                         \
        gort_status got_ = (call);                                                                            \
        if (got_ != (want)) {                                                                                 \
            check_fail(__FILE__, __LINE__, "%s gives %s (%d), not %s; last error: %s", #call,                 \
                       gort_status_name(got_), (int)got_, gort_status_name(want), gort_last_error()); \
        }                                                                                                     \
    } while (0)

/* A refusal must also leave a sentence. */
#define CHECK_REFUSED(call, want)            \
    do {                                     \
        CHECK_STATUS(call, want);            \
        CHECK(gort_last_error()[0] != '\0'); \
    } while (0)

/* Waits without end; the watchdog bounds it. Usable from goroutines and plain threads. */
#define WAIT_UNTIL(condition)                                     \
    do {                                                          \
        check_at(__FILE__, __LINE__);                             \
        for (int tries_ = 0; !(condition); tries_++) {            \
            if (tries_ < 200) {                                   \
                gort_yield();                                     \
            } else {                                              \
                gort_sleep(100 * GORT_MICROSECOND);               \
            }                                                     \
        }                                                         \
    } while (0)

static inline gort_chan *new_chan(size_t elem_size, size_t capacity)
{
    gort_chan *chan = gort_chan_new(elem_size, capacity);
    CHECK(chan != NULL);
    return chan;
}

static inline void spawn(gort_func fn, void *arg)
{
    CHECK_STATUS(gort_go(fn, arg), GORT_OK);
}

/* As spawn; the name is copied. */
static inline void spawn_named(const char *name, gort_func fn, void *arg)
{
    gort_go_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.name = name;
    CHECK_STATUS(gort_go_with(&options, fn, arg), GORT_OK);
}

/* Long enough for whoever has said that it is about to block to have blocked. What depends
 * on it holds in either case, except the order of waiters, for which there is no other sign. */
static inline void settle(void)
{
    for (int i = 0; i < 20; i++) {
        gort_yield();
    }
    gort_sleep(2 * GORT_MILLISECOND);
}

struct check_thread {
    void *(*fn)(void *);
    void *arg;
    sem_t known;
};

static inline void *check_thread_body(void *arg)
{
    struct check_thread thread = *(struct check_thread *)arg;
    gort_yield();
    sem_post(&((struct check_thread *)arg)->known);
    return thread.fn(thread.arg);
}

/* A thread that has called the library already when this returns: what it may still wake is no deadlock. */
static inline pthread_t plain_thread(void *(*fn)(void *), void *arg)
{
    struct check_thread start;
    start.fn = fn;
    start.arg = arg;
    CHECK_EQ(sem_init(&start.known, 0, 0), 0);
    pthread_t thread = bare_thread(check_thread_body, &start);
    while (sem_wait(&start.known) != 0) {
        CHECK_EQ(errno, EINTR);
    }
    sem_destroy(&start.known);
    return thread;
}

struct check_call {
    gort_func fn;
    void *arg;
    sem_t over;
};

static inline void check_call_in_goroutine(void *arg)
{
    struct check_call *call = (struct check_call *)arg;
    call->fn(call->arg);
    sem_post(&call->over);
}

/* From a plain thread: fn(arg) in a goroutine, without any gort_run. */
static inline void run_in_goroutine(gort_func fn, void *arg)
{
    struct check_call call;
    call.fn = fn;
    call.arg = arg;
    CHECK_EQ(sem_init(&call.over, 0, 0), 0);
    spawn(check_call_in_goroutine, &call);
    while (sem_wait(&call.over) != 0) {
        CHECK_EQ(errno, EINTR);
    }
    sem_destroy(&call.over);
}

static inline void run_main(gort_func fn, void *arg)
{
    CHECK_STATUS(gort_run(fn, arg), GORT_OK);
}

static inline void *check_call_on_thread(void *arg)
{
    struct check_call *call = (struct check_call *)arg;
    call->fn(call->arg);
    return NULL;
}

static inline void run_on_thread(gort_func fn, void *arg)
{
    struct check_call call;
    call.fn = fn;
    call.arg = arg;
    join_thread(plain_thread(check_call_on_thread, &call));
}

/* The whole of a property, wherever it may be asked for. */
static inline void run_every_way(gort_func fn, void *arg)
{
    fn(arg);
    run_in_goroutine(fn, arg);
    run_main(fn, arg);
    run_on_thread(fn, arg);
}

#endif /* CHECK_WITHOUT_LIBRARY */
#endif
