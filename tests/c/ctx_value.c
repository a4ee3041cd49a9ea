/*
 * ctx_value: values are found by the address of their key, the nearest first, through
 * every kind of context; drop runs exactly once, when the context is gone.
 */
/* needs: context */
/* also: c++ */
#include "check.h"

static int drops[4];

static void drop(void *value)
{
    ATOMIC_ADD((int *)value, 1);
}

static void lookup(void *arg)
{
    (void)arg;
    static const char one[] = "key", two[] = "key"; /* same text, two keys */
    int values[3] = {1, 2, 3};
    gort_ctx *outer = gort_ctx_with_value(gort_ctx_background(), one, &values[0], NULL);
    gort_ctx *cancel = gort_ctx_with_cancel(outer);
    gort_ctx *inner = gort_ctx_with_value(cancel, two, &values[1], NULL);
    gort_ctx *timed = gort_ctx_with_timeout(inner, GORT_HOUR);
    gort_ctx *shadow = gort_ctx_with_value(timed, one, &values[2], NULL);
    gort_ctx *apart = gort_ctx_without_cancel(shadow);
    CHECK(gort_ctx_value(outer, one) == &values[0]);
    CHECK(gort_ctx_value(outer, two) == NULL);
    CHECK(gort_ctx_value(cancel, one) == &values[0]);
    CHECK(gort_ctx_value(timed, one) == &values[0]);
    CHECK(gort_ctx_value(timed, two) == &values[1]);
    CHECK(gort_ctx_value(shadow, one) == &values[2]);
    CHECK(gort_ctx_value(shadow, two) == &values[1]);
    CHECK(gort_ctx_value(apart, one) == &values[2]); /* values come through without_cancel */
    CHECK(gort_ctx_value(apart, "other") == NULL);
    gort_ctx_cancel(cancel);
    CHECK(gort_ctx_value(shadow, two) == &values[1]); /* an ended context keeps its values */
    CHECK_STATUS(gort_ctx_err(shadow), GORT_CANCELED);
    CHECK_STATUS(gort_ctx_err(apart), GORT_OK);
    gort_ctx *all[] = {outer, cancel, inner, timed, shadow, apart};
    for (int i = 0; i < 6; i++) {
        gort_ctx_release(all[i]);
    }
    gort_ctx *nothing = gort_ctx_with_value(gort_ctx_todo(), one, NULL, NULL); /* a NULL value looks like none */
    CHECK(nothing != NULL && gort_ctx_value(nothing, one) == NULL);
    gort_ctx_release(nothing);
}

static void dropped_once(void *arg)
{
    (void)arg;
    memset(drops, 0, sizeof drops);
    gort_ctx *parent = gort_ctx_with_value(gort_ctx_background(), drops, &drops[0], drop);
    gort_ctx *child = gort_ctx_with_cancel(parent);
    gort_ctx *value = gort_ctx_with_value(child, drops, &drops[1], drop);
    CHECK(gort_ctx_retain(value) == value);
    gort_ctx_release(parent);
    gort_ctx_release(child);
    gort_ctx_release(value);
    gort_ctx_cancel(child); /* alive: value is below it; an end is no drop */
    CHECK_STATUS(gort_ctx_err(value), GORT_CANCELED);
    CHECK(drops[0] == 0 && drops[1] == 0);
    CHECK(gort_ctx_value(value, drops) == &drops[1]);
    gort_ctx_release(value);
    WAIT_UNTIL(ATOMIC_GET(&drops[0]) == 1 && ATOMIC_GET(&drops[1]) == 1);

    /* A parent that gives nothing takes nothing: the value is still the caller's. */
    CHECK(gort_ctx_with_value(NULL, drops, &drops[2], drop) == NULL);
    CHECK_EQ(ATOMIC_GET(&drops[2]), 0);
    CHECK(ATOMIC_GET(&drops[0]) == 1 && ATOMIC_GET(&drops[1]) == 1);
}

static gort_waitgroup group;

static void uses_own_reference(void *arg)
{
    gort_ctx *ctx = (gort_ctx *)arg;
    CHECK(gort_ctx_value(ctx, drops) == &drops[3]);
    gort_ctx *child = gort_ctx_with_cancel(ctx);
    CHECK(gort_ctx_value(child, drops) == &drops[3]);
    gort_ctx_release(ctx);
    gort_yield();
    CHECK(gort_ctx_value(child, drops) == &drops[3]);
    gort_ctx_release(child);
}

static void last_of_many(void *arg)
{
    (void)arg;
    for (int round = 0; round < 50; round++) {
        ATOMIC_SET(&drops[3], 0);
        gort_ctx *ctx = gort_ctx_with_value(gort_ctx_background(), drops, &drops[3], drop);
        for (int i = 0; i < 20; i++) {
            CHECK_STATUS(gort_waitgroup_go(&group, uses_own_reference, gort_ctx_retain(ctx)), GORT_OK);
        }
        gort_ctx_release(ctx);
        gort_waitgroup_wait(&group);
        CHECK_EQ(ATOMIC_GET(&drops[3]), 1);
    }
}

int main(void)
{
    run_every_way(lookup, NULL);
    run_every_way(dropped_once, NULL);
    run_every_way(last_of_many, NULL);
    return EXIT_SUCCESS;
}
