/*
 * timer_stale: as in Go since 1.23: after stop or reset no value of before is received;
 * stop and reset say true when the timer ran or its value had not been received.
 */
/* also: c++ */
#include "check.h"

static gort_timer *new_timer(gort_duration d)
{
    gort_timer *timer = gort_timer_new(d);
    CHECK(timer != NULL);
    CHECK(gort_timer_chan(timer) != NULL);
    CHECK(gort_timer_chan(timer) == gort_timer_chan(timer));
    return timer;
}

static void expect_nothing(gort_timer *timer)
{
    int64_t value = -1;
    CHECK_STATUS(gort_chan_try_recv(gort_timer_chan(timer), &value), GORT_WOULD_BLOCK);
    CHECK_STATUS(gort_chan_recv_timeout(gort_timer_chan(timer), &value, 500 * GORT_MICROSECOND),
                 GORT_DEADLINE_EXCEEDED);
    CHECK_EQ(value, -1);
}

static void expect_value_since(gort_timer *timer, int64_t earliest)
{
    int64_t fired = 0;
    CHECK_STATUS(gort_chan_recv(gort_timer_chan(timer), &fired), GORT_OK);
    CHECK(fired >= earliest);
    CHECK(fired <= gort_now());
}

static void stop_results(void *arg)
{
    (void)arg;
    gort_timer *timer = new_timer(GORT_HOUR);
    CHECK(gort_timer_stop(timer));
    CHECK(!gort_timer_stop(timer));
    expect_nothing(timer);
    CHECK(!gort_timer_reset(timer, GORT_HOUR)); /* it was stopped */
    CHECK(gort_timer_reset(timer, GORT_HOUR));  /* it was running */

    int64_t now = gort_now();
    CHECK(gort_timer_reset(timer, 0));
    expect_value_since(timer, now);
    CHECK(!gort_timer_stop(timer)); /* fired, and its value was received */
    CHECK(!gort_timer_reset(timer, -5));
    expect_value_since(timer, now);
    gort_timer_release(timer);
}

static void no_stale_value(void *arg)
{
    (void)arg;
    for (int i = 0; i < 10; i++) {
        gort_timer *timer = new_timer((i % 3) * 100 * GORT_MICROSECOND);
        gort_sleep(GORT_MILLISECOND); /* it has fired, most likely; nobody has received */
        CHECK(gort_timer_stop(timer));
        expect_nothing(timer);
        CHECK(!gort_timer_stop(timer));

        gort_timer_reset(timer, 0);
        gort_sleep(GORT_MILLISECOND);
        int64_t now = gort_now();
        CHECK(gort_timer_reset(timer, 2 * GORT_MILLISECOND));
        expect_value_since(timer, now + 2 * GORT_MILLISECOND); /* of the second setting */
        expect_nothing(timer);
        gort_timer_release(timer);
    }
}

static void many_resets_one_value(void *arg)
{
    (void)arg;
    gort_timer *timer = new_timer(0);
    int64_t earliest = 0;
    for (int i = 0; i < 2000; i++) {
        earliest = gort_now();
        CHECK(gort_timer_reset(timer, (i % 50) * GORT_MICROSECOND));
    }
    expect_value_since(timer, earliest);
    expect_nothing(timer);
    gort_timer_release(timer);
}

static void receives_one(void *arg)
{
    int64_t fired = 0;
    CHECK_STATUS(gort_chan_recv((gort_chan *)arg, &fired), GORT_OK);
    CHECK(fired > 0);
    gort_chan_release((gort_chan *)arg);
}

/* A receiver that waits already gets the value of a timer that is set later. */
static void reset_serves_a_waiting_receiver(void *arg)
{
    (void)arg;
    gort_timer *timer = new_timer(GORT_HOUR);
    CHECK(gort_timer_stop(timer));
    gort_waitgroup group = {{0}};
    CHECK_STATUS(gort_waitgroup_go(&group, receives_one, gort_chan_retain(gort_timer_chan(timer))), GORT_OK);
    settle();
    CHECK(!gort_timer_reset(timer, 100 * GORT_MICROSECOND));
    gort_waitgroup_wait(&group);
    CHECK(!gort_timer_stop(timer));
    gort_timer_release(timer);
}

static void release_stops(void *arg)
{
    (void)arg;
    gort_timer *timer = new_timer(GORT_MILLISECOND);
    gort_chan *chan = gort_chan_retain(gort_timer_chan(timer));
    gort_timer_release(timer);
    CHECK_STATUS(gort_chan_recv_timeout(chan, NULL, 4 * GORT_MILLISECOND), GORT_DEADLINE_EXCEEDED);
    gort_chan_release(chan);
    gort_timer_release(NULL);
}

int main(void)
{
    run_every_way(stop_results, NULL);
    run_every_way(no_stale_value, NULL);
    run_every_way(many_resets_one_value, NULL);
    run_every_way(reset_serves_a_waiting_receiver, NULL);
    run_every_way(release_stops, NULL);
    return EXIT_SUCCESS;
}
