/*
 * pool: what is put comes back before anything new is made, to one holder at a time; a pool
 * that is full drops what it is given, and release drops what is left: each value made is
 * dropped once.
 */
/* needs: pool */
/* also: c++ */
#include "check.h"

enum { WORKERS = 32, TURNS = 500, MANY = 5000 };

struct value {
    int holders;
    int dropped;
};

struct counts {
    int made, dropped;
};

static struct counts counts;

static void *makes(void *arg)
{
    CHECK(arg == &counts);
    ATOMIC_ADD(&counts.made, 1);
    return check_alloc(sizeof(struct value));
}

static void drops(void *arg)
{
    struct value *value = (struct value *)arg;
    CHECK_EQ(ATOMIC_ADD(&value->dropped, 1), 1);
    CHECK_EQ(ATOMIC_GET(&value->holders), 0);
    ATOMIC_ADD(&counts.dropped, 1);
    free(value);
}

static gort_pool *new_pool(void)
{
    gort_pool *pool = gort_pool_new(makes, drops, &counts);
    CHECK(pool != NULL);
    return pool;
}

static void all_are_dropped(gort_pool *pool)
{
    gort_pool_release(pool);
    CHECK_EQ(counts.dropped, counts.made);
    memset(&counts, 0, sizeof counts);
}

static void comes_back(void *arg)
{
    (void)arg;
    gort_pool *pool = new_pool();
    void *first = gort_pool_get(pool);
    CHECK_EQ(counts.made, 1);
    for (int i = 0; i < 100; i++) {
        gort_pool_put(pool, first);
        CHECK(gort_pool_get(pool) == first);
    }
    void *second = gort_pool_get(pool);
    CHECK(second != NULL && second != first);
    CHECK_EQ(counts.made, 2);
    gort_pool_put(pool, NULL); /* nothing */
    gort_pool_put(pool, first);
    gort_pool_put(pool, second);
    all_are_dropped(pool);
}

struct handed {
    gort_pool *pool;
    void *value;
};

static void puts_it(void *arg)
{
    struct handed *handed = (struct handed *)arg;
    gort_pool_put(handed->pool, handed->value);
}

/* Several values, put by somebody else: all but the one its P keeps for itself can be had. */
static void others_have_use_of_it(void *arg)
{
    (void)arg;
    gort_pool *pool = new_pool();
    struct handed handed[8];
    for (int i = 0; i < 8; i++) {
        handed[i].pool = pool;
        handed[i].value = gort_pool_get(pool);
    }
    for (int i = 0; i < 8; i++) {
        run_on_thread(puts_it, &handed[i]);
    }
    for (int i = 0; i < 8; i++) {
        handed[i].value = gort_pool_get(pool);
    }
    CHECK_EQ(counts.made, 8);
    for (int i = 0; i < 8; i++) {
        gort_pool_put(pool, handed[i].value);
    }
    all_are_dropped(pool);
}

static void does_not_grow(void *arg)
{
    (void)arg;
    gort_pool *pool = new_pool();
    static void *values[MANY];
    for (int i = 0; i < MANY; i++) {
        values[i] = gort_pool_get(pool);
    }
    CHECK_EQ(counts.made, MANY);
    for (int i = 0; i < MANY; i++) {
        gort_pool_put(pool, values[i]);
    }
    CHECK(counts.dropped >= MANY - 128 * (gort_gomaxprocs(0) + 1));
    all_are_dropped(pool);
}

struct crowd {
    gort_pool *pool;
    gort_waitgroup group;
};

static void takes_turns(void *arg)
{
    struct crowd *crowd = (struct crowd *)arg;
    for (int i = 0; i < TURNS; i++) {
        struct value *value = (struct value *)gort_pool_get(crowd->pool);
        CHECK_EQ(ATOMIC_ADD(&value->holders, 1), 1);
        if (i % 3 == 0) {
            gort_yield();
        }
        CHECK_EQ(ATOMIC_ADD(&value->holders, -1), 0);
        gort_pool_put(crowd->pool, value);
    }
}

static void *takes_turns_on_thread(void *arg)
{
    takes_turns(arg);
    return NULL;
}

static void one_holder_at_a_time(void *arg)
{
    (void)arg;
    struct crowd crowd;
    memset(&crowd, 0, sizeof crowd);
    crowd.pool = new_pool();
    pthread_t thread = plain_thread(takes_turns_on_thread, &crowd);
    for (int i = 0; i < WORKERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&crowd.group, takes_turns, &crowd), GORT_OK);
    }
    gort_waitgroup_wait(&crowd.group);
    join_thread(thread);
    CHECK(counts.made < WORKERS * TURNS / 4); /* most came back; how many is up to the scheduler */
    all_are_dropped(crowd.pool);
}

static void with_nothing(void *arg)
{
    int value = 0;
    gort_pool *pool = gort_pool_new(NULL, NULL, NULL);
    CHECK(pool != NULL);
    CHECK(gort_pool_get(pool) == NULL);
    for (int i = 0; i < 1000; i++) {
        gort_pool_put(pool, &value);
    }
    CHECK(gort_pool_get(pool) == &value);
    gort_pool_release(pool);
    gort_pool_release(NULL);
    CHECK(gort_pool_get(NULL) == NULL);
    gort_pool_put(NULL, &value);
    (void)arg;
}

static void outlives_shutdown(void)
{
    gort_pool *pool = new_pool();
    struct handed handed = {pool, gort_pool_get(pool)};
    run_in_goroutine(puts_it, &handed);
    CHECK_STATUS(gort_shutdown(-1), GORT_OK);
    all_are_dropped(pool);
}

int main(void)
{
    run_every_way(comes_back, NULL);
    run_every_way(does_not_grow, NULL);
    run_every_way(one_holder_at_a_time, NULL);
    run_every_way(with_nothing, NULL);
    others_have_use_of_it(NULL);
    outlives_shutdown();
    run_every_way(comes_back, NULL);
    return EXIT_SUCCESS;
}
