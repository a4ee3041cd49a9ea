/*
 * context: ends go down the tree and never up or sideways; the earlier deadline and the
 * first cause count; values are found by their key's address and dropped once; functions
 * run after the end; blocking calls give way; a hundred thousand children end with one.
 */
/* needs: context */
#include "check.h"

enum { DEPTH = 200, CHILDREN = 100000, WAITERS = 50, RACES = 300 };

static gort_waitgroup group;
static int ran, dropped;

static gort_ctx *have(gort_ctx *ctx)
{
    CHECK(ctx != NULL);
    return ctx;
}

static void expect_live(gort_ctx *ctx)
{
    CHECK_STATUS(gort_ctx_err(ctx), GORT_OK);
    CHECK(gort_ctx_cause(ctx) == NULL);
    if (gort_ctx_done(ctx) != NULL) {
        CHECK_EQ(gort_chan_try_recv(gort_ctx_done(ctx), NULL), GORT_WOULD_BLOCK);
    }
}

static void expect_over(gort_ctx *ctx, gort_status why, const char *cause)
{
    CHECK_STATUS(gort_ctx_err(ctx), why);
    CHECK(gort_ctx_cause(ctx) != NULL);
    CHECK_EQ(strcmp(gort_ctx_cause(ctx), cause != NULL ? cause : gort_status_message(why)), 0);
    CHECK_EQ(gort_chan_recv(gort_ctx_done(ctx), NULL), GORT_CLOSED);
}

static void roots(void *arg)
{
    (void)arg;
    gort_ctx *both[] = {gort_ctx_background(), gort_ctx_todo()};
    for (int i = 0; i < 2; i++) {
        CHECK(gort_ctx_retain(have(both[i])) == both[i]);
        gort_ctx_release(both[i]);
        gort_ctx_release(both[i]);
        gort_ctx_cancel(both[i]);
        CHECK(gort_ctx_done(both[i]) == NULL);
        CHECK(!gort_ctx_deadline(both[i], NULL));
        CHECK(gort_ctx_value(both[i], &ran) == NULL);
        expect_live(both[i]);
    }
    CHECK(gort_ctx_with_cancel(NULL) == NULL);
    CHECK(gort_ctx_with_timeout(NULL, 1) == NULL);
    CHECK(gort_ctx_with_deadline(NULL, 1) == NULL);
    CHECK(gort_ctx_with_value(NULL, &ran, NULL, NULL) == NULL);
    CHECK(gort_ctx_without_cancel(NULL) == NULL);
    gort_ctx_release(NULL);
}

static void tree(void *arg)
{
    (void)arg;
    gort_ctx *chain[DEPTH], *sides[DEPTH];
    for (int i = 0; i < DEPTH; i++) {
        chain[i] = have(gort_ctx_with_cancel(i > 0 ? chain[i - 1] : gort_ctx_background()));
        sides[i] = have(gort_ctx_with_cancel(chain[i]));
    }
    gort_ctx_cancel_cause(sides[10], "only the side");
    expect_over(sides[10], GORT_CANCELED, "only the side");
    expect_live(chain[10]);

    char cause[] = "half way";
    gort_ctx_cancel_cause(chain[DEPTH / 2], cause);
    memset(cause, 'x', sizeof cause - 1); /* it was copied */
    gort_ctx_cancel_cause(chain[DEPTH / 2], "too late");
    gort_ctx_cancel(chain[DEPTH / 2]);
    for (int i = 0; i < DEPTH; i++) {
        if (i < DEPTH / 2) {
            expect_live(chain[i]);
        } else {
            expect_over(chain[i], GORT_CANCELED, "half way");
            expect_over(sides[i], GORT_CANCELED, "half way");
        }
    }
    gort_ctx *late = have(gort_ctx_with_cancel(chain[DEPTH - 1]));
    expect_over(late, GORT_CANCELED, "half way");
    gort_ctx_release(late);

    gort_ctx_cancel(chain[0]);
    expect_over(chain[1], GORT_CANCELED, NULL);
    expect_over(sides[10], GORT_CANCELED, "only the side");
    expect_over(chain[DEPTH - 1], GORT_CANCELED, "half way");
    for (int i = 0; i < DEPTH; i++) { /* the parents first: the children keep them */
        gort_ctx_release(chain[i]);
    }
    for (int i = 0; i < DEPTH; i++) {
        gort_ctx_release(sides[i]);
    }
}

