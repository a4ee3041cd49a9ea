/*
 * sync_misuse: what panics in Go is GORT_MISUSE with a sentence and changes nothing:
 * unlock of an unlocked mutex, a negative wait group counter.
 */
/* also: c++ */
#include "check.h"

static void mutexes(void *arg)
{
    (void)arg;
    gort_mutex mutex, untouched;
    memset(&mutex, 0, sizeof mutex);
    memset(&untouched, 0, sizeof untouched);
    CHECK_REFUSED(gort_mutex_unlock(&mutex), GORT_MISUSE);
    CHECK(memcmp(&mutex, &untouched, sizeof mutex) == 0);
    for (int i = 0; i < 3; i++) {
        gort_mutex_lock(&mutex);
        CHECK(!gort_mutex_try_lock(&mutex));
        CHECK_STATUS(gort_mutex_unlock(&mutex), GORT_OK);
        CHECK_REFUSED(gort_mutex_unlock(&mutex), GORT_MISUSE);
        CHECK_REFUSED(gort_mutex_unlock(&mutex), GORT_MISUSE);
        CHECK(gort_mutex_try_lock(&mutex));
        CHECK_STATUS(gort_mutex_unlock(&mutex), GORT_OK);
    }
    CHECK_REFUSED(gort_mutex_unlock(NULL), GORT_INVALID);
    CHECK(!gort_mutex_try_lock(NULL));
}

static void never(void *arg)
{
    (void)arg;
    check_fail(__FILE__, __LINE__, "a refused function ran");
}

static void wait_groups(void *arg)
{
    (void)arg;
    gort_waitgroup group = {{0}};
    CHECK_REFUSED(gort_waitgroup_done(&group), GORT_MISUSE);
    CHECK_REFUSED(gort_waitgroup_add(&group, -1), GORT_MISUSE);
    CHECK_REFUSED(gort_waitgroup_add(&group, INT64_MIN), GORT_MISUSE);
    gort_waitgroup_wait(&group); /* still zero */
    CHECK_STATUS(gort_waitgroup_add(&group, 0), GORT_OK);
    CHECK_STATUS(gort_waitgroup_add(&group, 3), GORT_OK);
    CHECK_REFUSED(gort_waitgroup_add(&group, -4), GORT_MISUSE); /* and stays three */
    CHECK_STATUS(gort_waitgroup_add(&group, -2), GORT_OK);
    CHECK_REFUSED(gort_waitgroup_add(&group, -2), GORT_MISUSE);
    CHECK_STATUS(gort_waitgroup_done(&group), GORT_OK);
    CHECK_REFUSED(gort_waitgroup_done(&group), GORT_MISUSE);
    gort_waitgroup_wait(&group);

    CHECK_REFUSED(gort_waitgroup_go(&group, NULL, NULL), GORT_INVALID);
    gort_waitgroup_wait(&group); /* the refused one is not counted */
    CHECK_REFUSED(gort_waitgroup_go(NULL, never, NULL), GORT_INVALID);
    CHECK_REFUSED(gort_waitgroup_add(NULL, 1), GORT_INVALID);
    CHECK_REFUSED(gort_waitgroup_done(NULL), GORT_INVALID);

    /* A sum that no counter can hold is refused, however the library counts. */
    CHECK_STATUS(gort_waitgroup_add(&group, 1), GORT_OK);
    CHECK(gort_waitgroup_add(&group, INT64_MAX) != GORT_OK);
    CHECK(gort_last_error()[0] != '\0');
    CHECK_STATUS(gort_waitgroup_done(&group), GORT_OK);
    gort_waitgroup_wait(&group);
}

int main(void)
{
    run_every_way(mutexes, NULL);
    run_every_way(wait_groups, NULL);
    return EXIT_SUCCESS;
}
