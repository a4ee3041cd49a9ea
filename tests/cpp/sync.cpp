/*
 * sync: the locks with the standard library's guards, and the others of Go's sync.
 */
#include "check.hpp"

static constexpr int GOROUTINES = 20;
static constexpr int ROUNDS = 200;

static void mutexes()
{
    gort::mutex one;
    gort::mutex two;
    gort::shared_mutex shared;
    int count = 0;
    int both = 0;
    int written = 0;
    gort::wait_group group;
    for (int i = 0; i < GOROUTINES; i++) {
        group.go([&] {
            for (int n = 0; n < ROUNDS; n++) {
                {
                    const std::lock_guard lock(one);
                    count++;
                }
                {
                    const std::scoped_lock lock(two, one);
                    both++;
                }
                if (n % 10 == 0) {
                    const std::unique_lock lock(shared);
                    written++;
                } else {
                    const std::shared_lock lock(shared);
                    CHECK(written <= GOROUTINES * ROUNDS);
                }
            }
        });
    }
    group.wait();
    CHECK_EQ(count, GOROUTINES * ROUNDS);
    CHECK_EQ(both, GOROUTINES * ROUNDS);
    CHECK_EQ(written, GOROUTINES * ROUNDS / 10);

    CHECK(one.try_lock());
    CHECK(!one.try_lock());
    one.unlock();
    CHECK_ERROR(one.unlock(), gort::status::misuse);
    CHECK(shared.try_lock_shared());
    CHECK(!shared.try_lock());
    shared.unlock_shared();
    CHECK_ERROR(shared.unlock_shared(), gort::status::misuse);
    CHECK_ERROR(shared.unlock(), gort::status::misuse);

    bool caught = false;
    try {
        const std::lock_guard lock(one);
        throw std::runtime_error("unlocks");
    } catch (const std::runtime_error &) {
        caught = one.try_lock();
        one.unlock();
    }
    CHECK(caught);
}

static void wait_groups()
{
    gort::wait_group group;
    CHECK_ERROR(group.done(), gort::status::misuse);
    const auto held = std::make_shared<int>(0);
    std::atomic<int> ran{0};
    for (int i = 0; i < 100; i++) {
        group.go([held, &ran](int n) { ran += n; }, i);
    }
    group.wait();
    CHECK_EQ(ran, 4950);
    CHECK_EQ(held.use_count(), 1);
    group.add(2);
    gort::go([&] {
        group.done();
        group.done();
    });
    group.wait();
}

static void once_only()
{
    gort::once once;
    std::atomic<int> calls{0};
    gort::wait_group group;
    for (int i = 0; i < 10; i++) {
        group.go([&] {
            once.call([&] {
                gort::sleep_for(1ms);
                calls++;
            });
            CHECK_EQ(calls, 1);
        });
    }
    group.wait();
    gort::once fails;
    bool caught = false;
    try {
        fails.call([] { throw std::runtime_error("once"); });
    } catch (const std::runtime_error &) {
        caught = true;
    }
    CHECK(caught);
    fails.call([] { CHECK(false); });
}

static void conditions()
{
    gort::mutex mutex;
    gort::cond changed;
    int turn = 0;
    gort::wait_group group;
    for (int i = 0; i < 10; i++) {
        group.go([&, i] {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return turn == i; });
            turn++;
            changed.broadcast();
        });
    }
    group.wait();
    CHECK_EQ(turn, 10);

    bool woken = false;
    auto waiter = gort::spawn([&] {
        std::unique_lock lock(mutex);
        while (!woken) {
            changed.wait(lock);
        }
    });
    {
        const std::lock_guard lock(mutex);
        woken = true;
        changed.signal();
    }
    waiter.join();
}

static void semaphores()
{
    gort::semaphore four(4);
    std::atomic<int> inside{0};
    gort::wait_group group;
    for (int i = 0; i < 30; i++) {
        group.go([&] {
            four.acquire();
            CHECK(++inside <= 4);
            gort::yield();
            inside--;
            four.release();
        });
    }
    group.wait();
    CHECK(four.try_acquire(4));
    CHECK(!four.try_acquire());
    CHECK(!four.acquire(gort::context().with_timeout(1ms)));
    four.release(4);
    CHECK(four.acquire(gort::context(), 2));
    four.release(2);
    CHECK_ERROR(four.release(), gort::status::misuse);
    CHECK_ERROR(four.acquire(-1), gort::status::invalid);
    CHECK_ERROR(four.acquire(gort::context(), -1), gort::status::invalid);
    CHECK_ERROR(gort::semaphore(-1), gort::status::invalid);
}

int main()
{
    const auto all = [] {
        mutexes();
        wait_groups();
        once_only();
        conditions();
        semaphores();
    };
    gort::run(all);
    all();
    return EXIT_SUCCESS;
}
