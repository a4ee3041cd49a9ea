/*
 * nil_channel: a nil channel is never ready, which makes it the way to switch a
 * branch of a select off. A reader sums what a writer sends until a timer fires,
 * then sets its channel to nil: from there on the writer, ready as ever, gets
 * nothing through.
 *
 *   nil_channel [MILLISECONDS]      (default 1000)
 */
#include "example.h"

static void write_for_ever(void *arg)
{
    gort_chan *chan = arg;
    for (long i = 1; gort_chan_send(chan, &i) == GORT_OK; i++) {
    }
    gort_chan_release(chan);
}

static void main_goroutine(void *arg)
{
    const long *milliseconds = arg;
    gort_chan *numbers = must_chan(sizeof(long), 0);
    must(gort_go(write_for_ever, gort_chan_retain(numbers)), "gort_go");

    gort_timer *timer = gort_timer_new(*milliseconds * GORT_MILLISECOND);
    long value;
    long count = 0;
    long sum = 0;
    gort_case cases[] = {
        GORT_RECV_CASE(numbers, &value),
        GORT_RECV_CASE(gort_timer_chan(timer), NULL),
    };
    while (cases[0].chan != NULL) {
        if (gort_select(cases, 2) == 0) {
            count++;
            sum += value;
        } else {
            cases[0].chan = NULL;
        }
    }
    printf("received: %ld, sum: %ld\n", count, sum);

    /* The writer is still sending, but nobody listens to it any more. */
    gort_timer_reset(timer, *milliseconds * GORT_MILLISECOND);
    printf("%s\n", gort_select(cases, 2) == 1 ? "the branch is disabled" : "the branch is still there");

    /* With the close the writer's send fails, and it ends. */
    must(gort_chan_close(numbers), "gort_chan_close");
    gort_timer_release(timer);
    gort_chan_release(numbers);
}

int main(int argc, char **argv)
{
    long milliseconds = 1000;
    if (argc > 2 || !parse_optional(argc, argv, 1, 1, 3600000, &milliseconds)) {
        return usage(argv[0], "[MILLISECONDS]");
    }
    return run_main(main_goroutine, &milliseconds);
}
