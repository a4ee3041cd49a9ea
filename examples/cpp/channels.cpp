/*
 * channels: writing, reading and closing. First a channel with a buffer of one. Then five writers on an
 * unbuffered channel whose reader closes it after three values: the two that come late find it closed. (Closing
 * is the writers' job; race_channels has the same mistake for the race detector, race_channels_fixed the cure.)
 *
 *   channels
 */
#include "example.hpp"

static constexpr int WRITERS = 5;
static constexpr int VALUES_WANTED = 3;

static void read_twice()
{
    gort::chan<int> c(1);
    c.send(10);
    c.close();
    std::printf("Read: %d\n", *c.recv());
    std::printf("%s\n", c.recv() ? "Channel is open!" : "Channel is closed!");
}

int main(int argc, char **argv)
{
    return example::run(argc, argv, "", [](example::arguments &args) {
        args.expect(0, 0);
        read_twice();

        gort::chan<int> numbers;
        gort::wait_group group;
        for (int i = 0; i < WRITERS; i++) {
            group.go([numbers, i] {
                try {
                    numbers.send(i);
                } catch (const gort::error &error) {
                    std::printf("late writer: %s\n", error.what());
                }
            });
        }
        int count = 0;
        while (numbers.recv()) {
            std::printf("received from a writer\n");
            if (++count == VALUES_WANTED) {
                std::printf("n: %d, closing\n", count);
                numbers.close();
            }
        }
        group.wait();
    });
}
