/*
 * ctx_chan: sends, receives and sleeps that give up when their context ends, with its
 * status, and take no value with them.
 */
/* needs: context */
#include "check.h"

static gort_waitgroup group;

struct call {
    gort_chan *chan;
    gort_ctx *ctx;
    gort_status status;
    int kind; /* 0: receive, 1: send, 2: sleep */
};

static void calls(void *arg)
{
    struct call *call = arg;
    int value = 5;
    call->status = call->kind == 0   ? gort_chan_recv_ctx(call->chan, &value, call->ctx)
                   : call->kind == 1 ? gort_chan_send_ctx(call->chan, &value, call->ctx)
                                     : gort_sleep_ctx(GORT_HOUR, call->ctx);
    if (call->status != GORT_OK) {
        CHECK(gort_last_error()[0] != '\0');
    }
}

static void *calls_on_thread(void *arg)
{
    calls(arg);
    return NULL;
}

static void given_up(void *arg)
{
    (void)arg;
    for (int round = 0; round < 10; round++) {
        struct call all[9];
        gort_ctx *parent = gort_ctx_with_cancel(gort_ctx_background());
        gort_ctx *timed = gort_ctx_with_timeout(gort_ctx_background(), 3 * GORT_MILLISECOND);
        gort_ctx *child = gort_ctx_with_value(parent, &group, &group, NULL);
        gort_chan *empty = new_chan(sizeof(int), 0);
        pthread_t thread = pthread_self();
        for (int i = 0; i < 9; i++) {
            struct call call = {i == 3 ? NULL : empty, i % 2 == 0 ? timed : child, GORT_OK, i % 3 == 1 ? 2 : 0};
            all[i] = call;
            if (i == 8) {
                thread = plain_thread(calls_on_thread, &all[i]);
            } else {
                CHECK_STATUS(gort_waitgroup_go(&group, calls, &all[i]), GORT_OK);
            }
        }
        if (round % 2 == 0) {
            settle();
        }
        gort_ctx_cancel(parent);
        gort_waitgroup_wait(&group);
        join_thread(thread);
        for (int i = 0; i < 9; i++) {
            CHECK_EQ(all[i].status, i % 2 == 0 ? GORT_DEADLINE_EXCEEDED : GORT_CANCELED);
        }
        CHECK_STATUS(gort_chan_try_send(empty, NULL), GORT_WOULD_BLOCK); /* nobody is left in the queue */
        gort_chan_release(empty);
        gort_ctx_release(child);
        gort_ctx_release(timed);
        gort_ctx_release(parent);
    }
}

static void goes_well(void *arg)
{
    (void)arg;
    gort_ctx *ctx = gort_ctx_with_cancel(gort_ctx_background());
    gort_chan *chan = new_chan(sizeof(int), 1);
    gort_ctx *contexts[] = {ctx, NULL, gort_ctx_background()};
    for (int i = 0; i < 3; i++) {
        int value = 40 + i, got = 0;
        CHECK_STATUS(gort_chan_send_ctx(chan, &value, contexts[i]), GORT_OK);
        CHECK_STATUS(gort_chan_recv_ctx(chan, &got, contexts[i]), GORT_OK);
        CHECK_EQ(got, value);
        int64_t begin = gort_now();
        CHECK_STATUS(gort_sleep_ctx(GORT_MILLISECOND, contexts[i]), GORT_OK);
        CHECK(gort_now() - begin >= GORT_MILLISECOND);
        CHECK_STATUS(gort_sleep_ctx(0, contexts[i]), GORT_OK);
        CHECK_STATUS(gort_sleep_ctx(-1, contexts[i]), GORT_OK);
    }
    gort_ctx_cancel(ctx);
    /* Ended: what would block gives up; a channel that is ready may win or not, but must not lie. */
    int value = 9;
    CHECK_REFUSED(gort_chan_recv_ctx(chan, &value, ctx), GORT_CANCELED);
    CHECK_REFUSED(gort_sleep_ctx(GORT_HOUR, ctx), GORT_CANCELED);
    CHECK_EQ(value, 9);
    for (int i = 0; i < 50; i++) {
        gort_status status = gort_chan_send_ctx(chan, &i, ctx);
        CHECK(status == GORT_OK || status == GORT_CANCELED);
        CHECK_EQ(gort_chan_len(chan), status == GORT_OK);
        CHECK_EQ(gort_chan_try_recv(chan, &value), status == GORT_OK ? GORT_OK : GORT_WOULD_BLOCK);
    }
    CHECK_STATUS(gort_chan_close(chan), GORT_OK);
    gort_status status = gort_chan_recv_ctx(chan, &value, ctx);
    CHECK(status == GORT_CLOSED || status == GORT_CANCELED);
    CHECK_STATUS(gort_chan_recv_ctx(chan, &value, NULL), GORT_CLOSED);
    CHECK_REFUSED(gort_chan_send_ctx(chan, &value, gort_ctx_background()), GORT_CLOSED);
    gort_chan_release(chan);
    gort_ctx_release(ctx);
}

static long sent, received;

static void sends_until_end(void *arg)
{
    struct call *call = arg;
    for (int i = 1; gort_chan_send_ctx(call->chan, &i, call->ctx) == GORT_OK; i++) {
        ATOMIC_ADD(&sent, (long)i);
    }
}

static void receives_until_end(void *arg)
{
    struct call *call = arg;
    int value = 0;
    while (gort_chan_recv_ctx(call->chan, &value, call->ctx) == GORT_OK) {
        ATOMIC_ADD(&received, (long)value);
    }
}

static void exactly_once(void *arg)
{
    (void)arg;
    for (size_t round = 0; round < 30; round++) {
        sent = received = 0;
        gort_ctx *ctx = gort_ctx_with_timeout(gort_ctx_background(), GORT_MILLISECOND);
        struct call call = {new_chan(sizeof(int), round % 3), ctx, GORT_OK, 0};
        for (int i = 0; i < 4; i++) {
            CHECK_STATUS(gort_waitgroup_go(&group, sends_until_end, &call), GORT_OK);
            CHECK_STATUS(gort_waitgroup_go(&group, receives_until_end, &call), GORT_OK);
        }
        gort_waitgroup_wait(&group);
        int value = 0;
        while (gort_chan_try_recv(call.chan, &value) == GORT_OK) {
            received += value;
        }
        CHECK_EQ(sent, received);
        gort_chan_release(call.chan);
        gort_ctx_release(call.ctx);
    }
}

int main(void)
{
    run_every_way(given_up, NULL);
    run_every_way(goes_well, NULL);
    run_every_way(exactly_once, NULL);
    return EXIT_SUCCESS;
}
