/*
 * var_goroutines: N goroutines, waited for with a wait_group: add before go, done at the end, wait. (go of the
 * wait_group does all three in one.)
 *
 *   var_goroutines [N]      (default 10)
 */
#include "example.hpp"

int main(int argc, char **argv)
{
    return example::run(argc, argv, "[GOROUTINES]", [](example::arguments &args) {
        args.expect(0, 1);
        const long count = args.number_or(0, 0, 10000000, 10);
        std::printf("Going to create %ld goroutines.\n", count);
        gort::wait_group group;
        for (long i = 0; i < count; i++) {
            group.add();
            gort::go([&group, i] {
                std::printf("%ld ", i);
                group.done();
            });
        }
        group.wait();
        std::printf("\nExiting...\n");
    });
}
