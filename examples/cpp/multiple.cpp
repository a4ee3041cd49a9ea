/*
 * multiple: N goroutines, each printing its number. The order is nobody's promise.
 *
 *   multiple [N]      (default 10)
 */
#include "example.hpp"

int main(int argc, char **argv)
{
    return example::run(argc, argv, "[GOROUTINES]", [](example::arguments &args) {
        args.expect(0, 1);
        const long count = args.number_or(0, 0, 10000000, 10);
        std::printf("Going to create %ld goroutines.\n", count);
        for (long i = 0; i < count; i++) {
            gort::go([i] { std::printf("%ld ", i); });
        }
        /* Waiting by looking: var_goroutines does the same with a wait_group. */
        while (gort::num_goroutine() > 1) {
            gort::sleep_for(1ms);
        }
        std::printf("\nExiting...\n");
    });
}
