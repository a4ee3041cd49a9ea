/*
 * group: waits for all, throws the first exception, ends its context with it; none outlives the group.
 */
#include "check.hpp"

static void all_well()
{
    gort::group group;
    std::atomic<int> sum{0};
    for (int i = 0; i < 100; i++) {
        group.go([&sum](int n) { sum += n; }, i);
    }
    CHECK(!group.ctx().is_over());
    group.wait();
    CHECK_EQ(sum, 4950);
    CHECK(group.ctx().is_over());
}

static void first_exception()
{
    gort::group group;
    const auto ctx = group.ctx();
    std::atomic<int> gave_up{0};
    for (int i = 0; i < 10; i++) {
        group.go([&] {
            ctx.done().recv();
            gave_up++;
            throw std::logic_error("second");
        });
    }
    group.go([] {
        gort::yield();
        throw std::runtime_error("first");
    });
    bool caught = false;
    try {
        group.wait();
    } catch (const std::runtime_error &error) {
        caught = std::string(error.what()) == "first";
    }
    CHECK(caught);
    CHECK_EQ(gave_up, 10);
    group.wait(); /* thrown once */
}

static void limited()
{
    gort::group group;
    group.set_limit(3);
    std::atomic<int> active{0};
    for (int i = 0; i < 50; i++) {
        group.go([&] {
            CHECK(++active <= 3);
            gort::yield();
            active--;
        });
    }
    group.wait();

    gort::group one;
    one.set_limit(1);
    gort::chan<gort::unit> go_on;
    one.go([go_on] { go_on.recv(); });
    CHECK(!one.try_go([] { CHECK(false); }));
    CHECK_ERROR(one.set_limit(2), gort::status::misuse);
    go_on.close();
    one.wait();
    CHECK(one.try_go([] {}));
    one.go([] { gort::exit(); });
    one.wait();
}

static void left_without_wait()
{
    const auto held = std::make_shared<int>(0);
    bool caught = false;
    try {
        gort::group group(gort::context().with_cancel());
        for (int i = 0; i < 5; i++) {
            group.go([held, ctx = group.ctx()] { ctx.done().recv(); });
        }
        throw std::runtime_error("out of the block");
    } catch (const std::runtime_error &) {
        caught = held.use_count() == 1;
    }
    CHECK(caught);
}

int main()
{
    const auto all = [] {
        all_well();
        for (int i = 0; i < 50; i++) {
            first_exception();
        }
        limited();
        left_without_wait();
    };
    gort::run(all);
    all();
    return EXIT_SUCCESS;
}
