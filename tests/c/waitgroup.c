/*
 * waitgroup: wait returns when the counter is zero, for every waiter; a counter that would
 * be negative or too large is refused and unchanged; it can be used again, its memory is the
 * caller's the moment wait has returned, and nothing that does not count delays that.
 */
#include "check.h"

enum { WORKERS = 200, WAITERS = 20, ROUNDS = 200, OBJECTS = 3000 };

struct round {
    gort_waitgroup work, leaving;
    int done;
};

static void works(void *arg)
{
    struct round *round = arg;
    ATOMIC_ADD(&round->done, 1);
}

static void works_and_exits(void *arg)
{
    works(arg);
    gort_exit();
}

static void waits(void *arg)
{
    struct round *round = arg;
    gort_waitgroup_wait(&round->work);
    CHECK_EQ(ATOMIC_GET(&round->done), WORKERS);
}

static void *waits_on_thread(void *arg)
{
    waits(arg);
    return NULL;
}

static void every_waiter(void *arg)
{
    (void)arg;
    struct round round;
    memset(&round, 0, sizeof round);
    CHECK_STATUS(gort_waitgroup_add(&round.work, 1), GORT_OK);
    for (int i = 0; i < WAITERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&round.leaving, waits, &round), GORT_OK);
    }
    pthread_t thread = plain_thread(waits_on_thread, &round);
    for (int i = 0; i < WORKERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&round.work, i % 2 == 0 ? works : works_and_exits, &round), GORT_OK);
    }
    settle();
    CHECK_STATUS(gort_waitgroup_done(&round.work), GORT_OK);
    waits(&round);
    gort_waitgroup_wait(&round.leaving);
    gort_block_enter();
    join_thread(thread);
    gort_block_exit();
}

static void misuse(void *arg)
{
    (void)arg;
    gort_waitgroup group;
    memset(&group, 0, sizeof group);
    gort_waitgroup_wait(&group); /* zero from the start */
    CHECK_REFUSED(gort_waitgroup_done(&group), GORT_MISUSE);
    CHECK_REFUSED(gort_waitgroup_add(&group, -1), GORT_MISUSE);
    CHECK_REFUSED(gort_waitgroup_add(&group, INT64_MIN), GORT_MISUSE);
    gort_waitgroup_wait(&group);
    CHECK_STATUS(gort_waitgroup_add(&group, 0), GORT_OK);
    CHECK_STATUS(gort_waitgroup_add(&group, 2), GORT_OK);
    CHECK_REFUSED(gort_waitgroup_add(&group, -3), GORT_MISUSE);
    CHECK_REFUSED(gort_waitgroup_add(&group, INT32_MAX), GORT_MISUSE);
    CHECK_REFUSED(gort_waitgroup_add(&group, INT64_MAX), GORT_MISUSE);
    CHECK_REFUSED(gort_waitgroup_add(&group, (int64_t)1 << 32), GORT_MISUSE);
    CHECK_REFUSED(gort_waitgroup_go(&group, NULL, NULL), GORT_INVALID);
    CHECK_STATUS(gort_waitgroup_done(&group), GORT_OK); /* all these have left it at 2 */
    CHECK_STATUS(gort_waitgroup_done(&group), GORT_OK);
    CHECK_REFUSED(gort_waitgroup_done(&group), GORT_MISUSE);
    CHECK_STATUS(gort_waitgroup_add(&group, INT32_MAX), GORT_OK);
    CHECK_REFUSED(gort_waitgroup_add(&group, 1), GORT_MISUSE);
    CHECK_STATUS(gort_waitgroup_add(&group, -(int64_t)INT32_MAX), GORT_OK);
    gort_waitgroup_wait(&group);
    CHECK_REFUSED(gort_waitgroup_add(NULL, 1), GORT_INVALID);
    CHECK_REFUSED(gort_waitgroup_done(NULL), GORT_INVALID);
    CHECK_REFUSED(gort_waitgroup_go(NULL, works, NULL), GORT_INVALID);
}

