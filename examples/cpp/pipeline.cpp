/*
 * pipeline: a chain of goroutines, each reading one channel and writing the next. A source sends 1..VALUES, every
 * stage adds 1, main sums what comes out. Closing travels down the chain.
 *
 *   pipeline [STAGES [VALUES]]      (default 3 stages, 10 values)
 */
#include "example.hpp"

using numbers = gort::recv_chan<long>;

static numbers source(long values)
{
    gort::chan<long> out;
    gort::go([=] {
        for (long i = 1; i <= values; i++) {
            out.send(i);
        }
        out.close();
    });
    return out;
}

static numbers add_one(const numbers &in)
{
    gort::chan<long> out;
    gort::go([=] {
        for (const long value : in) {
            out.send(value + 1);
        }
        out.close();
    });
    return out;
}

int main(int argc, char **argv)
{
    return example::run(argc, argv, "[STAGES [VALUES]]", [](example::arguments &args) {
        args.expect(0, 2);
        const long stages = args.number_or(0, 0, 1000000, 3);
        const long values = args.number_or(1, 0, 1000000000, 10);
        auto last = source(values);
        for (long i = 0; i < stages; i++) {
            last = add_one(last);
        }
        long count = 0;
        long sum = 0;
        for (const long value : last) {
            count++;
            sum += value;
        }
        std::printf("%ld values through %ld stages, sum: %ld\n", count, stages, sum);
    });
}
