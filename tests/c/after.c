/*
 * after: channels of time carry one int64_t, gort_now() at the firing, have a buffer of
 * one, and belong to the caller.
 */
/* also: c++ */
#include "check.h"

enum { MANY = 2000 };

static void one(gort_duration d)
{
    int64_t before = gort_now();
    gort_chan *after = gort_after(d);
    CHECK(after != NULL);
    CHECK_EQ(gort_chan_cap(after), 1);
    int64_t fired = 0;
    CHECK_STATUS(gort_chan_recv(after, &fired), GORT_OK);
    int64_t now = gort_now();
    CHECK(fired <= now);
    CHECK(fired >= before);
    CHECK(d <= 0 || fired >= before + d);
    CHECK_STATUS(gort_chan_try_recv(after, &fired), GORT_WOULD_BLOCK); /* once only */
    gort_chan_release(after);
}

static void all_durations(void *arg)
{
    (void)arg;
    static const gort_duration DURATIONS[] = {INT64_MIN, -GORT_SECOND, 0, 1, 1000, 50 * GORT_MICROSECOND,
                                              GORT_MILLISECOND, 3 * GORT_MILLISECOND};
    for (size_t i = 0; i < sizeof DURATIONS / sizeof DURATIONS[0]; i++) {
        one(DURATIONS[i]);
    }
}

static void value_waits_for_receiver(void *arg)
{
    (void)arg;
    gort_chan *after = gort_after(GORT_MILLISECOND);
    CHECK(after != NULL);
    gort_sleep(3 * GORT_MILLISECOND);
    int64_t fired = 0;
    CHECK_STATUS(gort_chan_recv(after, &fired), GORT_OK);
    CHECK(fired <= gort_now());
    gort_chan_release(after);
}

static void released_before_it_fires(void *arg)
{
    (void)arg;
    for (int i = 0; i < MANY; i++) {
        gort_chan *after = gort_after(i % 3 == 0 ? GORT_HOUR : (i % 300) * GORT_MICROSECOND);
        CHECK(after != NULL);
        gort_chan_release(after);
    }
    gort_sleep(GORT_MILLISECOND);
}

static void in_a_select(void *arg)
{
    (void)arg;
    gort_chan *never = new_chan(0, 0);
    for (int i = 0; i < 20; i++) {
        gort_chan *soon = gort_after(100 * GORT_MICROSECOND), *late = gort_after(GORT_HOUR);
        int64_t fired = 0;
        gort_case cases[] = {GORT_RECV_CASE(never, NULL), GORT_RECV_CASE(late, NULL), GORT_RECV_CASE(soon, &fired)};
        CHECK_EQ(gort_select(cases, 3), 2);
        CHECK(fired > 0 && fired <= gort_now());
        gort_chan_release(soon);
        gort_chan_release(late);
    }
    gort_chan_release(never);
}

int main(void)
{
    run_every_way(all_durations, NULL);
    run_every_way(value_waits_for_receiver, NULL);
    run_every_way(released_before_it_fires, NULL);
    run_every_way(in_a_select, NULL);
    return EXIT_SUCCESS;
}
