/*
 * map: each function does what Go's sync.Map does; keys are any bytes; of many who store the
 * same key first one wins, who swaps wins against one at a time, and nothing is lost or
 * comes twice while all run.
 */
/* needs: map */
/* also: c++ */
#include "check.h"

enum { WORKERS = 16, KEYS = 2000, TURNS = 300 };

static gort_map *new_map(void)
{
    gort_map *map = gort_map_new();
    CHECK(map != NULL);
    return map;
}

static void *number(intptr_t n)
{
    return (void *)n;
}

static void each_function(void *arg)
{
    (void)arg;
    gort_map *map = new_map();
    void *got = map;
    bool loaded = true;
    CHECK(!gort_map_load(map, "a", 1, &got));
    CHECK(got == NULL);
    CHECK_STATUS(gort_map_store(map, "a", 1, number(1), &got), GORT_OK);
    CHECK(got == NULL);
    CHECK(gort_map_load(map, "a", 1, &got) && got == number(1));
    CHECK_STATUS(gort_map_store(map, "a", 1, number(2), &got), GORT_OK);
    CHECK(got == number(1));
    CHECK_STATUS(gort_map_store(map, "a", 1, number(3), NULL), GORT_OK);

    CHECK_STATUS(gort_map_load_or_store(map, "a", 1, number(9), &got, &loaded), GORT_OK);
    CHECK(loaded && got == number(3));
    CHECK_STATUS(gort_map_load_or_store(map, "b", 1, number(4), &got, &loaded), GORT_OK);
    CHECK(!loaded && got == number(4));
    CHECK_STATUS(gort_map_load_or_store(map, "b", 1, number(5), NULL, NULL), GORT_OK);
    CHECK(gort_map_load(map, "b", 1, &got) && got == number(4));
    CHECK_EQ(gort_map_len(map), 2);

    CHECK(!gort_map_compare_and_swap(map, "b", 1, number(3), number(6)));
    CHECK(gort_map_compare_and_swap(map, "b", 1, number(4), number(6)));
    CHECK(!gort_map_compare_and_swap(map, "c", 1, NULL, number(6)));
    CHECK(!gort_map_load(map, "c", 1, NULL));

    CHECK(gort_map_load_and_delete(map, "b", 1, &got) && got == number(6));
    CHECK(!gort_map_load_and_delete(map, "b", 1, &got));
    CHECK(got == NULL);
    gort_map_delete(map, "a", 1);
    gort_map_delete(map, "a", 1);
    CHECK_EQ(gort_map_len(map), 0);
    gort_map_release(map);
}

static void any_bytes_are_a_key(void *arg)
{
    (void)arg;
    static const struct {
        const char *bytes;
        size_t size;
    } KEYS_APART[] = {{NULL, 0}, {"\0", 1}, {"\0\0", 2}, {"a", 1}, {"a\0", 2}, {"a\0b", 3}, {"a\0c", 3}};
    enum { APART = sizeof KEYS_APART / sizeof KEYS_APART[0] };
    gort_map *map = new_map();
    for (int i = 0; i < APART; i++) {
        CHECK_STATUS(gort_map_store(map, KEYS_APART[i].bytes, KEYS_APART[i].size, number(i), NULL), GORT_OK);
    }
    CHECK_EQ(gort_map_len(map), APART);
    for (int i = 0; i < APART; i++) {
        void *got = NULL;
        CHECK(gort_map_load(map, KEYS_APART[i].bytes, KEYS_APART[i].size, &got));
        CHECK(got == number(i)); /* a NULL value is one as well */
    }
    static char large[1 << 20];
    CHECK_STATUS(gort_map_store(map, large, sizeof large, map, NULL), GORT_OK);
    large[sizeof large - 1] = 1; /* the key was copied */
    CHECK(!gort_map_load(map, large, sizeof large, NULL));
    large[sizeof large - 1] = 0;
    CHECK(gort_map_load(map, large, sizeof large, NULL));
    gort_map_release(map);
}

struct tour {
    gort_map *map;
    int visits, end_after;
    unsigned char seen[KEYS];
};

static bool visit(const void *key, size_t size, void *value, void *arg)
{
    struct tour *tour = (struct tour *)arg;
    int n = 0;
    CHECK_EQ(size, sizeof n);
    memcpy(&n, key, sizeof n);
    CHECK(n >= 0 && n < KEYS);
    CHECK(value == number(n + 1));
    CHECK_EQ(tour->seen[n]++, 0);
    gort_yield();
    gort_map_delete(tour->map, key, size); /* no lock is held */
    return ++tour->visits != tour->end_after;
}

static void range_visits_each_once(void *arg)
{
    (void)arg;
    static struct tour tour;
    memset(&tour, 0, sizeof tour);
    tour.map = new_map();
    CHECK_STATUS(gort_map_range(tour.map, visit, &tour), GORT_OK);
    CHECK_EQ(tour.visits, 0);
    for (int n = 0; n < KEYS; n++) {
        CHECK_STATUS(gort_map_store(tour.map, &n, sizeof n, number(n + 1), NULL), GORT_OK);
    }
    tour.end_after = 10;
    CHECK_STATUS(gort_map_range(tour.map, visit, &tour), GORT_OK);
    CHECK_EQ(tour.visits, 10);
    CHECK_EQ(gort_map_len(tour.map), KEYS - 10);
    CHECK_STATUS(gort_map_range(tour.map, visit, &tour), GORT_OK);
    CHECK_EQ(tour.visits, KEYS);
    CHECK_EQ(gort_map_len(tour.map), 0);
    gort_map_release(tour.map);
}

