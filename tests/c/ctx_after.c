/*
 * ctx_after: a function given to gort_ctx_after_func runs in a new goroutine once the
 * context is over, exactly once, unless stop said true; releasing does not stop it.
 */
/* needs: context */
/* also: c++ */
#include "check.h"

static int count;
static gort_waitgroup group;

static void counts(void *arg)
{
    CHECK(gort_goroutine_id() != 0);
    gort_yield(); /* may block */
    ATOMIC_ADD((int *)arg, 1);
}

static void runs_at_the_end(void *arg)
{
    (void)arg;
    ATOMIC_SET(&count, 0);
    gort_ctx *ctx = gort_ctx_with_cancel(gort_ctx_background());
    gort_ctx_after *one = gort_ctx_after_func(ctx, counts, &count), *two = gort_ctx_after_func(ctx, counts, &count);
    gort_ctx_after *stopped = gort_ctx_after_func(ctx, counts, &count);
    CHECK(one != NULL && two != NULL && stopped != NULL);
    gort_ctx_after_release(two); /* does not stop it */
    gort_yield();
    CHECK_EQ(ATOMIC_GET(&count), 0);
    CHECK(gort_ctx_after_stop(stopped));
    CHECK(!gort_ctx_after_stop(stopped));
    gort_ctx_cancel(ctx);
    WAIT_UNTIL(ATOMIC_GET(&count) == 2);
    CHECK(!gort_ctx_after_stop(one));
    gort_ctx_cancel(ctx);
    gort_ctx_after *late = gort_ctx_after_func(ctx, counts, &count); /* over already: at once */
    CHECK(late != NULL);
    WAIT_UNTIL(ATOMIC_GET(&count) == 3);
    CHECK(!gort_ctx_after_stop(late));
    gort_ctx_after_release(one);
    gort_ctx_after_release(stopped);
    gort_ctx_after_release(late);
    gort_ctx_after_release(NULL);
    gort_ctx_release(ctx);
    settle();
    CHECK_EQ(ATOMIC_GET(&count), 3);
}

static void other_ends(void *arg)
{
    (void)arg;
    ATOMIC_SET(&count, 0);
    gort_ctx *ctx = gort_ctx_with_timeout(gort_ctx_background(), GORT_MILLISECOND);
    gort_ctx_after_release(gort_ctx_after_func(ctx, counts, &count));
    WAIT_UNTIL(ATOMIC_GET(&count) == 1); /* by the deadline */
    gort_ctx_release(ctx);

    gort_ctx *parent = gort_ctx_with_cancel(gort_ctx_background());
    ctx = gort_ctx_with_value(parent, &count, &count, NULL);
    gort_ctx_after_release(gort_ctx_after_func(ctx, counts, &count));
    gort_ctx_cancel(parent); /* by the parent */
    WAIT_UNTIL(ATOMIC_GET(&count) == 2);
    gort_ctx_release(ctx);
    gort_ctx_release(parent);

    gort_ctx_after *never = gort_ctx_after_func(gort_ctx_background(), counts, &count);
    CHECK(never != NULL);
    CHECK(gort_ctx_after_stop(never));
    gort_ctx_after_release(never);

    CHECK(gort_ctx_after_func(gort_ctx_background(), NULL, NULL) == NULL);
    CHECK(gort_last_error()[0] != '\0');
    CHECK(!gort_ctx_after_stop(NULL));
    CHECK_EQ(ATOMIC_GET(&count), 2);
}

enum { ROUNDS = 400 };
static int ran[ROUNDS];

static void cancels(void *arg)
{
    gort_ctx_cancel((gort_ctx *)arg);
    gort_ctx_release((gort_ctx *)arg);
}

static void stop_against_cancel(void *arg)
{
    (void)arg;
    memset(ran, 0, sizeof ran);
    for (int i = 0; i < ROUNDS; i++) {
        gort_ctx *ctx = gort_ctx_with_cancel(gort_ctx_background());
        gort_ctx_after *after = gort_ctx_after_func(ctx, counts, &ran[i]);
        CHECK(after != NULL);
        CHECK_STATUS(gort_waitgroup_go(&group, cancels, gort_ctx_retain(ctx)), GORT_OK);
        if (i % 2 == 0) {
            gort_yield();
        }
        if (gort_ctx_after_stop(after)) {
            ATOMIC_ADD(&ran[i], 1000);
        }
        gort_ctx_after_release(after);
        gort_ctx_release(ctx);
    }
    gort_waitgroup_wait(&group);
    for (int i = 0; i < ROUNDS; i++) {
        WAIT_UNTIL(ATOMIC_GET(&ran[i]) != 0);
        CHECK(ran[i] == 1 || ran[i] == 1000);
    }
}

int main(void)
{
    run_every_way(runs_at_the_end, NULL);
    run_every_way(other_ends, NULL);
    run_every_way(stop_against_cancel, NULL);
    WAIT_UNTIL(gort_num_goroutine() == 0);
    for (int i = 0; i < ROUNDS; i++) {
        CHECK(ran[i] == 1 || ran[i] == 1000);
    }
    return EXIT_SUCCESS;
}
