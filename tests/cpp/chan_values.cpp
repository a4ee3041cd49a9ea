/*
 * chan_values: any movable T goes through a channel, in order, and none is lost or left alive: not those that
 * were received, not those in the buffer at the end, not those that could not be sent.
 */
#include "check.hpp"

struct big {
    long numbers[200];
    bool operator==(const big &other) const { return memcmp(numbers, other.numbers, sizeof numbers) == 0; }
};

struct alignas(128) wide {
    explicit wide(int n) : number(n) { CHECK_EQ(reinterpret_cast<std::uintptr_t>(this) % 128, 0); }
    wide(wide &&other) noexcept : number(other.number) { CHECK_EQ(reinterpret_cast<std::uintptr_t>(this) % 128, 0); }
    ~wide() {}
    int number;
};

struct only_copied {
    explicit only_copied(int n) : text(std::to_string(n)) {}
    only_copied(const only_copied &) = default;
    only_copied &operator=(const only_copied &) = default;
    std::string text;
};

struct no_default {
    explicit no_default(int n) : number(n) {}
    int number;
};

/* count values through channels of several capacities, and some left behind. */
template <class T, class Make, class Same> static void through(Make make, Same same)
{
    for (const std::size_t capacity : {0, 1, 3, 100}) {
        gort::chan<T> c(capacity);
        CHECK_EQ(c.cap(), capacity);
        auto sender = gort::spawn([c, &make] {
            for (int i = 0; i < 50; i++) {
                c.send(make(i));
            }
            c.close();
        });
        int i = 0;
        for (auto &value : c) {
            CHECK(same(value, i++));
        }
        CHECK_EQ(i, 50);
        CHECK(!c.recv());
        sender.join();

        gort::chan<T> left(capacity);
        for (std::size_t n = 0; n < capacity; n++) {
            left.send(make(static_cast<int>(n)));
        }
        if (capacity > 1) { /* round the end of the ring */
            CHECK(same(*left.recv(), 0));
            left.send(make(1));
        }
    }
}

static void of_every_kind()
{
    through<int>([](int i) { return i; }, [](int v, int i) { return v == i; });
    through<char>([](int i) { return static_cast<char>(i); }, [](char v, int i) { return v == static_cast<char>(i); });
    through<std::pair<int, double>>([](int i) { return std::pair(i, 0.5); },
                                    [](auto v, int i) { return v.first == i; });
    through<no_default>([](int i) { return no_default(i); }, [](const no_default &v, int i) { return v.number == i; });
    through<gort::unit>([](int) { return gort::unit(); }, [](gort::unit, int) { return true; });
    through<big>(
        [](int i) {
            big b = {};
            b.numbers[199] = i;
            return b;
        },
        [](const big &v, int i) { return v.numbers[199] == i && v.numbers[0] == 0; });
    through<std::string>(
        [](int i) { return std::string(static_cast<std::size_t>(i), 'x'); },
        [](const std::string &v, int i) { return v == std::string(static_cast<std::size_t>(i), 'x'); });
    through<std::vector<int>>([](int i) { return std::vector<int>(3, i); },
                              [](const auto &v, int i) { return v.at(2) == i; });
    through<std::unique_ptr<int>>([](int i) { return std::make_unique<int>(i); },
                                  [](const auto &v, int i) { return *v == i; });
    through<std::shared_ptr<int>>([](int i) { return std::make_shared<int>(i); },
                                  [](const auto &v, int i) { return *v == i; });
    through<wide>([](int i) { return wide(i); }, [](const wide &v, int i) { return v.number == i; });
    through<only_copied>([](int i) { return only_copied(i); },
                         [](const auto &v, int i) { return v.text == std::to_string(i); });
    through<std::map<int, int>>(
        [](int i) {
            return std::map<int, int>{{1, i}};
        },
        [](const auto &v, int i) { return v.at(1) == i; });
    through<counted>([](int i) { return counted(i); }, [](const counted &v, int i) { return v.number() == i; });
    CHECK_EQ(counted::alive, 0);
}