struct crowd {
    gort_map *map;
    gort_waitgroup group;
    int won, added, taken;
};

static void works(void *arg)
{
    struct crowd *crowd = (struct crowd *)arg;
    for (int n = 0; n < TURNS; n++) {
        bool loaded = true;
        CHECK_STATUS(gort_map_load_or_store(crowd->map, &n, sizeof n, &loaded, NULL, &loaded), GORT_OK);
        ATOMIC_ADD(&crowd->won, !loaded);

        void *sum = NULL;
        do {
            CHECK(gort_map_load(crowd->map, "sum", 3, &sum));
            gort_yield();
        } while (!gort_map_compare_and_swap(crowd->map, "sum", 3, sum, number((intptr_t)sum + 1)));

        CHECK_STATUS(gort_map_store(crowd->map, "token", 5, crowd, &sum), GORT_OK);
        ATOMIC_ADD(&crowd->added, sum == NULL);
        ATOMIC_ADD(&crowd->taken, gort_map_load_and_delete(crowd->map, "token", 5, &sum));
    }
}

static void *works_on_thread(void *arg)
{
    works(arg);
    return NULL;
}

static bool counts(const void *key, size_t size, void *value, void *arg)
{
    (void)key;
    (void)size;
    (void)value;
    ++*(int *)arg;
    return true;
}

static void many_at_once(void *arg)
{
    (void)arg;
    struct crowd crowd;
    memset(&crowd, 0, sizeof crowd);
    crowd.map = new_map();
    CHECK_STATUS(gort_map_store(crowd.map, "sum", 3, NULL, NULL), GORT_OK);
    pthread_t thread = plain_thread(works_on_thread, &crowd);
    for (int i = 0; i < WORKERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&crowd.group, works, &crowd), GORT_OK);
    }
    for (int i = 0; i < 20; i++) {
        int seen = 0;
        CHECK_STATUS(gort_map_range(crowd.map, counts, &seen), GORT_OK);
        CHECK(seen >= 1 && seen <= TURNS + 2);
        gort_yield();
    }
    gort_waitgroup_wait(&crowd.group);
    join_thread(thread);
    void *sum = NULL;
    CHECK(gort_map_load(crowd.map, "sum", 3, &sum));
    CHECK_EQ((intptr_t)sum, (WORKERS + 1) * TURNS);
    CHECK_EQ(crowd.won, TURNS);
    CHECK_EQ(crowd.added, crowd.taken);
    CHECK_EQ(gort_map_len(crowd.map), TURNS + 1);
    gort_map_release(crowd.map);
}

static void refused(void *arg)
{
    (void)arg;
    gort_map *map = new_map();
    void *got = map;
    CHECK(!gort_map_load(NULL, "a", 1, &got));
    CHECK(got == NULL);
    CHECK(!gort_map_load(map, NULL, 1, NULL));
    CHECK_REFUSED(gort_map_store(NULL, "a", 1, NULL, NULL), GORT_INVALID);
    CHECK_REFUSED(gort_map_store(map, NULL, 1, NULL, NULL), GORT_INVALID);
    CHECK_REFUSED(gort_map_store(map, "a", SIZE_MAX, NULL, NULL), GORT_INVALID);
    CHECK_REFUSED(gort_map_load_or_store(NULL, "a", 1, NULL, NULL, NULL), GORT_INVALID);
    CHECK_REFUSED(gort_map_load_or_store(map, NULL, 1, NULL, NULL, NULL), GORT_INVALID);
    CHECK(!gort_map_load_and_delete(NULL, "a", 1, NULL));
    CHECK(!gort_map_load_and_delete(map, NULL, 1, NULL));
    gort_map_delete(NULL, "a", 1);
    gort_map_delete(map, NULL, 1);
    CHECK(!gort_map_compare_and_swap(NULL, "a", 1, NULL, NULL));
    CHECK(!gort_map_compare_and_swap(map, NULL, 1, NULL, NULL));
    CHECK_REFUSED(gort_map_range(NULL, counts, NULL), GORT_INVALID);
    CHECK_REFUSED(gort_map_range(map, NULL, NULL), GORT_INVALID);
    CHECK_EQ(gort_map_len(NULL), 0);
    CHECK_EQ(gort_map_len(map), 0);
    gort_map_release(map);
    gort_map_release(NULL);
}

int main(void)
{
    run_every_way(each_function, NULL);
    run_every_way(any_bytes_are_a_key, NULL);
    run_every_way(range_visits_each_once, NULL);
    run_every_way(many_at_once, NULL);
    run_every_way(refused, NULL);
    return EXIT_SUCCESS;
}
