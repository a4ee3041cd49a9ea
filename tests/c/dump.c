/*
 * dump: gort_dump writes every goroutine with its id and name to a descriptor, while the
 * others run and while they sleep, and says EBADF when it cannot write.
 */
#include "check.h"
#include "texts.h"

enum { PARKED = 200 };

static uint64_t ids[PARKED];
static int parked;

struct parker {
    gort_chan *chan;
    int number;
};

static void parks(void *arg)
{
    struct parker *parker = arg;
    ids[parker->number] = gort_goroutine_id();
    ATOMIC_ADD(&parked, 1);
    CHECK_EQ(gort_chan_recv(parker->chan, NULL), GORT_CLOSED);
    ATOMIC_ADD(&parked, -1);
}

/* "goroutine 12 " or "goroutine 12:", and not goroutine 123 */
static int mentions_id(const char *text, uint64_t id)
{
    char needle[32];
    size_t length = (size_t)snprintf(needle, sizeof needle, "%llu", (unsigned long long)id);
    for (const char *at = strstr(text, needle); at != NULL; at = strstr(at + 1, needle)) {
        char before = at == text ? ' ' : at[-1], after = at[length];
        if (!(before >= '0' && before <= '9') && !(after >= '0' && after <= '9')) {
            return 1;
        }
    }
    return 0;
}

static void shows_everyone(void *arg)
{
    (void)arg;
    static struct parker parkers[PARKED];
    gort_chan *chan = new_chan(0, 0);
    ATOMIC_SET(&parked, 0);
    for (int i = 0; i < PARKED; i++) {
        parkers[i].chan = chan;
        parkers[i].number = i;
        char name[32];
        snprintf(name, sizeof name, "parker-%03d-of-many", i);
        spawn_named(name, parks, &parkers[i]);
        memset(name, '#', sizeof name - 1); /* the name was copied */
    }
    char *waiting = dump_text(); /* some run, some sleep, some have not begun */
    CHECK(waiting[0] != '\0');
    WAIT_UNTIL(ATOMIC_GET(&parked) == PARKED);
    char *text = dump_text();
    for (int i = 0; i < PARKED; i++) {
        char name[32];
        snprintf(name, sizeof name, "parker-%03d-of-many", i);
        CHECK(strstr(text, name) != NULL);
        CHECK(mentions_id(text, ids[i]));
    }
    CHECK(strstr(text, "##") == NULL);
    CHECK_STATUS(gort_chan_close(chan), GORT_OK);
    WAIT_UNTIL(ATOMIC_GET(&parked) == 0);
    WAIT_UNTIL(strstr(dump_text(), "parker-") == NULL); /* who is over is not shown */
    gort_chan_release(chan);
}

static void bad_descriptor(void *arg)
{
    (void)arg;
    CHECK_REFUSED(gort_dump(-1), GORT_OS_ERROR);
    CHECK_EQ(gort_errno(), EBADF);
}

static int stop;

static void churns(void *arg)
{
    gort_waitgroup *group = arg;
    while (!ATOMIC_GET(&stop)) {
        gort_waitgroup inner = {{0}};
        CHECK_STATUS(gort_waitgroup_add(&inner, 1), GORT_OK);
        CHECK_STATUS(gort_waitgroup_done(&inner), GORT_OK);
        gort_yield();
        gort_sleep(10 * GORT_MICROSECOND);
    }
    CHECK_STATUS(gort_waitgroup_done(group), GORT_OK);
}

static void while_all_move(void *arg)
{
    (void)arg;
    ATOMIC_SET(&stop, 0);
    gort_waitgroup group = {{0}};
    CHECK_STATUS(gort_waitgroup_add(&group, 16), GORT_OK);
    for (int i = 0; i < 16; i++) {
        spawn(churns, &group);
    }
    for (int i = 0; i < 30; i++) {
        CHECK(dump_text()[0] != '\0');
    }
    ATOMIC_SET(&stop, 1);
    gort_waitgroup_wait(&group);
}

static void ends_at_once(void *arg)
{
    ATOMIC_ADD((int *)arg, 1);
}

/* Ids and names change under the eyes of the dump: of each goroutine it shows what was its own. */
static void spawns_named(void *arg)
{
    gort_waitgroup *group = arg;
    enum { BATCH = 100 };
    while (!ATOMIC_GET(&stop)) {
        int *over = check_alloc(sizeof *over);
        for (int i = 0; i < BATCH; i++) {
            spawn_named("short-lived", ends_at_once, over);
        }
        WAIT_UNTIL(ATOMIC_GET(over) == BATCH);
        free(over);
    }
    CHECK_STATUS(gort_waitgroup_done(group), GORT_OK);
}

static void while_all_come_and_go(void *arg)
{
    (void)arg;
    ATOMIC_SET(&stop, 0);
    gort_waitgroup group = {{0}};
    enum { SPAWNERS = 4, LOOKS = 300 };
    CHECK_STATUS(gort_waitgroup_add(&group, SPAWNERS), GORT_OK);
    for (int i = 0; i < SPAWNERS; i++) {
        spawn(spawns_named, &group);
    }
    for (int i = 0; i < LOOKS; i++) {
        char *text = dump_text();
        for (char *name = strchr(text, '"'); name != NULL; name = strchr(name + 1, '"')) {
            CHECK(strncmp(name, "\"short-lived\"", 13) == 0);
            name = strchr(name + 1, '"');
            CHECK(name != NULL);
        }
    }
    ATOMIC_SET(&stop, 1);
    gort_waitgroup_wait(&group);
}

int main(void)
{
    run_every_way(bad_descriptor, NULL);
    run_every_way(shows_everyone, NULL);
    run_every_way(while_all_move, NULL);
    run_every_way(while_all_come_and_go, NULL);
    return EXIT_SUCCESS;
}
