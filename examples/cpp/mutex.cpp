/*
 * mutex: a counter changed and read by many goroutines, each time under a mutex.
 *
 *   mutex [GOROUTINES]      (default 100; each adds one, twice)
 */
#include "example.hpp"

#include <mutex>

class counter {
public:
    void change()
    {
        const std::lock_guard lock(mutex_);
        const long value = value_;
        gort::yield(); /* without the mutex, others would change it here */
        value_ = value + 1;
    }
    long read()
    {
        const std::lock_guard lock(mutex_);
        return value_;
    }

private:
    gort::mutex mutex_;
    long value_ = 0; /* under mutex_ */
};

int main(int argc, char **argv)
{
    return example::run(argc, argv, "[GOROUTINES]", [](example::arguments &args) {
        args.expect(0, 1);
        const long goroutines = args.number_or(0, 0, 1000000, 100);
        counter counter;
        gort::wait_group group;
        for (long i = 0; i < goroutines; i++) {
            group.go([&] {
                counter.change();
                std::printf("-> %ld\n", counter.read());
                counter.change();
            });
        }
        group.wait();
        std::printf("final value: %ld\n", counter.read());
    });
}