static void last_release_ends(void *arg)
{
    (void)arg;
    gort_ctx *parent = have(gort_ctx_with_cancel(gort_ctx_background()));
    gort_ctx *child = have(gort_ctx_with_cancel(parent));
    gort_chan *parents = gort_chan_retain(gort_ctx_done(parent)), *childs = gort_chan_retain(gort_ctx_done(child));
    gort_ctx_release(parent);
    CHECK_EQ(gort_chan_try_recv(parents, NULL), GORT_WOULD_BLOCK); /* the child refers to it */
    expect_live(child);
    gort_ctx_release(child);
    CHECK_EQ(gort_chan_recv(childs, NULL), GORT_CLOSED);
    CHECK_EQ(gort_chan_recv(parents, NULL), GORT_CLOSED);
    gort_chan_release(parents);
    gort_chan_release(childs);
}

static void deadlines(void *arg)
{
    (void)arg;
    int64_t start = gort_now(), when = 0, inherited = 0;
    gort_ctx *soon = have(gort_ctx_with_timeout(gort_ctx_background(), 20 * GORT_MILLISECOND));
    gort_ctx *later = have(gort_ctx_with_timeout(soon, GORT_HOUR));
    gort_ctx *plain = have(gort_ctx_with_cancel(later));
    CHECK(gort_ctx_deadline(soon, &when) && when >= start + 20 * GORT_MILLISECOND);
    CHECK(gort_ctx_deadline(plain, &inherited) && inherited == when);
    CHECK(gort_ctx_deadline(later, NULL));
    CHECK_EQ(gort_chan_recv(gort_ctx_done(plain), NULL), GORT_CLOSED);
    expect_over(plain, GORT_DEADLINE_EXCEEDED, NULL);
    CHECK(gort_now() >= when);
    expect_over(soon, GORT_DEADLINE_EXCEEDED, NULL);
    expect_over(later, GORT_DEADLINE_EXCEEDED, NULL);
    gort_ctx_cancel_cause(soon, "too late");
    expect_over(soon, GORT_DEADLINE_EXCEEDED, NULL);

    gort_ctx *past[] = {gort_ctx_with_deadline(gort_ctx_background(), start), gort_ctx_with_timeout(gort_ctx_background(), 0),
                        gort_ctx_with_timeout(gort_ctx_background(), INT64_MIN)};
    for (int i = 0; i < 3; i++) {
        expect_over(have(past[i]), GORT_DEADLINE_EXCEEDED, NULL);
        gort_ctx_release(past[i]);
    }
    gort_ctx *never = have(gort_ctx_with_timeout(gort_ctx_background(), INT64_MAX));
    expect_live(never);
    gort_ctx_cancel(never);
    expect_over(never, GORT_CANCELED, NULL);
    gort_ctx_release(never);
    gort_ctx_release(soon);
    gort_ctx_release(later);
    gort_ctx_release(plain);
}

static void drops(void *value)
{
    CHECK(value == &dropped);
    ATOMIC_ADD(&dropped, 1);
}

