/*
 * select: a goroutine makes random numbers until it is told to end or nobody has wanted one for a while: a send,
 * a receive and a time-out in one select.
 *
 *   select COUNT [TIMEOUT_MS [PAUSE_MS]]      (default 4000 and 0)
 *
 * main takes COUNT numbers, pauses, and then says end; a pause longer than the time-out shows the third case.
 */
#include "example.hpp"

#include <random>

int main(int argc, char **argv)
{
    return example::run(argc, argv, "COUNT [TIMEOUT_MS [PAUSE_MS]]", [](example::arguments &args) {
        args.expect(1, 3);
        const long count = args.number(0, 0, 100000000);
        const auto timeout = example::milliseconds(args.number_or(1, 1, 3600000, 4000));
        const auto pause = example::milliseconds(args.number_or(2, 0, 3600000, 0));
        const gort::chan<int> numbers;
        const gort::chan<gort::unit> end;

        std::printf("Going to create %ld random numbers.\n", count);
        auto generator = gort::spawn([=] {
            std::minstd_rand random(static_cast<unsigned>(gort_now()));
            std::uniform_int_distribution<int> below_hundred(0, 99);
            bool go_on = true;
            const auto say = [&](const char *why) {
                std::printf("\n%s\n", why);
                go_on = false;
            };
            while (go_on) {
                gort::select(gort::send(numbers, below_hundred(random)), gort::recv(end, [&] { say("Ended!"); }),
                             gort::after(timeout, [&] { say("Timed out!"); }));
            }
            numbers.close();
        });
        for (long i = 0; i < count; i++) {
            if (const auto number = numbers.recv()) {
                std::printf("%d ", *number);
            }
        }
        for (const auto until = gort::clock::now() + pause; !generator.is_over() && gort::clock::now() < until;) {
            gort::sleep_for(1ms);
        }
        end.close();
        generator.join();
    });
}
