/*
 * task: what a goroutine returns or throws is had by join and run, once; nothing is left of what nobody wants.
 */
#include "check.hpp"

static void results()
{
    CHECK_EQ(gort::spawn([] { return 6 * 7; }).join(), 42);
    CHECK(*gort::spawn([] { return std::make_unique<int>(3); }).join() == 3);
    CHECK_EQ(gort::spawn([](int a, int b) { return a - b; }, 5, 3).join(), 2);
    gort::spawn([] {}).join();

    std::vector<gort::task<counted>> tasks;
    for (int i = 0; i < 100; i++) {
        tasks.push_back(gort::spawn([i] {
            gort::yield();
            return counted(i);
        }));
    }
    int sum = 0;
    for (auto &each : tasks) {
        sum += each.join().number();
    }
    CHECK_EQ(sum, 4950);
    CHECK_EQ(counted::alive, 0);
}

static void exceptions()
{
    for (int i = 0; i < 50; i++) {
        auto fails = gort::spawn([i]() -> int { throw std::out_of_range(std::to_string(i)); });
        bool caught = false;
        try {
            fails.join();
        } catch (const std::out_of_range &error) {
            caught = error.what() == std::to_string(i);
            gort::yield();
        }
        CHECK(caught);
        CHECK(!fails.joinable());
    }
}

static void once_only()
{
    gort::task<int> task;
    CHECK(!task.joinable());
    CHECK_ERROR(task.join(), gort::status::misuse);
    task = gort::spawn([] { return 1; });
    CHECK(task.joinable());
    WAIT_UNTIL(task.is_over());
    gort::task<int> moved = std::move(task);
    CHECK_EQ(moved.join(), 1);
    CHECK_ERROR(moved.join(), gort::status::misuse);
}

static void not_joined()
{
    const auto held = std::make_shared<int>(0);
    gort::chan<gort::unit> go_on;
    {
        auto dropped = gort::spawn([held, go_on] {
            go_on.recv();
            return counted(1);
        });
        auto throws = gort::spawn([held]() -> counted { throw std::runtime_error("nobody wants to know"); });
        CHECK(!dropped.is_over());
    }
    go_on.close();
    WAIT_UNTIL(held.use_count() == 1 && counted::alive == 0);
}

static void what_it_held_has_ended()
{
    const auto held = std::make_shared<int>(0);
    auto task = gort::spawn([held] {});
    WAIT_UNTIL(task.is_over());
    CHECK_EQ(held.use_count(), 1);
    task.join();
}

static void of_run()
{
    CHECK_EQ(gort::run([] { return 5; }), 5);
    CHECK(gort::run([] { return std::string("text"); }) == "text");
    bool caught = false;
    try {
        gort::run([] { throw std::runtime_error("out of main"); });
    } catch (const std::runtime_error &error) {
        caught = std::string(error.what()) == "out of main";
    }
    CHECK(caught);
    CHECK_ERROR(gort::run([]() -> int { gort::exit(); }), gort::status::misuse);
    gort::run([] { CHECK_ERROR(gort::run([] {}), gort::status::misuse); });

    gort_on_deadlock([](const char *, void *) {}, nullptr);
    static gort::chan<int> nobody; /* outlives the goroutine that is stuck */
    const auto stuck = [] {
        nobody.recv();
        return counted(1);
    };
    CHECK_ERROR(gort::run(stuck), gort::status::deadlock);
    CHECK_ERROR(gort::run([held = std::make_unique<counted>(1)] { nobody.recv(); }), gort::status::deadlock);
    nobody.close(); /* their goroutines go on, and nobody wants their results */
    WAIT_UNTIL(gort_num_goroutine() == 0 && counted::alive == 0);
}

int main()
{
    const auto all = [] {
        results();
        exceptions();
        once_only();
        not_joined();
        what_it_held_has_ended();
    };
    gort::run(all);
    all();
    of_run();
    return EXIT_SUCCESS;
}
