/*
 * range: one writer sends N values and closes the channel; the reader's loop ends by itself. Reading on after
 * that gives nothing, at once.
 *
 *   range [N]      (default 5)
 */
#include "example.hpp"

int main(int argc, char **argv)
{
    return example::run(argc, argv, "[VALUES]", [](example::arguments &args) {
        args.expect(0, 1);
        const long count = args.number_or(0, 0, 100000000, 5);
        gort::chan<long> numbers;
        gort::go([=] {
            for (long i = 1; i <= count; i++) {
                numbers.send(i);
            }
            numbers.close();
        });
        for (const long value : numbers) {
            std::printf("%ld\n", value);
        }
        std::printf("the range is over\n");
        for (int i = 0; i < 3; i++) {
            const auto none = numbers.try_recv();
            std::printf("%ld (%s)\n", none.value_or(0), gort::name(none.status()));
        }
    });
}
