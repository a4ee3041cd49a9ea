/*
 * opened LIBRARY: opens the library at run time, calls it first by each of several functions on a
 * thread of its own, and sums up what goroutines on all Ps and a plain thread send.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "gort.h"

enum { SENDERS = 20, MESSAGES = 2000 };

static __typeof__(&gort_run) run;
static __typeof__(&gort_go) go;
static __typeof__(&gort_yield) yield;
static __typeof__(&gort_chan_new) chan_new;
static __typeof__(&gort_chan_send) chan_send;
static __typeof__(&gort_chan_recv) chan_recv;
static __typeof__(&gort_chan_release) chan_release;
static __typeof__(&gort_chan_retain) chan_retain;
static __typeof__(&gort_chan_try_recv) chan_try_recv;
static __typeof__(&gort_mutex_lock) mutex_lock;
static __typeof__(&gort_mutex_unlock) mutex_unlock;
static __typeof__(&gort_rwmutex_rlock) rwmutex_rlock;
static __typeof__(&gort_rwmutex_runlock) rwmutex_runlock;
static __typeof__(&gort_waitgroup_add) waitgroup_add;
static __typeof__(&gort_last_error) last_error;
static gort_chan *channel;
static sem_t is_known;

static void *find(void *library, const char *name)
{
    void *found = dlsym(library, name);
    if (found == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    return found;
}

static void sends(void *arg)
{
    (void)arg;
    for (int64_t i = 0; i < MESSAGES; i++) {
        chan_send(channel, &i);
        if (i % 16 == 0) {
            yield();
        }
    }
}

static void yields(void)
{
    yield();
}

static void tries(void)
{
    chan_try_recv(channel, NULL);
}

static void locks(void)
{
    gort_mutex mutex = {{0}};
    mutex_lock(&mutex);
    mutex_unlock(&mutex);
}

static void reads(void)
{
    gort_rwmutex mutex = {{0}};
    rwmutex_rlock(&mutex);
    rwmutex_runlock(&mutex);
}

static void adds(void)
{
    gort_waitgroup group = {{0}};
    waitgroup_add(&group, 1);
}

static void asks(void)
{
    last_error();
}

enum { CALLS = 6 };
static void (*const calls[CALLS])(void) = {yields, tries, locks, reads, adds, asks};
static pthread_barrier_t all_have_called;

static void *call(void *which)
{
    calls[(intptr_t)which]();
    pthread_barrier_wait(&all_have_called);
    return NULL;
}

/*
 * A thread's first call makes room for its thread-locals, whichever it is, and then its first heap:
 * one that another has left would do, so none ends before the others have theirs.
 */
static void call_first(void)
{
    pthread_t ids[CALLS];
    if (pthread_barrier_init(&all_have_called, NULL, CALLS) != 0) {
        exit(1);
    }
    for (intptr_t i = 0; i < CALLS; i++) {
        if (pthread_create(&ids[i], NULL, call, (void *)i) != 0) {
            exit(1);
        }
    }
    for (int i = 0; i < CALLS; i++) {
        pthread_join(ids[i], NULL);
    }
}

static void *thread(void *arg)
{
    /* Known from now on: while it may send, nothing is a deadlock. */
    chan_retain(channel);
    chan_release(channel);
    sem_post(&is_known);
    sends(arg);
    return NULL;
}

static void body(void *arg)
{
    (void)arg;
    pthread_t id;
    channel = chan_new(sizeof(int64_t), 3);
    call_first();
    if (sem_init(&is_known, 0, 0) != 0 || pthread_create(&id, NULL, thread, NULL) != 0) {
        exit(1);
    }
    while (sem_wait(&is_known) != 0) {
    }
    for (int i = 0; i < SENDERS; i++) {
        go(sends, NULL);
    }
    int64_t sum = 0;
    for (int i = 0; i < (SENDERS + 1) * MESSAGES; i++) {
        int64_t value;
        chan_recv(channel, &value);
        sum += value;
    }
    pthread_join(id, NULL);
    chan_release(channel);
    printf("%d\n", sum == (int64_t)(SENDERS + 1) * MESSAGES * (MESSAGES - 1) / 2);
}

int main(int argc, char **argv)
{
    void *library = dlopen(argc > 1 ? argv[1] : "libgort.so", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    *(void **)&run = find(library, "gort_run");
    *(void **)&go = find(library, "gort_go");
    *(void **)&yield = find(library, "gort_yield");
    *(void **)&chan_new = find(library, "gort_chan_new");
    *(void **)&chan_send = find(library, "gort_chan_send");
    *(void **)&chan_recv = find(library, "gort_chan_recv");
    *(void **)&chan_try_recv = find(library, "gort_chan_try_recv");
    *(void **)&mutex_lock = find(library, "gort_mutex_lock");
    *(void **)&mutex_unlock = find(library, "gort_mutex_unlock");
    *(void **)&rwmutex_rlock = find(library, "gort_rwmutex_rlock");
    *(void **)&rwmutex_runlock = find(library, "gort_rwmutex_runlock");
    *(void **)&waitgroup_add = find(library, "gort_waitgroup_add");
    *(void **)&last_error = find(library, "gort_last_error");
    *(void **)&chan_retain = find(library, "gort_chan_retain");
    *(void **)&chan_release = find(library, "gort_chan_release");
    return run(body, NULL) != GORT_OK;
}
