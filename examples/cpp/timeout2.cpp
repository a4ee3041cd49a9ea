/*
 * timeout2: the time-out in a function of its own: it waits for a wait_group, but no longer than the duration
 * from the command line.
 *
 *   timeout2 LIMIT_MS [WORK_MS]      (default work: 5000)
 */
#include "example.hpp"

#include <memory>

static bool timed_out(const std::shared_ptr<gort::wait_group> &group, std::chrono::milliseconds limit)
{
    const gort::chan<gort::unit> done;
    gort::go([=] {
        group->wait();
        done.close();
    });
    return gort::select(gort::recv(done), gort::after(limit)) == 1;
}

int main(int argc, char **argv)
{
    return example::run(argc, argv, "LIMIT_MS [WORK_MS]", [](example::arguments &args) {
        args.expect(1, 2);
        const auto limit = example::milliseconds(args.number(0, 0, 3600000));
        const auto work = example::milliseconds(args.number_or(1, 0, 3600000, 5000));
        std::printf("Timeout period is %ld ms\n", static_cast<long>(limit.count()));
        /* Shared: a wait that timed out goes on without us. */
        const auto group = std::make_shared<gort::wait_group>();
        group->go([=] { gort::sleep_for(work); });
        std::printf("%s\n", timed_out(group, limit) ? "Timed out!" : "OK!");
    });
}
