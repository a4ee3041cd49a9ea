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
    CHECK_EQ(ATOMIC_GET(&handled), 0);
    return EXIT_SUCCESS;
}
