/*
 * plain_threads: threads that the library has never seen use all of it at once: they block
 * and are woken like goroutines, keep their own last error, are no goroutine, may end at
 * any time, and may each be in a gort_run.
 */
#include "check.h"

enum { THREADS = 12, VALUES = 300, CHURN = 200, RUNNERS = 4 };

static gort_chan *requests, *results;
static gort_mutex mutex;
static long protected_sum;

static void *sends_values(void *arg)
{
    int base = *(int *)arg;
    for (int i = 0; i < VALUES; i++) {
        int value = base + i;
        CHECK_STATUS(gort_chan_send(requests, &value), GORT_OK);
    }
    return NULL;
}

static void sums(int *count, long *sum)
{
    int value = 0;
    while (gort_chan_recv(requests, &value) == GORT_OK) {
        *count += 1;
        *sum += value;
        gort_mutex_lock(&mutex);
        protected_sum += value;
        CHECK_STATUS(gort_mutex_unlock(&mutex), GORT_OK);
    }
    CHECK_EQ(value, 0);
}

static void receives_values(void *arg)
{
    (void)arg;
    long parts[2] = {0, 0};
    int count = 0;
    sums(&count, &parts[1]);
    parts[0] = count;
    CHECK_STATUS(gort_chan_send(results, parts), GORT_OK);
}

static void *receives_values_on_thread(void *arg)
{
    receives_values(arg);
    return NULL;
}

static void exchange(size_t capacity)
{
    requests = new_chan(sizeof(int), capacity);
    results = new_chan(2 * sizeof(long), 0);
    protected_sum = 0;
    pthread_t senders[THREADS], receivers[THREADS];
    int bases[THREADS];
    long want = 0;
    for (int i = 0; i < THREADS; i++) {
        bases[i] = i * VALUES;
        senders[i] = bare_thread(sends_values, &bases[i]);
        receivers[i] = bare_thread(receives_values_on_thread, NULL);
        spawn(receives_values, NULL);
    }
    for (long i = 0; i < (long)THREADS * VALUES; i++) {
        want += i;
    }
    for (int i = 0; i < THREADS; i++) {
        join_thread(senders[i]);
    }
    CHECK_STATUS(gort_chan_close(requests), GORT_OK);
    long parts[2] = {0, 0}, count = 0, sum = 0;
    for (int i = 0; i < 2 * THREADS; i++) {
        CHECK_STATUS(gort_chan_recv(results, parts), GORT_OK);
        count += parts[0];
        sum += parts[1];
    }
    for (int i = 0; i < THREADS; i++) {
        join_thread(receivers[i]);
    }
    CHECK_EQ(count, (long)THREADS * VALUES);
    CHECK_EQ(sum, want);
    CHECK_EQ(protected_sum, want);
    gort_chan_release(requests);
    gort_chan_release(results);
}

static void never(void *arg)
{
    (void)arg;
    check_fail(__FILE__, __LINE__, "a deferred call ran that was refused");
}

static void *is_no_goroutine(void *arg)
{
    (void)arg;
    CHECK_EQ(gort_last_error()[0], '\0'); /* whatever failed on other threads */
    CHECK_EQ(gort_goroutine_id(), 0);
    CHECK_REFUSED(gort_defer(never, NULL), GORT_MISUSE);
    CHECK_REFUSED(gort_lock_os_thread(), GORT_MISUSE);
    CHECK_REFUSED(gort_unlock_os_thread(), GORT_MISUSE);
    gort_block_enter();
    gort_block_enter();
    gort_block_exit();
    gort_yield();
    gort_block_exit();
    gort_sleep(GORT_MICROSECOND);
    return NULL;
}

static void replies(void *arg)
{
    gort_chan *chan = arg;
    int value = 7;
    CHECK_STATUS(gort_chan_send(chan, &value), GORT_OK);
    gort_chan_release(chan);
}

/* Its first use of the library is a blocking one, and its last use the end of the thread. */
static void *blocks_first(void *arg)
{
    gort_chan *chan = arg;
    int value = 0;
    gort_case cases[] = {GORT_RECV_CASE(NULL, NULL), GORT_RECV_CASE(chan, &value)};
    CHECK_EQ(gort_select(cases, 2), 1);
    CHECK_EQ(value, 7);
    gort_chan_release(chan);
    return NULL;
}

static void threads_come_and_go(void)
{
    for (int i = 0; i < CHURN; i++) {
        gort_chan *chan = new_chan(sizeof(int), 0);
        CHECK(gort_chan_retain(chan) == chan);
        pthread_t thread = bare_thread(blocks_first, chan);
        spawn(replies, chan);
        join_thread(thread);
        join_thread(bare_thread(is_no_goroutine, NULL));
    }
}

struct pair {
    gort_chan *there, *back;
};

static void passes_on(void *arg)
{
    struct pair *pair = arg;
    for (int i = 0; i < VALUES; i++) {
        CHECK_STATUS(gort_chan_recv(pair->there, NULL), GORT_OK);
        CHECK_STATUS(gort_chan_send(pair->back, NULL), GORT_OK);
    }
}

static void in_run(void *arg)
{
    (void)arg;
    CHECK(gort_goroutine_id() > 0);
    CHECK_REFUSED(gort_run(never, NULL), GORT_MISUSE);
    struct pair pair = {new_chan(0, 0), new_chan(0, 0)};
    spawn(passes_on, &pair);
    for (int i = 0; i < VALUES; i++) {
        CHECK_STATUS(gort_chan_send(pair.there, NULL), GORT_OK);
        CHECK_STATUS(gort_chan_recv(pair.back, NULL), GORT_OK);
    }
    gort_chan_release(pair.there);
    gort_chan_release(pair.back);
}

static void *runs(void *arg)
{
    run_main(in_run, arg);
    CHECK_EQ(gort_goroutine_id(), 0);
    return NULL;
}

static void several_runs(void)
{
    pthread_t threads[RUNNERS];
    for (int i = 0; i < RUNNERS; i++) {
        threads[i] = bare_thread(runs, NULL);
    }
    run_main(in_run, NULL);
    for (int i = 0; i < RUNNERS; i++) {
        join_thread(threads[i]);
    }
}

int main(void)
{
    exchange(0);
    exchange(5);
    CHECK_REFUSED(gort_go(NULL, NULL), GORT_INVALID);
    threads_come_and_go();
    CHECK(gort_last_error()[0] != '\0'); /* the main thread's own, still */
    several_runs();
    WAIT_UNTIL(gort_num_goroutine() == 0);
    return EXIT_SUCCESS;
}
