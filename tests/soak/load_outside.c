/*
 * load_outside.c: what the runtime shares with the rest of the process: descriptors, plain
 * threads, goroutines that keep their thread, computing and blocking code that does not call,
 * and a number of Ps that changes under all of them.
 */
#include "soak.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <time.h>

enum { BYTES = 100000, THREADS = 4, TIMES = 200 };

/* ---- bytes through a socket pair: all come, in order, and come back */

static unsigned char byte_at(size_t position)
{
    return (unsigned char)(position * 31 + position / 251);
}

static void write_all(void *arg)
{
    int fd = *(int *)arg;
    unsigned char chunk[4096];
    for (size_t done = 0; done < BYTES;) {
        size_t n = BYTES - done < sizeof chunk ? BYTES - done : sizeof chunk;
        for (size_t i = 0; i < n; i++) {
            chunk[i] = byte_at(done + i);
        }
        ssize_t written = gort_write(fd, chunk, n);
        CHECK(written > 0);
        done += (size_t)written;
    }
    CHECK_EQ(shutdown(fd, SHUT_WR), 0);
}

static void echo_back(void *arg)
{
    int fd = *(int *)arg;
    unsigned char chunk[1000];
    for (;;) {
        ssize_t n = gort_read(fd, chunk, sizeof chunk);
        CHECK(n >= 0);
        if (n == 0) {
            break;
        }
        for (ssize_t done = 0; done < n;) {
            ssize_t written = gort_write(fd, chunk + done, (size_t)(n - done));
            CHECK(written > 0);
            done += written;
        }
    }
    CHECK_EQ(gort_close(fd), 0);
}

void soak_sockets(struct rng *rng)
{
    int ends[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    CHECK_STATUS(gort_go_copy(echo_back, &ends[1], sizeof ends[1]), GORT_OK);
    CHECK_STATUS(gort_go_copy(write_all, &ends[0], sizeof ends[0]), GORT_OK);
    unsigned char chunk[3000];
    size_t done = 0;
    for (;;) {
        if (rng_below(rng, 8) == 0) {
            uint32_t ready = 0;
            CHECK_STATUS(gort_fd_wait(ends[0], GORT_READABLE, -1, &ready), GORT_OK);
            CHECK(ready & GORT_READABLE);
        }
        ssize_t n = gort_read(ends[0], chunk, sizeof chunk);
        CHECK(n >= 0);
        if (n == 0) {
            break;
        }
        for (ssize_t i = 0; i < n; i++) {
            CHECK_EQ(chunk[i], byte_at(done + (size_t)i));
        }
        done += (size_t)n;
    }
    CHECK_EQ(done, BYTES);
    CHECK_EQ(gort_close(ends[0]), 0);
}

/* ---- a descriptor closed while others wait for it, and one whose wait times out */

struct waits {
    int fd;
    int ended;
    gort_waitgroup over;
};

static void wait_for_close(void *arg)
{
    struct waits *waits = arg;
    char byte;
    CHECK_EQ(gort_read(waits->fd, &byte, 1), -1);
    CHECK_EQ(gort_errno(), EBADF);
    ATOMIC_ADD(&waits->ended, 1);
}

void soak_pipe_close(struct rng *rng)
{
    enum { READERS = 2, PRIVATE = 500 };
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    /* A number no other load gets: a reader that comes only after the close must not read from what is not ours. */
    int fd = fcntl(ends[0], F_DUPFD_CLOEXEC, PRIVATE);
    CHECK(fd >= PRIVATE);
    CHECK_EQ(close(ends[0]), 0);
    uint32_t ready;
    CHECK_STATUS(gort_fd_wait(fd, GORT_READABLE, (gort_duration)rng_below(rng, 100) * GORT_MICROSECOND, &ready),
                 GORT_DEADLINE_EXCEEDED);
    struct waits waits;
    memset(&waits, 0, sizeof waits);
    waits.fd = fd;
    for (int i = 0; i < READERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&waits.over, wait_for_close, &waits), GORT_OK);
    }
    gort_sleep((gort_duration)rng_below(rng, 2000) * GORT_MICROSECOND);
    CHECK_EQ(gort_close(fd), 0);
    gort_waitgroup_wait(&waits.over);
    CHECK_EQ(waits.ended, READERS);
    CHECK_EQ(gort_close(ends[1]), 0);
}

/* ---- plain threads among goroutines: new ones each round, so that their ends are seen too */

struct mixed {
    gort_chan *there, *back;
    gort_mutex mutex;
    gort_sem sem;
    gort_waitgroup over;
    uint64_t protected_count;
};

static void count_up(struct mixed *mixed)
{
    gort_mutex_lock(&mixed->mutex);
    mixed->protected_count++;
    CHECK_STATUS(gort_mutex_unlock(&mixed->mutex), GORT_OK);
    CHECK_STATUS(gort_sem_acquire(&mixed->sem, NULL, 1), GORT_OK);
    CHECK_STATUS(gort_sem_release(&mixed->sem, 1), GORT_OK);
}

