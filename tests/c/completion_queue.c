/*
 * A completion queue: its descriptor is readable exactly while there is something to drain;
 * completions come in order, each once; closing cancels what is pending.
 */
/* also: c++ */
#include "check.h"

#include <fcntl.h>
#include <poll.h>

static int readable(const gort_completion_queue *queue)
{
    struct pollfd fd = {gort_completion_queue_fd(queue), POLLIN, 0};
    int n = poll(&fd, 1, 0);
    CHECK(n >= 0);
    return n;
}

static gort_completion_queue *new_queue(void)
{
    gort_completion_queue *queue = gort_completion_queue_new();
    CHECK(queue != NULL);
    CHECK(!readable(queue));
    return queue;
}

static void many_channels(void *arg)
{
    (void)arg;
    enum { N = 50 };
    gort_completion_queue *queue = new_queue();
    gort_chan *chans[N];
    int out[N];
    for (int i = 0; i < N; i++) {
        chans[i] = new_chan(sizeof(int), 0);
        gort_async_release(gort_completion_queue_recv(queue, chans[i], &out[i], &out[i]));
    }
    CHECK(!readable(queue));
    for (int i = N - 1; i >= 0; i--) {
        CHECK_STATUS(gort_chan_try_send(chans[i], &i), GORT_OK);
    }
    gort_completion done[8];
    for (int i = N - 1; i >= 0;) {
        CHECK(readable(queue));
        size_t n = gort_completion_queue_drain(queue, done, 8);
        CHECK(n > 0);
        for (size_t k = 0; k < n; k++, i--) {
            CHECK(done[k].user == &out[i]);
            CHECK_EQ(out[i], i);
            CHECK_EQ(done[k].index, 0);
            CHECK_EQ(done[k].status, GORT_OK);
        }
    }
    CHECK(!readable(queue));
    CHECK_EQ(gort_completion_queue_drain(queue, done, 8), 0);
    for (int i = 0; i < N; i++) {
        gort_chan_release(chans[i]);
    }
    gort_completion_queue_release(queue);
}

static void sends_and_selects(void *arg)
{
    (void)arg;
    gort_completion_queue *queue = new_queue();
    gort_chan *chan = new_chan(sizeof(int), 1), *other = new_chan(sizeof(int), 0);
    int in = 3, out = 0;
    gort_async_release(gort_completion_queue_send(queue, chan, &in, &in)); /* there is room: done now */
    CHECK(readable(queue));
    gort_case cases[] = {GORT_RECV_CASE(other, NULL), GORT_RECV_CASE(chan, &out)};
    gort_async_release(gort_completion_queue_select(queue, cases, 2, cases));
    gort_async *never = gort_completion_queue_select(queue, cases, 2, NULL);
    CHECK(gort_async_cancel(never));
    gort_async_release(never);
    CHECK_STATUS(gort_chan_close(other), GORT_OK);
    gort_async_release(gort_completion_queue_select(queue, cases, 1, NULL));
    gort_completion done[4];
    CHECK_EQ(gort_completion_queue_drain(queue, done, 4), 3);
    CHECK(done[0].user == &in && done[0].index == 0 && done[0].status == GORT_OK);
    CHECK(done[1].user == cases && done[1].index == 1 && done[1].status == GORT_OK);
    CHECK(done[2].user == NULL && done[2].index == 0 && done[2].status == GORT_CLOSED);
    CHECK_EQ(out, 3);
    CHECK(!readable(queue));
    gort_chan_release(chan);
    gort_chan_release(other);
    gort_completion_queue_release(queue);
}

