/*
 * ctx_deadline: contexts end by themselves, never early, with GORT_DEADLINE_EXCEEDED; the
 * earlier of parent's and own deadline counts; cancel may come first.
 */
/* needs: context */
/* also: c++ */
#include "check.h"

static void expect_end(gort_ctx *ctx, gort_status status)
{
    CHECK_STATUS(gort_chan_recv(gort_ctx_done(ctx), NULL), GORT_CLOSED);
    CHECK_STATUS(gort_ctx_err(ctx), status);
    CHECK(strcmp(gort_ctx_cause(ctx), gort_status_message(status)) == 0);
}

static void passes(void *arg)
{
    (void)arg;
    int64_t before = gort_now(), when = 0;
    gort_ctx *ctx = gort_ctx_with_timeout(gort_ctx_background(), 2 * GORT_MILLISECOND);
    CHECK(ctx != NULL);
    CHECK(gort_ctx_deadline(ctx, &when));
    CHECK(gort_ctx_deadline(ctx, NULL));
    CHECK(when >= before + 2 * GORT_MILLISECOND && when <= gort_now() + 2 * GORT_MILLISECOND);
    expect_end(ctx, GORT_DEADLINE_EXCEEDED);
    CHECK(gort_now() >= when);
    gort_ctx_cancel_cause(ctx, "too late");
    expect_end(ctx, GORT_DEADLINE_EXCEEDED);
    gort_ctx_release(ctx);

    when = gort_now() + GORT_MILLISECOND;
    ctx = gort_ctx_with_deadline(gort_ctx_background(), when);
    int64_t found = 0;
    CHECK(gort_ctx_deadline(ctx, &found) && found == when);
    expect_end(ctx, GORT_DEADLINE_EXCEEDED);
    CHECK(gort_now() >= when);
    gort_ctx_release(ctx);
}

static void passed_already(void *arg)
{
    (void)arg;
    static const gort_duration PASSED[] = {0, -1, INT64_MIN};
    for (int i = 0; i < 3; i++) {
        gort_ctx *ctx = gort_ctx_with_timeout(gort_ctx_background(), PASSED[i]);
        CHECK_STATUS(gort_ctx_err(ctx), GORT_DEADLINE_EXCEEDED); /* at once, as in Go */
        expect_end(ctx, GORT_DEADLINE_EXCEEDED);
        gort_ctx *child = gort_ctx_with_cancel(ctx);
        CHECK_STATUS(gort_ctx_err(child), GORT_DEADLINE_EXCEEDED);
        gort_ctx_release(child);
        gort_ctx_release(ctx);
    }
    gort_ctx *ctx = gort_ctx_with_deadline(gort_ctx_background(), gort_now() - 1);
    CHECK_STATUS(gort_ctx_err(ctx), GORT_DEADLINE_EXCEEDED);
    gort_ctx_release(ctx);
}

static void earlier_one_counts(void *arg)
{
    (void)arg;
    int64_t now = gort_now(), when = 0;
    gort_ctx *far = gort_ctx_with_deadline(gort_ctx_background(), now + GORT_HOUR);
    gort_ctx *farther = gort_ctx_with_deadline(far, now + 2 * GORT_HOUR);
    CHECK(gort_ctx_deadline(farther, &when) && when == now + GORT_HOUR);
    gort_ctx *near = gort_ctx_with_deadline(far, now + GORT_MILLISECOND);
    gort_ctx *below = gort_ctx_with_cancel(near), *value = gort_ctx_with_value(below, &now, &when, NULL);
    CHECK(gort_ctx_deadline(value, &when) && when == now + GORT_MILLISECOND);
    gort_ctx *apart = gort_ctx_without_cancel(value);
    CHECK(!gort_ctx_deadline(apart, &when));
    expect_end(value, GORT_DEADLINE_EXCEEDED);
    expect_end(near, GORT_DEADLINE_EXCEEDED);
    CHECK_STATUS(gort_ctx_err(far), GORT_OK);
    CHECK_STATUS(gort_ctx_err(farther), GORT_OK);
    CHECK_STATUS(gort_ctx_err(apart), GORT_OK);
    gort_ctx *all[] = {apart, value, below, near, farther, far};
    for (int i = 0; i < 6; i++) {
        gort_ctx_release(all[i]);
    }
}

static void cancel_comes_first(void *arg)
{
    (void)arg;
    gort_ctx *ctx = gort_ctx_with_timeout(gort_ctx_background(), GORT_HOUR);
    gort_ctx_cancel(ctx);
    expect_end(ctx, GORT_CANCELED);
    int64_t when = 0;
    CHECK(gort_ctx_deadline(ctx, &when)); /* the deadline is still told */
    gort_ctx_release(ctx);

    gort_ctx *parent = gort_ctx_with_cancel(gort_ctx_background());
    ctx = gort_ctx_with_timeout(parent, INT64_MAX);
    CHECK_STATUS(gort_ctx_err(ctx), GORT_OK);
    gort_ctx_cancel_cause(parent, "from above");
    CHECK_STATUS(gort_chan_recv(gort_ctx_done(ctx), NULL), GORT_CLOSED);
    CHECK_STATUS(gort_ctx_err(ctx), GORT_CANCELED);
    CHECK(strcmp(gort_ctx_cause(ctx), "from above") == 0);
    gort_ctx_release(ctx);
    gort_ctx_release(parent);
}

/* Cancel against deadline: one of the two, and it stays. */
static void close_race(void *arg)
{
    (void)arg;
    for (int i = 0; i < 1500; i++) {
        gort_ctx *ctx = gort_ctx_with_timeout(gort_ctx_background(), (i % 60) * GORT_MICROSECOND);
        if (i % 3 == 0) {
            gort_sleep((i % 50) * GORT_MICROSECOND);
        }
        gort_ctx_cancel(ctx);
        gort_status status = gort_ctx_err(ctx);
        CHECK(status == GORT_CANCELED || status == GORT_DEADLINE_EXCEEDED); /* over, once cancel has returned */
        gort_yield();
        expect_end(ctx, status);
        gort_ctx_release(ctx);
    }
}

int main(void)
{
    run_every_way(passes, NULL);
    run_every_way(passed_already, NULL);
    run_every_way(earlier_one_counts, NULL);
    run_every_way(cancel_comes_first, NULL);
    run_every_way(close_race, NULL);
    return EXIT_SUCCESS;
}
