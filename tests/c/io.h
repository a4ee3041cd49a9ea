/*
 * io.h: descriptors for the tests of the I/O section: pairs, listeners on the loopback,
 * whole reads and writes through the library. Include after check.h.
 */
#ifndef GORT_TEST_IO_H
#define GORT_TEST_IO_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

struct ends {
    int fds[2]; /* of a pipe: to read, to write */
};

static inline struct ends new_pipe(void)
{
    struct ends ends;
    CHECK_EQ(pipe(ends.fds), 0);
    return ends;
}

static inline struct ends new_socketpair(void)
{
    struct ends ends;
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.fds), 0);
    return ends;
}

static inline void close_ends(struct ends ends)
{
    CHECK_EQ(gort_close(ends.fds[0]), 0);
    CHECK_EQ(gort_close(ends.fds[1]), 0);
}

/* A call that must fail with this errno, told by errno and by gort_errno alike. */
#define CHECK_ERRNO(call, wanted)          \
    do {                                   \
        CHECK_EQ((call), -1);              \
        CHECK_EQ(gort_errno(), (wanted));  \
    } while (0)

static inline void write_all(int fd, const void *data, size_t size)
{
    const char *from = (const char *)data;
    while (size > 0) {
        ssize_t wrote = gort_write(fd, from, size);
        CHECK(wrote > 0 && (size_t)wrote <= size);
        from += wrote;
        size -= (size_t)wrote;
    }
}

static inline void read_all(int fd, void *data, size_t size)
{
    char *to = (char *)data;
    while (size > 0) {
        ssize_t got = gort_read(fd, to, size);
        CHECK(got > 0 && (size_t)got <= size);
        to += got;
        size -= (size_t)got;
    }
}

/* A listener on a free port of 127.0.0.1; *address is where it listens. */
static inline int new_listener(struct sockaddr_in *address, int backlog)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof *address;
    CHECK_EQ(bind(fd, (struct sockaddr *)address, length), 0);
    CHECK_EQ(listen(fd, backlog), 0);
    CHECK_EQ(getsockname(fd, (struct sockaddr *)address, &length), 0);
    return fd;
}

static inline int connect_to(const struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    CHECK_EQ(gort_connect(fd, (const struct sockaddr *)address, sizeof *address), 0);
    return fd;
}

#endif
