/*
 * ops OPERATION TIMES: does one operation that many times, in the main goroutine, for
 * benches/count.py, which counts the instructions of N and of 2 N times. Without
 * arguments it lists the operations.
 */
#include "../c/bench.h"

enum { BATCH = 100 };

static int64_t times;

static void nothing(void *arg)
{
    (void)arg;
}

/* In batches, so that waiting for them hardly counts. */
static void spawn(void)
{
    gort_waitgroup group = {{0}};
    for (int64_t i = 1; i <= times; i++) {
        bench_must(gort_waitgroup_go(&group, nothing, NULL), "gort_waitgroup_go");
        if (i % BATCH == 0) {
            gort_waitgroup_wait(&group);
        }
    }
    gort_waitgroup_wait(&group);
}

static void chan_buffered(void)
{
    gort_chan *c = bench_chan(sizeof(int64_t), 1);
    int64_t value = 0;
    for (int64_t i = 0; i < times; i++) {
        gort_chan_send(c, &i);
        gort_chan_recv(c, &value);
        bench_check(value == i, "received %" PRId64, value);
    }
    gort_chan_release(c);
}

static void echo(void *arg)
{
    gort_chan **channels = arg;
    for (int64_t value; gort_chan_recv(channels[0], &value) == GORT_OK;) {
        gort_chan_send(channels[1], &value);
    }
    gort_chan_close(channels[1]);
}

static void pingpong(void)
{
    gort_chan *channels[] = {bench_chan(sizeof(int64_t), 0), bench_chan(sizeof(int64_t), 0)};
    bench_must(gort_go(echo, channels), "gort_go");
    int64_t value = 0;
    for (int64_t i = 0; i < times; i++) {
        gort_chan_send(channels[0], &i);
        gort_chan_recv(channels[1], &value);
        bench_check(value == i, "received %" PRId64, value);
    }
    gort_chan_close(channels[0]);
    bench_check(gort_chan_recv(channels[1], NULL) == GORT_CLOSED, "the channel is still open");
    gort_chan_release(channels[0]);
    gort_chan_release(channels[1]);
}

static void try_recv_empty(void)
{
    gort_chan *c = bench_chan(sizeof(int64_t), 1);
    for (int64_t i = 0; i < times; i++) {
        bench_check(gort_chan_try_recv(c, NULL) == GORT_WOULD_BLOCK, "received something");
    }
    gort_chan_release(c);
}

/* One of three is ready, a different one each time. */
static void select_ready(void)
{
    int64_t value = 0;
    gort_case cases[3];
    for (int i = 0; i < 3; i++) {
        cases[i] = (gort_case)GORT_RECV_CASE(bench_chan(sizeof value, 1), &value);
    }
    for (int64_t i = 0; i < times; i++) {
        gort_chan_send(cases[i % 3].chan, &i);
        bench_check(gort_select(cases, 3) == i % 3 && value == i, "received %" PRId64, value);
    }
    for (int i = 0; i < 3; i++) {
        gort_chan_release(cases[i].chan);
    }
}

static void select_default(void)
{
    gort_case cases[3];
    for (int i = 0; i < 3; i++) {
        cases[i] = (gort_case)GORT_RECV_CASE(bench_chan(sizeof(int64_t), 1), NULL);
    }
    for (int64_t i = 0; i < times; i++) {
        bench_check(gort_select_default(cases, 3) == GORT_NONE, "something was ready");
    }
    for (int i = 0; i < 3; i++) {
        gort_chan_release(cases[i].chan);
    }
}

static void mutex(void)
{
    gort_mutex mutex = {{0}};
    for (int64_t i = 0; i < times; i++) {
        gort_mutex_lock(&mutex);
        gort_mutex_unlock(&mutex);
    }
}

static void yield_half(void *arg)
{
    (void)arg;
    for (int64_t i = 0; i < times / 2; i++) {
        gort_yield();
    }
}

/* Two take turns, so that each yield is a switch. */
static void yield(void)
{
    gort_waitgroup group = {{0}};
    bench_must(gort_waitgroup_go(&group, yield_half, NULL), "gort_waitgroup_go");
    bench_must(gort_waitgroup_go(&group, yield_half, NULL), "gort_waitgroup_go");
    gort_waitgroup_wait(&group);
}

static void timer_stop(void)
{
    for (int64_t i = 0; i < times; i++) {
        gort_timer *timer = gort_timer_new(GORT_HOUR);
        bench_check(gort_timer_stop(timer), "the timer was not running");
        gort_timer_release(timer);
    }
}

static void waitgroup(void)
{
    gort_waitgroup group = {{0}};
    for (int64_t i = 0; i < times; i++) {
        gort_waitgroup_add(&group, 1);
        gort_waitgroup_done(&group);
    }
    gort_waitgroup_wait(&group);
}

static void ctx_cancel(void)
{
    for (int64_t i = 0; i < times; i++) {
        gort_ctx *ctx = gort_ctx_with_cancel(gort_ctx_background());
        gort_ctx_cancel(ctx);
        bench_check(gort_ctx_err(ctx) == GORT_CANCELED, "the context is not canceled");
        gort_ctx_release(ctx);
    }
}

struct operation {
    const char *name;
    void (*run)(void);
};

static const struct operation operations[] = {
    {"spawn_exit", spawn},
    {"chan_buffered", chan_buffered},
    {"pingpong", pingpong},
    {"try_recv_empty", try_recv_empty},
    {"select3", select_ready},
    {"select_default", select_default},
    {"mutex", mutex},
    {"yield", yield},
    {"timer_stop", timer_stop},
    {"waitgroup", waitgroup},
    {"ctx_cancel", ctx_cancel},
};
enum { OPERATIONS = sizeof operations / sizeof *operations };

static void body(void *arg)
{
    times = bench_arg(2, 1);
    for (int i = 0; i < OPERATIONS; i++) {
        if (strcmp(arg, operations[i].name) == 0) {
            operations[i].run();
            return;
        }
    }
    bench_check(false, "no operation %s", (const char *)arg);
}

int main(int argc, char **argv)
{
    bench_init(argc, argv);
    if (argc > 1) {
        bench_must(gort_run(body, argv[1]), "gort_run");
        return EXIT_SUCCESS;
    }
    for (int i = 0; i < OPERATIONS; i++) {
        puts(operations[i].name);
    }
    return EXIT_SUCCESS;
}
