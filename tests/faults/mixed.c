/*
 * mixed: a bit of everything, again and again: in the n-th round the n-th request to the system fails, and
 * those after it, as many as a burst has.
 *
 *   mixed KIND FROM BURST
 *
 * A round may find that a call failed: then with GORT_NO_MEMORY or GORT_OS_ERROR, or NULL, and a sentence.
 * What did not fail has its right result. After the round the runtime is shut down, and then holds
 * what it held after a round without a fault: blocks, mappings, descriptors, threads. It ends with
 * the first round in which nothing was left to fail, and prints how many there were. The round that is
 * under way is on stdout before it begins. With alloc, a round comes first in which for a time no memory is to be had.
 */
#include "faults.h"

#include <gort.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

static long the_round;
static bool clean; /* nothing may fail */

__attribute__((noreturn, format(printf, 2, 3))) static void wrong(int line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("mixed.c:%d: ", line);
    vprintf(format, arguments);
    printf(" (round %ld)\n", the_round);
    fflush(stdout);
    _exit(1);
}

/* True when it worked. */
static bool ok_at(int line, const char *call, gort_status status)
{
    if (status == GORT_OK) {
        return true;
    }
    if (clean || (status != GORT_NO_MEMORY && status != GORT_OS_ERROR)) {
        wrong(line, "%s: %s: %s", call, gort_status_name(status), gort_last_error());
    }
    if (gort_last_error()[0] == '\0') {
        wrong(line, "%s: no sentence", call);
    }
    return false;
}

static bool made_at(int line, const char *call, const void *handle)
{
    if (handle == NULL && (clean || gort_last_error()[0] == '\0')) {
        wrong(line, "%s: NULL: %s", call, gort_last_error());
    }
    return handle != NULL;
}

