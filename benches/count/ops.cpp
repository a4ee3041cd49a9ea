/*
 * ops OPERATION TIMES: operations of benches/count/ops.c, written with gort.hpp, for benches/count.py: they
 * may cost no more than those in C. Without arguments it lists them.
 */
#include "../c/bench.h"

#include <gort.hpp>

static void chan_buffered(int64_t times)
{
    const gort::chan<int64_t> c(1);
    for (int64_t i = 0; i < times; i++) {
        c.send(i);
        const int64_t value = c.recv().value_or(-1);
        bench_check(value == i, "received %" PRId64, value);
    }
}

int main(int argc, char **argv)
{
    bench_init(argc, argv);
    if (argc > 1) {
        gort::run([&] {
            bench_check(strcmp(argv[1], "chan_buffered") == 0, "no operation %s", argv[1]);
            chan_buffered(bench_arg(2, 1));
        });
        return EXIT_SUCCESS;
    }
    puts("chan_buffered");
    return EXIT_SUCCESS;
}
