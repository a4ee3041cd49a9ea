/*
 * select_fair: among the cases that are ready each is chosen with the same probability,
 * whatever its place, kind, and the number of cases that are not ready.
 */
#include "check.h"

enum { MOST = 16, PER_CASE = 1500 };

static int64_t distance(const int *counts, int n, int expected)
{
    int64_t squares = 0;
    for (int i = 0; i < n; i++) {
        squares += (int64_t)(counts[i] - expected) * (counts[i] - expected);
    }
    return squares / expected; /* chi-square with n - 1 degrees of freedom */
}

/* Chi-square has the mean n - 1 and the deviation sqrt(2(n - 1)); 15 deviations above are no accident. */
static void expect_uniform(const int *counts, int n, int expected)
{
    int64_t limit = (n - 1) + 15 * 2 * (n - 1);
    if (distance(counts, n, expected) > limit) {
        check_fail(__FILE__, __LINE__, "chi-square of %d cases is %lld; the first are chosen %d and %d times of %d", n,
                   (long long)distance(counts, n, expected), counts[0], counts[1], expected * n);
    }
}

static void receives(int ready, int closed, int not_ready)
{
    gort_case cases[MOST];
    int counts[MOST] = {0};
    gort_chan *chans[MOST];
    gort_chan *empty = new_chan(0, 1);
    int n = 0;
    for (int i = 0; i < ready + closed; i++) {
        for (int j = 0; j < not_ready; j++) {
            gort_case idle = GORT_RECV_CASE(j % 2 == 0 ? empty : NULL, NULL);
            cases[n++] = idle;
        }
        chans[i] = new_chan(0, 2);
        gort_case fresh = GORT_RECV_CASE(chans[i], NULL);
        cases[n++] = fresh;
        if (i >= ready) {
            CHECK_STATUS(gort_chan_close(chans[i]), GORT_OK);
        } else {
            CHECK_STATUS(gort_chan_send(chans[i], NULL), GORT_OK);
        }
    }
    CHECK(n <= MOST);
    for (int i = 0; i < PER_CASE * (ready + closed); i++) {
        int chosen = i % 3 == 0   ? gort_select(cases, (size_t)n)
                     : i % 3 == 1 ? gort_select_default(cases, (size_t)n)
                                  : gort_select_timeout(cases, (size_t)n, GORT_HOUR);
        CHECK(chosen >= 0 && chosen % (not_ready + 1) == not_ready);
        int place = chosen / (not_ready + 1);
        counts[place]++;
        CHECK_EQ(cases[chosen].status, place < ready ? GORT_OK : GORT_CLOSED);
        if (place < ready) {
            CHECK_STATUS(gort_chan_send(chans[place], NULL), GORT_OK);
        }
    }
    expect_uniform(counts, ready + closed, PER_CASE);
    for (int i = 0; i < ready + closed; i++) {
        gort_chan_release(chans[i]);
    }
    gort_chan_release(empty);
}

static void sends_and_receives(void)
{
    gort_chan *in = new_chan(0, 1), *out = new_chan(0, 1);
    int counts[2] = {0};
    CHECK_STATUS(gort_chan_send(in, NULL), GORT_OK);
    gort_case cases[] = {GORT_RECV_CASE(in, NULL), GORT_SEND_CASE(out, NULL)};
    for (int i = 0; i < 2 * PER_CASE; i++) {
        int chosen = gort_select(cases, 2);
        CHECK(chosen == 0 || chosen == 1);
        counts[chosen]++;
        CHECK_STATUS(chosen == 0 ? gort_chan_send(in, NULL) : gort_chan_recv(out, NULL), GORT_OK);
    }
    expect_uniform(counts, 2, PER_CASE);
    gort_chan_release(in);
    gort_chan_release(out);
}

static void all(void *arg)
{
    (void)arg;
    receives(2, 0, 0);
    receives(3, 0, 0);
    receives(5, 0, 2);
    receives(16, 0, 0);
    receives(2, 2, 1);
    receives(0, 7, 0);
    sends_and_receives();
}

int main(void)
{
    run_every_way(all, NULL);
    return EXIT_SUCCESS;
}
