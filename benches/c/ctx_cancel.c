/* ctx_cancel [TIMES]: make a context that can be canceled, and cancel it. */
#include "bench.h"

static void body(void *arg)
{
    (void)arg;
    int64_t times = bench_arg(1, 2000000);
    int64_t canceled = 0;

    int64_t started = gort_now();
    for (int64_t i = 0; i < times; i++) {
        gort_ctx *ctx = gort_ctx_with_cancel(gort_ctx_background());
        gort_ctx_cancel(ctx);
        if (gort_ctx_err(ctx) == GORT_CANCELED) {
            canceled++;
        }
        gort_ctx_release(ctx);
    }
    bench_each("ctx_cancel", started, times);
    bench_check(canceled == times, "%" PRId64 " contexts were canceled", canceled);
}

int main(int argc, char **argv)
{
    return bench_run(argc, argv, body);
}
