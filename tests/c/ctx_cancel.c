/*
 * ctx_cancel: cancel ends a context and all below it, once, for everybody who waits; the
 * first cause stays; parents, siblings and contexts without a cancel are left alone.
 */
/* needs: context */
/* also: c++ */
#include "check.h"

static void expect_alive(gort_ctx *ctx)
{
    CHECK_STATUS(gort_ctx_err(ctx), GORT_OK);
    CHECK(gort_ctx_cause(ctx) == NULL);
    if (gort_ctx_done(ctx) != NULL) {
        CHECK_STATUS(gort_chan_try_recv(gort_ctx_done(ctx), NULL), GORT_WOULD_BLOCK);
    }
}

static void expect_over(gort_ctx *ctx, gort_status status, const char *cause)
{
    CHECK_STATUS(gort_ctx_err(ctx), status);
    CHECK(gort_ctx_done(ctx) != NULL);
    CHECK_STATUS(gort_chan_recv(gort_ctx_done(ctx), NULL), GORT_CLOSED);
    const char *found = gort_ctx_cause(ctx);
    CHECK(found != NULL);
    CHECK(strcmp(found, cause != NULL ? cause : gort_status_message(status)) == 0);
}

static void roots(void *arg)
{
    (void)arg;
    gort_ctx *all[] = {gort_ctx_background(), gort_ctx_todo()};
    for (int i = 0; i < 2; i++) {
        CHECK(all[i] != NULL);
        CHECK(gort_ctx_retain(all[i]) == all[i]);
        gort_ctx_release(all[i]);
        gort_ctx_release(all[i]);
        gort_ctx_cancel(all[i]);
        gort_ctx_cancel_cause(all[i], "no");
        expect_alive(all[i]);
        CHECK(gort_ctx_done(all[i]) == NULL);
        CHECK(!gort_ctx_deadline(all[i], NULL));
        CHECK(gort_ctx_value(all[i], all) == NULL);
    }
    CHECK(gort_ctx_background() == all[0] && gort_ctx_todo() == all[1] && all[0] != all[1]);
}

static void one_and_its_family(void *arg)
{
    (void)arg;
    gort_ctx *parent = gort_ctx_with_cancel(gort_ctx_background());
    gort_ctx *child = gort_ctx_with_cancel(parent), *sibling = gort_ctx_with_cancel(parent);
    gort_ctx *below = gort_ctx_with_value(child, &parent, &child, NULL), *grandchild = gort_ctx_with_cancel(below);
    gort_ctx *apart = gort_ctx_without_cancel(child);
    CHECK(parent != NULL && child != NULL && sibling != NULL && below != NULL && grandchild != NULL && apart != NULL);
    CHECK(gort_ctx_done(child) == gort_ctx_done(child));
    expect_alive(grandchild);

    gort_ctx_cancel(below); /* with_value: nothing */
    gort_ctx_cancel_cause(apart, "nothing");
    expect_alive(below);
    expect_alive(child);
    CHECK(gort_ctx_done(apart) == NULL);

    char cause[] = "the first cause";
    gort_ctx_cancel_cause(child, cause);
    memset(cause, '#', sizeof cause - 1);
    gort_ctx_cancel_cause(child, "a second cause");
    gort_ctx_cancel(child);
    expect_over(child, GORT_CANCELED, "the first cause");
    expect_over(below, GORT_CANCELED, "the first cause");
    expect_over(grandchild, GORT_CANCELED, "the first cause");
    expect_alive(parent);
    expect_alive(sibling);
    expect_alive(apart);

    gort_ctx *late = gort_ctx_with_cancel(grandchild); /* born over */
    expect_over(late, GORT_CANCELED, "the first cause");
    gort_ctx_cancel(parent);
    expect_over(sibling, GORT_CANCELED, NULL);
    expect_over(child, GORT_CANCELED, "the first cause");
    expect_alive(apart);
    gort_ctx_cancel_cause(sibling, "too late");
    expect_over(sibling, GORT_CANCELED, NULL);
    gort_ctx *family[] = {parent, child, sibling, below, grandchild, apart, late};
    for (int i = 0; i < 7; i++) {
        gort_ctx_release(family[i]);
    }
}

