/*
 * timer_func: gort_after_func runs its function in a new goroutine, once per setting; it
 * may block, reset and stop its own timer, and end with gort_exit.
 */
/* also: c++ */
#include "check.h"

struct periodic {
    gort_timer *timer;
    int count;
    int left;
    uint64_t id;
};

static void counts(void *arg)
{
    ATOMIC_ADD((int *)arg, 1);
}

static void in_a_new_goroutine(void *arg)
{
    struct periodic *periodic = (struct periodic *)arg;
    uint64_t id = gort_goroutine_id();
    CHECK(id != 0);
    gort_sleep(100 * GORT_MICROSECOND); /* may block */
    ATOMIC_SET(&periodic->id, id);
}

static void resets_itself(void *arg)
{
    struct periodic *periodic = (struct periodic *)arg;
    ATOMIC_ADD(&periodic->count, 1);
    if (ATOMIC_ADD(&periodic->left, -1) > 0) {
        WAIT_UNTIL(ATOMIC_GET(&periodic->timer) != NULL);
        CHECK(!gort_timer_reset(ATOMIC_GET(&periodic->timer), 50 * GORT_MICROSECOND));
    }
    gort_exit();
}

static void functions(void *arg)
{
    (void)arg;
    uint64_t mine = gort_goroutine_id();
    struct periodic periodic = {NULL, 0, 20, 0};
    int64_t begin = gort_now();
    gort_timer *timer = gort_after_func(GORT_MILLISECOND, in_a_new_goroutine, &periodic);
    CHECK(timer != NULL);
    CHECK(gort_timer_chan(timer) == NULL);
    WAIT_UNTIL(ATOMIC_GET(&periodic.id) != 0);
    CHECK(gort_now() - begin >= GORT_MILLISECOND);
    CHECK(periodic.id != mine);
    CHECK(!gort_timer_stop(timer));
    gort_timer_release(timer);

    timer = gort_after_func(0, resets_itself, &periodic);
    CHECK(timer != NULL);
    ATOMIC_SET(&periodic.timer, timer);
    WAIT_UNTIL(ATOMIC_GET(&periodic.count) == 20);
    gort_timer_release(timer);

    int count = 0;
    timer = gort_after_func(GORT_HOUR, counts, &count);
    CHECK(gort_timer_stop(timer));
    CHECK(!gort_timer_reset(timer, 0));
    WAIT_UNTIL(ATOMIC_GET(&count) == 1);
    CHECK(!gort_timer_reset(timer, -GORT_SECOND));
    WAIT_UNTIL(ATOMIC_GET(&count) == 2);
    CHECK(!gort_timer_reset(timer, GORT_HOUR));
    CHECK(gort_timer_reset(timer, GORT_HOUR));
    CHECK(gort_timer_reset(timer, GORT_MICROSECOND));
    WAIT_UNTIL(ATOMIC_GET(&count) == 3);
    gort_timer_release(timer);

    /* Released is stopped: this one never counts. */
    timer = gort_after_func(2 * GORT_MILLISECOND, counts, &count);
    gort_timer_release(timer);
    gort_sleep(5 * GORT_MILLISECOND);
    CHECK_EQ(ATOMIC_GET(&count), 3);

    CHECK(gort_after_func(0, NULL, NULL) == NULL);
    CHECK(gort_last_error()[0] != '\0');
}

int main(void)
{
    run_every_way(functions, NULL);
    WAIT_UNTIL(gort_num_goroutine() == 0);
    return EXIT_SUCCESS;
}
