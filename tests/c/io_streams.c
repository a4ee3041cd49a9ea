/*
 * io_streams: bytes go through pipes and socket pairs whole and in order, in pieces larger
 * than any buffer, between goroutines and plain threads; both directions at once; the end
 * of the stream is 0 and a broken pipe EPIPE.
 */
/* needs: io */
#include "check.h"
#include "io.h"

enum { SIZE = 1 << 20, PIECE = 70001 };

static gort_waitgroup group;

struct job {
    int fd;
    uint32_t seed;
};

static unsigned char byte_at(uint32_t seed, size_t i)
{
    return (unsigned char)(seed * 31 + i * 131 + (i >> 8) * 7 + (i >> 16));
}

static void writes_stream(void *arg)
{
    struct job *job = arg;
    unsigned char *piece = check_alloc(PIECE);
    for (size_t at = 0; at < SIZE;) {
        size_t size = SIZE - at < PIECE ? SIZE - at : PIECE;
        for (size_t i = 0; i < size; i++) {
            piece[i] = byte_at(job->seed, at + i);
        }
        write_all(job->fd, piece, size);
        at += size;
    }
    free(piece);
}

static void reads_stream(void *arg)
{
    struct job *job = arg;
    unsigned char *piece = check_alloc(PIECE);
    for (size_t at = 0; at < SIZE;) {
        size_t most = SIZE - at < PIECE ? SIZE - at : PIECE;
        ssize_t got = gort_read(job->fd, piece, most);
        CHECK(got > 0 && (size_t)got <= most);
        for (ssize_t i = 0; i < got; i++) {
            CHECK_EQ(piece[i], byte_at(job->seed, at + (size_t)i));
        }
        at += (size_t)got;
    }
    free(piece);
}

static void *writes_on_thread(void *arg)
{
    writes_stream(arg);
    return NULL;
}

static void through_a_pipe(void *arg)
{
    (void)arg;
    struct ends pipe_ends = new_pipe();
    struct job writer = {pipe_ends.fds[1], 1}, reader = {pipe_ends.fds[0], 1};
    CHECK_STATUS(gort_waitgroup_go(&group, writes_stream, &writer), GORT_OK);
    reads_stream(&reader);
    gort_waitgroup_wait(&group);
    pthread_t thread = plain_thread(writes_on_thread, &writer);
    reads_stream(&reader);
    join_thread(thread);
    close_ends(pipe_ends);
}

/* A goroutine reads while another writes, on one descriptor, at both ends. */
static void both_ways(void *arg)
{
    (void)arg;
    struct ends ends = new_socketpair();
    struct job jobs[] = {{ends.fds[0], 2}, {ends.fds[1], 2}, {ends.fds[1], 3}, {ends.fds[0], 3}};
    for (int i = 0; i < 4; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, i % 2 == 0 ? writes_stream : reads_stream, &jobs[i]), GORT_OK);
    }
    gort_waitgroup_wait(&group);
    close_ends(ends);
}

static void closes_soon(void *arg)
{
    gort_sleep(GORT_MILLISECOND);
    CHECK_EQ(gort_close(*(int *)arg), 0);
}

static void ends_of_streams(void *arg)
{
    (void)arg;
    char byte = 'x';
    for (int kind = 0; kind < 2; kind++) {
        struct ends ends = kind == 0 ? new_pipe() : new_socketpair();
        CHECK_EQ(gort_write(ends.fds[1], "abc", 3), 3);
        CHECK_STATUS(gort_waitgroup_go(&group, closes_soon, &ends.fds[1]), GORT_OK);
        char text[8] = "";
        read_all(ends.fds[0], text, 3);
        CHECK(memcmp(text, "abc", 3) == 0);
        CHECK_EQ(gort_read(ends.fds[0], &byte, 1), 0); /* waits for the close of the other end */
        CHECK_EQ(gort_read(ends.fds[0], &byte, 1), 0);
        gort_waitgroup_wait(&group);
        CHECK_EQ(gort_close(ends.fds[0]), 0);

        ends = kind == 0 ? new_pipe() : new_socketpair();
        CHECK_EQ(gort_close(ends.fds[0]), 0);
        errno = 0;
        ssize_t wrote = gort_write(ends.fds[1], &byte, 1);
        int now = errno; /* no call of the library in between */
        CHECK_EQ(wrote, -1);
        CHECK_EQ(now, EPIPE);
        CHECK_EQ(gort_errno(), EPIPE);
        CHECK_EQ(gort_close(ends.fds[1]), 0);
    }
}

/* A writer that waits for room learns that the reader is gone. */
static void reader_leaves(void *arg)
{
    (void)arg;
    struct ends ends = new_socketpair();
    char *large = check_alloc(SIZE * 4);
    CHECK_STATUS(gort_waitgroup_go(&group, closes_soon, &ends.fds[0]), GORT_OK);
    ssize_t wrote = 1;
    while (wrote > 0) { /* as write(2): part of it, then the error */
        wrote = gort_write(ends.fds[1], large, SIZE * 4);
    }
    CHECK_EQ(wrote, -1);
    CHECK(gort_errno() == EPIPE || gort_errno() == ECONNRESET);
    gort_waitgroup_wait(&group);
    CHECK_EQ(gort_close(ends.fds[1]), 0);
    free(large);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    run_every_way(through_a_pipe, NULL);
    run_every_way(both_ways, NULL);
    run_every_way(ends_of_streams, NULL);
    run_every_way(reader_leaves, NULL);
    return EXIT_SUCCESS;
}
