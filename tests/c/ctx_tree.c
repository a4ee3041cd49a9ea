/*
 * ctx_tree: stress: children are made, used and released while their parents are
 * cancelled; every one of them ends, and large and deep trees end as a whole.
 */
/* needs: context */
#include "check.h"

enum { MAKERS = 6, CHILDREN = 200, ROUNDS = 15, WIDE = 5000, DEEP = 100000 };

static gort_waitgroup group;

static void makes_children(void *arg)
{
    gort_ctx *parent = arg;
    gort_ctx *children[CHILDREN];
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = i % 3 == 0   ? gort_ctx_with_cancel(parent)
                      : i % 3 == 1 ? gort_ctx_with_timeout(i > 1 ? children[i / 2] : parent, GORT_HOUR)
                                   : gort_ctx_with_value(children[i - 1], &group, parent, NULL);
        CHECK(children[i] != NULL);
        if (i % 10 == 9) {
            gort_ctx_release(children[i - 4]);
            children[i - 4] = gort_ctx_with_cancel(children[i]);
            gort_yield();
        }
    }
    for (int i = 0; i < CHILDREN; i++) { /* born before or after the cancel: all end */
        CHECK_STATUS(gort_chan_recv(gort_ctx_done(children[i]), NULL), GORT_CLOSED);
        CHECK_STATUS(gort_ctx_err(children[i]), GORT_CANCELED);
        CHECK(strcmp(gort_ctx_cause(children[i]), "the end") == 0);
        gort_ctx_release(children[i]);
    }
    gort_ctx_release(parent);
}

static void children_against_cancel(void *arg)
{
    (void)arg;
    for (int round = 0; round < ROUNDS; round++) {
        gort_ctx *root = gort_ctx_with_cancel(gort_ctx_background());
        for (int i = 0; i < MAKERS; i++) {
            CHECK_STATUS(gort_waitgroup_go(&group, makes_children, gort_ctx_retain(root)), GORT_OK);
        }
        gort_sleep((round % 5) * 100 * GORT_MICROSECOND);
        gort_ctx_cancel_cause(root, "the end");
        gort_ctx_release(root);
        gort_waitgroup_wait(&group);
    }
}

static void wide(void *arg)
{
    (void)arg;
    gort_ctx **children = check_alloc(WIDE * sizeof *children);
    gort_ctx *root = gort_ctx_with_cancel(gort_ctx_background());
    for (int i = 0; i < WIDE; i++) {
        children[i] = gort_ctx_with_cancel(root);
        CHECK(children[i] != NULL);
    }
    for (int i = 0; i < WIDE; i += 7) { /* some leave early, in no order */
        int leaver = (i * 13) % WIDE;
        gort_ctx_release(children[leaver]);
        children[leaver] = gort_ctx_with_cancel(root);
    }
    gort_ctx_cancel(root);
    for (int i = 0; i < WIDE; i++) {
        CHECK_STATUS(gort_ctx_err(children[i]), GORT_CANCELED);
        gort_ctx_release(children[i]);
    }
    gort_ctx_release(root);
    free(children);
}

/* A chain as deep as no stack: neither cancel nor release may recurse down it. */
static void deep(void *arg)
{
    (void)arg;
    gort_ctx *root = gort_ctx_with_cancel(gort_ctx_background()), *last = gort_ctx_retain(root);
    for (int i = 0; i < DEEP; i++) {
        gort_ctx *next = i % 5 == 0 ? gort_ctx_with_value(last, &last, &root, NULL) : gort_ctx_with_cancel(last);
        CHECK(next != NULL);
        gort_ctx_release(last);
        last = next;
    }
    CHECK_STATUS(gort_ctx_err(last), GORT_OK);
    gort_ctx_cancel(root);
    CHECK_STATUS(gort_ctx_err(last), GORT_CANCELED);
    gort_ctx_release(root);
    gort_ctx_release(last);

    last = gort_ctx_with_cancel(gort_ctx_background());
    for (int i = 0; i < DEEP; i++) {
        gort_ctx *next = gort_ctx_with_cancel(last);
        gort_ctx_release(last);
        last = next;
    }
    gort_ctx_release(last); /* the whole chain, alive */
}

int main(void)
{
    run_every_way(children_against_cancel, NULL);
    run_every_way(wide, NULL);
    run_every_way(deep, NULL);
    return EXIT_SUCCESS;
}