static void used_again(void *arg)
{
    (void)arg;
    struct round round;
    memset(&round, 0, sizeof round);
    for (int i = 1; i <= ROUNDS; i++) {
        for (int j = 0; j < 4; j++) {
            CHECK_STATUS(gort_waitgroup_go(&round.work, works, &round), GORT_OK);
        }
        gort_waitgroup_wait(&round.work);
        CHECK_EQ(ATOMIC_GET(&round.done), 4 * i);
    }
}

static void nothing(void *arg)
{
    (void)arg;
}

struct crowd {
    gort_waitgroup work, leaving;
    int over;
};

static void hogs(void *arg)
{
    struct crowd *crowd = arg;
    while (!ATOMIC_GET(&crowd->over)) {
    }
}

/* Those that are done are noticed, whatever their P goes on with: here, with one of another group. */
static void behind_a_hog(void *arg)
{
    (void)arg;
    struct crowd crowd;
    memset(&crowd, 0, sizeof crowd);
    for (int i = 0; i < WORKERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&crowd.work, nothing, NULL), GORT_OK);
    }
    for (int i = gort_gomaxprocs(0); i > 0; i--) {
        CHECK_STATUS(gort_waitgroup_go(&crowd.leaving, hogs, &crowd), GORT_OK);
    }
    CHECK_STATUS(gort_waitgroup_go(&crowd.work, nothing, NULL), GORT_OK); /* the newest may be first */
    gort_waitgroup_wait(&crowd.work);
    ATOMIC_SET(&crowd.over, 1);
    gort_waitgroup_wait(&crowd.leaving);
}

static void steps_out(void *arg)
{
    struct crowd *crowd = arg;
    CHECK_STATUS(gort_waitgroup_done(&crowd->work), GORT_OK);
    hogs(crowd);
    CHECK_STATUS(gort_waitgroup_add(&crowd->work, 1), GORT_OK);
    CHECK_STATUS(gort_waitgroup_done(&crowd->leaving), GORT_OK);
}

/* So too with one of the same group that does not count itself for a while. */
static void without_one(void *arg)
{
    (void)arg;
    struct crowd crowd;
    memset(&crowd, 0, sizeof crowd);
    CHECK_STATUS(gort_waitgroup_add(&crowd.leaving, 1), GORT_OK);
    for (int i = 0; i < WORKERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&crowd.work, nothing, NULL), GORT_OK);
    }
    CHECK_STATUS(gort_waitgroup_go(&crowd.work, steps_out, &crowd), GORT_OK);
    CHECK_STATUS(gort_waitgroup_go(&crowd.work, nothing, NULL), GORT_OK);
    gort_waitgroup_wait(&crowd.work);
    ATOMIC_SET(&crowd.over, 1);
    gort_waitgroup_wait(&crowd.leaving);
    gort_waitgroup_wait(&crowd.work);
}

static void counts_down(void *arg)
{
    CHECK_STATUS(gort_waitgroup_done(arg), GORT_OK);
}

/* Whatever the dones are still at: no byte changes any more. */
static void memory_is_the_callers(void *arg)
{
    (void)arg;
    for (int i = 0; i < OBJECTS; i++) {
        gort_waitgroup *group = check_alloc(sizeof *group);
        CHECK_STATUS(gort_waitgroup_add(group, 2), GORT_OK);
        spawn(counts_down, group);
        spawn(counts_down, group);
        CHECK_STATUS(gort_waitgroup_go(group, nothing, NULL), GORT_OK);
        if (i % 3 == 0) {
            gort_yield(); /* they may be over before the wait */
        }
        gort_waitgroup_wait(group);
        memset(group, 0x5A, sizeof *group);
        gort_yield();
        for (size_t j = 0; j < sizeof *group; j++) {
            CHECK_EQ(((unsigned char *)group)[j], 0x5A);
        }
        free(group);
    }
}

int main(void)
{
    run_every_way(misuse, NULL);
    run_every_way(every_waiter, NULL);
    run_every_way(used_again, NULL);
    run_every_way(behind_a_hog, NULL);
    run_every_way(without_one, NULL);
    run_every_way(memory_is_the_callers, NULL);
    WAIT_UNTIL(gort_num_goroutine() == 0);
    return EXIT_SUCCESS;
}
