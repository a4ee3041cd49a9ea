/*
 * load_time.c: timers, tickers and contexts that are stopped, reset and canceled while they
 * fire. Nothing here is timed: a thing happens or is stopped, never both, never neither.
 */
#include "soak.h"

enum { TIMERS = 64, TREE = 40, WAITERS = 12 };

void soak_timers(struct rng *rng)
{
    for (int i = 0; i < TIMERS; i++) {
        gort_duration soon = (gort_duration)rng_below(rng, 200) * GORT_MICROSECOND;
        gort_timer *timer = gort_timer_new(soon);
        CHECK(timer != NULL);
        int64_t when;
        switch (rng_below(rng, 4)) {
        case 0: /* stopped: no stale value, whatever the answer */
            gort_sleep((gort_duration)rng_below(rng, 200) * GORT_MICROSECOND);
            (void)gort_timer_stop(timer);
            CHECK_STATUS(gort_chan_try_recv(gort_timer_chan(timer), &when), GORT_WOULD_BLOCK);
            break;
        case 1: /* reset: one value, and not before its time */
            (void)gort_timer_reset(timer, soon);
            CHECK_STATUS(gort_chan_recv(gort_timer_chan(timer), &when), GORT_OK);
            CHECK(!gort_timer_stop(timer));
            break;
        case 2:
            CHECK_STATUS(gort_chan_recv(gort_timer_chan(timer), &when), GORT_OK);
            CHECK(gort_now() >= when);
            break;
        default: /* given up while it runs */
            break;
        }
        gort_timer_release(timer);
    }
    gort_chan *after = gort_after(GORT_HOUR), *soon = gort_after(100 * GORT_MICROSECOND);
    CHECK(after != NULL && soon != NULL);
    gort_case cases[] = {GORT_RECV_CASE(after, NULL), GORT_RECV_CASE(soon, NULL)};
    CHECK_EQ(gort_select(cases, 2), 1);
    gort_chan_release(after);
    gort_chan_release(soon);

    gort_ticker *ticker = gort_ticker_new(50 * GORT_MICROSECOND);
    CHECK(ticker != NULL);
    int64_t last = 0;
    for (int i = 0; i < 10; i++) {
        int64_t tick;
        CHECK_STATUS(gort_chan_recv(gort_ticker_chan(ticker), &tick), GORT_OK);
        CHECK(tick > last);
        last = tick;
    }
    gort_ticker_stop(ticker);
    CHECK_STATUS(gort_chan_try_recv(gort_ticker_chan(ticker), NULL), GORT_WOULD_BLOCK);
    gort_ticker_release(ticker);
}

static void count_run(void *arg)
{
    ATOMIC_ADD((int *)arg, 1);
}

void soak_after_func(struct rng *rng)
{
    int *ran = check_alloc(sizeof *ran);
    gort_timer *timers[TIMERS];
    int due = 0;
    for (int i = 0; i < TIMERS; i++) {
        timers[i] = gort_after_func((gort_duration)rng_below(rng, 300) * GORT_MICROSECOND, count_run, ran);
        CHECK(timers[i] != NULL);
        due++;
    }
    for (int i = 0; i < TIMERS; i++) {
        if (rng_below(rng, 2) == 0) {
            due -= gort_timer_stop(timers[i]);
        } else if (rng_below(rng, 4) == 0) {
            due += !gort_timer_reset(timers[i], (gort_duration)rng_below(rng, 300) * GORT_MICROSECOND);
        }
    }
    WAIT_UNTIL(ATOMIC_GET(ran) == due);
    for (int i = 0; i < TIMERS; i++) {
        CHECK(!gort_timer_stop(timers[i]));
        gort_timer_release(timers[i]);
    }
    CHECK_EQ(ATOMIC_GET(ran), due);
    free(ran);
}

static void drop_value(void *value)
{
    ATOMIC_ADD((int *)value, 1);
}

