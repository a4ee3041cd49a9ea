/*
 * time: durations of any kind, timers, tickers, functions that run later.
 */
#include "check.hpp"

static_assert(gort::detail::ns(1us) == 1000 && gort::detail::ns(-2ms) == -2000000
              && gort::detail::ns(0.5s) == 500000000);
static_assert(gort::detail::ns(std::chrono::hours::max()) == INT64_MAX
              && gort::detail::ns(std::chrono::hours::min()) == INT64_MIN);

static void sleeps()
{
    const auto before = gort::clock::now();
    gort::sleep_for(2ms);
    gort::sleep_until(before + 4ms);
    CHECK(gort::clock::now() >= before + 4ms);
    gort::sleep_for(-1h);
    gort::sleep_until(gort::clock::time_point::min());
}

static void timers()
{
    const auto before = gort::clock::now();
    gort::timer timer(1ms);
    const auto fired = timer.chan().recv();
    CHECK(*fired >= before + 1ms);
    CHECK(!timer.stop());
    CHECK(!timer.reset(FOREVER));
    CHECK(timer.stop());
    CHECK_EQ(timer.chan().try_recv().status(), gort::status::would_block);

    gort::ticker ticker(1ms);
    const auto ticks = ticker.chan();
    const auto first = ticks.recv();
    CHECK(*ticks.recv() > *first);
    ticker.reset(FOREVER);
    ticker.stop();
    CHECK_ERROR(ticker.reset(0s), gort::status::invalid);
    CHECK_ERROR(gort::ticker(-1s), gort::status::invalid);
}

static void functions()
{
    const auto held = std::make_shared<int>(0);
    std::atomic<int> ran{0};
    const auto run = [held, &ran] { ran++; };
    {
        gort::after_func soon(1us, run);
        WAIT_UNTIL(ran == 1);
        CHECK(!soon.stop());
        CHECK(!soon.reset(FOREVER));
        CHECK(soon.reset(1us));
        WAIT_UNTIL(ran == 2);
        CHECK(!soon.reset(FOREVER));
        CHECK(soon.stop());
        CHECK(!soon.stop());
        gort::after_func moved = std::move(soon);
        moved = gort::after_func(FOREVER, run);
    }
    for (int i = 0; i < 200; i++) {
        gort::after_func raced(std::chrono::microseconds(i), run);
        gort::sleep_for(100us);
    }
    WAIT_UNTIL(held.use_count() == 2); /* ours, and run's */
}

int main()
{
    const auto all = [] {
        sleeps();
        timers();
        functions();
    };
    gort::run(all);
    all();
    return EXIT_SUCCESS;
}
