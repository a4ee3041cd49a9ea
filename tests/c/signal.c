/*
 * signal: each signal comes to every channel that was told of it; a full channel misses it;
 * after stop nothing comes, and the handler of before is back with the last channel; what
 * cannot be listened to is refused.
 */
/* needs: signal */
/* run: once */
#include "check.h"

enum { ROUNDS = 50 };

static int handled;

static void own_handler(int signum)
{
    (void)signum;
    ATOMIC_ADD(&handled, 1);
}

static void raise_it(int signum)
{
    CHECK_EQ(kill(getpid(), signum), 0);
}

static void expect(gort_chan *chan, int signum)
{
    int got = 0;
    CHECK_STATUS(gort_chan_recv(chan, &got), GORT_OK);
    CHECK_EQ(got, signum);
}

static void comes_to_every_channel(void *arg)
{
    (void)arg;
    gort_chan *both = new_chan(sizeof(int), 4), *first = new_chan(sizeof(int), 4);
    CHECK_STATUS(gort_signal_notify(both, SIGUSR1), GORT_OK);
    CHECK_STATUS(gort_signal_notify(both, SIGUSR2), GORT_OK);
    CHECK_STATUS(gort_signal_notify(both, SIGUSR2), GORT_OK); /* told twice, sent once */
    CHECK_STATUS(gort_signal_notify(first, SIGUSR1), GORT_OK);
    for (int i = 0; i < ROUNDS; i++) {
        raise_it(SIGUSR1);
        expect(both, SIGUSR1);
        expect(first, SIGUSR1);
        raise_it(SIGUSR2);
        expect(both, SIGUSR2);
    }
    CHECK_EQ(gort_chan_len(both), 0);
    CHECK_EQ(gort_chan_len(first), 0);

    CHECK_STATUS(gort_signal_stop(first), GORT_OK);
    raise_it(SIGUSR1);
    expect(both, SIGUSR1);
    CHECK_EQ(gort_chan_len(first), 0);
    CHECK_EQ(ATOMIC_GET(&handled), 0);
    CHECK_STATUS(gort_signal_stop(both), GORT_OK);
    CHECK_STATUS(gort_signal_stop(both), GORT_OK); /* of a channel that is told of nothing */

    raise_it(SIGUSR1);
    WAIT_UNTIL(ATOMIC_GET(&handled) == 1);
    raise_it(SIGUSR2);
    WAIT_UNTIL(ATOMIC_GET(&handled) == 2);
    CHECK_EQ(gort_chan_len(both), 0);
    ATOMIC_SET(&handled, 0);
    gort_chan_release(both);
    gort_chan_release(first);
}

static void full_channel_misses(void *arg)
{
    (void)arg;
    gort_chan *full = new_chan(sizeof(int), 1), *counter = new_chan(sizeof(int), 1);
    CHECK_STATUS(gort_signal_notify(full, SIGUSR1), GORT_OK);
    CHECK_STATUS(gort_signal_notify(counter, SIGUSR1), GORT_OK);
    for (int i = 0; i < 5; i++) {
        raise_it(SIGUSR1);
        expect(counter, SIGUSR1);
    }
    CHECK_STATUS(gort_signal_stop(counter), GORT_OK);
    CHECK_STATUS(gort_signal_stop(full), GORT_OK);
    expect(full, SIGUSR1);
    CHECK_EQ(gort_chan_try_recv(full, NULL), GORT_WOULD_BLOCK);
    gort_chan_release(full);
    gort_chan_release(counter);
}

/* Closing a channel does no harm to it or to the others. */
static void closed_meanwhile(void *arg)
{
    (void)arg;
    gort_chan *closed = new_chan(sizeof(int), 1), *counter = new_chan(sizeof(int), 1);
    CHECK_STATUS(gort_signal_notify(closed, SIGUSR1), GORT_OK);
    CHECK_STATUS(gort_signal_notify(counter, SIGUSR1), GORT_OK);
    CHECK_STATUS(gort_chan_close(closed), GORT_OK);
    raise_it(SIGUSR1);
    expect(counter, SIGUSR1);
    CHECK_STATUS(gort_signal_stop(closed), GORT_OK);
    CHECK_STATUS(gort_signal_stop(counter), GORT_OK);
    gort_chan_release(closed);
    gort_chan_release(counter);
}

/* The callback of an operation runs on the thread that passes signals on, and may stop listening there. */
struct told {
    gort_chan *chan, *other;
    int signum, times;
};

