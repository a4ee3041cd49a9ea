/*
 * io: sockets, pipes, TCP and regular files as with the system calls, but only the
 * goroutine waits: whole streams, ends and errors, close under a waiter, fd_wait's events
 * and timeouts, and hundreds of waiters at once.
 */
/* needs: io */
#include "check.h"

#include <fcntl.h>
#include <netinet/in.h>

enum { STREAM = 1 << 20, CHUNK = 7001, CLIENTS = 40, EXCHANGES = 10, SLEEPERS = 200, CLOSES = 60 };

static gort_waitgroup group;

static unsigned char pattern(size_t i)
{
    return (unsigned char)(i * 7 + i / 251);
}

static void write_all(int fd, const void *from, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = gort_write(fd, (const char *)from + done, size - done);
        CHECK(n > 0);
        done += (size_t)n;
    }
}

static void read_all(int fd, void *to, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = gort_read(fd, (char *)to + done, size - done);
        CHECK(n > 0);
        done += (size_t)n;
    }
}

static void streams(void *arg)
{
    int fd = *(int *)arg;
    unsigned char *bytes = check_alloc(STREAM);
    for (size_t i = 0; i < STREAM; i++) {
        bytes[i] = pattern(i);
    }
    write_all(fd, bytes, STREAM);
    free(bytes);
    CHECK_EQ(gort_close(fd), 0);
}

static void expect_stream(int from, int to)
{
    CHECK_STATUS(gort_waitgroup_go(&group, streams, &to), GORT_OK);
    unsigned char chunk[CHUNK];
    size_t got = 0;
    for (ssize_t n = gort_read(from, chunk, sizeof chunk); n != 0; n = gort_read(from, chunk, sizeof chunk)) {
        CHECK(n > 0);
        for (ssize_t i = 0; i < n; i++) {
            CHECK_EQ(chunk[i], pattern(got + (size_t)i));
        }
        got += (size_t)n;
    }
    CHECK_EQ(got, STREAM);
    gort_waitgroup_wait(&group);
    CHECK_EQ(gort_close(from), 0);
}

static void whole_streams(void *arg)
{
    (void)arg;
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    expect_stream(ends[0], ends[1]);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    expect_stream(ends[0], ends[1]);
}

static void ends_and_errors(void *arg)
{
    (void)arg;
    int ends[2];
    char byte = 'b';
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(gort_write(ends[1], &byte, 1), 1);
    CHECK_EQ(gort_write(ends[1], &byte, 0), 0);
    CHECK_EQ(gort_close(ends[1]), 0);
    CHECK_EQ(gort_read(ends[0], &byte, 1), 1);
    CHECK_EQ(gort_read(ends[0], &byte, 1), 0);
    CHECK_EQ(gort_write(ends[0], &byte, 1), -1);
    CHECK_EQ(gort_errno(), EBADF); /* open for reading only */
    CHECK_EQ(gort_close(ends[0]), 0);

    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(gort_close(ends[0]), 0);
    CHECK_EQ(gort_write(ends[1], &byte, 1), -1);
    CHECK_EQ(gort_errno(), EPIPE);
    CHECK_EQ(gort_close(ends[1]), 0);

    uint32_t ready = 77;
    CHECK_EQ(gort_read(-1, &byte, 1), -1);
    CHECK_EQ(gort_errno(), EBADF);
    CHECK_EQ(gort_write(-1, &byte, 1), -1);
    CHECK_EQ(gort_accept(-1, NULL, NULL), -1);
    CHECK_EQ(gort_close(-1), -1);
    CHECK_EQ(gort_errno(), EBADF);
    CHECK_REFUSED(gort_fd_wait(-1, GORT_READABLE, 0, &ready), GORT_OS_ERROR);
    CHECK_EQ(gort_errno(), EBADF);
    CHECK_REFUSED(gort_fd_wait(0, 0, 0, &ready), GORT_INVALID);
    CHECK_EQ(ready, 77);
}

