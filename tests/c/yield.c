/*
 * yield: gort_yield lets every other ready goroutine run, also with one P, also when all
 * of them only yield; on a plain thread it is harmless.
 */
/* also: c++ */
#include "check.h"

enum { PARTNERS = 8 };

static int turn, rounds;
static int progress[PARTNERS];
static gort_waitgroup group;

/* Each waits for its turn by yielding only: it ends because the others are run. */
static void take_turns(void *arg)
{
    int me = (int)(intptr_t)arg;
    for (int round = 0; round < rounds; round++) {
        while (ATOMIC_GET(&turn) % PARTNERS != me) {
            gort_yield();
        }
        ATOMIC_ADD(&turn, 1);
    }
    CHECK_STATUS(gort_waitgroup_done(&group), GORT_OK);
}

static void turns(void *arg)
{
    (void)arg;
    /* With more Ps than processors, each turn waits for the system to give its thread one. */
    rounds = gort_gomaxprocs(0) == 1 ? 250 : 4;
    ATOMIC_SET(&turn, 0);
    CHECK_STATUS(gort_waitgroup_add(&group, PARTNERS), GORT_OK);
    for (intptr_t i = 0; i < PARTNERS; i++) {
        spawn(take_turns, (void *)i);
    }
    gort_waitgroup_wait(&group);
    CHECK_EQ(ATOMIC_GET(&turn), rounds * PARTNERS);
}

static int stop;

static void yields_for_ever(void *arg)
{
    int *mine = (int *)arg;
    while (!ATOMIC_GET(&stop)) {
        ATOMIC_ADD(mine, 1);
        gort_yield();
    }
    CHECK_STATUS(gort_waitgroup_done(&group), GORT_OK);
}

/* Yielders starve neither each other, nor timers, nor what comes from outside. */
static void nobody_starves(void *arg)
{
    (void)arg;
    memset(progress, 0, sizeof progress);
    ATOMIC_SET(&stop, 0);
    CHECK_STATUS(gort_waitgroup_add(&group, PARTNERS), GORT_OK);
    for (int i = 0; i < PARTNERS; i++) {
        spawn(yields_for_ever, &progress[i]);
    }
    for (int i = 0; i < PARTNERS; i++) {
        WAIT_UNTIL(ATOMIC_GET(&progress[i]) >= 100);
    }
    for (int i = 0; i < 3; i++) {
        gort_sleep(GORT_MILLISECOND);
    }
    ATOMIC_SET(&stop, 1);
    gort_waitgroup_wait(&group);
}

static void alone(void *arg)
{
    (void)arg;
    for (int i = 0; i < 10000; i++) {
        gort_yield();
    }
}

int main(void)
{
    run_every_way(alone, NULL);
    run_every_way(turns, NULL);
    run_every_way(nobody_starves, NULL);
    gort_gomaxprocs(1);
    turns(NULL);
    run_main(nobody_starves, NULL);
    return EXIT_SUCCESS;
}
