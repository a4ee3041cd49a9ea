/*
 * range: one writer sends N values and closes the channel; the reader's loop ends
 * by itself. Reading on after that gives zero values at once.
 *
 *   range [N]      (default 5)
 */
#include "example.h"

struct writer {
    gort_chan *chan;
    long count;
};

static void write_all(void *arg)
{
    const struct writer *writer = arg;
    for (long i = 1; i <= writer->count; i++) {
        must(gort_chan_send(writer->chan, &i), "gort_chan_send");
    }
    must(gort_chan_close(writer->chan), "gort_chan_close");
}

static void main_goroutine(void *arg)
{
    const long *count = arg;
    struct writer writer = {must_chan(sizeof(long), 0), *count};
    gort_waitgroup group = {{0}};
    must(gort_waitgroup_go(&group, write_all, &writer), "gort_waitgroup_go");

    long value;
    while (gort_chan_recv(writer.chan, &value) == GORT_OK) {
        printf("%ld\n", value);
    }
    printf("the range is over\n");
    for (int i = 0; i < 3; i++) {
        value = -1;
        gort_status status = gort_chan_recv(writer.chan, &value);
        printf("%ld (%s)\n", value, gort_status_name(status));
    }
    gort_waitgroup_wait(&group);
    gort_chan_release(writer.chan);
}

int main(int argc, char **argv)
{
    long count = 5;
    if (argc > 2 || !parse_optional(argc, argv, 1, 0, 100000000, &count)) {
        return usage(argv[0], "[VALUES]");
    }
    return run_main(main_goroutine, &count);
}
