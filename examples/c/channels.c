/*
 * channels: writing, reading and closing.
 * First a channel with a buffer of one: write, close, read the value, and read
 * again, which reports that the channel is closed. Then five writers on an
 * unbuffered channel whose reader closes it after three values: the two writers
 * that come late find it closed. (Closing is the writers' job; race_channels has
 * the same mistake for the race detector, race_channels_fixed the cure.)
 *
 *   channels
 */
#include "example.h"

enum { WRITERS = 5, VALUES_WANTED = 3 };

static void write_ten(void *arg)
{
    gort_chan *chan = arg;
    int value = 10;
    must(gort_chan_send(chan, &value), "gort_chan_send");
    must(gort_chan_close(chan), "gort_chan_close");
}

static void read_twice(void)
{
    gort_chan *chan = must_chan(sizeof(int), 1);
    write_ten(chan);

    int value = -1;
    must(gort_chan_recv(chan, &value), "gort_chan_recv");
    printf("Read: %d\n", value);
    gort_status status = gort_chan_recv(chan, &value);
    printf("%s\n", status == GORT_CLOSED ? "Channel is closed!" : "Channel is open!");
    gort_chan_release(chan);
}

struct writer {
    int number;
    gort_chan *chan;
    gort_waitgroup *group;
};

static void write_once(void *arg)
{
    const struct writer *writer = arg;
    gort_status status = gort_chan_send(writer->chan, &writer->number);
    if (status != GORT_OK) {
        printf("late writer: %s: %s\n", gort_status_name(status), gort_last_error());
    }
    must(gort_waitgroup_done(writer->group), "gort_waitgroup_done");
}

static void main_goroutine(void *arg)
{
    (void)arg;
    read_twice();

    gort_chan *chan = must_chan(sizeof(int), 0);
    gort_waitgroup group = {{0}};
    for (int i = 0; i < WRITERS; i++) {
        struct writer writer = {i, chan, &group};
        must(gort_waitgroup_add(&group, 1), "gort_waitgroup_add");
        must(gort_go_copy(write_once, &writer, sizeof writer), "gort_go_copy");
    }

    int count = 0;
    int value = 0;
    while (gort_chan_recv(chan, &value) == GORT_OK) {
        printf("received from a writer\n");
        if (++count == VALUES_WANTED) {
            printf("n: %d, closing\n", count);
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
