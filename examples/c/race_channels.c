/*
 * race_channels: A DATA RACE ON PURPOSE. Five writers, and a reader that closes
 * the channel after three values, while writers are still there: a close and a
 * send with nothing to order them. The writers also look at a plain flag to see
 * whether the channel is closed, and that is a data race like any other:
 *
 *   cc -g -O1 -fsanitize=thread race_channels.c -lgort && ./a.out
 *
 * reports it with both stacks and exits with 66. Looking before sending does not
 * help anyway: the channel may be closed between the look and the send.
 */
#include "example.h"

enum { WRITERS = 5, VALUES_WANTED = 3 };

static bool closed;

struct writer {
    gort_chan *chan;
    gort_waitgroup *group;
};

static void write_once(void *arg)
{
    const struct writer *writer = arg;
    const char *seen = closed ? "closed" : "open";
    gort_status status = gort_chan_send(writer->chan, NULL);
    printf("looked %s, send: %s\n", seen, gort_status_name(status));
    must(gort_waitgroup_done(writer->group), "gort_waitgroup_done");
}

static void main_goroutine(void *arg)
{
    (void)arg;
    gort_chan *chan = must_chan(sizeof(bool), 0);
    gort_waitgroup group = {{0}};
    struct writer writer = {chan, &group};

    must(gort_waitgroup_add(&group, WRITERS), "gort_waitgroup_add");
    for (int i = 0; i < WRITERS; i++) {
        must(gort_go_copy(write_once, &writer, sizeof writer), "gort_go_copy");
    }
    for (int count = 0; gort_chan_recv(chan, NULL) == GORT_OK;) {
        if (++count == VALUES_WANTED) {
            closed = true;
            must(gort_chan_close(chan), "gort_chan_close");
        }
    }
    gort_waitgroup_wait(&group);
    gort_chan_release(chan);
}

int main(int argc, char **argv)
{
    if (argc != 1) {
        return usage(argv[0], "");
    }
    return run_main(main_goroutine, NULL);
}