static void closes(void *arg)
{
    (void)arg;
    gort_completion_queue *queue = new_queue();
    gort_chan *chan = new_chan(sizeof(int), 0);
    int in = 4, out[3] = {-1, -1, -1};
    gort_async *kept = gort_completion_queue_recv(queue, chan, &out[0], &out[0]);
    gort_async_release(gort_completion_queue_recv(queue, chan, &out[1], &out[1]));
    gort_async *pending = gort_completion_queue_recv(queue, chan, &out[2], &out[2]);
    CHECK_STATUS(gort_chan_try_send(chan, &in), GORT_OK); /* to the first */
    CHECK_EQ(gort_completion_queue_close(queue), 1);
    CHECK_STATUS(gort_chan_try_send(chan, &in), GORT_WOULD_BLOCK);
    CHECK(!gort_async_cancel(pending)); /* closing has done it */
    CHECK(gort_completion_queue_recv(queue, chan, NULL, NULL) == NULL);
    CHECK(gort_completion_queue_send(queue, chan, NULL, NULL) == NULL);
    CHECK(gort_last_error()[0] != '\0');
    CHECK(readable(queue));
    gort_completion done[4];
    CHECK_EQ(gort_completion_queue_drain(queue, done, 4), 1);
    CHECK(done[0].user == &out[0] && out[0] == 4 && out[1] == -1 && out[2] == -1);
    CHECK_EQ(gort_completion_queue_close(queue), 0);
    gort_completion_queue_release(queue);
    gort_async_release(kept); /* handles outlive the queue */
    gort_async_release(pending);

    queue = new_queue(); /* released with all it has */
    gort_async_release(gort_completion_queue_send(queue, chan, &in, NULL));
    gort_chan *full = new_chan(sizeof(int), 1);
    gort_async_release(gort_completion_queue_send(queue, full, &in, NULL));
    int fd = gort_completion_queue_fd(queue);
    gort_completion_queue_release(queue);
    CHECK_STATUS(gort_chan_try_recv(chan, NULL), GORT_WOULD_BLOCK);
    errno = 0;
    CHECK(fcntl(fd, F_GETFD) == -1 && errno == EBADF);
    gort_chan_release(chan);
    gort_chan_release(full);
}

static void timers(void *arg)
{
    (void)arg;
    gort_completion_queue *queue = new_queue();
    gort_completion done;
    for (int i = 0; i < 20; i++) {
        gort_chan *after = gort_after(100 * GORT_MICROSECOND);
        gort_async_release(gort_completion_queue_recv(queue, after, NULL, after));
        gort_chan_release(after); /* the operation has the last reference */
        WAIT_UNTIL(gort_completion_queue_drain(queue, &done, 1) == 1);
        CHECK(done.user == after);
    }
    gort_completion_queue_release(queue);
}

static void refused(void *arg)
{
    (void)arg;
    gort_completion_queue *queue = new_queue();
    gort_completion done;
    CHECK(gort_completion_queue_recv(NULL, NULL, NULL, NULL) == NULL);
    CHECK(gort_completion_queue_send(NULL, NULL, NULL, NULL) == NULL);
    CHECK(gort_completion_queue_select(queue, NULL, 1, NULL) == NULL);
    CHECK_EQ(gort_completion_queue_fd(NULL), -1);
    CHECK_EQ(gort_completion_queue_drain(NULL, &done, 1), 0);
    CHECK_EQ(gort_completion_queue_drain(queue, NULL, 1), 0);
    CHECK_EQ(gort_completion_queue_drain(queue, &done, 0), 0);
    CHECK_EQ(gort_completion_queue_close(NULL), 0);
    gort_completion_queue_release(NULL);
    gort_completion_queue_release(queue);
}

int main(void)
{
    run_every_way(many_channels, NULL);
    run_every_way(sends_and_selects, NULL);
    run_every_way(closes, NULL);
    run_every_way(timers, NULL);
    run_every_way(refused, NULL);
    struct rlimit usual, few;
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &usual), 0);
    few = usual;
    few.rlim_cur = 3;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    CHECK(gort_completion_queue_new() == NULL && errno == EMFILE);
    CHECK(gort_last_error()[0] != '\0');
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &usual), 0); /* a leak checker opens files at the end */
    return EXIT_SUCCESS;
}
