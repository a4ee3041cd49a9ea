/*
 * first_call: the runtime starts itself on first use: each function can be the very first
 * call of a process, in a process of its own, on the main thread and on another one.
 */
/* run: once */
#include "check.h"
#include "child.h"

static int count;

static void counts(void *arg)
{
    (void)arg;
    ATOMIC_ADD(&count, 1);
}

static void first_go(void)
{
    spawn(counts, NULL);
    WAIT_UNTIL(ATOMIC_GET(&count) == 1);
}

static void first_go_copy(void)
{
    CHECK_STATUS(gort_go_copy(counts, "abc", 4), GORT_OK);
    WAIT_UNTIL(ATOMIC_GET(&count) == 1);
}

static void first_go_with(void)
{
    CHECK_STATUS(gort_go_with(NULL, counts, NULL), GORT_OK);
    WAIT_UNTIL(ATOMIC_GET(&count) == 1);
}

static void first_run(void)
{
    run_main(counts, NULL);
    CHECK_EQ(count, 1);
}

static void first_yield(void)
{
    gort_yield();
}

static void first_block(void)
{
    gort_block_enter();
    gort_block_exit();
}

static void first_ids(void)
{
    CHECK_EQ(gort_goroutine_id(), 0);
    CHECK_EQ(gort_num_goroutine(), 0);
    CHECK(gort_num_cpu() >= 1);
}

static void first_gomaxprocs(void)
{
    CHECK(gort_gomaxprocs(3) >= 1);
    CHECK_EQ(gort_gomaxprocs(0), 3);
}

static void first_shutdown(void)
{
    CHECK_STATUS(gort_shutdown(0), GORT_OK);
}

static void first_stats(void)
{
    gort_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.struct_size = sizeof stats;
    CHECK_STATUS(gort_stats_read(&stats), GORT_OK);
}

static void first_dump(void)
{
    int null = open("/dev/null", O_WRONLY);
    CHECK_STATUS(gort_dump(null), GORT_OK);
}

static void first_recv_timeout(void)
{
    gort_chan *chan = new_chan(1, 1);
    CHECK_STATUS(gort_chan_recv_timeout(chan, NULL, GORT_MILLISECOND), GORT_DEADLINE_EXCEEDED);
    gort_chan_release(chan);
}

static void first_null_timeout(void)
{
    CHECK_STATUS(gort_chan_recv_timeout(NULL, NULL, GORT_MILLISECOND), GORT_DEADLINE_EXCEEDED);
}

static void first_select(void)
{
    CHECK_EQ(gort_select_timeout(NULL, 0, GORT_MILLISECOND), GORT_NONE);
}

static void first_now(void)
{
    int64_t now = gort_now();
    CHECK(gort_now() >= now);
}

static void first_sleep(void)
{
    gort_sleep(GORT_MILLISECOND);
}

static void first_after(void)
{
    gort_chan *after = gort_after(GORT_MILLISECOND);
    CHECK_STATUS(gort_chan_recv(after, NULL), GORT_OK);
    gort_chan_release(after);
}

static void first_timer(void)
{
    gort_timer *timer = gort_timer_new(GORT_MILLISECOND);
    CHECK_STATUS(gort_chan_recv(gort_timer_chan(timer), NULL), GORT_OK);
    gort_timer_release(timer);
}

static void first_after_func(void)
{
    gort_timer *timer = gort_after_func(GORT_MILLISECOND, counts, NULL);
    WAIT_UNTIL(ATOMIC_GET(&count) == 1);
    gort_timer_release(timer);
}

static void first_ticker(void)
{
    gort_ticker *ticker = gort_ticker_new(GORT_MILLISECOND);
    CHECK_STATUS(gort_chan_recv(gort_ticker_chan(ticker), NULL), GORT_OK);
    gort_ticker_release(ticker);
}

static void first_mutex(void)
{
    gort_mutex mutex = {{0}};
    gort_mutex_lock(&mutex);
    CHECK_STATUS(gort_mutex_unlock(&mutex), GORT_OK);
}

static void first_waitgroup(void)
{
    gort_waitgroup group = {{0}};
    CHECK_STATUS(gort_waitgroup_go(&group, counts, NULL), GORT_OK);
    gort_waitgroup_wait(&group);
    CHECK_EQ(count, 1);
}

static void first_last_error(void)
{
    CHECK(strcmp(gort_last_error(), "") == 0);
    CHECK(strcmp(gort_status_name(GORT_CLOSED), "GORT_CLOSED") == 0);
    CHECK_REFUSED(gort_lock_os_thread(), GORT_MISUSE);
}

static void first_on_deadlock(void)
{
    gort_on_deadlock(NULL, NULL);
    run_main(counts, NULL);
}

static const struct scenario FIRST[] = {
    {"go", first_go}, {"go_copy", first_go_copy}, {"go_with", first_go_with}, {"run", first_run},
    {"yield", first_yield}, {"block", first_block}, {"ids", first_ids}, {"gomaxprocs", first_gomaxprocs},
    {"shutdown", first_shutdown}, {"stats", first_stats}, {"dump", first_dump}, {"recv_timeout", first_recv_timeout},
    {"null_timeout", first_null_timeout}, {"select", first_select}, {"now", first_now}, {"sleep", first_sleep},
    {"after", first_after}, {"timer", first_timer}, {"after_func", first_after_func}, {"ticker", first_ticker},
    {"mutex", first_mutex}, {"waitgroup", first_waitgroup}, {"last_error", first_last_error},
    {"on_deadlock", first_on_deadlock},
};

static void *on_thread(void *arg)
{
    run_scenario(FIRST, COUNT_OF(FIRST), arg);
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc > 1 && argv[1][0] == '@') { /* on a thread, and the process ends through main */
        join_thread(bare_thread(on_thread, argv[1] + 1));
        return EXIT_SUCCESS;
    }
    if (argc > 1) {
        return run_scenario(FIRST, COUNT_OF(FIRST), argv[1]);
    }
    run_all_scenarios(FIRST, COUNT_OF(FIRST));
    for (size_t i = 0; i < COUNT_OF(FIRST); i++) {
        char name[32];
        snprintf(name, sizeof name, "@%s", FIRST[i].name);
        expect_exit(name, EXIT_SUCCESS, NULL);
    }
    return EXIT_SUCCESS;
}
