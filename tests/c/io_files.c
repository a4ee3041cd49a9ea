/*
 * io_files: regular files, directories and devices, which no poller takes, work through
 * the same calls; reads and writes of nothing; errno stays with the goroutine.
 */
/* needs: io */
#include "check.h"
#include "io.h"

enum { SIZE = 300000, WORKERS = 8 };

static gort_waitgroup group;

static int temporary_file(void)
{
    FILE *file = tmpfile();
    CHECK(file != NULL);
    int fd = dup(fileno(file));
    CHECK(fd >= 0);
    fclose(file);
    return fd;
}

static void file(void *arg)
{
    (void)arg;
    int fd = temporary_file();
    unsigned char *data = check_alloc(SIZE), *back = check_alloc(SIZE);
    for (size_t i = 0; i < SIZE; i++) {
        data[i] = (unsigned char)(i * 17 + i / 256);
    }
    write_all(fd, data, SIZE);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), SIZE);
    CHECK_EQ(gort_read(fd, back, SIZE), 0); /* the end */
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    read_all(fd, back, SIZE);
    CHECK(memcmp(data, back, SIZE) == 0);
    uint32_t ready = 0;
    gort_status status = gort_fd_wait(fd, GORT_READABLE | GORT_WRITABLE, GORT_HOUR, &ready);
    CHECK(status == GORT_OK); /* as with poll(2): always ready */
    CHECK_EQ(ready, GORT_READABLE | GORT_WRITABLE);
    CHECK_EQ(gort_close(fd), 0);
    free(data);
    free(back);
}

static void odd_ones(void *arg)
{
    (void)arg;
    char byte = 1;
    int zero = open("/dev/zero", O_RDONLY), null = open("/dev/null", O_WRONLY), here = open(".", O_RDONLY);
    CHECK(zero >= 0 && null >= 0 && here >= 0);
    CHECK_EQ(gort_read(zero, &byte, 1), 1);
    CHECK_EQ(byte, 0);
    CHECK_EQ(gort_write(null, &byte, 1), 1);
    CHECK_ERRNO(gort_read(here, &byte, 1), EISDIR);
    CHECK_ERRNO(gort_read(null, &byte, 1), EBADF); /* not open for reading */
    CHECK_ERRNO(gort_accept(zero, NULL, NULL), ENOTSOCK);
    CHECK_EQ(gort_close(zero), 0);
    CHECK_EQ(gort_close(null), 0);
    CHECK_EQ(gort_close(here), 0);

    struct ends ends = new_socketpair();
    CHECK_EQ(gort_write(ends.fds[0], &byte, 0), 0);
    CHECK_EQ(gort_read(ends.fds[0], &byte, 0), 0); /* does not wait for anything */
    CHECK_ERRNO(gort_accept(ends.fds[0], NULL, NULL), EINVAL); /* listens to nobody */
    close_ends(ends);
    ends = new_pipe();
    CHECK_ERRNO(gort_read(ends.fds[1], &byte, 1), EBADF);
    CHECK_ERRNO(gort_write(ends.fds[0], &byte, 1), EBADF);
    CHECK_ERRNO(gort_accept(ends.fds[0], NULL, NULL), ENOTSOCK);
    close_ends(ends);
}

static void null_buffers(void *arg)
{
    (void)arg;
    struct ends ends = new_pipe();
    CHECK_EQ(write(ends.fds[1], "x", 1), 1);
    CHECK_EQ(gort_read(ends.fds[0], NULL, 1), -1); /* GORT_INVALID or the system's EFAULT, but no crash */
    CHECK(gort_errno() == EFAULT || gort_errno() == EINVAL);
    CHECK_EQ(gort_write(ends.fds[1], NULL, 1), -1);
    CHECK(gort_errno() == EFAULT || gort_errno() == EINVAL);
    close_ends(ends);
}

/* Goroutine i fails with its own errno, others with theirs, and sees its own afterwards. */
static void fails_its_own_way(void *arg)
{
    int me = (int)(intptr_t)arg;
    char byte = 0;
    int here = open(".", O_RDONLY);
    for (int i = 0; i < 100; i++) {
        if (me % 2 == 0) {
            CHECK_EQ(gort_read(-1, &byte, 1), -1);
        } else {
            CHECK_EQ(gort_read(here, &byte, 1), -1);
        }
        gort_yield();
        CHECK_EQ(gort_errno(), me % 2 == 0 ? EBADF : EISDIR);
    }
    CHECK_EQ(gort_close(here), 0);
}

static void errno_per_goroutine(void *arg)
{
    (void)arg;
    for (intptr_t i = 0; i < WORKERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, fails_its_own_way, (void *)i), GORT_OK);
    }
    gort_waitgroup_wait(&group);
}

static void many_files(void *arg)
{
    (void)arg;
    for (int i = 0; i < WORKERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, file, NULL), GORT_OK);
    }
    gort_waitgroup_wait(&group);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    run_every_way(file, NULL);
    run_every_way(odd_ones, NULL);
    run_every_way(null_buffers, NULL);
    run_every_way(errno_per_goroutine, NULL);
    run_every_way(many_files, NULL);
    return EXIT_SUCCESS;
}
