/*
 * io_wait: gort_fd_wait tells which of the events wanted are there, times out and not
 * early, has several waiters on one descriptor, and leaves O_NONBLOCK alone.
 */
/* needs: io */
/* also: c++ */
#include "check.h"
#include "io.h"

static gort_waitgroup group;

static void writes_soon(void *arg)
{
    gort_sleep(GORT_MILLISECOND);
    CHECK_EQ(write(*(int *)arg, "xyz", 3), 3);
}

static void tells_events(void *arg)
{
    (void)arg;
    struct ends ends = new_socketpair();
    int fd = ends.fds[0];
    uint32_t ready = 99;
    CHECK_STATUS(gort_fd_wait(fd, GORT_WRITABLE, -1, &ready), GORT_OK);
    CHECK_EQ(ready, GORT_WRITABLE);
    CHECK_STATUS(gort_fd_wait(fd, GORT_READABLE | GORT_WRITABLE, GORT_HOUR, &ready), GORT_OK);
    CHECK_EQ(ready, GORT_WRITABLE);
    CHECK_STATUS(gort_fd_wait(fd, GORT_READABLE, 0, &ready), GORT_DEADLINE_EXCEEDED);
    int64_t begin = gort_now();
    CHECK_STATUS(gort_fd_wait(fd, GORT_READABLE, 2 * GORT_MILLISECOND, NULL), GORT_DEADLINE_EXCEEDED);
    CHECK(gort_now() - begin >= 2 * GORT_MILLISECOND);

    CHECK_STATUS(gort_waitgroup_go(&group, writes_soon, &ends.fds[1]), GORT_OK);
    ready = 0;
    CHECK_STATUS(gort_fd_wait(fd, GORT_READABLE, -1, &ready), GORT_OK);
    CHECK_EQ(ready, GORT_READABLE);
    gort_waitgroup_wait(&group);
    /* What is ready wins over a time that has passed. */
    CHECK_STATUS(gort_fd_wait(fd, GORT_READABLE | GORT_WRITABLE, 0, &ready), GORT_OK);
    CHECK_EQ(ready, GORT_READABLE | GORT_WRITABLE);
    CHECK_STATUS(gort_fd_wait(fd, GORT_READABLE, 0, NULL), GORT_OK); /* a state, and no event that is used up */
    CHECK_STATUS(gort_fd_wait(fd, GORT_READABLE, 0, NULL), GORT_OK);
    char text[3];
    CHECK_EQ(read(fd, text, 3), 3);
    CHECK_STATUS(gort_fd_wait(fd, GORT_READABLE, 0, NULL), GORT_DEADLINE_EXCEEDED);
    CHECK_EQ(gort_close(ends.fds[1]), 0);
    CHECK_STATUS(gort_fd_wait(fd, GORT_READABLE, -1, &ready), GORT_OK); /* the end can be read */
    CHECK_EQ(ready, GORT_READABLE);
    CHECK_EQ(gort_close(fd), 0);
}

static void leaves_flags_alone(void *arg)
{
    (void)arg;
    struct ends ends = new_pipe();
    CHECK_STATUS(gort_fd_wait(ends.fds[0], GORT_READABLE, GORT_MILLISECOND, NULL), GORT_DEADLINE_EXCEEDED);
    CHECK_STATUS(gort_fd_wait(ends.fds[1], GORT_WRITABLE, GORT_MILLISECOND, NULL), GORT_OK);
    CHECK_EQ(fcntl(ends.fds[0], F_GETFL) & O_NONBLOCK, 0);
    CHECK_EQ(fcntl(ends.fds[1], F_GETFL) & O_NONBLOCK, 0);
    close_ends(ends);
}

static void bad_arguments(void *arg)
{
    (void)arg;
    struct ends ends = new_pipe();
    CHECK_REFUSED(gort_fd_wait(ends.fds[0], 0, 0, NULL), GORT_INVALID);
    CHECK_REFUSED(gort_fd_wait(ends.fds[0], 64, 0, NULL), GORT_INVALID);
    close_ends(ends);
}

static int woken;

static void waits_readable(void *arg)
{
    uint32_t ready = 0;
    CHECK_STATUS(gort_fd_wait(*(int *)arg, GORT_READABLE, -1, &ready), GORT_OK);
    CHECK_EQ(ready, GORT_READABLE);
    ATOMIC_ADD(&woken, 1);
}

static void waits_in_vain(void *arg)
{
    CHECK_STATUS(gort_fd_wait(*(int *)arg, GORT_READABLE, 2 * GORT_MILLISECOND, NULL), GORT_DEADLINE_EXCEEDED);
}

static void *waits_on_thread(void *arg)
{
    waits_readable(arg);
    return NULL;
}

/* Many on one descriptor: all see that it is readable; who timed out is not in their way. */
static void several_waiters(void *arg)
{
    (void)arg;
    for (int round = 0; round < 10; round++) {
        struct ends ends = round % 2 == 0 ? new_pipe() : new_socketpair();
        ATOMIC_SET(&woken, 0);
        pthread_t thread = plain_thread(waits_on_thread, &ends.fds[0]);
        for (int i = 0; i < 8; i++) {
            CHECK_STATUS(gort_waitgroup_go(&group, waits_readable, &ends.fds[0]), GORT_OK);
        }
        gort_waitgroup in_vain = {{0}};
        for (int i = 0; i < 8; i++) {
            CHECK_STATUS(gort_waitgroup_go(&in_vain, waits_in_vain, &ends.fds[0]), GORT_OK);
        }
        gort_waitgroup_wait(&in_vain);
        CHECK_EQ(ATOMIC_GET(&woken), 0);
        CHECK_EQ(write(ends.fds[1], "x", 1), 1);
        gort_waitgroup_wait(&group);
        join_thread(thread);
        CHECK_EQ(woken, 9);
        close_ends(ends);
    }
}

int main(void)
{
    run_every_way(tells_events, NULL);
    run_every_way(leaves_flags_alone, NULL);
    run_every_way(bad_arguments, NULL);
    run_every_way(several_waiters, NULL);
    return EXIT_SUCCESS;
}
