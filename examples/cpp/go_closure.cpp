/*
 * go_closure: a loop variable and goroutines. Captured by value, each goroutine has its own; captured by
 * reference, all would have the same, still changing variable.
 *
 *   go_closure [GOROUTINES]      (default 20)
 */
#include "example.hpp"

int main(int argc, char **argv)
{
    return example::run(argc, argv, "[GOROUTINES]", [](example::arguments &args) {
        args.expect(0, 1);
        const long count = args.number_or(0, 0, 1000000, 20);
        gort::wait_group group;
        for (long i = 0; i < count; i++) {
            group.go([i] { std::printf("%ld ", i); });
        }
        group.wait();
        std::printf("\n");
    });
}
