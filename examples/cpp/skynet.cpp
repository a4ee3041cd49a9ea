/*
 * skynet: a goroutine starts ten, each of them ten, until there are LEAVES; a leaf sends its number, everybody
 * else the sum of its ten. LEAVES are 1, or a multiple of 10 split evenly as far as that goes.
 *
 *   skynet [LEAVES]      (default 1000000)
 */
#include "example.hpp"

struct result {
    long sum;
    long goroutines;
};

/* Sums the numbers from first on, count of them. */
static void skynet(const gort::send_chan<result> &out, long first, long count)
{
    if (count == 1) {
        out.send({first, 1});
        return;
    }
    const long children = count < 10 ? count : 10;
    gort::chan<result> results(static_cast<std::size_t>(children));
    for (long i = 0; i < children; i++) {
        const long from = count * i / children;
        gort::go(skynet, results, first + from, count * (i + 1) / children - from);
    }
    result all = {0, 1};
    for (long i = 0; i < children; i++) {
        const result one = *results.recv();
        all.sum += one.sum;
        all.goroutines += one.goroutines;
    }
    out.send(all);
}

int main(int argc, char **argv)
{
    return example::run(argc, argv, "[LEAVES]", [](example::arguments &args) {
        args.expect(0, 1);
        const long leaves = args.number_or(0, 1, 100000000, 1000000);
        const auto begin = gort::clock::now();
        gort::chan<result> out(1);
        gort::go(skynet, out, 0L, leaves);
        const result all = *out.recv();
        const std::chrono::duration<double> seconds = gort::clock::now() - begin;
        std::printf("sum: %ld\n%ld goroutines in %.3f s\n", all.sum, all.goroutines, seconds.count());
    });
}