static void channels_of_channels()
{
    gort::chan<gort::chan<counted>> requests(1);
    auto server = gort::spawn([requests] {
        for (auto &answer : requests) {
            answer.send(counted(1));
        }
    });
    for (int i = 0; i < 10; i++) {
        gort::chan<counted> answer;
        requests.send(answer);
        CHECK_EQ(answer.recv()->number(), 1);
    }
    requests.close();
    server.join();
    gort::chan<gort::chan<counted>> left(1);
    gort::chan<counted> inner(1);
    inner.send(counted(2));
    left.send(std::move(inner));
    CHECK_EQ(counted::alive, 1);
    left = nullptr;
    CHECK_EQ(counted::alive, 0);
}

static void copies_and_conversions()
{
    gort::chan<std::string> c(5);
    const std::string constant = "constant";
    std::string lvalue = "lvalue";
    c.send(constant);
    c.send(lvalue);
    c.send("literal");
    c.send({});
    CHECK(lvalue == "lvalue");
    CHECK(*c.recv() == "constant");
    CHECK(*c.recv() == "lvalue");
    CHECK(*c.recv() == "literal");
    CHECK(c.recv()->empty());
    gort::chan<std::unique_ptr<const int>> pointers(1);
    pointers.send(std::make_unique<int>(3));
    CHECK_EQ(**pointers.recv(), 3);
}

/* A send that was in vain leaves the value where it was. */
static void not_sent()
{
    gort::chan<counted> full(1);
    full.send(counted(0));
    counted value(5);
    CHECK(!full.try_send(std::move(value)));
    CHECK_EQ(value.number(), 5);
    CHECK(!full.send_for(std::move(value), 1ms));
    CHECK_EQ(value.number(), 5);
    CHECK(!full.send_for(std::move(value), -1s));
    CHECK_EQ(value.number(), 5);
    const auto ctx = gort::context().with_timeout(1ms);
    CHECK(!full.send(std::move(value), ctx));
    CHECK_EQ(value.number(), 5);
    CHECK_EQ(counted::alive, 2);
    full.close();
    CHECK_ERROR(full.send(std::move(value)), gort::status::closed);
    CHECK_ERROR(full.try_send(std::move(value)), gort::status::closed);
    CHECK_ERROR(full.send_for(std::move(value), FOREVER), gort::status::closed);
    CHECK_ERROR(full.send(std::move(value), gort::context()), gort::status::closed);
    CHECK_EQ(value.number(), 5);

    gort::chan<std::unique_ptr<int>> nobody;
    auto pointer = std::make_unique<int>(4);
    CHECK(!nobody.try_send(std::move(pointer)));
    CHECK_EQ(*pointer, 4);

    gort::chan<counted> empty(1);
    CHECK(empty.try_send(std::move(value)));
    CHECK_EQ(value.number(), counted::MOVED);
    CHECK(empty.recv().has_value());
}

static void not_received()
{
    gort::chan<counted> c(1);
    CHECK_EQ(c.try_recv().status(), gort::status::would_block);
    CHECK_EQ(c.recv_for(1ms).status(), gort::status::deadline_exceeded);
    CHECK_EQ(c.recv_for(0s).status(), gort::status::deadline_exceeded);
    const auto ctx = gort::context().with_cancel();
    ctx.cancel();
    CHECK_EQ(c.recv(ctx).status(), gort::status::canceled);
    c.send(counted(1));
    auto got = c.recv(ctx.without_cancel());
    CHECK_EQ(got.status(), gort::status::ok);
    CHECK_EQ(got->number(), 1);
    c.close();
    CHECK_EQ(c.try_recv().status(), gort::status::closed);
    CHECK_EQ(c.recv_for(FOREVER).status(), gort::status::closed);
    CHECK(!c.recv());
    CHECK_ERROR(c.close(), gort::status::closed);
}

int main()
{
    const auto all = [] {
        of_every_kind();
        channels_of_channels();
        copies_and_conversions();
        not_sent();
        CHECK_EQ(counted::alive, 0);
        not_received();
        CHECK_EQ(counted::alive, 0);
    };
    gort::run(all);
    all();
    return EXIT_SUCCESS;
}
