/*
 * flight: of calls with one key at one time a single one is made and all get its value; other
 * keys, other flights and later calls have their own; after forget a second one is made;
 * who waits for a goroutine that ends in its call is told so.
 */
/* needs: flight */
/* also: c++ */
#include "check.h"

enum { CALLERS = 50, ROUNDS = 50 };

static gort_flight flight;
static gort_waitgroup group;

struct call {
    gort_chan *may_end;
    int made, entered, shared, over;
    bool exits;
};

static void *makes(void *arg)
{
    struct call *call = (struct call *)arg;
    ATOMIC_ADD(&call->made, 1);
    CHECK_STATUS(gort_chan_recv(call->may_end, NULL), GORT_CLOSED);
    if (call->exits) {
        gort_exit();
    }
    return call;
}

static void *must_not(void *arg)
{
    (void)arg;
    check_fail(__FILE__, __LINE__, "a second call was made");
}

static void leads(void *arg)
{
    struct call *call = (struct call *)arg;
    void *value = NULL;
    bool shared = false;
    CHECK_STATUS(gort_flight_do(&flight, "key", 3, makes, call, &value, &shared), GORT_OK);
    CHECK(value == call);
    ATOMIC_ADD(&call->shared, shared);
    ATOMIC_ADD(&call->over, 1);
}

static void joins(void *arg)
{
    struct call *call = (struct call *)arg;
    char key[] = "key";
    void *value = NULL;
    bool shared = false;
    ATOMIC_ADD(&call->entered, 1);
    if (call->exits) {
        CHECK_REFUSED(gort_flight_do(&flight, key, 3, must_not, NULL, &value, &shared), GORT_CANCELED);
        CHECK(value == NULL && !shared);
    } else {
        CHECK_STATUS(gort_flight_do(&flight, key, 3, must_not, NULL, &value, &shared), GORT_OK);
        CHECK(value == call && shared);
    }
    memset(key, 0, sizeof key);
    ATOMIC_ADD(&call->over, 1);
}

static void *joins_on_thread(void *arg)
{
    joins(arg);
    return NULL;
}

static void start_call(struct call *call, bool exits)
{
    memset(call, 0, sizeof *call);
    call->exits = exits;
    call->may_end = new_chan(0, 0);
    CHECK_STATUS(gort_waitgroup_go(&group, leads, call), GORT_OK);
    WAIT_UNTIL(ATOMIC_GET(&call->made) == 1);
}

static void end_call(struct call *call)
{
    CHECK_STATUS(gort_chan_close(call->may_end), GORT_OK);
    gort_waitgroup_wait(&group);
    gort_chan_release(call->may_end);
    CHECK_EQ(call->made, 1);
}

static void join_call(struct call *call)
{
    pthread_t thread = plain_thread(joins_on_thread, call);
    for (int i = 0; i < CALLERS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, joins, call), GORT_OK);
    }
    WAIT_UNTIL(ATOMIC_GET(&call->entered) == CALLERS + 1);
    settle(); /* they wait in the call now */
    CHECK_EQ(ATOMIC_GET(&call->over), 0);
    end_call(call);
    join_thread(thread);
}

static void one_call_for_all(void *arg)
{
    (void)arg;
    struct call call;
    start_call(&call, false);
    join_call(&call);
    CHECK_EQ(call.over, CALLERS + 2);
    CHECK_EQ(call.shared, 1);
}

static void alone_is_not_shared(void *arg)
{
    (void)arg;
    struct call call;
    for (int i = 0; i < 3; i++) { /* one after the other, so each is made */
        start_call(&call, false);
        end_call(&call);
        CHECK_EQ(call.over, 1);
        CHECK_EQ(call.shared, 0);
    }
}

static void *gives_it(void *arg)
{
    return arg;
}

static void others_are_apart(void *arg)
{
    (void)arg;
    static gort_flight other;
    struct call call;
    int mine = 0;
    start_call(&call, false);
    static const struct {
        gort_flight *flight;
        const char *key;
        size_t size;
    } APART[] = {
        {&flight, "kez", 3}, {&flight, "ke", 2}, {&flight, NULL, 0}, {&flight, "key\0", 4}, {&other, "key", 3},
    };
    for (size_t i = 0; i < sizeof APART / sizeof APART[0]; i++) {
        void *value = NULL;
        bool shared = true;
        CHECK_STATUS(gort_flight_do(APART[i].flight, APART[i].key, APART[i].size, gives_it, &mine, &value, &shared),
                     GORT_OK);
        CHECK(value == &mine && !shared);
    }
    CHECK_STATUS(gort_flight_do(&other, "key", 3, gives_it, &mine, NULL, NULL), GORT_OK);
    end_call(&call);
}