static void *thread_body(void *arg)
{
    struct mixed *mixed = arg;
    for (int i = 0; i < TIMES; i++) {
        int in = -1, out = i;
        CHECK_STATUS(gort_chan_send(mixed->there, &out), GORT_OK);
        gort_case cases[] = {GORT_RECV_CASE(mixed->back, &in)};
        CHECK_EQ(i % 2 == 0 ? gort_select(cases, 1) : gort_select_timeout(cases, 1, GORT_HOUR), 0);
        CHECK(in >= 1000);
        count_up(mixed);
    }
    CHECK_STATUS(gort_waitgroup_done(&mixed->over), GORT_OK);
    return NULL;
}

static void answer(void *arg)
{
    struct mixed *mixed = arg;
    for (int i = 0; i < TIMES; i++) {
        int value = -1;
        CHECK_STATUS(gort_chan_recv(mixed->there, &value), GORT_OK);
        CHECK(value >= 0 && value < TIMES);
        count_up(mixed);
        value += 1000;
        CHECK_STATUS(gort_chan_send(mixed->back, &value), GORT_OK);
    }
}

void soak_threads(struct rng *rng)
{
    struct mixed mixed;
    memset(&mixed, 0, sizeof mixed);
    mixed.there = new_chan(sizeof(int), rng_below(rng, 3));
    mixed.back = new_chan(sizeof(int), rng_below(rng, 3));
    CHECK_STATUS(gort_sem_init(&mixed.sem, 2), GORT_OK);
    CHECK_STATUS(gort_waitgroup_add(&mixed.over, THREADS), GORT_OK);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        threads[i] = bare_thread(thread_body, &mixed);
        CHECK_STATUS(gort_waitgroup_go(&mixed.over, answer, &mixed), GORT_OK);
    }
    gort_waitgroup_wait(&mixed.over);
    for (int i = 0; i < THREADS; i++) {
        join_thread(threads[i]);
    }
    CHECK_EQ(mixed.protected_count, 2 * THREADS * TIMES);
    gort_chan_release(mixed.there);
    gort_chan_release(mixed.back);
}

/* ---- computing and sleeping without a call, with and without saying so */

static void compute_for(gort_duration d)
{
    int64_t end = gort_now() + d;
    volatile uint64_t work = 0;
    while (gort_now() < end) {
        for (int i = 0; i < 100000; i++) {
            work += (uint64_t)i;
        }
    }
}

void soak_hog(struct rng *rng)
{
    struct timespec nap = {0, 15000000};
    switch (rng_below(rng, 4)) {
    case 0:
        compute_for(20 * GORT_MILLISECOND);
        break;
    case 1:
        gort_block_enter();
        nanosleep(&nap, NULL);
        gort_block_exit();
        break;
    case 2:
        nanosleep(&nap, NULL);
        break;
    default:
        gort_sleep(30 * GORT_MILLISECOND);
    }
}

/* ---- goroutines that keep their thread */

static void locked_answer(void *arg)
{
    struct mixed *mixed = arg;
    CHECK_STATUS(gort_lock_os_thread(), GORT_OK);
    pthread_t self = pthread_self();
    for (int i = 0; i < TIMES; i++) {
        int value = -1;
        CHECK_STATUS(gort_chan_recv(mixed->there, &value), GORT_OK);
        CHECK_EQ(value, i);
        CHECK(pthread_equal(self, pthread_self()));
        CHECK_STATUS(gort_chan_send(mixed->back, &value), GORT_OK);
    }
    if (gort_goroutine_id() % 2 == 0) { /* else it ends locked, as Go's may */
        CHECK_STATUS(gort_unlock_os_thread(), GORT_OK);
    }
}

void soak_locked(struct rng *rng)
{
    struct mixed mixed;
    memset(&mixed, 0, sizeof mixed);
    mixed.there = new_chan(sizeof(int), 0);
    mixed.back = new_chan(sizeof(int), rng_below(rng, 2));
    CHECK_STATUS(gort_waitgroup_go(&mixed.over, locked_answer, &mixed), GORT_OK);
    for (int i = 0; i < TIMES; i++) {
        int value = -1;
        CHECK_STATUS(gort_chan_send(mixed.there, &i), GORT_OK);
        CHECK_STATUS(gort_chan_recv(mixed.back, &value), GORT_OK);
        CHECK_EQ(value, i);
    }
    gort_waitgroup_wait(&mixed.over);
    gort_chan_release(mixed.there);
    gort_chan_release(mixed.back);
}

/* ---- the number of Ps, and those who look */

void soak_gomaxprocs(struct rng *rng)
{
    int want = (int)rng_below(rng, 8) + 1;
    CHECK(gort_gomaxprocs(want) >= 1);
    CHECK_EQ(gort_gomaxprocs(0), want); /* nobody else sets it */
    gort_sleep((gort_duration)rng_below(rng, 30) * GORT_MILLISECOND);
}

void soak_look(struct rng *rng)
{
    static int null = -1;
    if (null < 0) {
        null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        CHECK(null >= 0);
    }
    CHECK_STATUS(gort_dump(null), GORT_OK);
    gort_stats stats;
    stats.struct_size = sizeof stats;
    CHECK_STATUS(gort_stats_read(&stats), GORT_OK);
    CHECK(stats.goroutines >= 1 && stats.goroutines <= stats.goroutines_created);
    CHECK(gort_num_goroutine() >= 1);
    gort_sleep((gort_duration)rng_below(rng, 50) * GORT_MILLISECOND);
}
