/* sync: the types of Go's sync, errgroup and semaphore; and what they do not order. */
#include "race.h"

static gort_mutex mutex, other_mutex;
static gort_rwmutex rwmutex;
static gort_once once;
static gort_cond cond;
static gort_waitgroup wg;
static gort_sem sem;
static gort_map *map;
static gort_pool *pool;
static gort_flight flight;

static void nothing(void *arg)
{
    (void)arg;
}

static void locks(void)
{
    gort_mutex_lock(&mutex);
    must(gort_mutex_unlock(&mutex));
}

static void locks_late(void)
{
    await_reached();
    locks();
}

static void tries_to_lock(void)
{
    await_reached();
    AWAIT(gort_mutex_try_lock(&mutex));
    must(gort_mutex_unlock(&mutex));
}

/* The mutex is held until the other waits for it. */
static void holds(void)
{
    gort_mutex_lock(&mutex);
}

static void unlocks(void)
{
    gort_sleep(5 * GORT_MILLISECOND);
    must(gort_mutex_unlock(&mutex));
}

static void locks_another(void *arg)
{
    gort_mutex *m = arg;
    gort_mutex_lock(m);
    data++;
    must(gort_mutex_unlock(m));
}

static void one_mutex(int with)
{
    must(gort_waitgroup_go(&both, locks_another, &mutex));
    must(gort_waitgroup_go(&both, locks_another, with ? &mutex : &other_mutex));
    gort_waitgroup_wait(&both);
}

static void wlocks(void)
{
    gort_rwmutex_lock(&rwmutex);
    must(gort_rwmutex_unlock(&rwmutex));
}

static void wlocks_late(void)
{
    await_reached();
    wlocks();
}

static void rlocks(void)
{
    gort_rwmutex_rlock(&rwmutex);
    must(gort_rwmutex_runlock(&rwmutex));
}

static void rlocks_late(void)
{
    await_reached();
    rlocks();
}

static void wholds(void)
{
    gort_rwmutex_lock(&rwmutex);
}

static void wunlocks(void)
{
    gort_sleep(5 * GORT_MILLISECOND);
    must(gort_rwmutex_unlock(&rwmutex));
}

static void writes_in_a_reader(void *arg)
{
    (void)arg;
    gort_rwmutex_rlock(&rwmutex);
    data++;
    must(gort_rwmutex_runlock(&rwmutex));
}

static void writes_in_a_writer(void *arg)
{
    (void)arg;
    gort_rwmutex_lock(&rwmutex);
    data++;
    must(gort_rwmutex_unlock(&rwmutex));
}

static void readers_order_nothing(int with)
{
    gort_func f = with ? writes_in_a_writer : writes_in_a_reader;
    must(gort_waitgroup_go(&both, f, NULL));
    must(gort_waitgroup_go(&both, f, NULL));
    gort_waitgroup_wait(&both);
}

static void does_once(void)
{
    gort_once_do(&once, nothing, NULL);
}

static void does_once_late(void)
{
    await_reached();
    does_once();
}

/* The signal alone: the mutex is free again before the write. */
static int waiting;

static void waits_for_signal(void *arg)
{
    (void)arg;
    gort_mutex_lock(&mutex);
    __atomic_store_n(&waiting, 1, __ATOMIC_RELAXED);
    gort_cond_wait(&cond, &mutex);
    must(gort_mutex_unlock(&mutex));
    data = 2;
}

static void signal_or_broadcast(int with, void (*wake)(gort_cond *))
{
    must(gort_waitgroup_go(&both, waits_for_signal, NULL));
    AWAIT(__atomic_load_n(&waiting, __ATOMIC_RELAXED));
    locks(); /* so it waits */
    if (with) {
        data = 1;
        wake(&cond);
    } else {
        wake(&cond);
        data = 1;
    }
    gort_waitgroup_wait(&both);
}

static void signals(int with)
{
    signal_or_broadcast(with, gort_cond_signal);
}

static void broadcasts(int with)
{
    signal_or_broadcast(with, gort_cond_broadcast);
}

static void adds_one(void)
{
    must(gort_waitgroup_add(&wg, 1));
}

static void done(void)
{
    must(gort_waitgroup_done(&wg));
}

