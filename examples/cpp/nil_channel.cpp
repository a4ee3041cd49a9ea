/*
 * nil_channel: a nil channel is never ready, which makes it the way to switch a branch of a select off. A reader
 * sums what a writer sends until a timer fires, then sets its channel to nil: from there on the writer, ready as
 * ever, gets nothing through.
 *
 *   nil_channel [MILLISECONDS]      (default 1000)
 */
#include "example.hpp"

int main(int argc, char **argv)
{
    return example::run(argc, argv, "[MILLISECONDS]", [](example::arguments &args) {
        args.expect(0, 1);
        const auto period = example::milliseconds(args.number_or(0, 1, 3600000, 1000));
        gort::chan<long> numbers;
        auto writer = gort::spawn([numbers] {
            for (long i = 1;; i++) {
                numbers.send(i); /* until it is closed */
            }
        });

        gort::timer timer(period);
        auto in = numbers;
        long count = 0;
        long sum = 0;
        const auto add = [&](long value) {
            count++;
            sum += value;
        };
        while (!in.is_nil()) {
            gort::select(gort::recv(in, add), gort::recv(timer.chan(), [&] { in = nullptr; }));
        }
        std::printf("received: %ld, sum: %ld\n", count, sum);

        /* The writer is still sending, but nobody listens to it any more. */
        timer.reset(period);
        const bool disabled = gort::select(gort::recv(in, add), gort::recv(timer.chan())) == 1;
        std::printf("%s\n", disabled ? "the branch is disabled" : "the branch is still there");
        numbers.close();
        try {
            writer.join();
        } catch (const gort::error &error) {
            if (error.code() != gort::status::closed) {
                throw;
            }
        }
    });
}
