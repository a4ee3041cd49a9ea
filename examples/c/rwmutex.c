/*
 * rwmutex: any number of readers at once, or one writer. Four readers meet inside
 * the lock, which only works when they are let in together; a writer that comes
 * meanwhile waits for all of them, and while it waits no new reader gets in.
 *
 *   rwmutex
 */
#include "example.h"

#include <stdatomic.h>

enum { READERS = 4 };

struct shared {
    gort_rwmutex lock;
    char secret[16];
    gort_waitgroup inside; /* counts down as the readers get in */
    gort_chan *leave;      /* closed when they may go out again */
    atomic_int readers_now;
};

static void reader(void *arg)
{
    struct shared *shared = arg;
    gort_rwmutex_rlock(&shared->lock);
    atomic_fetch_add(&shared->readers_now, 1);
    must(gort_waitgroup_done(&shared->inside), "gort_waitgroup_done");

    gort_chan_recv(shared->leave, NULL);
    printf("reader sees: %s\n", shared->secret);
    atomic_fetch_sub(&shared->readers_now, 1);
    must(gort_rwmutex_runlock(&shared->lock), "gort_rwmutex_runlock");
}

static void writer(void *arg)
{
    struct shared *shared = arg;
    gort_rwmutex_lock(&shared->lock);
    printf("writer sees %d readers\n", atomic_load(&shared->readers_now));
    snprintf(shared->secret, sizeof shared->secret, "%s", "changed");
    must(gort_rwmutex_unlock(&shared->lock), "gort_rwmutex_unlock");
}

static void main_goroutine(void *arg)
{
    struct shared *shared = arg;
    gort_waitgroup group = {{0}};
    shared->leave = must_chan(0, 0);

    must(gort_waitgroup_add(&shared->inside, READERS), "gort_waitgroup_add");
    for (int i = 0; i < READERS; i++) {
        must(gort_waitgroup_go(&group, reader, shared), "gort_waitgroup_go");
    }
    gort_waitgroup_wait(&shared->inside);
    printf("%d readers at once\n", atomic_load(&shared->readers_now));
    printf("try_lock beside them: %s\n", gort_rwmutex_try_lock(&shared->lock) ? "true" : "false");

    must(gort_waitgroup_go(&group, writer, shared), "gort_waitgroup_go");
    while (gort_rwmutex_try_rlock(&shared->lock)) { /* until the writer waits */
        must(gort_rwmutex_runlock(&shared->lock), "gort_rwmutex_runlock");
        gort_sleep(GORT_MILLISECOND);
    }
    printf("the writer waits: no new reader gets in\n");

    must(gort_chan_close(shared->leave), "gort_chan_close");
    gort_waitgroup_wait(&group);
    gort_rwmutex_rlock(&shared->lock);
    printf("main sees: %s\n", shared->secret);
    must(gort_rwmutex_runlock(&shared->lock), "gort_rwmutex_runlock");
    gort_chan_release(shared->leave);
}

int main(int argc, char **argv)
{
    struct shared shared = {.secret = "first"};
    if (argc != 1) {
        return usage(argv[0], "");
    }
    return run_main(main_goroutine, &shared);
}