static void stops(void *user, int index, gort_status status)
{
    struct told *told = (struct told *)user;
    CHECK_EQ(index, 0);
    CHECK_EQ(status, GORT_OK);
    CHECK_REFUSED(gort_shutdown(-1), GORT_MISUSE);
    CHECK_STATUS(gort_signal_stop(told->chan), GORT_OK);
    if (told->other != NULL) {
        CHECK_STATUS(gort_signal_notify(told->other, SIGUSR2), GORT_OK);
    }
    ATOMIC_ADD(&told->times, 1);
}

static void stop_in_callback(void *arg)
{
    (void)arg;
    for (int other = 0; other < 2; other++) {
        struct told told = {new_chan(sizeof(int), 0), other ? new_chan(sizeof(int), 1) : NULL, 0, 0};
        gort_async *op = gort_chan_recv_async(told.chan, &told.signum, stops, &told);
        CHECK(op != NULL);
        CHECK_STATUS(gort_signal_notify(told.chan, SIGUSR1), GORT_OK);
        raise_it(SIGUSR1);
        WAIT_UNTIL(ATOMIC_GET(&told.times) == 1);
        CHECK_EQ(told.signum, SIGUSR1);
        if (other) {
            raise_it(SIGUSR2);
            expect(told.other, SIGUSR2);
            CHECK_STATUS(gort_signal_stop(told.other), GORT_OK);
            gort_chan_release(told.other);
        }
        raise_it(SIGUSR1); /* whose handler is the program's again */
        WAIT_UNTIL(ATOMIC_GET(&handled) == 1);
        ATOMIC_SET(&handled, 0);
        gort_async_release(op);
        gort_chan_release(told.chan);
    }
}

static bool stopping;

static void counts(void *user, int index, gort_status status)
{
    (void)index;
    (void)status;
    CHECK(!ATOMIC_GET(&stopping));
    ATOMIC_ADD((int *)user, 1);
}

/* Two listen; once one's stop has returned it is told nothing, though the thread goes on for the other. */
static void nothing_after_stop(void *arg)
{
    (void)arg;
    gort_chan *kept = new_chan(sizeof(int), 1);
    CHECK_STATUS(gort_signal_notify(kept, SIGUSR1), GORT_OK);
    for (int i = 0; i < ROUNDS; i++) {
        int times = 0;
        gort_chan *stopped = new_chan(sizeof(int), 0);
        gort_async *op = gort_chan_recv_async(stopped, NULL, counts, &times);
        CHECK_STATUS(gort_signal_notify(stopped, SIGUSR1), GORT_OK);
        raise_it(SIGUSR1);
        if (i % 2 == 1) {
            expect(kept, SIGUSR1);
        }
        CHECK_STATUS(gort_signal_stop(stopped), GORT_OK);
        ATOMIC_SET(&stopping, true);
        if (i % 2 == 0) {
            expect(kept, SIGUSR1);
        }
        CHECK(gort_async_cancel(op) == (times == 0));
        ATOMIC_SET(&stopping, false);
        gort_async_release(op);
        gort_chan_release(stopped);
    }
    CHECK_STATUS(gort_signal_stop(kept), GORT_OK);
    gort_chan_release(kept);
}

static void refusals(void *arg)
{
    (void)arg;
    gort_chan *ints = new_chan(sizeof(int), 1), *bytes = new_chan(1, 1);
    CHECK_REFUSED(gort_signal_notify(NULL, SIGUSR1), GORT_INVALID);
    CHECK_REFUSED(gort_signal_notify(bytes, SIGUSR1), GORT_INVALID);
    static const int REFUSED[] = {-1, 0, 10000, SIGKILL, SIGSTOP, SIGSEGV};
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        CHECK_REFUSED(gort_signal_notify(ints, REFUSED[i]), GORT_INVALID);
    }
    CHECK_REFUSED(gort_signal_stop(NULL), GORT_INVALID);
    gort_chan_release(ints);
    gort_chan_release(bytes);
}

int main(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = own_handler;
    CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
    CHECK_EQ(sigaction(SIGUSR2, &action, NULL), 0);
    run_every_way(refusals, NULL);
    run_every_way(comes_to_every_channel, NULL);
    run_every_way(full_channel_misses, NULL);
    run_every_way(closed_meanwhile, NULL);
    run_every_way(stop_in_callback, NULL);
    run_every_way(nothing_after_stop, NULL);
    CHECK_STATUS(gort_shutdown(-1), GORT_OK);
    CHECK_EQ(check_thread_count(), 1);
    CHECK_EQ(ATOMIC_GET(&handled), 0);
    return EXIT_SUCCESS;
}
