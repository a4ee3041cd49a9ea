/*
 * ticker: ticks come no earlier than their period, a slow receiver misses ticks instead of
 * piling them up, and after stop or reset no stale tick is received. The times only grow.
 */
/* also: c++ */
#include "check.h"

static void ticks(void *arg)
{
    (void)arg;
    gort_duration period = 300 * GORT_MICROSECOND;
    int64_t begin = gort_now(), last = begin;
    gort_ticker *ticker = gort_ticker_new(period);
    CHECK(ticker != NULL);
    gort_chan *chan = gort_ticker_chan(ticker);
    CHECK(chan != NULL);
    CHECK_EQ(gort_chan_cap(chan), 1);
    for (int i = 1; i <= 20; i++) {
        int64_t tick = 0;
        CHECK_STATUS(gort_chan_recv(chan, &tick), GORT_OK);
        CHECK(tick >= begin + i * period); /* the i-th tick is due then, if none was missed */
        CHECK(tick >= last && tick <= gort_now());
        last = tick;
    }
    gort_ticker_release(ticker);
}

static void slow_receiver(void *arg)
{
    (void)arg;
    gort_ticker *ticker = gort_ticker_new(100 * GORT_MICROSECOND);
    CHECK(ticker != NULL);
    gort_sleep(20 * GORT_MILLISECOND); /* two hundred periods */
    CHECK(gort_chan_len(gort_ticker_chan(ticker)) <= 1);
    int64_t tick = 0;
    CHECK_STATUS(gort_chan_recv(gort_ticker_chan(ticker), &tick), GORT_OK);
    gort_ticker_stop(ticker);
    CHECK(tick <= gort_now());
    CHECK_STATUS(gort_chan_recv_timeout(gort_ticker_chan(ticker), &tick, GORT_MILLISECOND), GORT_DEADLINE_EXCEEDED);
    gort_ticker_release(ticker);
}

static void stop_and_reset(void *arg)
{
    (void)arg;
    gort_ticker *ticker = gort_ticker_new(100 * GORT_MICROSECOND);
    CHECK(ticker != NULL);
    for (int i = 0; i < 10; i++) {
        gort_sleep(GORT_MILLISECOND); /* a tick lies there */
        gort_ticker_stop(ticker);
        gort_ticker_stop(ticker);
        CHECK_STATUS(gort_chan_try_recv(gort_ticker_chan(ticker), NULL), GORT_WOULD_BLOCK);
        CHECK_STATUS(gort_chan_recv_timeout(gort_ticker_chan(ticker), NULL, 500 * GORT_MICROSECOND),
                     GORT_DEADLINE_EXCEEDED);

        CHECK_STATUS(gort_ticker_reset(ticker, 200 * GORT_MICROSECOND), GORT_OK);
        CHECK_STATUS(gort_chan_recv(gort_ticker_chan(ticker), NULL), GORT_OK);
        gort_sleep(GORT_MILLISECOND); /* and again */
        int64_t now = gort_now(), tick = 0;
        CHECK_STATUS(gort_ticker_reset(ticker, 2 * GORT_MILLISECOND), GORT_OK);
        CHECK_STATUS(gort_chan_recv(gort_ticker_chan(ticker), &tick), GORT_OK);
        CHECK(tick >= now + 2 * GORT_MILLISECOND);
        CHECK_STATUS(gort_ticker_reset(ticker, 100 * GORT_MICROSECOND), GORT_OK);
    }
    CHECK_REFUSED(gort_ticker_reset(ticker, 0), GORT_INVALID);
    CHECK_REFUSED(gort_ticker_reset(ticker, -GORT_SECOND), GORT_INVALID);
    CHECK_STATUS(gort_chan_recv(gort_ticker_chan(ticker), NULL), GORT_OK); /* the refused resets changed nothing */
    gort_ticker_release(ticker);
}

static void bad_periods(void *arg)
{
    (void)arg;
    CHECK(gort_ticker_new(0) == NULL);
    CHECK(gort_last_error()[0] != '\0');
    CHECK(gort_ticker_new(-1) == NULL);
    CHECK(gort_ticker_new(INT64_MIN) == NULL);
    gort_ticker *patient = gort_ticker_new(INT64_MAX);
    CHECK(patient != NULL);
    CHECK_STATUS(gort_chan_try_recv(gort_ticker_chan(patient), NULL), GORT_WOULD_BLOCK);
    gort_ticker_release(patient);
    gort_ticker_release(NULL);
}

static void many(void *arg)
{
    (void)arg;
    enum { TICKERS = 200 };
    gort_ticker *tickers[TICKERS];
    for (int i = 0; i < TICKERS; i++) {
        tickers[i] = gort_ticker_new((1 + i % 10) * GORT_MILLISECOND);
        CHECK(tickers[i] != NULL);
    }
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < TICKERS; i++) {
            CHECK_STATUS(gort_chan_recv(gort_ticker_chan(tickers[i]), NULL), GORT_OK);
        }
    }
    for (int i = 0; i < TICKERS; i++) {
        gort_ticker_release(tickers[i]); /* running */
    }
}

static void receives_in_order(void *arg)
{
    enum { TICKS = 5000 };
    gort_ticker *ticker = gort_ticker_new(GORT_MICROSECOND);
    CHECK(ticker != NULL);
    int64_t last = 0;
    for (int i = 0; i < TICKS; i++) {
        int64_t tick = 0;
        CHECK_STATUS(gort_chan_recv(gort_ticker_chan(ticker), &tick), GORT_OK);
        CHECK(tick > last);
        last = tick;
    }
    gort_ticker_release(ticker);
    CHECK_STATUS(gort_waitgroup_done((gort_waitgroup *)arg), GORT_OK);
}

static void in_order(void *arg)
{
    (void)arg;
    enum { TICKERS = 8 };
    gort_waitgroup group = {{0}};
    CHECK_STATUS(gort_waitgroup_add(&group, TICKERS), GORT_OK);
    for (int i = 0; i < TICKERS; i++) {
        spawn(receives_in_order, &group);
    }
    gort_waitgroup_wait(&group);
}

int main(void)
{
    run_every_way(ticks, NULL);
    run_every_way(slow_receiver, NULL);
    run_every_way(stop_and_reset, NULL);
    run_every_way(bad_periods, NULL);
    run_every_way(many, NULL);
    run_every_way(in_order, NULL);
    return EXIT_SUCCESS;
}