static void values(void *arg)
{
    (void)arg;
    static const char first_key = 'k', second_key = 'k'; /* equal, and two addresses */
    int one = 1, two = 2;
    ATOMIC_SET(&dropped, 0);
    gort_ctx *top = have(gort_ctx_with_cancel(gort_ctx_background()));
    gort_ctx *outer = have(gort_ctx_with_value(top, &first_key, &one, NULL));
    gort_ctx *middle = have(gort_ctx_with_value(outer, &second_key, &dropped, drops));
    gort_ctx *inner = have(gort_ctx_with_value(middle, &first_key, &two, NULL));
    gort_ctx *freed = have(gort_ctx_without_cancel(inner));
    CHECK(gort_ctx_value(top, &first_key) == NULL);
    CHECK(gort_ctx_value(outer, &first_key) == &one && gort_ctx_value(outer, &second_key) == NULL);
    CHECK(gort_ctx_value(middle, &first_key) == &one && gort_ctx_value(middle, &second_key) == &dropped);
    CHECK(gort_ctx_value(freed, &first_key) == &two && gort_ctx_value(freed, &second_key) == &dropped);
    CHECK(gort_ctx_value(inner, &one) == NULL);
    gort_ctx_cancel(inner); /* values and freed ones cannot be canceled */
    gort_ctx_cancel(freed);
    expect_live(top);
    expect_live(inner);
    gort_ctx_cancel_cause(top, "top");
    expect_over(inner, GORT_CANCELED, "top");
    expect_live(freed);
    CHECK(gort_ctx_done(freed) == NULL);
    gort_ctx_release(top);
    gort_ctx_release(outer);
    gort_ctx_release(middle);
    gort_ctx_release(inner);
    CHECK_EQ(ATOMIC_GET(&dropped), 0); /* freed still finds it */
    CHECK(gort_ctx_value(freed, &second_key) == &dropped);
    gort_ctx_release(freed);
    CHECK_EQ(ATOMIC_GET(&dropped), 1);
}

static void runs_after(void *arg)
{
    CHECK(gort_goroutine_id() > 0);
    CHECK(arg == NULL || gort_ctx_err(arg) == GORT_CANCELED);
    ATOMIC_ADD(&ran, 1);
}

static void cancels(void *arg)
{
    gort_ctx_cancel(arg);
}

static void after_functions(void *arg)
{
    (void)arg;
    ATOMIC_SET(&ran, 0);
    gort_ctx *ctx = have(gort_ctx_with_cancel(gort_ctx_background()));
    gort_ctx_after *kept = gort_ctx_after_func(ctx, runs_after, ctx), *stopped = gort_ctx_after_func(ctx, runs_after, ctx);
    CHECK(kept != NULL && stopped != NULL);
    CHECK(gort_ctx_after_func(ctx, NULL, NULL) == NULL);
    CHECK(!gort_ctx_after_stop(NULL));
    gort_ctx_after_release(gort_ctx_after_func(ctx, runs_after, ctx)); /* still runs */
    CHECK(gort_ctx_after_stop(stopped));
    CHECK(!gort_ctx_after_stop(stopped));
    settle();
    CHECK_EQ(ATOMIC_GET(&ran), 0);
    gort_ctx_cancel(ctx);
    CHECK(!gort_ctx_after_stop(kept));
    gort_ctx_after *at_once = gort_ctx_after_func(ctx, runs_after, ctx);
    CHECK(at_once != NULL);
    WAIT_UNTIL(ATOMIC_GET(&ran) == 3);
    CHECK(!gort_ctx_after_stop(at_once));
    gort_ctx_after_release(kept);
    gort_ctx_after_release(stopped);
    gort_ctx_after_release(at_once);
    gort_ctx_after_release(NULL);
    settle();
    CHECK_EQ(ATOMIC_GET(&ran), 3);
    gort_ctx_release(ctx);

    int expected = 3;
    for (int i = 0; i < RACES; i++) { /* stop against the end: the function runs, or stop says it does not */
        ctx = have(gort_ctx_with_cancel(gort_ctx_background()));
        gort_ctx_after *after = gort_ctx_after_func(ctx, runs_after, NULL);
        CHECK_STATUS(gort_waitgroup_go(&group, cancels, ctx), GORT_OK);
        if (i % 2 == 0) {
            gort_yield();
        }
        expected += !gort_ctx_after_stop(after);
        gort_waitgroup_wait(&group);
        gort_ctx_after_release(after);
        gort_ctx_release(ctx);
    }
    WAIT_UNTIL(ATOMIC_GET(&ran) >= expected);
    settle();
    CHECK_EQ(ATOMIC_GET(&ran), expected);
}

