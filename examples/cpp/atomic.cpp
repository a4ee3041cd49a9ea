/*
 * atomic: 100 goroutines add one to an atomic, four times each: 400. For a single number this is all the
 * protection it takes.
 *
 *   atomic
 */
#include "example.hpp"

#include <atomic>

int main(int argc, char **argv)
{
    return example::run(argc, argv, "", [](example::arguments &args) {
        args.expect(0, 0);
        std::atomic<int> counter{0};
        gort::wait_group group;
        for (int i = 0; i < 100; i++) {
            group.go([&] {
                for (int n = 0; n < 4; n++) {
                    counter++;
                    gort::yield();
                }
            });
        }
        group.wait();
        std::printf("%d\n", counter.load());
    });
}
