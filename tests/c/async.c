/*
 * An operation that was begun ends once: by its callback, or by a cancel that says so.
 * Wherever it is begun, whoever completes it; the callback may call what does not block.
 */
/* also: c++ */
#include "check.h"

#include <stdint.h>

struct told {
    int times;
    int index;
    gort_status status;
    uint64_t goroutine;
};

static void tell(void *user, int index, gort_status status)
{
    struct told *told = (struct told *)user;
    told->index = index;
    told->status = status;
    told->goroutine = gort_goroutine_id();
    ATOMIC_ADD(&told->times, 1);
}

static const struct told nothing = {0, -1, GORT_MISUSE, 77};

static void expect(const struct told *told, int index, gort_status status)
{
    CHECK_EQ(ATOMIC_GET(&told->times), 1);
    CHECK_EQ(told->index, index);
    CHECK_EQ(told->status, status);
    CHECK_EQ(told->goroutine, 0);
}

static void at_once(void *arg)
{
    (void)arg;
    gort_chan *chan = new_chan(sizeof(int), 1);
    int in = 5, out = 0;
    struct told sent = nothing, received = nothing;
    gort_async *send = gort_chan_send_async(chan, &in, tell, &sent);
    gort_async *recv = gort_chan_recv_async(chan, &out, tell, &received);
    expect(&sent, 0, GORT_OK);
    expect(&received, 0, GORT_OK);
    CHECK_EQ(out, 5);
    CHECK(!gort_async_cancel(send) && !gort_async_cancel(recv));
    gort_async_release(send);
    gort_async_release(recv);

    CHECK_STATUS(gort_chan_close(chan), GORT_OK);
    sent = received = nothing;
    gort_async_release(gort_chan_send_async(chan, &in, tell, &sent));
    gort_async_release(gort_chan_recv_async(chan, &out, tell, &received));
    expect(&sent, 0, GORT_CLOSED);
    expect(&received, 0, GORT_CLOSED);
    CHECK_EQ(out, 0);
    gort_chan_release(chan);
}

static void later(void *arg)
{
    (void)arg;
    gort_chan *chan = new_chan(sizeof(int), 0);
    int in = 6, out = 0;
    struct told told = nothing;
    gort_async *op = gort_chan_recv_async(chan, &out, tell, &told);
    CHECK_EQ(ATOMIC_GET(&told.times), 0);
    CHECK_STATUS(gort_chan_try_send(chan, &in), GORT_OK); /* somebody waits */
    expect(&told, 0, GORT_OK);
    CHECK_EQ(out, 6);
    CHECK(!gort_async_cancel(op));
    gort_async_release(op);

    told = nothing;
    gort_async_release(gort_chan_send_async(chan, &in, tell, &told)); /* goes on without a handle */
    CHECK_EQ(ATOMIC_GET(&told.times), 0);
    out = 0;
    CHECK_STATUS(gort_chan_recv(chan, &out), GORT_OK);
    CHECK_EQ(out, 6);
    expect(&told, 0, GORT_OK);

    /* The operation keeps the channel, and a close ends it. */
    struct told closed = nothing;
    gort_async_release(gort_chan_recv_async(chan, NULL, tell, &closed));
    CHECK_STATUS(gort_chan_close(chan), GORT_OK);
    expect(&closed, 0, GORT_CLOSED);
    gort_chan_release(chan);
}

static void canceled(void *arg)
{
    (void)arg;
    gort_chan *chan = new_chan(sizeof(int), 0);
    int in = 7, out = 8;
    struct told told = nothing;
    gort_async *op = gort_chan_recv_async(chan, &out, tell, &told);
    CHECK(gort_async_cancel(op));
    CHECK(!gort_async_cancel(op));
    gort_async_release(op);
    CHECK_STATUS(gort_chan_try_send(chan, &in), GORT_WOULD_BLOCK);
    op = gort_chan_send_async(chan, &in, tell, &told);
    CHECK(gort_async_cancel(op));
    gort_async_release(op);
    CHECK_STATUS(gort_chan_try_recv(chan, &out), GORT_WOULD_BLOCK);
    CHECK_EQ(out, 8);

    gort_case cases[] = {GORT_RECV_CASE(chan, &out), GORT_SEND_CASE(chan, &in), GORT_RECV_CASE(NULL, NULL)};
    op = gort_select_async(cases, 3, tell, &told);
    CHECK(gort_async_cancel(op));
    gort_async_release(op);
    CHECK_STATUS(gort_chan_try_recv(chan, &out), GORT_WOULD_BLOCK);

    gort_async *never[] = {gort_chan_recv_async(NULL, NULL, tell, &told), gort_chan_send_async(NULL, NULL, tell, &told),
                           gort_select_async(NULL, 0, tell, &told)};
    for (int i = 0; i < 3; i++) {
        CHECK(never[i] != NULL && gort_async_cancel(never[i]));
        gort_async_release(never[i]);
    }
    CHECK_EQ(told.times, 0);
    gort_chan_release(chan);
}

