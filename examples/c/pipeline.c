/*
 * pipeline: a chain of goroutines, each reading one channel and writing the next.
 * A source sends 1..VALUES, every stage adds 1, main sums what comes out. Closing
 * travels down the chain: a stage closes its output when its input is closed.
 *
 *   pipeline [STAGES [VALUES]]      (default 3 stages, 10 values)
 */
#include "example.h"

struct settings {
    long stages;
    long values;
};

struct stage {
    gort_chan *in;  /* NULL for the source; this stage's reference */
    gort_chan *out; /* this stage's reference too */
    long values;    /* what the source sends */
};

static void source(void *arg)
{
    const struct stage *stage = arg;
    for (long i = 1; i <= stage->values; i++) {
        must(gort_chan_send(stage->out, &i), "gort_chan_send");
    }
    must(gort_chan_close(stage->out), "gort_chan_close");
    gort_chan_release(stage->out);
}

static void add_one(void *arg)
{
    const struct stage *stage = arg;
    long value;
    while (gort_chan_recv(stage->in, &value) == GORT_OK) {
        value++;
        must(gort_chan_send(stage->out, &value), "gort_chan_send");
    }
    must(gort_chan_close(stage->out), "gort_chan_close");
    gort_chan_release(stage->in);
    gort_chan_release(stage->out);
}

static void main_goroutine(void *arg)
{
    const struct settings *settings = arg;
    gort_chan *last = must_chan(sizeof(long), 0);
    struct stage first = {NULL, gort_chan_retain(last), settings->values};
    must(gort_go_copy(source, &first, sizeof first), "gort_go_copy");

    for (long i = 0; i < settings->stages; i++) {
        gort_chan *next = must_chan(sizeof(long), 0);
        struct stage stage = {last, gort_chan_retain(next), 0};
        must(gort_go_copy(add_one, &stage, sizeof stage), "gort_go_copy");
        last = next;
    }

    long value;
    long count = 0;
    long sum = 0;
    while (gort_chan_recv(last, &value) == GORT_OK) {
        count++;
        sum += value;
    }
    gort_chan_release(last);
    printf("%ld values through %ld stages, sum: %ld\n", count, settings->stages, sum);
}

int main(int argc, char **argv)
{
    struct settings settings = {3, 10};
    if (argc > 3 || !parse_optional(argc, argv, 1, 0, 1000000, &settings.stages)
        || !parse_optional(argc, argv, 2, 0, 1000000000, &settings.values)) {
        return usage(argv[0], "[STAGES [VALUES]]");
    }
    return run_main(main_goroutine, &settings);
}
