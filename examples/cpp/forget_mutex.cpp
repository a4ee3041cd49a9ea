/*
 * forget_mutex: a function that locks a mutex and forgets to unlock it (std::lock_guard would not). The first
 * goroutine that calls it gets through, the second waits for ever, and main waits for the second: the runtime
 * sees that nobody can go on, prints "fatal error: all goroutines are asleep - deadlock!" and exits with 2.
 *
 *   forget_mutex
 */
#include "example.hpp"

static gort::mutex mutex;

static void forgetful()
{
    mutex.lock();
    std::printf("Locked!\n");
    std::fflush(stdout); /* the process ends without ours */
}

int main(int argc, char **argv)
{
    return example::run(argc, argv, "", [](example::arguments &args) {
        args.expect(0, 0);
        gort::wait_group group;
        group.go(forgetful);
        group.go(forgetful);
        group.wait();
        std::printf("never reached\n");
    });
}