struct blocked {
    gort_ctx *ctx;
    gort_chan *chan;
    int waiting;
};

static void blocks(void *arg)
{
    struct blocked *blocked = arg;
    int value = 5;
    switch (ATOMIC_ADD(&blocked->waiting, 1) % 3) {
    case 0:
        CHECK_REFUSED(gort_chan_recv_ctx(blocked->chan, &value, blocked->ctx), GORT_CANCELED);
        break;
    case 1:
        CHECK_REFUSED(gort_sleep_ctx(GORT_HOUR, blocked->ctx), GORT_CANCELED);
        break;
    default:
        CHECK_REFUSED(gort_chan_send_ctx(NULL, &value, blocked->ctx), GORT_CANCELED);
    }
}

static void blocking_calls(void *arg)
{
    (void)arg;
    struct blocked blocked = {have(gort_ctx_with_cancel(gort_ctx_background())), new_chan(sizeof(int), 1), 0};
    for (int i = 0; i < WAITERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, blocks, &blocked), GORT_OK);
    }
    WAIT_UNTIL(ATOMIC_GET(&blocked.waiting) == WAITERS);
    settle();
    gort_ctx_cancel(blocked.ctx);
    gort_waitgroup_wait(&group);
    CHECK_REFUSED(gort_chan_recv_ctx(blocked.chan, NULL, blocked.ctx), GORT_CANCELED);

    int value = 9, got = 0; /* nobody who gave up is left in the queue */
    CHECK_STATUS(gort_chan_send_ctx(blocked.chan, &value, NULL), GORT_OK);
    CHECK_EQ(gort_chan_len(blocked.chan), 1);
    gort_ctx *brief = have(gort_ctx_with_timeout(gort_ctx_background(), 5 * GORT_MILLISECOND));
    CHECK_REFUSED(gort_chan_send_ctx(blocked.chan, &value, brief), GORT_DEADLINE_EXCEEDED);
    CHECK_REFUSED(gort_sleep_ctx(GORT_HOUR, brief), GORT_DEADLINE_EXCEEDED);
    CHECK_STATUS(gort_chan_recv_ctx(blocked.chan, &got, gort_ctx_background()), GORT_OK);
    CHECK_EQ(got, 9);
    CHECK_STATUS(gort_sleep_ctx(GORT_MICROSECOND, NULL), GORT_OK);
    CHECK_STATUS(gort_chan_close(blocked.chan), GORT_OK);
    CHECK_EQ(gort_chan_recv_ctx(blocked.chan, &got, NULL), GORT_CLOSED);
    CHECK_EQ(got, 0);
    gort_ctx_release(brief);
    gort_ctx_release(blocked.ctx);
    gort_chan_release(blocked.chan);
}

static void many_children(void *arg)
{
    (void)arg;
    gort_ctx *parent = have(gort_ctx_with_cancel(gort_ctx_background()));
    gort_ctx **children = check_alloc(CHILDREN * sizeof *children);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < CHILDREN; i++) {
            children[i] = have(gort_ctx_with_cancel(parent));
        }
        if (round == 0) { /* they leave their parent in another order than they came in */
            for (int i = 0; i < CHILDREN; i++) {
                gort_ctx_release(children[(i * 7919LL) % CHILDREN]);
            }
        }
    }
    expect_live(parent);
    gort_ctx_cancel_cause(parent, "all of you");
    for (int i = 0; i < CHILDREN; i++) {
        expect_over(children[i], GORT_CANCELED, "all of you");
        gort_ctx_release(children[i]);
    }
    gort_ctx_release(parent);
    free(children);
}

int main(void)
{
    run_every_way(roots, NULL);
    run_every_way(tree, NULL);
    run_every_way(last_release_ends, NULL);
    run_every_way(deadlines, NULL);
    run_every_way(values, NULL);
    run_every_way(after_functions, NULL);
    run_every_way(blocking_calls, NULL);
    run_main(many_children, NULL);
    WAIT_UNTIL(gort_num_goroutine() == 0);
    return EXIT_SUCCESS;
}