static void waits(void)
{
    gort_waitgroup_wait(&wg);
}

static void waits_late(void)
{
    await_reached();
    waits();
}

static void takes_all(void)
{
    must(gort_sem_init(&sem, 1));
    must(gort_sem_acquire(&sem, NULL, 1));
}

static void releases(void)
{
    must(gort_sem_release(&sem, 1));
}

static void acquires(void)
{
    must(gort_sem_acquire(&sem, NULL, 1));
}

static void tries_to_acquire(void)
{
    AWAIT(gort_sem_try_acquire(&sem, 1));
}

static int writes_in_group(void *arg)
{
    (void)arg;
    data = 1;
    reached();
    return 0;
}

static void group(int with)
{
    gort_group *g = gort_group_new(NULL);
    must(gort_group_go(g, writes_in_group, NULL));
    await_reached();
    if (with) {
        gort_group_wait(g);
    }
    data = 2;
    gort_group_wait(g);
    gort_group_release(g);
}

static void new_map(void)
{
    map = gort_map_new();
}

static void stores(void)
{
    char key[40] = "a key that is compared by a function";
    must(gort_map_store(map, key, sizeof key, &data, NULL));
}

static void loads(void)
{
    char key[40] = "a key that is compared by a function";
    void *found;
    AWAIT(gort_map_load(map, key, sizeof key, &found));
}

static void new_pool(void)
{
    pool = gort_pool_new(NULL, NULL, NULL);
}

static void puts_back(void)
{
    gort_pool_put(pool, &data);
}

static void gets(void)
{
    AWAIT(gort_pool_get(pool) != NULL);
}

/* Who joins a call sees what was done for it. */
static void *makes(void *arg)
{
    data = 1;
    gort_sleep(20 * GORT_MILLISECOND);
    reached();
    return arg;
}

static void leads(void *arg)
{
    (void)arg;
    char key[40] = "a key that is compared by a function";
    must(gort_flight_do(&flight, key, sizeof key, makes, NULL, NULL, NULL));
}

static void *makes_too(void *arg)
{
    await_reached();
    return arg;
}

static void joins(int with)
{
    char key[40] = "a key that is compared by a function", another[40] = "another";
    must(gort_waitgroup_go(&both, leads, NULL));
    gort_sleep(5 * GORT_MILLISECOND);
    if (with) {
        must(gort_flight_do(&flight, key, sizeof key, makes_too, NULL, NULL, NULL));
    } else {
        must(gort_flight_do(&flight, another, sizeof another, makes_too, NULL, NULL, NULL));
    }
    data = 2;
    gort_waitgroup_wait(&both);
}

static const struct edge edges[] = {
    {"mutex", NULL, locks, locks_late, NULL},
    {"mutex-waiting", holds, unlocks, locks, NULL},
    {"mutex-try", NULL, locks, tries_to_lock, NULL},
    {"mutex-another", NULL, NULL, NULL, one_mutex},
    {"rwmutex-writer-writer", NULL, wlocks, wlocks_late, NULL},
    {"rwmutex-writer-reader", NULL, wlocks, rlocks_late, NULL},
    {"rwmutex-reader-writer", NULL, rlocks, wlocks_late, NULL},
    {"rwmutex-writer-waiting-reader", wholds, wunlocks, rlocks, NULL},
    {"rwmutex-readers", NULL, NULL, NULL, readers_order_nothing},
    {"once", NULL, does_once, does_once_late, NULL},
    {"cond-signal", NULL, NULL, NULL, signals},
    {"cond-broadcast", NULL, NULL, NULL, broadcasts},
    {"waitgroup", adds_one, done, waits, NULL},
    {"waitgroup-before", adds_one, done, waits_late, NULL},
    {"semaphore", takes_all, releases, acquires, NULL},
    {"semaphore-try", takes_all, releases, tries_to_acquire, NULL},
    {"group", NULL, NULL, NULL, group},
    {"map", new_map, stores, loads, NULL},
    {"pool", new_pool, puts_back, gets, NULL},
    {"flight", NULL, NULL, NULL, joins},
};

int main(int argc, char **argv)
{
    return race_main(argc, argv, edges, COUNT_OF(edges));
}
