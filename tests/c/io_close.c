/*
 * io_close: gort_close wakes whoever waits on the descriptor, reader, writer, acceptor and
 * gort_fd_wait, in goroutines and plain threads: they get EBADF; the number may be used
 * again at once and the new file is not mistaken for the old one.
 */
/* needs: io */
#include "check.h"
#include "io.h"

enum { WAITERS = 12, ROUNDS = 100 };

static gort_waitgroup group;
static int about_to_block;
static char large[1 << 20];

struct waiter {
    int fd;
    int kind;
};

static void waits(void *arg)
{
    struct waiter *waiter = arg;
    char byte = 0;
    ATOMIC_ADD(&about_to_block, 1);
    switch (waiter->kind) {
    case 0:
        CHECK_ERRNO(gort_read(waiter->fd, &byte, 1), EBADF);
        break;
    case 1: { /* the first writes fill the buffer */
        ssize_t wrote = 1;
        while (wrote > 0) {
            wrote = gort_write(waiter->fd, large, sizeof large);
        }
        CHECK_EQ(wrote, -1);
        CHECK_EQ(gort_errno(), EBADF);
        break;
    }
    case 2:
        CHECK_ERRNO(gort_accept(waiter->fd, NULL, NULL), EBADF);
        break;
    default:
        CHECK_REFUSED(gort_fd_wait(waiter->fd, GORT_READABLE, -1, NULL), GORT_OS_ERROR);
        CHECK_EQ(gort_errno(), EBADF);
        break;
    }
    CHECK_STATUS(gort_waitgroup_done(&group), GORT_OK);
}

static void *waits_on_thread(void *arg)
{
    waits(arg);
    return NULL;
}

static void close_wakes(const int *kinds, int kind_count, int fd)
{
    struct waiter waiters[WAITERS];
    pthread_t threads[2];
    int thread_count = 0;
    ATOMIC_SET(&about_to_block, 0);
    CHECK_STATUS(gort_waitgroup_add(&group, WAITERS), GORT_OK);
    for (int i = 0; i < WAITERS; i++) {
        waiters[i].fd = fd;
        waiters[i].kind = kinds[i % kind_count];
        if (i < 2) {
            threads[thread_count++] = plain_thread(waits_on_thread, &waiters[i]);
        } else {
            spawn(waits, &waiters[i]);
        }
    }
    WAIT_UNTIL(ATOMIC_GET(&about_to_block) == WAITERS);
    settle();
    gort_sleep(3 * GORT_MILLISECOND); /* a call that begins after the close might find another file there */
    CHECK_EQ(gort_close(fd), 0);
    gort_waitgroup_wait(&group);
    for (int i = 0; i < thread_count; i++) {
        join_thread(threads[i]);
    }
}

static void each_kind(void *arg)
{
    (void)arg;
    static const int STREAM[] = {0, 1, 3}, LISTENER[] = {2, 3}, PIPE[] = {0, 3};
    struct ends ends = new_socketpair();
    close_wakes(STREAM, 3, ends.fds[0]);
    CHECK_EQ(gort_close(ends.fds[1]), 0);
    ends = new_pipe();
    close_wakes(PIPE, 2, ends.fds[0]);
    CHECK_EQ(gort_close(ends.fds[1]), 0);
    struct sockaddr_in address;
    close_wakes(LISTENER, 2, new_listener(&address, 1));
}

static void number_used_again(void *arg)
{
    (void)arg;
    char byte = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct ends one = i % 2 == 0 ? new_pipe() : new_socketpair();
        CHECK_STATUS(gort_fd_wait(one.fds[0], GORT_READABLE, 0, NULL), GORT_DEADLINE_EXCEEDED);
        CHECK_EQ(gort_write(one.fds[1], "a", 1), 1);
        CHECK_STATUS(gort_fd_wait(one.fds[0], GORT_READABLE, -1, NULL), GORT_OK); /* readable: a state that must not stick */
        close_ends(one);
        struct ends two = i % 3 == 0 ? new_pipe() : new_socketpair();
        CHECK_STATUS(gort_fd_wait(two.fds[0], GORT_READABLE, 100 * GORT_MICROSECOND, NULL), GORT_DEADLINE_EXCEEDED);
        CHECK_EQ(gort_write(two.fds[1], "b", 1), 1);
        CHECK_EQ(gort_read(two.fds[0], &byte, 1), 1);
        CHECK_EQ(byte, 'b');
        close_ends(two);
    }
}

static void bad_descriptors(void *arg)
{
    (void)arg;
    char byte = 0;
    struct ends ends = new_pipe();
    close_ends(ends);
    int bad[] = {-1, ends.fds[0], 1 << 20};
    for (int i = 0; i < 3; i++) {
        CHECK_ERRNO(gort_read(bad[i], &byte, 1), EBADF);
        CHECK_ERRNO(gort_write(bad[i], &byte, 1), EBADF);
        CHECK_ERRNO(gort_accept(bad[i], NULL, NULL), EBADF);
        struct sockaddr_in address;
        memset(&address, 0, sizeof address);
        CHECK_ERRNO(gort_connect(bad[i], (struct sockaddr *)&address, sizeof address), EBADF);
        CHECK_ERRNO(gort_close(bad[i]), EBADF);
        CHECK_REFUSED(gort_fd_wait(bad[i], GORT_READABLE, GORT_HOUR, NULL), GORT_OS_ERROR);
        CHECK_EQ(gort_errno(), EBADF);
    }
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < 3; i++) {
        each_kind(NULL);
        run_main(each_kind, NULL);
    }
    run_every_way(number_used_again, NULL);
    run_every_way(bad_descriptors, NULL);
    return EXIT_SUCCESS;
}
