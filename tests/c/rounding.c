/*
 * rounding: the rounding mode (MXCSR and x87 control word) belongs to the goroutine: it
 * is kept over every switch, does not leak to others, and starts as the creator's.
 */
#include "check.h"

#include <fenv.h>

enum { GOROUTINES = 16, ROUNDS = 201 /* as many sends as receives */ };

static const int MODES[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
static gort_waitgroup group;
static gort_chan *chan;

/* What the processor makes of it, not what the C library remembers: both units are asked. */
OPAQUE static int mode_in_effect(void)
{
    volatile double one = 1.0, tiny = 1e-30;
    volatile double sum = one + tiny, difference = -one - tiny;
    int sse = sum > 1.0                               ? FE_UPWARD
              : difference < -1.0                     ? FE_DOWNWARD
              : (double)(one - (double)tiny) < 1.0    ? FE_TOWARDZERO
                                                      : FE_TONEAREST;
    volatile long double wide_one = 1.0L, wide_tiny = 1e-30L;
    volatile long double wide_sum = wide_one + wide_tiny, wide_difference = -wide_one - wide_tiny;
    volatile long double wide_less = wide_one - wide_tiny;
    int x87 = wide_sum > 1.0L              ? FE_UPWARD
              : wide_difference < -1.0L    ? FE_DOWNWARD
              : wide_less < 1.0L           ? FE_TOWARDZERO
                                           : FE_TONEAREST;
    CHECK_EQ(sse, x87);
    CHECK_EQ(fegetround(), x87);
    return sse;
}

static void inherits(void *arg)
{
    CHECK_EQ(mode_in_effect(), (int)(intptr_t)arg);
    gort_yield();
    CHECK_EQ(mode_in_effect(), (int)(intptr_t)arg);
    CHECK_EQ(fesetround(FE_UPWARD), 0); /* nobody else's business */
}

static void keeps(void *arg)
{
    int mode = MODES[(intptr_t)arg % 4];
    CHECK_EQ(mode_in_effect(), FE_TONEAREST);
    CHECK_EQ(fesetround(mode), 0);
    for (int round = 0; round < ROUNDS; round++) {
        if (round % 3 == 0) {
            gort_yield();
        } else if (round % 3 == 1) {
            CHECK_STATUS(gort_chan_send(chan, NULL), GORT_OK);
        } else {
            CHECK_STATUS(gort_chan_recv(chan, NULL), GORT_OK);
        }
        CHECK_EQ(mode_in_effect(), mode);
        if (round % 50 == 0) {
            CHECK_STATUS(gort_waitgroup_go(&group, inherits, (void *)(intptr_t)mode), GORT_OK);
        }
    }
    /* Ends with its mode set: the next goroutine on this stack and thread must not see it. */
}

static void all(void *arg)
{
    (void)arg;
    chan = new_chan(0, 3);
    for (int repeat = 0; repeat < 3; repeat++) {
        for (intptr_t i = 0; i < GOROUTINES; i++) {
            CHECK_STATUS(gort_waitgroup_go(&group, keeps, (void *)i), GORT_OK);
        }
        gort_waitgroup_wait(&group);
        CHECK_EQ(mode_in_effect(), FE_TONEAREST);
    }
    gort_chan_release(chan);
}

static void plain_creator(void)
{
    for (size_t i = 0; i < 4; i++) {
        CHECK_EQ(fesetround(MODES[i]), 0);
        run_in_goroutine(inherits, (void *)(intptr_t)MODES[i]);
        run_main(inherits, (void *)(intptr_t)MODES[i]);
        CHECK_EQ(mode_in_effect(), MODES[i]);
    }
    CHECK_EQ(fesetround(FE_TONEAREST), 0);
}

int main(void)
{
    plain_creator();
    all(NULL);
    run_main(all, NULL);
    return EXIT_SUCCESS;
}
