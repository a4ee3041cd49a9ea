/*
 * lock_owners: with GORTDEBUG=lockowners=1, gort_leaks and dumps tell who waits for whose mutex, each circle of
 * those who wait for each other once, and whose holder is over. Who may still get its lock is not counted, and
 * without the wish nothing is.
 */
/* run: once */
/* needs: rwmutex */
#include "check.h"
#include "child.h"
#include "texts.h"

/* A line of the text has all these words in this order. */
static int says(const char *text, const char *first, const char *second, const char *third)
{
    for (const char *at = strstr(text, first); at != NULL; at = strstr(at + 1, first)) {
        const char *end = strchr(at, '\n'), *next = strstr(at, second);
        const char *last = next != NULL ? strstr(next, third) : NULL;
        if (end != NULL && last != NULL && last < end) {
            return 1;
        }
    }
    return 0;
}

struct party {
    const char *name;
    void *first, *second; /* mutexes or rwmutexes */
    void (*lock_first)(void *), (*lock_second)(void *);
    int has_first;
    int *go_on;
    gort_chan *chan;
};

static void lock(void *mutex)
{
    gort_mutex_lock(mutex);
}

static void write_lock(void *mutex)
{
    gort_rwmutex_lock(mutex);
}

static void read_lock(void *mutex)
{
    gort_rwmutex_rlock(mutex);
}

static void locks_both(void *arg)
{
    struct party *party = arg;
    party->lock_first(party->first);
    ATOMIC_SET(&party->has_first, 1);
    WAIT_UNTIL(ATOMIC_GET(party->go_on));
    party->lock_second(party->second);
    check_fail(__FILE__, __LINE__, "%s has got both", party->name);
}

/* Each has its first before any asks for its second. */
static void start_all(struct party *parties, int count)
{
    static int go_on;
    ATOMIC_SET(&go_on, 0);
    for (int i = 0; i < count; i++) {
        parties[i].go_on = &go_on;
        spawn_named(parties[i].name, locks_both, &parties[i]);
        WAIT_UNTIL(ATOMIC_GET(&parties[i].has_first));
    }
    ATOMIC_SET(&go_on, 1);
}

static char *text_with_leaks(int count)
{
    WAIT_UNTIL(gort_leaks(-1) == count);
    ssize_t now;
    char *text = leaks_text(&now);
    CHECK_EQ(now, count);
    return text;
}

static char address_text[64];

static const char *waits_for(const void *lock)
{
    snprintf(address_text, sizeof address_text, "waits for lock 0x%llx, held by ",
             (unsigned long long)(uintptr_t)lock);
    return address_text;
}

/* Two parties that wait for each other; the text of the leaks. */
static char *cycle_of_two(struct party *parties)
{
    start_all(parties, 2);
    char *text = text_with_leaks(2);
    CHECK_EQ(count_of(text, "wait-for cycle:"), 1);
    for (int i = 0; i < 2; i++) {
        char waiter[32], holder[32];
        snprintf(waiter, sizeof waiter, "\"%s\" ", parties[i].name);
        snprintf(holder, sizeof holder, "\"%s\"", parties[1 - i].name);
        CHECK(says(text, waiter, waits_for(parties[i].second), holder));
    }
    return text;
}

static void abba(void)
{
    static gort_mutex a, b;
    struct party parties[] = {
        {"left", &a, &b, lock, lock, 0, NULL, NULL},
        {"right", &b, &a, lock, lock, 0, NULL, NULL},
    };
    char *text = cycle_of_two(parties);
    CHECK(says(text, "  goroutine ", "\"left\" ", waits_for(&b)));
    CHECK(strstr(text, "\"left\" [sync.Mutex.Lock]:") != NULL);
    CHECK(strstr(text, "locks_both") != NULL); /* where each waits */
    CHECK_EQ(count_of(dump_text(), "wait-for cycle:"), 1);
    exit(EXIT_SUCCESS);
}

