/*
 * chan_ends: an end can do what its type says and nothing else; handles are counted; a nil channel is one.
 */
#include "check.hpp"

template <class C, class = void> struct can_send : std::false_type {
};
template <class C>
struct can_send<C, std::void_t<decltype(std::declval<const C &>().send(std::declval<typename C::value_type>()))>>
    : std::true_type {
};
template <class C, class = void> struct can_close : std::false_type {
};
template <class C> struct can_close<C, std::void_t<decltype(std::declval<const C &>().close())>> : std::true_type {
};
template <class C, class = void> struct can_recv : std::false_type {
};
template <class C> struct can_recv<C, std::void_t<decltype(std::declval<const C &>().recv())>> : std::true_type {
};

template <class T> constexpr bool is_right_for()
{
    using both = gort::chan<T>;
    using out = gort::send_chan<T>;
    using in = gort::recv_chan<T>;
    constexpr bool right_calls = can_send<both>() && can_recv<both>() && can_close<both>() && can_send<out>()
        && can_close<out>() && !can_recv<out>() && can_recv<in>() && !can_send<in>() && !can_close<in>();
    using std::is_convertible;
    constexpr bool right_conversions = is_convertible<both, out>() && is_convertible<both, in>()
        && !is_convertible<out, in>() && !is_convertible<in, out>() && !is_convertible<in, both>()
        && !is_convertible<out, both>();
    return right_calls && right_conversions && sizeof(both) == sizeof(void *) && sizeof(in) == sizeof(void *);
}
static_assert(is_right_for<int>() && is_right_for<std::string>() && is_right_for<std::unique_ptr<int>>());
static_assert(!std::is_convertible_v<int, gort::chan<int>>);

static void produces(const gort::send_chan<std::string> &to)
{
    to.send("one");
    to.send("two");
    to.close();
}

static void ends()
{
    gort::chan<std::string> c(1);
    gort::go(produces, c);
    const gort::recv_chan<std::string> in = c;
    std::string all;
    for (const auto &each : in) {
        all += each;
    }
    CHECK(all == "onetwo");
    CHECK(in == gort::recv_chan<std::string>(c));
}

static void handles()
{
    gort::chan<counted> one(2);
    auto two = one;
    CHECK(one == two);
    CHECK(one != gort::chan<counted>(2));
    one.send(counted(1));
    CHECK_EQ(two.len(), 1);
    const gort::chan<counted> three = std::move(one);
    CHECK(one.is_nil());
    two = *&two;
    CHECK(two == three);
    two = nullptr;
    CHECK(two.is_nil());
    CHECK_EQ(three.len(), 1);
    CHECK_EQ(counted::alive, 1);
    two = three;
    CHECK_EQ(two.recv()->number(), 1);
    CHECK_EQ(counted::alive, 0);

    /* A reference that C has given, and one for C. */
    auto adopted = gort::chan<int>::adopt(gort_chan_new(sizeof(int), 1));
    int number = 3;
    CHECK_STATUS(gort_chan_send(adopted.raw(), &number), GORT_OK);
    CHECK_EQ(*adopted.recv(), 3);
}

static void nil()
{
    const gort::chan<int> none = nullptr;
    CHECK(none.is_nil());
    CHECK_EQ(none.len() + none.cap(), 0);
    CHECK_EQ(none.try_recv().status(), gort::status::would_block);
    CHECK(!none.try_send(1));
    CHECK(!none.send_for(1, 1ms));
    CHECK_ERROR(none.close(), gort::status::invalid);
    CHECK(!gort::chan<int>(0).is_nil());
    CHECK(gort::context::background().done().is_nil());
    CHECK_ERROR(gort::chan<int>(SIZE_MAX / 2), gort::status::no_memory);
}

/* A receiver that is blocked holds the channel; the last one out destroys what is left. */
static void last_one_out()
{
    for (int i = 0; i < 200; i++) {
        gort::chan<counted> c(4);
        gort::wait_group group;
        for (int n = 0; n < 3; n++) {
            group.go([c, n] { c.send(counted(n)); });
            group.go([c] { static_cast<void>(c.try_recv()); });
        }
        c = nullptr;
        group.wait();
    }
    CHECK_EQ(counted::alive, 0);
}

int main()
{
    const auto all = [] {
        ends();
        handles();
        nil();
        last_one_out();
    };
    gort::run(all);
    all();
    return EXIT_SUCCESS;
}
