/*
 * race_channels_fixed: race_channels put right. The reader does not close the
 * channel of writers it knows nothing about: a signal channel tells them that
 * enough is enough, each writer selects between the two, and the channel is closed
 * when the last writer is gone. The race detector is silent:
 *
 *   cc -g -O1 -fsanitize=thread race_channels_fixed.c -lgort && ./a.out
 */
#include "example.h"

enum { WRITERS = 5, VALUES_WANTED = 3 };

struct shared {
    gort_chan *values;
    gort_chan *enough;
    gort_waitgroup writers;
};

static void write_once(void *arg)
{
    const struct shared *shared = arg;
    gort_case cases[] = {
        GORT_SEND_CASE(shared->values, NULL),
        GORT_RECV_CASE(shared->enough, NULL),
    };
    printf("%s\n", gort_select(cases, 2) == 0 ? "sent" : "not wanted");
}

static void close_after_writers(void *arg)
{
    struct shared *shared = arg;
    gort_waitgroup_wait(&shared->writers);
    must(gort_chan_close(shared->values), "gort_chan_close");
}

static void main_goroutine(void *arg)
{
    struct shared *shared = arg;
    shared->values = must_chan(sizeof(bool), 0);
    shared->enough = must_chan(0, 0);
    gort_waitgroup closer = {{0}};

    for (int i = 0; i < WRITERS; i++) {
        must(gort_waitgroup_go(&shared->writers, write_once, shared), "gort_waitgroup_go");
    }
    must(gort_waitgroup_go(&closer, close_after_writers, shared), "gort_waitgroup_go");

    for (int count = 0; count < VALUES_WANTED; count++) {
        must(gort_chan_recv(shared->values, NULL), "gort_chan_recv");
    }
    must(gort_chan_close(shared->enough), "gort_chan_close");
    gort_waitgroup_wait(&closer);
    printf("the channel is %s\n", gort_chan_recv(shared->values, NULL) == GORT_CLOSED ? "closed" : "open");
    gort_chan_release(shared->values);
    gort_chan_release(shared->enough);
}

int main(int argc, char **argv)
{
    struct shared shared = {0};
    if (argc != 1) {
        return usage(argv[0], "");
    }
    return run_main(main_goroutine, &shared);
}