static void fd_wait(void *arg)
{
    (void)arg;
    int ends[2];
    char byte = 'b';
    uint32_t ready = 0;
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    int flags = fcntl(ends[0], F_GETFL);
    CHECK_REFUSED(gort_fd_wait(ends[0], GORT_READABLE, 0, NULL), GORT_DEADLINE_EXCEEDED);
    int64_t start = gort_now();
    CHECK_REFUSED(gort_fd_wait(ends[0], GORT_READABLE, 5 * GORT_MILLISECOND, NULL), GORT_DEADLINE_EXCEEDED);
    CHECK(gort_now() - start >= 5 * GORT_MILLISECOND);
    CHECK_STATUS(gort_fd_wait(ends[0], GORT_WRITABLE, 0, &ready), GORT_OK); /* what is ready wins */
    CHECK_EQ(ready, GORT_WRITABLE);
    CHECK_STATUS(gort_fd_wait(ends[0], GORT_READABLE | GORT_WRITABLE, -1, &ready), GORT_OK);
    CHECK_EQ(ready, GORT_WRITABLE);
    CHECK_EQ(write(ends[1], &byte, 1), 1);
    CHECK_STATUS(gort_fd_wait(ends[0], GORT_READABLE, -1, &ready), GORT_OK);
    CHECK_EQ(ready, GORT_READABLE);
    CHECK_STATUS(gort_fd_wait(ends[0], GORT_READABLE | GORT_WRITABLE, GORT_SECOND, &ready), GORT_OK);
    CHECK_EQ(ready, GORT_READABLE | GORT_WRITABLE);
    CHECK_EQ(fcntl(ends[0], F_GETFL), flags);
    CHECK_EQ(gort_read(ends[0], &byte, 1), 1);
    CHECK_EQ(gort_close(ends[1]), 0);
    CHECK_STATUS(gort_fd_wait(ends[0], GORT_READABLE, -1, &ready), GORT_OK); /* a hang-up is ready */
    CHECK((ready & GORT_READABLE) != 0);
    CHECK_EQ(gort_close(ends[0]), 0);
}

struct waiter {
    int fd, kind, waiting;
};

static void waits_for_close(void *arg)
{
    struct waiter *waiter = arg;
    char byte;
    ATOMIC_SET(&waiter->waiting, 1);
    if (waiter->kind == 0) {
        CHECK_EQ(gort_read(waiter->fd, &byte, 1), -1);
    } else if (waiter->kind == 1) {
        CHECK_EQ(gort_accept(waiter->fd, NULL, NULL), -1);
    } else {
        CHECK_REFUSED(gort_fd_wait(waiter->fd, GORT_READABLE, waiter->kind == 2 ? -1 : GORT_HOUR, NULL), GORT_OS_ERROR);
    }
    CHECK_EQ(gort_errno(), EBADF);
}

static int listener(struct sockaddr_in *address)
{
    socklen_t length = sizeof *address;
    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    CHECK_EQ(bind(fd, (struct sockaddr *)address, length), 0);
    CHECK_EQ(listen(fd, CLIENTS), 0);
    CHECK_EQ(getsockname(fd, (struct sockaddr *)address, &length), 0);
    return fd;
}

