/*
 * go: what a goroutine is given is copied or moved at the go statement and ends with it, be it bytes or not.
 */
#include "check.hpp"

static gort::chan<int> results(0);

static void takes_reference(int &to, int value) { to = value; }

struct alignas(64) wide {
    int value = 0;
};

struct counts_ends {
    std::shared_ptr<int> alive;
    void operator()() const { results.send(static_cast<int>(alive.use_count())); }
};

static void closures()
{
    for (int i = 0; i < 100; i++) {
        gort::go([i] { results.send(i); });
    }
    int sum = 0;
    for (int i = 0; i < 100; i++) {
        sum += *results.recv();
    }
    CHECK_EQ(sum, 4950);

    auto unique = std::make_unique<int>(7);
    gort::go([unique = std::move(unique)] { results.send(*unique); });
    CHECK_EQ(*results.recv(), 7);

    gort::go([] { results.send(1); });
    CHECK_EQ(*results.recv(), 1);
}

static void arguments()
{
    int number = 1;
    std::string text = "before";
    auto unique = std::make_unique<int>(5);
    gort::chan<std::string> texts;
    gort::go([texts](int n, const std::string &s,
                     std::unique_ptr<int> u) { texts.send(std::to_string(n) + s + std::to_string(*u)); },
             number, text, std::move(unique));
    number = 2;
    text = "after";
    CHECK(unique == nullptr);
    CHECK(*texts.recv() == "1before5");

    int written = 0;
    gort::spawn(takes_reference, std::ref(written), 9).join();
    CHECK_EQ(written, 9);
}

static void big_and_wide()
{
    struct {
        int numbers[1000];
    } big = {};
    big.numbers[999] = 3;
    gort::go([big] { results.send(big.numbers[999]); });
    CHECK_EQ(*results.recv(), 3);

    wide aligned;
    aligned.value = 4;
    gort::go([aligned] {
        CHECK_EQ(reinterpret_cast<std::uintptr_t>(&aligned) % alignof(wide), 0);
        results.send(aligned.value);
    });
    CHECK_EQ(*results.recv(), 4);
}

static void ends_with_the_goroutine()
{
    const auto alive = std::make_shared<int>(0);
    gort::go(counts_ends{alive});
    CHECK_EQ(*results.recv(), 2);
    WAIT_UNTIL(alive.use_count() == 1);

    gort::go_options options;
    options.name = "counted";
    options.stack_size = 1 << 20;
    gort::go(options, counts_ends{alive});
    CHECK_EQ(*results.recv(), 2);
    WAIT_UNTIL(alive.use_count() == 1);

    options.stack_size = SIZE_MAX / 2;
    bool refused = false;
    try {
        gort::go(options, counts_ends{alive});
    } catch (const gort::error &error) {
        refused = error.code() == gort::status::no_memory;
    }
    CHECK(refused);
    CHECK_EQ(alive.use_count(), 1);
}

struct on_end {
    std::atomic<int> &count;
    ~on_end() { count++; }
};

static void left_by_exit()
{
    std::atomic<int> ended{0};
    gort::wait_group group;
    for (int i = 0; i < 10; i++) {
        group.go([&] {
            const on_end guard{ended};
            gort::exit();
        });
    }
    group.wait();
    CHECK_EQ(ended, 10);
    auto nothing = gort::spawn([] { gort::exit(); });
    nothing.join();
    auto number = gort::spawn([]() -> int { gort::exit(); });
    CHECK_ERROR(number.join(), gort::status::misuse);
}

static void throws_out_of_go()
{
    gort::go([] { throw std::runtime_error("nobody is there"); });
    gort_sleep(GORT_HOUR);
}

int main(int argc, char **)
{
    if (argc > 1) {
        throws_out_of_go();
    }
    CHECK_ERROR(gort::exit(), gort::status::misuse);
    const auto all = [] {
        closures();
        arguments();
        big_and_wide();
        ends_with_the_goroutine();
        left_by_exit();
    };
    gort::run(all);
    all();
    CHECK_EQ(run_self("throw").signal, SIGABRT);
    CHECK(strstr(run_self("throw").text, "nobody is there") != nullptr);
    return EXIT_SUCCESS;
}