static void ring(void)
{
    static gort_mutex ring[3], outside;
    struct party parties[] = {
        {"one", &ring[0], &ring[1], lock, lock, 0, NULL, NULL},
        {"two", &ring[1], &ring[2], lock, lock, 0, NULL, NULL},
        {"three", &ring[2], &ring[0], lock, lock, 0, NULL, NULL},
        {"behind", &outside, &ring[0], lock, lock, 0, NULL, NULL},
    };
    start_all(parties, 4);
    char *text = text_with_leaks(4);
    CHECK_EQ(count_of(text, "wait-for cycle:"), 1);
    CHECK(says(text, "\"one\" ", waits_for(&ring[1]), "\"two\""));
    CHECK(says(text, "\"two\" ", waits_for(&ring[2]), "\"three\""));
    CHECK(says(text, "\"three\" ", waits_for(&ring[0]), "\"one\""));
    CHECK(strstr(text, "\"behind\" waits") == NULL); /* stuck, but not in the cycle */
    exit(EXIT_SUCCESS);
}

static void itself(void)
{
    static gort_mutex mutex;
    struct party party = {"twice", &mutex, &mutex, lock, lock, 0, NULL, NULL};
    start_all(&party, 1);
    char *text = text_with_leaks(1);
    CHECK_EQ(count_of(text, "wait-for cycle:"), 1);
    CHECK(says(text, "\"twice\" ", waits_for(&mutex), "\"twice\""));
    exit(EXIT_SUCCESS);
}

static void writers(void)
{
    static gort_rwmutex a, b;
    struct party parties[] = {
        {"left", &a, &b, write_lock, write_lock, 0, NULL, NULL},
        {"right", &b, &a, write_lock, write_lock, 0, NULL, NULL},
    };
    cycle_of_two(parties);
    exit(EXIT_SUCCESS);
}

static void reads_again(void *arg)
{
    struct party *party = arg;
    gort_rwmutex_rlock(party->first);
    ATOMIC_SET(&party->has_first, 1);
    WAIT_UNTIL(!gort_rwmutex_try_rlock(party->first) || gort_rwmutex_runlock(party->first) != GORT_OK);
    gort_rwmutex_rlock(party->first); /* a writer waits */
    check_fail(__FILE__, __LINE__, "it has got it");
}

static void writes_once(void *arg)
{
    struct party *party = arg;
    gort_rwmutex_lock(party->first);
    check_fail(__FILE__, __LINE__, "it has got it");
}

static void recursive_reader(void)
{
    static gort_rwmutex mutex;
    struct party reader = {"reader", &mutex, NULL, NULL, NULL, 0, NULL, NULL}, writer = reader;
    writer.name = "writer";
    spawn_named(reader.name, reads_again, &reader);
    WAIT_UNTIL(ATOMIC_GET(&reader.has_first));
    spawn_named(writer.name, writes_once, &writer);
    char *text = text_with_leaks(2);
    CHECK_EQ(count_of(text, "wait-for cycle:"), 1);
    CHECK(says(text, "\"reader\" ", waits_for(&mutex), "\"writer\""));
    CHECK(says(text, "\"writer\" ", waits_for(&mutex), "\"reader\""));
    CHECK(strstr(text, "\"reader\" [sync.RWMutex.RLock]:") != NULL);
    exit(EXIT_SUCCESS);
}

static void reader_and_mutex(void)
{
    static gort_rwmutex shared;
    static gort_mutex mutex;
    struct party parties[] = {
        {"reader", &shared, &mutex, read_lock, lock, 0, NULL, NULL},
        {"writer", &mutex, &shared, lock, write_lock, 0, NULL, NULL},
    };
    cycle_of_two(parties);
    exit(EXIT_SUCCESS);
}

static void locks_and_ends(void *arg)
{
    struct party *party = arg;
    gort_mutex_lock(party->first);
    ATOMIC_SET(&party->has_first, 1);
}

static void locks_first(void *arg)
{
    struct party *party = arg;
    ATOMIC_SET(&party->has_first, 1);
    gort_mutex_lock(party->first);
}

static void orphan(void)
{
    static gort_mutex mutex, free_again;
    struct party holder = {"gone", &mutex, NULL, NULL, NULL, 0, NULL, NULL}, waiter = holder, other = holder;
    waiter.name = "waiter";
    other.first = &free_again;
    spawn_named(holder.name, locks_and_ends, &holder);
    spawn_named(other.name, locks_and_ends, &other);
    WAIT_UNTIL(ATOMIC_GET(&holder.has_first) && ATOMIC_GET(&other.has_first) && gort_num_goroutine() == 0);
    CHECK_STATUS(gort_mutex_unlock(&free_again), GORT_OK); /* by another, which is allowed */
    spawn_named(waiter.name, locks_first, &waiter);
    char *text = text_with_leaks(1);
    CHECK_EQ(count_of(text, "orphaned lock "), 1);
    CHECK(says(text, waits_for(&mutex), "goroutine ", " (ended)"));
    CHECK_EQ(count_of(text, "wait-for cycle:"), 0);
    exit(EXIT_SUCCESS);
}

