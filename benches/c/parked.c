/*
 * parked [GOROUTINES]: goroutines that wait for one channel to be closed: memory of
 * each while it waits, and time of each to be started, parked and woken.
 */
#include "bench.h"

#include <stdatomic.h>

static gort_chan *gate;
static gort_waitgroup started;
static atomic_int_fast64_t woken;

static void wait_at_gate(void *arg)
{
    (void)arg;
    gort_waitgroup_done(&started);
    if (gort_chan_recv(gate, NULL) == GORT_CLOSED) {
        atomic_fetch_add(&woken, 1);
    }
}

/* What the runtime has taken for the stacks of goroutines. */
static int64_t stack_bytes(void)
{
    gort_stats stats = {.struct_size = sizeof stats};
    bench_must(gort_stats_read(&stats), "gort_stats_read");
    return (int64_t)stats.stack_bytes_committed;
}

static void body(void *arg)
{
    (void)arg;
    int64_t goroutines = bench_arg(1, 1000000);
    double share = 1.0 / (double)goroutines;
    gate = bench_chan(0, 0);
    gort_waitgroup over = {{0}};
    int64_t rss = bench_proc_status("VmRSS");
    int64_t tables = bench_proc_status("VmPTE");
    int64_t stacks = stack_bytes();

    int64_t spawning = gort_now();
    bench_must(gort_waitgroup_add(&started, goroutines), "gort_waitgroup_add");
    for (int64_t i = 0; i < goroutines; i++) {
        bench_must(gort_waitgroup_go(&over, wait_at_gate, NULL), "gort_waitgroup_go");
    }
    gort_waitgroup_wait(&started);
    int64_t parked = gort_now();

    gort_sleep(10 * GORT_MILLISECOND); /* the last ones are on their way to the gate */
    bench_result("parked_rss", (double)(bench_proc_status("VmRSS") - rss) * share, "B");
    bench_result("parked_stack", (double)(stack_bytes() - stacks) * share, "B");
    bench_result("parked_page_tables", (double)(bench_proc_status("VmPTE") - tables) * share, "B");

    int64_t waking = gort_now();
    gort_chan_close(gate);
    gort_waitgroup_wait(&over);
    bench_result("parked", (double)(parked - spawning + gort_now() - waking) * share, "ns");
    bench_check(woken == goroutines, "%" PRIdFAST64 " goroutines woke", woken);
    gort_chan_release(gate);
}

int main(int argc, char **argv)
{
    return bench_run(argc, argv, body);
}
