/*
 * fib [N]: fork-join without a cutoff: one half of each call runs in a goroutine of
 * its own. Time per goroutine.
 */
#include "bench.h"

struct call {
    int64_t n, result;
};

static void fib(void *arg)
{
    struct call *call = arg;
    if (call->n < 2) {
        call->result = call->n;
        return;
    }
    gort_waitgroup group = {{0}};
    struct call left = {call->n - 1, 0};
    struct call right = {call->n - 2, 0};
    bench_must(gort_waitgroup_go(&group, fib, &left), "gort_waitgroup_go");
    fib(&right);
    gort_waitgroup_wait(&group);
    call->result = left.result + right.result;
}

struct expected {
    int64_t number, forks;
};

/* The n-th Fibonacci number, and how many goroutines the above starts for it. */
static struct expected expect(int64_t n)
{
    struct expected this = {0, 0};
    struct expected next = {1, 0};
    for (int64_t i = 0; i < n; i++) {
        struct expected sum = {this.number + next.number, this.forks + next.forks + 1};
        this = next;
        next = sum;
    }
    return this;
}

static void body(void *arg)
{
    (void)arg;
    struct call call = {bench_arg(1, 25), 0};
    struct expected expected = expect(call.n);

    int64_t started = gort_now();
    fib(&call);
    bench_each("fib", started, expected.forks);
    bench_check(call.result == expected.number, "fib(%" PRId64 ") is %" PRId64, call.n, call.result);
}

int main(int argc, char **argv)
{
    return bench_run(argc, argv, body);
}
