/*
 * use_context: work that takes WORK_MS against three contexts: one cancelled by
 * another goroutine, one with a time-out, one with a deadline, each after LIMIT_MS.
 * Says which came first, and why the context ended.
 *
 *   use_context WORK_MS [LIMIT_MS]      (default limit: 4000)
 */
#include "example.h"

struct settings {
    gort_duration work;
    gort_duration limit;
};

struct canceler {
    gort_ctx *ctx; /* its own reference */
    gort_duration delay;
};

static void cancel_later(void *arg)
{
    const struct canceler *canceler = arg;
    /* The sleep ends early when the context does, so this goroutine does not linger. */
    if (gort_sleep_ctx(canceler->delay, canceler->ctx) == GORT_OK) {
        gort_ctx_cancel(canceler->ctx);
    }
    gort_ctx_release(canceler->ctx);
}

/* Ends the context too, as a deferred cancel would. */
static void race_against_work(const char *name, gort_ctx *ctx, gort_duration work)
{
    gort_chan *worked = gort_after(work);
    gort_case cases[] = {
        GORT_RECV_CASE(gort_ctx_done(ctx), NULL),
        GORT_RECV_CASE(worked, NULL),
    };
    if (gort_select(cases, 2) == 0) {
        printf("%s: %s: %s\n", name, gort_status_name(gort_ctx_err(ctx)), gort_ctx_cause(ctx));
    } else {
        printf("%s: the work was done first: %s\n", name, gort_status_name(gort_ctx_err(ctx)));
    }
    gort_ctx_cancel(ctx);
    gort_chan_release(worked);
    gort_ctx_release(ctx);
}

static void main_goroutine(void *arg)
{
    const struct settings *settings = arg;
    gort_ctx *background = gort_ctx_background();

    gort_ctx *ctx = gort_ctx_with_cancel(background);
    struct canceler canceler = {gort_ctx_retain(ctx), settings->limit};
    must(gort_go_copy(cancel_later, &canceler, sizeof canceler), "gort_go_copy");
    race_against_work("WithCancel", ctx, settings->work);

    race_against_work("WithTimeout", gort_ctx_with_timeout(background, settings->limit), settings->work);
    race_against_work("WithDeadline", gort_ctx_with_deadline(background, gort_now() + settings->limit),
                      settings->work);
}

int main(int argc, char **argv)
{
    long work_ms = 0;
    long limit_ms = 4000;
    if (argc < 2 || argc > 3 || !parse_number(argv[1], 0, 3600000, &work_ms)
        || !parse_optional(argc, argv, 2, 0, 3600000, &limit_ms)) {
        return usage(argv[0], "WORK_MS [LIMIT_MS]");
    }
    struct settings settings = {work_ms * GORT_MILLISECOND, limit_ms * GORT_MILLISECOND};
    return run_main(main_goroutine, &settings);
}
