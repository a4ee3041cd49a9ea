/*
 * semaphore: a weighted semaphore of four lets four workers run at a time. Each result lands in a slot of its own,
 * so the results need no lock; at the end main acquires all four at once, which it can only when the last worker
 * is done.
 *
 *   semaphore [JOBS]      (default 10)
 */
#include "example.hpp"

#include <atomic>

static constexpr int WORKERS = 4;

/* Static: a worker may still be on its way out of its release when main goes on. */
static gort::semaphore semaphore(WORKERS);

int main(int argc, char **argv)
{
    return example::run(argc, argv, "[JOBS]", [](example::arguments &args) {
        args.expect(0, 1);
        std::vector<long> results(static_cast<std::size_t>(args.number_or(0, 0, 1000000, 10)));
        std::atomic<int> running{0};
        std::atomic<bool> too_many{false};
        long number = 0;
        for (long &slot : results) {
            semaphore.acquire();
            gort::go([&, number] {
                too_many = too_many || ++running > WORKERS;
                gort::sleep_for(1ms);
                slot = number * number;
                running--;
                semaphore.release();
            });
            number++;
        }
        semaphore.acquire(WORKERS);
        for (std::size_t i = 0; i < results.size(); i++) {
            std::printf("%zu -> %ld\n", i, results[i]);
        }
        std::printf("%s\n", too_many ? "too many workers" : "never more than 4 workers");
    });
}
