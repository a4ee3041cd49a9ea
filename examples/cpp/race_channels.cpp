/*
 * race_channels: the mistake of channels, for the race detector: a flag without protection tells the writers that
 * the channel is closed. race_channels_fixed is the cure.
 *
 *   race_channels
 */
#include "example.hpp"

int main(int argc, char **argv)
{
    return example::run(argc, argv, "", [](example::arguments &args) {
        args.expect(0, 0);
        gort::chan<int> numbers;
        bool closed = false; /* read and written by all of them: the race */
        gort::wait_group group;
        for (int i = 0; i < 5; i++) {
            group.go([&, i] {
                if (!closed) {
                    try {
                        numbers.send(i);
                    } catch (const gort::error &) {
                        closed = true; /* it was too late */
                    }
                }
            });
        }
        for (int received = 0; received < 3; received++) {
            numbers.recv();
        }
        closed = true;
        numbers.close();
        group.wait();
    });
}
