/*
 * race_counter: a counter that goroutines change without any protection, for the race detector. race_counter_fixed
 * is the cure.
 *
 *   race_counter
 */
#include "example.hpp"

int main(int argc, char **argv)
{
    return example::run(argc, argv, "", [](example::arguments &args) {
        args.expect(0, 0);
        int counter = 0;
        gort::wait_group group;
        for (int i = 0; i < 100; i++) {
            group.go([&] {
                for (int n = 0; n < 4; n++) {
                    counter++;
                }
            });
        }
        group.wait();
        std::printf("%d of 400\n", counter);
    });
}
