/*
 * select: one case is done, and its function called; values of the other send cases are where they were.
 */
#include "check.hpp"

static void receives()
{
    gort::chan<int> a(1);
    gort::chan<std::string> b(1);
    std::string got;
    b.send("text");
    CHECK_EQ(gort::select(gort::recv(a, [&](int) { got = "wrong"; }), gort::recv(b, [&](std::string s) { got = s; })),
             1);
    CHECK(got == "text");
    a.send(4);
    CHECK_EQ(gort::select(gort::recv(a), gort::recv(b)), 0);
    CHECK_EQ(a.len(), 0);

    int calls = 0;
    a.send(5);
    gort::select(gort::recv(a, [&](std::optional<int> v) { calls += *v; }));
    a.close();
    gort::select(gort::recv(a, [&](std::optional<int> v) { calls += !v; }));
    gort::select(gort::recv(a, [&] { calls++; }));
    CHECK_EQ(calls, 7);
    CHECK_ERROR(gort::select(gort::recv(a, [](int) {})), gort::status::closed);

    gort::chan<counted> moved(1);
    moved.send(counted(8));
    gort::select(gort::recv(moved, [](counted &&value) { CHECK_EQ(value.number(), 8); }));
    moved.send(counted(8));
    gort::select(gort::recv(moved, [&] { calls++; })); /* not wanted, and not leaked */
    CHECK_EQ(counted::alive, 0);
}

static void sends()
{
    gort::chan<counted> full(1);
    gort::chan<counted> room(1);
    full.send(counted(0));
    counted one(1);
    counted two(2);
    bool sent = false;
    CHECK_EQ(gort::select(gort::send(full, std::move(one)), gort::send(room, std::move(two), [&] { sent = true; })), 1);
    CHECK(sent);
    CHECK_EQ(one.number(), 1);
    CHECK_EQ(two.number(), counted::MOVED);
    CHECK_EQ(room.recv()->number(), 2);
    CHECK_EQ(gort::select(gort::send(full, std::move(one)), gort::send(full, std::move(one)), gort::after(1ms)), 2);
    CHECK_EQ(one.number(), 1);
    CHECK_EQ(gort::select(gort::send(full, std::move(one)), gort::send(room, std::move(one))), 1);
    CHECK_EQ(one.number(), counted::MOVED);
    one = *room.recv();
    CHECK_EQ(one.number(), 1);
    CHECK_EQ(gort::select(gort::send(full, std::move(one)), gort::otherwise()), 1);
    CHECK_EQ(one.number(), 1);
    full.close();
    CHECK_ERROR(gort::select(gort::send(full, std::move(one))), gort::status::closed);
    CHECK_EQ(one.number(), 1);

    gort::chan<std::string> texts(3);
    const std::string constant = "constant";
    std::string text = "text";
    gort::select(gort::send(texts, constant));
    gort::select(gort::send(texts, "literal"));
    gort::select(gort::send(texts, text));
    CHECK(text == "text");
    CHECK(*texts.recv() == "constant");
    CHECK(*texts.recv() == "literal");
    CHECK(*texts.recv() == "text");
    gort::chan<long> numbers(1);
    gort::select(gort::send(numbers, 7));
    CHECK_EQ(*numbers.recv(), 7);
}

static void waits()
{
    gort::chan<int> never;
    const gort::chan<int> nil = nullptr;
    bool late = false;
    CHECK_EQ(gort::select(gort::recv(never), gort::after(1ms, [&] { late = true; }), gort::recv(nil)), 1);
    CHECK(late);
    CHECK_EQ(gort::select(gort::otherwise([&] { late = false; })), 0);
    CHECK(!late);
    CHECK_EQ(gort::select(gort::after(0s)), 0);
    CHECK_EQ(gort::select(gort::otherwise(), gort::send(nil, 1)), 0);

    gort::timer timer(1ms);
    CHECK_EQ(gort::select(gort::recv(never), gort::recv(timer.chan(), [](gort::clock::time_point) {})), 1);
}

/* Handlers run when everything is settled: they may use the same channels, and throw. */
static void handlers()
{
    gort::chan<counted> c(1);
    c.send(counted(1));
    counted mine(2);
    gort::select(gort::send(c, std::move(mine)), gort::recv(c, [&](counted got) {
                     CHECK_EQ(mine.number(), 2);
                     c.send(std::move(got));
                 }));
    bool caught = false;
    try {
        gort::select(gort::recv(c, [](counted) { throw std::runtime_error("from a handler"); }));
    } catch (const std::runtime_error &) {
        caught = true;
    }
    CHECK(caught);
    CHECK_EQ(c.len(), 0);
}

/* Many select both ways on the same channels: everything arrives exactly once. */
static void exactly_once()
{
    static constexpr int SENDERS = 8;
    static constexpr int EACH = 300;
    gort::chan<counted> a;
    gort::chan<counted> b(2);
    gort::chan<gort::unit> over;
    std::vector<std::atomic<int>> seen(SENDERS * EACH);
    gort::wait_group senders;
    gort::wait_group receivers;
    for (int s = 0; s < SENDERS; s++) {
        senders.go([&, s] {
            for (int i = 0; i < EACH; i++) {
                counted value(s * EACH + i);
                while (
                    gort::select(gort::send(a, std::move(value)), gort::send(b, std::move(value)), gort::after(100us))
                    == 2) {
                    CHECK_EQ(value.number(), s * EACH + i);
                }
            }
        });
        receivers.go([&] {
            bool more = true;
            const auto note = [&](const counted &value) { seen[static_cast<std::size_t>(value.number())]++; };
            while (more) {
                gort::select(gort::recv(a, note), gort::recv(b, note), gort::recv(over, [&] { more = false; }),
                             gort::after(50us));
            }
        });
    }
    senders.wait();
    WAIT_UNTIL(b.len() == 0);
    over.close();
    receivers.wait();
    for (const auto &each : seen) {
        CHECK_EQ(each, 1);
    }
}

int main()
{
    const auto all = [] {
        receives();
        sends();
        waits();
        handlers();
    };
    gort::run(all);
    all();
    gort::run(exactly_once);
    CHECK_EQ(counted::alive, 0);
    return EXIT_SUCCESS;
}
