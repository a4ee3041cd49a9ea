/*
 * timeout1: a slow goroutine against gort_after, in the main function: the first
 * wait is too short, the second long enough.
 *
 *   timeout1 [WORK_MS [SHORT_MS [LONG_MS]]]      (default 3000, 1000, 4000)
 */
#include "example.h"

struct settings {
    long work_ms;
    long short_ms;
    long long_ms;
};

struct work {
    gort_duration duration;
    const char *answer;
    gort_chan *result; /* the goroutine's reference */
};

static void slow(void *arg)
{
    const struct work *work = arg;
    gort_sleep(work->duration);
    /* A buffer of one: the send does not wait, even when nobody listens any more. */
    must(gort_chan_send(work->result, &work->answer), "gort_chan_send");
    gort_chan_release(work->result);
}

static gort_chan *start_slow(gort_duration duration, const char *answer)
{
    gort_chan *result = must_chan(sizeof(char *), 1);
    struct work work = {duration, answer, gort_chan_retain(result)};
    must(gort_go_copy(slow, &work, sizeof work), "gort_go_copy");
    return result;
}

static void main_goroutine(void *arg)
{
    const struct settings *settings = arg;
    const char *answer = NULL;

    gort_chan *c1 = start_slow(settings->work_ms * GORT_MILLISECOND, "c1 OK");
    gort_chan *timeout1 = gort_after(settings->short_ms * GORT_MILLISECOND);
    gort_case first[] = {GORT_RECV_CASE(c1, &answer), GORT_RECV_CASE(timeout1, NULL)};
    printf("%s\n", gort_select(first, 2) == 0 ? answer : "timeout c1");

    gort_chan *c2 = start_slow(settings->work_ms * GORT_MILLISECOND, "c2 OK");
    gort_chan *timeout2 = gort_after(settings->long_ms * GORT_MILLISECOND);
    gort_case second[] = {GORT_RECV_CASE(c2, &answer), GORT_RECV_CASE(timeout2, NULL)};
    printf("%s\n", gort_select(second, 2) == 0 ? answer : "timeout c2");

    gort_chan_release(c1);
    gort_chan_release(c2);
    gort_chan_release(timeout1);
    gort_chan_release(timeout2);
}

int main(int argc, char **argv)
{
    struct settings settings = {3000, 1000, 4000};
    if (argc > 4 || !parse_optional(argc, argv, 1, 0, 3600000, &settings.work_ms)
        || !parse_optional(argc, argv, 2, 0, 3600000, &settings.short_ms)
        || !parse_optional(argc, argv, 3, 0, 3600000, &settings.long_ms)) {
        return usage(argv[0], "[WORK_MS [SHORT_MS [LONG_MS]]]");
    }
    return run_main(main_goroutine, &settings);
}
