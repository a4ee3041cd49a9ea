/*
 * rwmutex: any number of readers at once, or one writer. Four readers meet inside the lock, which only works when
 * they are let in together; a writer that comes meanwhile waits for all of them, and while it waits no new
 * reader gets in.
 *
 *   rwmutex
 */
#include "example.hpp"

#include <atomic>
#include <mutex>
#include <shared_mutex>

static constexpr int READERS = 4;

int main(int argc, char **argv)
{
    return example::run(argc, argv, "", [](example::arguments &args) {
        args.expect(0, 0);
        gort::shared_mutex lock;
        std::string secret = "first"; /* under lock */
        std::atomic<int> readers_now{0};
        gort::wait_group inside;
        const gort::chan<gort::unit> leave;
        gort::wait_group group;

        inside.add(READERS);
        for (int i = 0; i < READERS; i++) {
            group.go([&] {
                const std::shared_lock reading(lock);
                readers_now++;
                inside.done();
                leave.recv();
                std::printf("reader sees: %s\n", secret.c_str());
                readers_now--;
            });
        }
        inside.wait();
        std::printf("%d readers at once\n", readers_now.load());
        std::printf("try_lock beside them: %s\n", lock.try_lock() ? "true" : "false");

        group.go([&] {
            const std::lock_guard writing(lock);
            std::printf("writer sees %d readers\n", readers_now.load());
            secret = "changed";
        });
        while (std::shared_lock(lock, std::try_to_lock).owns_lock()) { /* until the writer waits */
            gort::sleep_for(1ms);
        }
        std::printf("the writer waits: no new reader gets in\n");
        leave.close();
        group.wait();
        const std::shared_lock reading(lock);
        std::printf("main sees: %s\n", secret.c_str());
    });
}
