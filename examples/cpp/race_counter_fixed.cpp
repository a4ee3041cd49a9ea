/*
 * race_counter_fixed: race_counter with a mutex around what is shared.
 *
 *   race_counter_fixed
 */
#include "example.hpp"

#include <mutex>

int main(int argc, char **argv)
{
    return example::run(argc, argv, "", [](example::arguments &args) {
        args.expect(0, 0);
        int counter = 0; /* under mutex */
        gort::mutex mutex;
        gort::wait_group group;
        for (int i = 0; i < 100; i++) {
            group.go([&] {
                for (int n = 0; n < 4; n++) {
                    const std::lock_guard lock(mutex);
                    counter++;
                }
            });
        }
        group.wait();
        std::printf("%d of 400\n", counter);
    });
}