static void references(void *arg)
{
    (void)arg;
    gort_ctx *parent = gort_ctx_with_cancel(gort_ctx_background());
    gort_ctx *child = gort_ctx_with_cancel(parent);
    gort_ctx_release(parent); /* the child holds it */
    expect_alive(child);
    CHECK(gort_ctx_retain(child) == child);
    gort_ctx_release(child);
    expect_alive(child);
    gort_chan *done = gort_chan_retain(gort_ctx_done(child));
    gort_ctx_release(child); /* the last one ends it */
    CHECK_STATUS(gort_chan_recv(done, NULL), GORT_CLOSED);
    gort_chan_release(done);
    gort_ctx_release(NULL);
}

struct waiter {
    gort_ctx *ctx;
    gort_status status;
};

static void waits(void *arg)
{
    struct waiter *waiter = (struct waiter *)arg;
    CHECK_STATUS(gort_chan_recv(gort_ctx_done(waiter->ctx), NULL), GORT_CLOSED);
    waiter->status = gort_ctx_err(waiter->ctx);
}

static void *waits_on_thread(void *arg)
{
    waits(arg);
    return NULL;
}

static void wakes_everybody(void *arg)
{
    (void)arg;
    enum { WAITERS = 30 };
    for (int round = 0; round < 20; round++) {
        struct waiter waiters[WAITERS + 1];
        gort_ctx *parent = gort_ctx_with_cancel(gort_ctx_background()), *child = gort_ctx_with_cancel(parent);
        gort_waitgroup group = {{0}};
        waiters[WAITERS].ctx = child;
        pthread_t thread = plain_thread(waits_on_thread, &waiters[WAITERS]);
        for (int i = 0; i < WAITERS; i++) {
            waiters[i].ctx = i % 2 == 0 ? parent : child;
            CHECK_STATUS(gort_waitgroup_go(&group, waits, &waiters[i]), GORT_OK);
        }
        if (round % 2 == 0) {
            settle();
        }
        gort_ctx_cancel(parent);
        gort_waitgroup_wait(&group);
        join_thread(thread);
        for (int i = 0; i <= WAITERS; i++) {
            CHECK_EQ(waiters[i].status, GORT_CANCELED);
        }
        gort_ctx_release(child);
        gort_ctx_release(parent);
    }
}

static void cancels(void *arg)
{
    gort_ctx_cancel((gort_ctx *)arg);
    gort_ctx_release((gort_ctx *)arg);
}

/* Whoever wins: when a cancel has returned, the context is over, ended by whomever. */
static void two_at_once(void *arg)
{
    (void)arg;
    gort_waitgroup group = {{0}};
    for (int i = 0; i < 1000; i++) {
        gort_ctx *parent = gort_ctx_with_cancel(gort_ctx_background()), *child = gort_ctx_with_cancel(parent);
        CHECK_STATUS(gort_waitgroup_go(&group, cancels, gort_ctx_retain(i % 2 == 0 ? parent : child)), GORT_OK);
        if (i % 3 == 0) {
            gort_yield();
        }
        gort_ctx_cancel(child);
        expect_over(child, GORT_CANCELED, NULL);
        gort_ctx_release(child);
        gort_ctx_release(parent);
    }
    gort_waitgroup_wait(&group);
}

static void null_contexts(void *arg)
{
    (void)arg;
    CHECK(gort_ctx_with_cancel(NULL) == NULL);
    CHECK(gort_last_error()[0] != '\0');
    CHECK(gort_ctx_with_timeout(NULL, GORT_SECOND) == NULL);
    CHECK(gort_ctx_with_deadline(NULL, gort_now()) == NULL);
    CHECK(gort_ctx_with_value(NULL, arg, arg, NULL) == NULL);
    CHECK(gort_ctx_without_cancel(NULL) == NULL);
    CHECK_STATUS(gort_ctx_err(NULL), GORT_OK); /* a NULL ctx means background */
    CHECK(gort_ctx_done(NULL) == NULL);
    CHECK(gort_ctx_cause(NULL) == NULL);
    CHECK(gort_ctx_value(NULL, &arg) == NULL);
    CHECK(!gort_ctx_deadline(NULL, NULL));
    gort_ctx_cancel(NULL);
    gort_ctx_cancel_cause(NULL, "no");
}

int main(void)
{
    run_every_way(roots, NULL);
    run_every_way(one_and_its_family, NULL);
    run_every_way(references, NULL);
    run_every_way(wakes_everybody, NULL);
    run_every_way(two_at_once, NULL);
    run_every_way(null_contexts, NULL);
    return EXIT_SUCCESS;
}
