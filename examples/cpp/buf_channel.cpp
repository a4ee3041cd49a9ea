/*
 * buf_channel: a channel with room for five, ten sends with a default branch, of which the last five find no
 * space, and receives until nothing is left.
 *
 *   buf_channel
 */
#include "example.hpp"

int main(int argc, char **argv)
{
    return example::run(argc, argv, "", [](example::arguments &args) {
        args.expect(0, 0);
        gort::chan<int> numbers(5);
        for (int i = 0; i < 10; i++) {
            gort::select(gort::send(numbers, i * i, [i] { std::printf("About to process %d\n", i); }),
                         gort::otherwise([i] { std::printf("No space for %d\n", i); }));
        }
        std::printf("%zu of %zu places taken\n", numbers.len(), numbers.cap());

        /* With a single case, try_recv says the same in one line. */
        while (const auto value = numbers.try_recv()) {
            std::printf("*%d\n", *value);
        }
        std::printf("Nothing left to read\n");
    });
}