static void receives_holding(void *arg)
{
    struct party *party = arg;
    gort_mutex_lock(party->first);
    ATOMIC_SET(&party->has_first, 1);
    gort_chan_recv(party->chan, NULL);
    CHECK_STATUS(gort_mutex_unlock(party->first), GORT_OK);
}

static void behind_a_leak(void)
{
    static gort_mutex mutex;
    struct party holder = {"holder", &mutex, NULL, NULL, NULL, 0, NULL, new_chan(0, 0)}, waiter = holder;
    waiter.name = "waiter";
    spawn_named(holder.name, receives_holding, &holder);
    WAIT_UNTIL(ATOMIC_GET(&holder.has_first));
    spawn_named(waiter.name, locks_first, &waiter);
    WAIT_UNTIL(strstr(dump_text(), "held by goroutine") != NULL);
    WAIT_UNTIL(strstr(dump_text(), "[chan receive]") != NULL);
    CHECK_EQ(gort_leaks(-1), 0); /* somebody may still send */
    gort_chan_release(holder.chan);
    char *text = text_with_leaks(2);
    CHECK(says(text, waits_for(&mutex), "goroutine ", "\"holder\""));
    exit(EXIT_SUCCESS);
}

static struct party of_thread;

static void *locks_both_on_thread(void *arg)
{
    locks_both(arg);
    return NULL;
}

static void *holds_on_thread(void *arg)
{
    struct party *party = arg;
    gort_mutex_lock(party->first);
    ATOMIC_SET(&party->has_first, 1);
    gort_chan_recv(party->chan, NULL);
    CHECK_STATUS(gort_mutex_unlock(party->first), GORT_OK);
    return NULL;
}

static void thread_holds(void)
{
    static gort_mutex mutex;
    gort_chan *chan = new_chan(0, 0);
    spawn((gort_func)gort_chan_release, gort_chan_retain(chan)); /* the runtime runs */
    struct party holder = {"", &mutex, NULL, NULL, NULL, 0, NULL, chan}, waiter = holder;
    waiter.name = "waiter";
    pthread_t thread = plain_thread(holds_on_thread, &holder);
    WAIT_UNTIL(ATOMIC_GET(&holder.has_first));
    spawn_named(waiter.name, locks_first, &waiter);
    WAIT_UNTIL(says(dump_text(), waits_for(&mutex), "thread ", ""));
    CHECK_EQ(gort_leaks(-1), 0);
    CHECK_STATUS(gort_chan_close(chan), GORT_OK);
    join_thread(thread);
    WAIT_UNTIL(gort_num_goroutine() == 0);
    exit(EXIT_SUCCESS);
}

static void thread_in_a_cycle(void)
{
    static gort_mutex a, b;
    static int go_on;
    spawn((gort_func)gort_chan_release, new_chan(0, 0));
    struct party on_thread = {"", &a, &b, lock, lock, 0, &go_on, NULL};
    struct party party = {"goroutine", &b, &a, lock, lock, 0, &go_on, NULL};
    of_thread = on_thread;
    plain_thread(locks_both_on_thread, &of_thread);
    spawn_named(party.name, locks_both, &party);
    WAIT_UNTIL(ATOMIC_GET(&of_thread.has_first) && ATOMIC_GET(&party.has_first));
    ATOMIC_SET(&go_on, 1);
    char *text = text_with_leaks(1); /* a thread is no goroutine */
    CHECK_EQ(count_of(text, "wait-for cycle:"), 1);
    CHECK(says(text, "  thread ", waits_for(&b), "\"goroutine\""));
    CHECK(says(text, "\"goroutine\" ", waits_for(&a), "thread "));
    exit(EXIT_SUCCESS);
}

enum { WORKERS = 8, TURNS = 2000 };

static gort_mutex inner, outer;
static gort_rwmutex shared;