static void forgotten(void *arg)
{
    (void)arg;
    struct call first;
    start_call(&first, false);
    CHECK_STATUS(gort_waitgroup_go(&group, joins, &first), GORT_OK);
    WAIT_UNTIL(ATOMIC_GET(&first.entered) == 1);
    settle();
    CHECK_STATUS(gort_flight_forget(&flight, "kez", 3), GORT_OK); /* none */
    CHECK_STATUS(gort_flight_forget(&flight, "key", 3), GORT_OK);
    CHECK_STATUS(gort_flight_forget(&flight, "key", 3), GORT_OK);

    struct call second;
    start_call(&second, false);
    CHECK_STATUS(gort_waitgroup_go(&group, joins, &second), GORT_OK);
    WAIT_UNTIL(ATOMIC_GET(&second.entered) == 1);
    settle();
    CHECK_STATUS(gort_chan_close(first.may_end), GORT_OK);
    WAIT_UNTIL(ATOMIC_GET(&first.over) == 2); /* its own value, see joins */
    CHECK_EQ(ATOMIC_GET(&second.over), 0);
    int entered = ATOMIC_GET(&second.entered);
    CHECK_STATUS(gort_waitgroup_go(&group, joins, &second), GORT_OK); /* the end of the first ended nothing else */
    WAIT_UNTIL(ATOMIC_GET(&second.entered) == entered + 1);
    settle();
    end_call(&second);
    CHECK_EQ(second.over, 3);
    gort_chan_release(first.may_end);
}

static void ends_within(void *arg)
{
    (void)arg;
    struct call call;
    start_call(&call, true);
    join_call(&call);
    CHECK_EQ(call.over, CALLERS + 1);
    start_call(&call, false); /* the key is free again */
    end_call(&call);
    CHECK_EQ(call.over, 1);
}

struct race {
    int under_way, made, got;
};

static void *makes_one_at_a_time(void *arg)
{
    struct race *race = (struct race *)arg;
    CHECK_EQ(ATOMIC_ADD(&race->under_way, 1), 1);
    gort_yield();
    ATOMIC_ADD(&race->made, 1);
    CHECK_EQ(ATOMIC_ADD(&race->under_way, -1), 0);
    return race;
}

static void races(void *arg)
{
    struct race *race = (struct race *)arg;
    for (int i = 0; i < ROUNDS; i++) {
        void *value = NULL;
        CHECK_STATUS(gort_flight_do(&flight, &race, sizeof race, makes_one_at_a_time, race, &value, NULL), GORT_OK);
        CHECK(value == race);
        ATOMIC_ADD(&race->got, 1);
    }
}

static void many_races(void *arg)
{
    (void)arg;
    static struct race race[4];
    memset(race, 0, sizeof race);
    for (int i = 0; i < CALLERS * 4; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, races, &race[i % 4]), GORT_OK);
    }
    gort_waitgroup_wait(&group);
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(race[i].got, CALLERS * ROUNDS);
        CHECK(race[i].made >= 1 && race[i].made <= CALLERS * ROUNDS);
    }
}

static void refused(void *arg)
{
    (void)arg;
    int untouched = 0;
    void *value = &untouched;
    bool shared = true;
    CHECK_REFUSED(gort_flight_do(NULL, "a", 1, gives_it, NULL, &value, &shared), GORT_INVALID);
    CHECK_REFUSED(gort_flight_do(&flight, "a", 1, NULL, NULL, &value, &shared), GORT_INVALID);
    CHECK_REFUSED(gort_flight_do(&flight, NULL, 1, must_not, NULL, &value, &shared), GORT_INVALID);
    CHECK(value == &untouched && shared);
    CHECK_REFUSED(gort_flight_forget(NULL, "a", 1), GORT_INVALID);
    CHECK_REFUSED(gort_flight_forget(&flight, NULL, 1), GORT_INVALID);
}

int main(void)
{
    run_every_way(one_call_for_all, NULL);
    run_every_way(alone_is_not_shared, NULL);
    run_every_way(others_are_apart, NULL);
    run_every_way(forgotten, NULL);
    run_every_way(ends_within, NULL);
    run_every_way(many_races, NULL);
    run_every_way(refused, NULL);
    return EXIT_SUCCESS;
}