#define OK(call) ok_at(__LINE__, #call, (call))
#define MADE(handle) made_at(__LINE__, #handle, (handle))
#define HOLDS(condition)                                     \
    do {                                                     \
        if (!(condition)) {                                  \
            wrong(__LINE__, "%s does not hold", #condition); \
        }                                                    \
    } while (0)

static int ran; /* goroutines that did */

static void runs(void *arg)
{
    (void)arg;
    gort_yield();
    __atomic_add_fetch(&ran, 1, __ATOMIC_SEQ_CST);
}

static int dropped;

static void drops(void *arg)
{
    (void)arg;
    __atomic_add_fetch(&dropped, 1, __ATOMIC_SEQ_CST);
}

static void parks_deep(void *arg)
{
    char deep[20000];
    memset(deep, 1, sizeof deep);
    gort_chan_recv(arg, NULL);
    HOLDS(deep[12345] == 1);
    runs(NULL);
}

static void goroutines(void)
{
    enum { MANY = 150 };
    int started = 0, drops_due = 0;
    char large[200] = {7};
    gort_waitgroup wg = {{0}};
    ran = dropped = 0;
    for (int i = 0; i < MANY; i++) {
        started += OK(gort_waitgroup_go(&wg, runs, NULL));
    }
    gort_waitgroup_wait(&wg);
    HOLDS(ran == started);

    gort_chan *gate = gort_chan_new(0, 0);
    if (!MADE(gate)) {
        return;
    }
    for (int i = 0; i < 90; i++) { /* more stacks than lie about */
        started += OK(gort_go(parks_deep, gate));
    }
    gort_yield();
    gort_chan_close(gate);
    started += OK(gort_go_copy(runs, large, sizeof large));
    gort_go_options options = {sizeof options, "named", 1 << 20, drops};
    for (int i = 0; i < 3; i++) {
        started += OK(gort_go_with(&options, runs, NULL));
        drops_due++;
    }
    while (__atomic_load_n(&ran, __ATOMIC_SEQ_CST) != started || __atomic_load_n(&dropped, __ATOMIC_SEQ_CST) != drops_due) {
        gort_sleep(100 * GORT_MICROSECOND);
    }
    gort_chan_release(gate);
}

struct level {
    int below;
    bool over;
};

/* What waits beside a goroutine that blocks runs on another thread, though it takes one more each time. */
static void blocks(void *arg)
{
    struct level *level = arg, next = {level->below - 1, false};
    if (level->below > 0 && OK(gort_go(blocks, &next))) {
        gort_block_enter();
        while (!__atomic_load_n(&next.over, __ATOMIC_SEQ_CST)) {
            usleep(100);
        }
        gort_block_exit();
    }
    __atomic_store_n(&level->over, true, __ATOMIC_SEQ_CST);
}

static void sends_ten(void *arg)
{
    for (int i = 0; i < 10; i++) {
        gort_chan_send(arg, &i);
    }
    gort_chan_close(arg);
}

static void channels(void)
{
    for (size_t capacity = 0; capacity < 3; capacity += 2) {
        gort_chan *c = gort_chan_new(sizeof(int), capacity);
        if (MADE(c) && OK(gort_go(sends_ten, c))) {
            int sum = 0, value;
            while (gort_chan_recv(c, &value) == GORT_OK) {
                sum += value;
            }
            HOLDS(sum == 45);
        }
        gort_chan_release(c);
    }
}

static void closes(void *arg)
{
    gort_sleep(GORT_MILLISECOND);
    gort_chan_close(arg);
}

static void selects(void)
{
    enum { CASES = 20 };
    gort_case cases[CASES];
    gort_chan *c = gort_chan_new(sizeof(int), 0);
    if (MADE(c) && OK(gort_go(closes, c))) {
        for (int i = 0; i < CASES; i++) {
            cases[i] = (gort_case)GORT_RECV_CASE(i == 7 ? c : NULL, NULL);
        }
        int chosen = gort_select(cases, CASES);
        HOLDS(chosen == 7 || (chosen < 0 && !clean));
        gort_chan_recv(c, NULL);
    }
    gort_chan_release(c);
}

static void times(void)
{
    gort_chan *after = gort_after(GORT_MILLISECOND);
    if (MADE(after)) {
        gort_chan_recv(after, NULL);
    }
    gort_chan_release(after);
    ran = 0;
    gort_timer *timer = gort_after_func(GORT_MILLISECOND, runs, NULL);
    if (MADE(timer)) {
        while (__atomic_load_n(&ran, __ATOMIC_SEQ_CST) == 0) {
            gort_sleep(100 * GORT_MICROSECOND);
        }
    }
    gort_timer_release(timer);
    gort_ticker *ticker = gort_ticker_new(GORT_MILLISECOND);
    if (MADE(ticker)) {
        gort_chan_recv(gort_ticker_chan(ticker), NULL);
    }
    gort_ticker_release(ticker);
}

static void contexts(void)
{
    gort_ctx *parent = gort_ctx_with_cancel(gort_ctx_background());
    if (!MADE(parent)) {
        return;
    }
    gort_ctx *child = gort_ctx_with_timeout(parent, GORT_HOUR);
    gort_ctx *soon = gort_ctx_with_timeout(parent, GORT_MILLISECOND);
    gort_ctx *value = gort_ctx_with_value(parent, &ran, &dropped, drops);
    dropped = ran = 0;
    gort_ctx_after *after = gort_ctx_after_func(parent, runs, NULL);
    if (MADE(soon)) {
        while (gort_ctx_err(soon) == GORT_OK) {
            gort_sleep(GORT_MILLISECOND);
        }
        gort_ctx_release(soon);
    }
    gort_ctx_cancel_cause(parent, "enough");
    HOLDS(gort_ctx_err(parent) == GORT_CANCELED);
    if (MADE(child)) {
        HOLDS(gort_ctx_err(child) == GORT_CANCELED);
        gort_chan *done = gort_ctx_done(child);
        if (MADE(done)) {
            HOLDS(gort_chan_recv(done, NULL) == GORT_CLOSED);
        }
        gort_ctx_release(child);
    }
    if (MADE(after)) {
        while (__atomic_load_n(&ran, __ATOMIC_SEQ_CST) == 0) {
            gort_sleep(100 * GORT_MICROSECOND);
        }
        gort_ctx_after_release(after);
    }
    gort_ctx_release(parent);
    if (MADE(value)) {
        HOLDS(gort_ctx_value(value, &ran) == &dropped);
        gort_ctx_release(value);
        HOLDS(dropped == 1);
    }
}

static int groups_work(void *arg)
{
    runs(arg);
    return 0;
}

static void *makes(void *arg)
{
    return arg;
}

static bool counts(const void *key, size_t size, void *value, void *arg)
{
    (void)key;
    (void)size;
    (void)value;
    ++*(int *)arg;
    return true;
}

static void once_runs(void *arg)
{
    ++*(int *)arg;
}

static void sync_types(void)
{
    gort_group *group = gort_group_new(NULL);
    if (MADE(group)) {
        int started = 0;
        ran = 0;
        for (int i = 0; i < 5; i++) {
            started += OK(gort_group_go(group, groups_work, NULL));
        }
        HOLDS(gort_group_wait(group) == 0);
        HOLDS(ran == started);
        gort_group_release(group);
    }
    gort_map *map = gort_map_new();
    if (MADE(map)) {
        int stored = 0, seen = 0;
        for (int i = 0; i < 100; i++) {
            stored += OK(gort_map_store(map, &i, sizeof i, NULL, NULL));
        }
        HOLDS((int)gort_map_len(map) == stored);
        if (OK(gort_map_range(map, counts, &seen))) {
            HOLDS(seen == stored);
        }
        gort_map_release(map);
    }
    gort_pool *pool = gort_pool_new(makes, NULL, &ran);
    if (MADE(pool)) {
        for (int i = 0; i < 5; i++) {
            gort_pool_put(pool, &dropped);
        }
        HOLDS(gort_pool_get(pool) != NULL);
        gort_pool_release(pool);
    }
    gort_flight flight = {0};
    void *out;
    if (OK(gort_flight_do(&flight, "key", 3, makes, &ran, &out, NULL))) {
        HOLDS(out == &ran);
    }
    gort_once once = {0};
    int times_run = 0;
    gort_once_do(&once, once_runs, &times_run);
    gort_once_do(&once, once_runs, &times_run);
    HOLDS(times_run == 1);
    OK(gort_defer(runs, NULL));
}

static void writes_late(void *arg)
{
    gort_sleep(GORT_MILLISECOND);
    HOLDS(gort_write(*(int *)arg, "x", 1) == 1 || !clean);
}

static void input_and_output(void)
{
    int ends[2];
    HOLDS(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    int low = fcntl(ends[0], F_DUPFD, 700), high = fcntl(ends[1], F_DUPFD, 2000); /* of another chunk */
    close(ends[0]);
    close(ends[1]);
    if (OK(gort_go(writes_late, &high))) {
        char byte = 0;
        ssize_t n = gort_read(low, &byte, 1);
        HOLDS(n == 1 ? byte == 'x' : n < 0 && !clean && gort_errno() != 0);
        gort_sleep(3 * GORT_MILLISECOND);
    }
    gort_close(low);
    gort_close(high);
}

enum { STARVED = 120 };

struct starved {
    gort_chan *gate, *never;
    gort_waitgroup over;
    int started;
};

static void waits_starved(void *arg)
{
    struct starved *all = arg;
    int number = __atomic_fetch_add(&all->started, 1, __ATOMIC_SEQ_CST);
    gort_chan_recv(all->gate, NULL);
    if (number % 2 == 0) {
        gort_sleep((1 + number % 7) * GORT_MILLISECOND);
    } else {
        gort_status status = gort_chan_recv_timeout(all->never, NULL, (1 + number % 5) * GORT_MILLISECOND);
        HOLDS(status == GORT_DEADLINE_EXCEEDED);
    }
    HOLDS(gort_waitgroup_done(&all->over) == GORT_OK);
}

/* Sleeps, timeouts and timers that were made before need no memory: they end in time while there is none at all. */
static void starved(void *arg)
{
    (void)arg;
    struct starved all = {gort_chan_new(0, 0), gort_chan_new(0, 0), {{0}}, 0};
    gort_timer *timers[STARVED];
    gort_ticker *ticker = gort_ticker_new(GORT_HOUR);
    HOLDS(all.gate != NULL && all.never != NULL && ticker != NULL);
    HOLDS(gort_waitgroup_add(&all.over, STARVED) == GORT_OK);
    for (int i = 0; i < STARVED; i++) {
        HOLDS(gort_go(waits_starved, &all) == GORT_OK);
        timers[i] = gort_timer_new(GORT_HOUR);
        HOLDS(timers[i] != NULL);
        if (i % 2 == 0) { /* the others have a place already */
            gort_timer_stop(timers[i]);
        }
    }
    while (__atomic_load_n(&all.started, __ATOMIC_SEQ_CST) != STARVED) {
        gort_yield();
    }
    arm(ALLOC, 1, 1L << 40);
    gort_chan_close(all.gate);
    for (int i = 0; i < STARVED; i++) {
        HOLDS(gort_timer_reset(timers[i], GORT_MILLISECOND) == (i % 2 == 1));
    }
    HOLDS(gort_ticker_reset(ticker, GORT_MILLISECOND) == GORT_OK);
    gort_waitgroup_wait(&all.over);
    for (int i = 0; i < STARVED; i++) {
        HOLDS(gort_chan_recv(gort_timer_chan(timers[i]), NULL) == GORT_OK);
        gort_chan_recv(gort_ticker_chan(ticker), NULL);
    }
    HOLDS(disarm());
    for (int i = 0; i < STARVED; i++) {
        gort_timer_release(timers[i]);
    }
    gort_ticker_release(ticker);
    gort_chan_release(all.gate);
    gort_chan_release(all.never);
}

static void *host_thread(void *arg)
{
    gort_chan *c = arg;
    int value = 9;
    gort_chan_send(c, &value);
    return NULL;
}

static void threads(void)
{
    gort_chan *c = gort_chan_new(sizeof(int), 1);
    if (MADE(c)) {
        pthread_t thread;
        int value = 0;
        gort_now();
        HOLDS(pthread_create(&thread, NULL, host_thread, c) == 0);
        gort_block_enter();
        pthread_join(thread, NULL);
        gort_block_exit();
        HOLDS(gort_chan_recv(c, &value) == GORT_OK && value == 9);
        gort_chan_release(c);
    }
    OK(gort_lock_os_thread());
    gort_yield();
    OK(gort_unlock_os_thread());
}

static void signals(void)
{
    gort_chan *c = gort_chan_new(sizeof(int), 1);
    int number = 0;
    if (MADE(c) && OK(gort_signal_notify(c, SIGUSR1))) {
        kill(getpid(), SIGUSR1);
        HOLDS(gort_chan_recv_timeout(c, &number, GORT_MINUTE) == GORT_OK && number == SIGUSR1);
        OK(gort_signal_stop(c));
    }
    gort_chan_release(c);
}

static void loops(void)
{
    gort_chan *c = gort_chan_new(sizeof(int), 1);
    gort_completion_queue *queue = gort_completion_queue_new();
    int value = 5, got = 0;
    if (MADE(c) && MADE(queue)) {
        gort_async *op = gort_completion_queue_recv(queue, c, &got, NULL);
        if (MADE(op)) {
            HOLDS(gort_chan_send(c, &value) == GORT_OK);
            gort_completion done;
            HOLDS(gort_completion_queue_drain(queue, &done, 1) == 1 && got == 5);
            gort_async_release(op);
        }
    }
    gort_completion_queue_close(queue);
    gort_completion_queue_release(queue);
    gort_chan_release(c);
}

static void everything(void *arg)
{
    (void)arg;
    blocks(&(struct level){4, false});
    goroutines();
    channels();
    selects();
    times();
    contexts();
    sync_types();
    input_and_output();
    threads();
    signals();
    loops();
    gort_gomaxprocs(4);
    goroutines();
    gort_gomaxprocs(2);
}

static long descriptors_and_threads(void)
{
    long count = 0;
    static const char *const folders[] = {"/proc/self/fd", "/proc/self/task"};
    for (int i = 0; i < 2; i++) {
        DIR *folder = opendir(folders[i]);
        for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
            count += i == 0 ? 1 : 1000;
        }
        closedir(folder);
    }
    return count;
}

static void one_round(void)
{
    OK(gort_run(everything, NULL));
    gort_status status = gort_shutdown(GORT_MINUTE);
    if (status != GORT_OK) {
        disarm();
        gort_dump(STDOUT_FILENO);
        wrong(__LINE__, "shutdown: %s", gort_status_name(status));
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        return 2;
    }
    enum kind kind = ALLOC;
    while (kind < KINDS && strcmp(kind_names[kind], argv[1]) != 0) {
        kind++;
    }
    if (kind == KINDS) {
        return 2;
    }
    alarm(100);
    setvbuf(stdout, NULL, _IOLBF, 0);
    clean = true;
    long blocks = 0, mapped = 0, open_things = 0;
    for (int i = 0; i < 3; i++) { /* what is made once in a process is made now */
        one_round();
        blocks = live_blocks;
        mapped = live_bytes_mapped;
        open_things = descriptors_and_threads();
    }
    if (kind == ALLOC) {
        HOLDS(gort_run(starved, NULL) == GORT_OK && gort_shutdown(GORT_MINUTE) == GORT_OK);
        HOLDS(live_blocks <= blocks && live_bytes_mapped == mapped);
    }
    for (the_round = atol(argv[2]);; the_round++) {
        printf("round %ld\n", the_round);
        clean = false;
        arm(kind, the_round, atol(argv[3]));
        one_round();
        bool came = disarm();
        HOLDS(live_bytes_mapped == mapped);
        if (descriptors_and_threads() != open_things) {
            wrong(__LINE__, "%ld open descriptors + 1000 per thread, not %ld", descriptors_and_threads(), open_things);
        }
        if (live_blocks > blocks) {
            wrong(__LINE__, "%ld blocks more than before", live_blocks - blocks);
        }
        blocks = live_blocks;
        if (!came) {
            break;
        }
    }
    printf("%ld\n", the_round - 1);
    return 0;
}