static void selects(void *arg)
{
    (void)arg;
    gort_chan *chans[20];
    int out[20];
    gort_case cases[20];
    for (int i = 0; i < 20; i++) {
        chans[i] = new_chan(sizeof(int), 0);
        out[i] = -1;
        gort_case one = GORT_RECV_CASE(chans[i], &out[i]);
        cases[i] = one;
    }
    for (int i = 0; i < 20; i++) {
        struct told told = nothing;
        gort_async *op = gort_select_async(cases, 20, tell, &told);
        CHECK_STATUS(gort_chan_try_send(chans[i], &i), GORT_OK);
        expect(&told, i, GORT_OK);
        CHECK_EQ(out[i], i);
        for (int j = 0; j < 20; j++) { /* it waits nowhere any more */
            CHECK_STATUS(gort_chan_try_send(chans[j], &j), GORT_WOULD_BLOCK);
        }
        gort_async_release(op);
    }
    for (int i = 0; i < 20; i++) {
        gort_chan_release(chans[i]);
    }
}

/* Each hop of the chain is completed in the callback of the one before. */
struct chain {
    gort_chan *chan;
    int depth, deepest, hops;
    int value;
};

static void hop(void *user, int index, gort_status status)
{
    struct chain *chain = (struct chain *)user;
    CHECK_EQ(index, 0);
    CHECK_EQ(status, GORT_OK);
    chain->depth++;
    if (chain->depth > chain->deepest) {
        chain->deepest = chain->depth;
    }
    if (++chain->hops < 100000) {
        gort_async *op = gort_chan_recv_async(chain->chan, &chain->value, hop, chain);
        CHECK(op != NULL);
        CHECK_STATUS(gort_chan_try_send(chain->chan, &chain->hops), GORT_OK);
        gort_async_release(op);
    }
    chain->depth--;
}

static void does_not_nest(void *arg)
{
    (void)arg;
    struct chain chain = {new_chan(sizeof(int), 0), 0, 0, 0, 0};
    gort_async_release(gort_chan_recv_async(chain.chan, &chain.value, hop, &chain));
    CHECK_STATUS(gort_chan_try_send(chain.chan, &chain.hops), GORT_OK);
    CHECK_EQ(chain.hops, 100000);
    CHECK_EQ(chain.deepest, 1);
    CHECK_EQ(chain.value, 99999);
    gort_chan_release(chain.chan);
}

/* A timer completes it; the callback ends the last reference to that very timer. */
struct timeout {
    struct told told;
    gort_chan *after;
};

static void on_timeout(void *user, int index, gort_status status)
{
    struct timeout *timeout = (struct timeout *)user;
    gort_chan_release(timeout->after);
    tell(&timeout->told, index, status);
}

static void timed(void *arg)
{
    (void)arg;
    gort_chan *chan = new_chan(sizeof(int), 0);
    for (int i = 0; i < 20; i++) {
        struct timeout timeout = {nothing, gort_after(100 * GORT_MICROSECOND)};
        gort_case cases[] = {GORT_RECV_CASE(chan, NULL), GORT_RECV_CASE(timeout.after, NULL)};
        gort_async_release(gort_select_async(cases, 2, on_timeout, &timeout));
        WAIT_UNTIL(ATOMIC_GET(&timeout.told.times) == 1);
        expect(&timeout.told, 1, GORT_OK);
    }
    gort_ctx *ctx = gort_ctx_with_timeout(gort_ctx_background(), GORT_MILLISECOND);
    struct told told = nothing;
    gort_async_release(gort_chan_recv_async(gort_ctx_done(ctx), NULL, tell, &told));
    WAIT_UNTIL(ATOMIC_GET(&told.times) == 1);
    expect(&told, 0, GORT_CLOSED);
    gort_ctx_release(ctx);
    gort_chan_release(chan);
}

static void refused(void *arg)
{
    (void)arg;
    gort_chan *chan = new_chan(sizeof(int), 0);
    int value = 0;
    CHECK(gort_chan_recv_async(chan, &value, NULL, NULL) == NULL);
    CHECK(gort_chan_send_async(chan, &value, NULL, NULL) == NULL);
    CHECK(gort_select_async(NULL, 1, tell, NULL) == NULL);
    CHECK(gort_last_error()[0] != '\0');
    gort_case bad = GORT_RECV_CASE(chan, &value);
    bad.op = (gort_op)9;
    CHECK(gort_select_async(&bad, 1, tell, NULL) == NULL);
    CHECK(!gort_async_cancel(NULL));
    gort_async_release(NULL);
    CHECK_STATUS(gort_chan_try_send(chan, &value), GORT_WOULD_BLOCK);
    gort_chan_release(chan);
}

int main(void)
{
    run_every_way(at_once, NULL);
    run_every_way(later, NULL);
    run_every_way(canceled, NULL);
    run_every_way(selects, NULL);
    run_every_way(does_not_nest, NULL);
    run_every_way(timed, NULL);
    run_every_way(refused, NULL);
    return EXIT_SUCCESS;
}
