/*
 * close_channel: a closed channel gives what was in it, then zero values; writing
 * to it, closing it again, and closing a nil channel are errors (in Go they
 * panic; here they are statuses that change nothing).
 *
 *   close_channel
 */
#include "example.h"

static void report(const char *what, gort_status status)
{
    printf("%s: %s: %s\n", what, gort_status_name(status), gort_last_error());
}

static void main_goroutine(void *arg)
{
    (void)arg;
    gort_chan *chan = must_chan(sizeof(int), 2);
    const int values[] = {5, 6};
    must(gort_chan_send(chan, &values[0]), "gort_chan_send");
    must(gort_chan_send(chan, &values[1]), "gort_chan_send");

    int value = -1;
    must(gort_chan_recv(chan, &value), "gort_chan_recv");
    printf("first: %d\n", value);
    must(gort_chan_recv(chan, &value), "gort_chan_recv");
    printf("second: %d\n", value);

    must(gort_chan_close(chan), "gort_chan_close");
    value = -1;
    gort_status status = gort_chan_recv(chan, &value);
    printf("after the close: %d (%s)\n", value, gort_status_name(status));

    report("send on a closed channel", gort_chan_send(chan, &values[0]));
    report("close of a closed channel", gort_chan_close(chan));
    report("close of a nil channel", gort_chan_close(NULL));
    gort_chan_release(chan);
}

int main(int argc, char **argv)
{
    if (argc != 1) {
        return usage(argv[0], "");
    }
    return run_main(main_goroutine, NULL);
}
