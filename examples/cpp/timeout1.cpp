/*
 * timeout1: a slow goroutine against a time-out, in the main function: the first wait is too short, the second
 * long enough.
 *
 *   timeout1 [WORK_MS [SHORT_MS [LONG_MS]]]      (default 3000, 1000, 4000)
 */
#include "example.hpp"

static gort::recv_chan<std::string> slow(std::chrono::milliseconds duration, std::string answer)
{
    /* Room for one: the send does not wait, even when nobody listens any more. */
    gort::chan<std::string> result(1);
    gort::go([=] {
        gort::sleep_for(duration);
        result.send(answer);
    });
    return result;
}

int main(int argc, char **argv)
{
    return example::run(argc, argv, "[WORK_MS [SHORT_MS [LONG_MS]]]", [](example::arguments &args) {
        args.expect(0, 3);
        const auto work = example::milliseconds(args.number_or(0, 0, 3600000, 3000));
        const auto too_short = example::milliseconds(args.number_or(1, 0, 3600000, 1000));
        const auto long_enough = example::milliseconds(args.number_or(2, 0, 3600000, 4000));
        const auto print = [](const std::string &answer) { std::printf("%s\n", answer.c_str()); };
        gort::select(gort::recv(slow(work, "c1 OK"), print),
                     gort::after(too_short, [] { std::printf("timeout c1\n"); }));
        gort::select(gort::recv(slow(work, "c2 OK"), print),
                     gort::after(long_enough, [] { std::printf("timeout c2\n"); }));
    });
}
