/*
 * monitor: a value owned by one goroutine. The others never touch it: they send new values to the owner and
 * receive the current one from it, and the owner's select serves one request at a time. No lock is needed.
 *
 *   monitor [WRITERS]      (default 10)
 */
#include "example.hpp"

int main(int argc, char **argv)
{
    return example::run(argc, argv, "[WRITERS]", [](example::arguments &args) {
        args.expect(0, 1);
        const long writers = args.number_or(0, 0, 1000000, 10);
        const gort::chan<long> write_value;
        const gort::chan<long> read_value;
        const gort::chan<gort::unit> stop;

        std::printf("Going to write %ld numbers.\n", writers);
        auto owner = gort::spawn([=] {
            long value = 0; /* here, and nowhere else */
            const auto set = [&](long v) {
                value = v;
                std::printf("%ld ", v);
            };
            bool go_on = true;
            while (go_on) {
                gort::select(gort::recv(write_value, set), gort::send(read_value, value),
                             gort::recv(stop, [&] { go_on = false; }));
            }
        });
        gort::wait_group group;
        for (long i = 1; i <= writers; i++) {
            group.go([=] { write_value.send(i); });
        }
        group.wait();
        std::printf("\nLast value: %ld\n", *read_value.recv());
        stop.close();
        owner.join();
    });
}