static void works(void *arg)
{
    for (int i = 0; i < TURNS; i++) {
        gort_mutex_lock(&outer);
        if (i % 5 == 0) {
            gort_rwmutex_lock(&shared);
        } else {
            gort_rwmutex_rlock(&shared);
        }
        gort_mutex_lock(&inner);
        if (i % 7 == 0) {
            gort_yield();
        }
        CHECK_STATUS(gort_mutex_unlock(&inner), GORT_OK);
        CHECK_STATUS(i % 5 == 0 ? gort_rwmutex_unlock(&shared) : gort_rwmutex_runlock(&shared), GORT_OK);
        CHECK_STATUS(gort_mutex_unlock(&outer), GORT_OK);
        gort_rwmutex_rlock(&shared);
        CHECK_STATUS(gort_rwmutex_runlock(&shared), GORT_OK);
    }
    CHECK_STATUS(gort_waitgroup_done(arg), GORT_OK);
}

static void *works_on_thread(void *arg)
{
    works(arg);
    return NULL;
}

/* Whatever moment is looked at, all go on in the end. */
static void no_false_alarm(void)
{
    gort_waitgroup group = {{0}};
    CHECK_STATUS(gort_waitgroup_add(&group, WORKERS + 1), GORT_OK);
    pthread_t thread = plain_thread(works_on_thread, &group);
    for (int i = 0; i < WORKERS; i++) {
        spawn(works, &group);
    }
    int looks = 0;
    while (gort_num_goroutine() > 0) {
        CHECK_EQ(gort_leaks(-1), 0);
        if (++looks % 50 == 0) {
            CHECK(strstr(dump_text(), "wait-for cycle") == NULL);
        }
        gort_yield();
    }
    gort_waitgroup_wait(&group);
    join_thread(thread);
    CHECK_STATUS(gort_shutdown(-1), GORT_OK);
}

static void asks_for_each_other(void *arg)
{
    (void)arg;
    static gort_mutex a, b;
    struct party parties[] = {
        {"left", &a, &b, lock, lock, 0, NULL, NULL},
        {"right", &b, &a, lock, lock, 0, NULL, NULL},
    };
    start_all(parties, 2);
    gort_select(NULL, 0);
}

static void deadlock(void)
{
    gort_run(asks_for_each_other, NULL);
}

static void unasked(void)
{
    static gort_mutex mutex;
    struct party party = {"twice", &mutex, &mutex, lock, lock, 0, NULL, NULL};
    start_all(&party, 1);
    WAIT_UNTIL(strstr(dump_text(), "[sync.Mutex.Lock]") != NULL);
    CHECK_EQ(gort_leaks(-1), 0);
    CHECK(strstr(dump_text(), "waits for lock") == NULL);
    exit(EXIT_SUCCESS);
}

static const struct scenario ASKED[] = {
    {"abba", abba},
    {"ring", ring},
    {"itself", itself},
    {"writers", writers},
    {"recursive_reader", recursive_reader},
    {"reader_and_mutex", reader_and_mutex},
    {"orphan", orphan},
    {"behind_a_leak", behind_a_leak},
    {"thread_holds", thread_holds},
    {"thread_in_a_cycle", thread_in_a_cycle},
    {"no_false_alarm", no_false_alarm},
};

static const struct scenario OTHERS[] = {
    {"deadlock", deadlock},
    {"unasked", unasked},
};

int main(int argc, char **argv)
{
    if (argc > 1) {
        for (size_t i = 0; i < COUNT_OF(OTHERS); i++) {
            if (strcmp(OTHERS[i].name, argv[1]) == 0) {
                return run_scenario(OTHERS, COUNT_OF(OTHERS), argv[1]);
            }
        }
        return run_scenario(ASKED, COUNT_OF(ASKED), argv[1]);
    }
    unsetenv("GORTDEBUG");
    expect_exit("unasked", EXIT_SUCCESS, NULL);
    setenv("GORTDEBUG", "lockowners=1", 1);
    run_all_scenarios(ASKED, COUNT_OF(ASKED));
    const char *report = expect_exit("deadlock", 2, "all goroutines are asleep").text;
    CHECK(says(report, "goroutine ", "\"left\" waits for lock 0x", "\"right\""));
    CHECK_EQ(count_of(report, "wait-for cycle:"), 1);
    return EXIT_SUCCESS;
}