/* A random tree: canceling one node ends what is below it, and nothing else. */
void soak_context(struct rng *rng)
{
    static const char key = 'k';
    gort_ctx *nodes[TREE];
    int parents[TREE], canceled[TREE], dropped = 0, values = 0, *ran = check_alloc(sizeof *ran);
    gort_ctx_after *afters[TREE];
    for (int i = 0; i < TREE; i++) {
        parents[i] = i == 0 ? -1 : (int)rng_below(rng, (uint32_t)i);
        gort_ctx *parent = i == 0 ? gort_ctx_background() : nodes[parents[i]];
        if (i > 0 && rng_below(rng, 4) == 0) {
            nodes[i] = gort_ctx_with_value(parent, &key, &dropped, drop_value);
            values++;
        } else if (rng_below(rng, 4) == 0) {
            nodes[i] = gort_ctx_with_timeout(parent, GORT_HOUR);
        } else {
            nodes[i] = gort_ctx_with_cancel(parent);
        }
        CHECK(nodes[i] != NULL);
        afters[i] = gort_ctx_after_func(nodes[i], count_run, ran);
        CHECK(afters[i] != NULL);
    }
    int chosen = (int)rng_below(rng, TREE), due = 0;
    gort_ctx_cancel(nodes[chosen]);
    int canceled_here = gort_ctx_err(nodes[chosen]) == GORT_CANCELED; /* not one that carries a value */
    for (int i = 0; i < TREE; i++) {
        canceled[i] = (i == chosen && canceled_here) || (parents[i] >= 0 && canceled[parents[i]]);
        CHECK_EQ(gort_ctx_err(nodes[i]), canceled[i] ? GORT_CANCELED : GORT_OK);
        due += canceled[i];
    }
    for (int i = 0; i < TREE; i++) {
        if (!canceled[i]) {
            CHECK(gort_ctx_after_stop(afters[i]));
        }
        gort_ctx_after_release(afters[i]);
    }
    WAIT_UNTIL(ATOMIC_GET(ran) == due);
    for (int i = 0; i < TREE; i++) {
        gort_ctx_release(nodes[i]);
    }
    WAIT_UNTIL(ATOMIC_GET(&dropped) == values);
    free(ran);
}

/* ---- everything that waits on a context, canceled while it waits, begins to, or is just woken */

struct canceled {
    gort_ctx *ctx;
    gort_chan *chan;
    gort_sem sem;
    gort_waitgroup over;
    int next, sent, received, held;
};

static void wait_with_context(void *arg)
{
    struct canceled *all = arg;
    int kind = ATOMIC_ADD(&all->next, 1) % 4, value = 1;
    for (;;) {
        gort_status got;
        switch (kind) {
        case 0:
            got = gort_chan_send_ctx(all->chan, &value, all->ctx);
            ATOMIC_ADD(&all->sent, got == GORT_OK);
            break;
        case 1:
            got = gort_chan_recv_ctx(all->chan, &value, all->ctx);
            ATOMIC_ADD(&all->received, got == GORT_OK);
            break;
        case 2:
            got = gort_sem_acquire(&all->sem, all->ctx, 2);
            if (got == GORT_OK) {
                CHECK(ATOMIC_ADD(&all->held, 2) <= 3);
                gort_yield();
                ATOMIC_ADD(&all->held, -2);
                CHECK_STATUS(gort_sem_release(&all->sem, 2), GORT_OK);
            }
            break;
        default:
            got = gort_sleep_ctx(20 * GORT_MICROSECOND, all->ctx);
        }
        if (got != GORT_OK) {
            CHECK_EQ(got, GORT_CANCELED);
            return;
        }
        if (gort_ctx_err(all->ctx) != GORT_OK) {
            return; /* what is ready wins over a context that has ended */
        }
    }
}

static void cancel_later(void *arg)
{
    gort_sleep(100 * GORT_MICROSECOND);
    gort_ctx_cancel_cause(arg, "enough");
    gort_ctx_release(arg);
}

void soak_cancel(struct rng *rng)
{
    struct canceled all;
    memset(&all, 0, sizeof all);
    gort_ctx *root = gort_ctx_with_cancel(gort_ctx_background());
    all.ctx = gort_ctx_with_cancel(root);
    all.chan = new_chan(sizeof(int), rng_below(rng, 2));
    CHECK(root != NULL && all.ctx != NULL);
    CHECK_STATUS(gort_sem_init(&all.sem, 3), GORT_OK);
    for (int i = 0; i < WAITERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&all.over, wait_with_context, &all), GORT_OK);
    }
    spawn(cancel_later, gort_ctx_retain(root));
    gort_waitgroup_wait(&all.over);
    CHECK_EQ(all.sent, all.received + (int)gort_chan_len(all.chan));
    CHECK(gort_sem_try_acquire(&all.sem, 3));
    CHECK(strcmp(gort_ctx_cause(all.ctx), "enough") == 0);
    gort_chan_release(all.chan);
    gort_ctx_release(all.ctx);
    gort_ctx_release(root);
}
