/*
 * race_channels_fixed: race_channels without a race: nobody closes the channel while somebody may send. The reader
 * says that it wants no more by closing another one, and the writers' wait_group tells when the last is over.
 *
 *   race_channels_fixed
 */
#include "example.hpp"

int main(int argc, char **argv)
{
    return example::run(argc, argv, "", [](example::arguments &args) {
        args.expect(0, 0);
        const gort::chan<int> numbers;
        const gort::chan<gort::unit> enough;
        gort::wait_group group;
        for (int i = 0; i < 5; i++) {
            group.go([=] {
                gort::select(gort::send(numbers, i, [] { std::printf("sent\n"); }),
                             gort::recv(enough, [] { std::printf("not wanted\n"); }));
            });
        }
        for (int received = 0; received < 3; received++) {
            numbers.recv();
        }
        enough.close();
        group.wait();
        numbers.close();
        std::printf("%s\n", numbers.recv() ? "somebody has sent" : "the channel is closed");
    });
}