static void close_wakes(void *arg)
{
    (void)arg;
    for (int i = 0; i < CLOSES; i++) {
        struct sockaddr_in address;
        struct waiter waiter = {-1, i % 4, 0};
        int ends[2] = {-1, -1};
        if (waiter.kind == 1) {
            waiter.fd = listener(&address);
        } else {
            CHECK_EQ(i % 8 < 4 ? pipe(ends) : socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
            waiter.fd = ends[0];
        }
        CHECK_STATUS(gort_waitgroup_go(&group, waits_for_close, &waiter), GORT_OK);
        WAIT_UNTIL(ATOMIC_GET(&waiter.waiting) == 1);
        if (i % 3 != 0) {
            settle();
        }
        CHECK_EQ(gort_close(waiter.fd), 0);
        gort_waitgroup_wait(&group);
        if (ends[1] >= 0) {
            CHECK_EQ(gort_close(ends[1]), 0);
        }
    }
}

static void serves(void *arg)
{
    int fd = *(int *)arg;
    uint32_t number = 0;
    for (int i = 0; i < EXCHANGES; i++) {
        read_all(fd, &number, sizeof number);
        number = ~number;
        write_all(fd, &number, sizeof number);
    }
    CHECK_EQ(gort_read(fd, &number, sizeof number), 0);
    CHECK_EQ(gort_close(fd), 0);
}

static void asks(void *arg)
{
    const struct sockaddr_in *address = arg;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    CHECK_EQ(gort_connect(fd, (const struct sockaddr *)address, sizeof *address), 0);
    for (uint32_t i = 0; i < EXCHANGES; i++) {
        uint32_t number = i * 12345u + (uint32_t)fd, answer = 0;
        write_all(fd, &number, sizeof number);
        read_all(fd, &answer, sizeof answer);
        CHECK_EQ(answer, ~number);
    }
    CHECK_EQ(gort_close(fd), 0);
}

static void tcp(void *arg)
{
    (void)arg;
    struct sockaddr_in address;
    int fd = listener(&address);
    for (int i = 0; i < CLIENTS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, asks, &address), GORT_OK);
    }
    gort_waitgroup servers;
    memset(&servers, 0, sizeof servers);
    int accepted[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        struct sockaddr_in peer;
        socklen_t length = sizeof peer;
        accepted[i] = gort_accept(fd, (struct sockaddr *)&peer, &length);
        CHECK(accepted[i] >= 0);
        CHECK_EQ(length, sizeof peer);
        CHECK_EQ(peer.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
        CHECK((fcntl(accepted[i], F_GETFL) & O_NONBLOCK) != 0);
        CHECK((fcntl(accepted[i], F_GETFD) & FD_CLOEXEC) != 0);
        CHECK_STATUS(gort_waitgroup_go(&servers, serves, &accepted[i]), GORT_OK);
    }
    gort_waitgroup_wait(&group);
    gort_waitgroup_wait(&servers);
    CHECK_EQ(gort_close(fd), 0);

    fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(gort_connect(fd, (struct sockaddr *)&address, sizeof address), -1);
    CHECK_EQ(gort_errno(), ECONNREFUSED);
    CHECK_EQ(gort_close(fd), 0);
}

static void regular_file(void *arg)
{
    (void)arg;
    char path[] = "/tmp/gort-io-XXXXXX";
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    CHECK_EQ(unlink(path), 0);
    int flags = fcntl(fd, F_GETFL);
    char got[8] = {0};
    CHECK_EQ(gort_write(fd, "regular", 7), 7);
    CHECK_EQ(gort_read(fd, got, sizeof got), 0); /* at its end */
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(gort_read(fd, got, sizeof got), 7);
    CHECK_EQ(memcmp(got, "regular", 7), 0);
    CHECK_EQ(fcntl(fd, F_GETFL), flags);
    CHECK_EQ(gort_close(fd), 0);
    CHECK_EQ(gort_read(fd, got, 1), -1);
    CHECK_EQ(gort_errno(), EBADF);
}

static void reads_byte(void *arg)
{
    char byte = 0;
    CHECK_EQ(gort_read(*(int *)arg, &byte, 1), 1);
    CHECK_EQ(byte, 'z');
}

static void many_waiters(void *arg)
{
    (void)arg;
    static int ends[SLEEPERS][2];
    for (int i = 0; i < SLEEPERS; i++) {
        CHECK_EQ(pipe(ends[i]), 0);
        CHECK_STATUS(gort_waitgroup_go(&group, reads_byte, &ends[i][0]), GORT_OK);
    }
    settle();
    CHECK(check_thread_count() < SLEEPERS / 2); /* they do not hold a thread each */
    for (int i = 0; i < SLEEPERS; i++) {
        CHECK_EQ(write(ends[(i * 73) % SLEEPERS][1], "z", 1), 1);
    }
    gort_waitgroup_wait(&group);
    for (int i = 0; i < SLEEPERS; i++) {
        CHECK_EQ(gort_close(ends[i][0]), 0);
        CHECK_EQ(gort_close(ends[i][1]), 0);
    }
}

int main(void)
{
    CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    run_every_way(ends_and_errors, NULL);
    run_every_way(fd_wait, NULL);
    run_every_way(whole_streams, NULL);
    run_every_way(close_wakes, NULL);
    run_every_way(tcp, NULL);
    run_every_way(regular_file, NULL);
    run_every_way(many_waiters, NULL);
    WAIT_UNTIL(gort_num_goroutine() == 0);
    return EXIT_SUCCESS;
}
