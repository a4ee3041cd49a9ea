/*
 * context: a tree of values that end together; what they carry and wait with ends with them.
 */
#include "check.hpp"

static const gort::context_key<std::string> user;
static const gort::context_key<std::string> other;
static const gort::context_key<counted> counts;

static void ends()
{
    const gort::context root;
    CHECK(!root.is_over());
    CHECK(root.cause().empty());
    CHECK(!gort::context::todo().deadline());

    const auto parent = root.with_cancel();
    const auto child = parent.with_timeout(FOREVER);
    const auto stays = child.without_cancel();
    CHECK(child.deadline().has_value());
    auto waiter = gort::spawn([child] { return child.done().recv().has_value(); });
    parent.cancel("enough");
    CHECK(!waiter.join());
    parent.cancel("too late");
    CHECK_EQ(parent.err(), gort::status::canceled);
    CHECK_EQ(child.err(), gort::status::canceled);
    CHECK(parent.cause() == "enough");
    CHECK_EQ(stays.err(), gort::status::ok);

    const auto late = root.with_timeout(1ms);
    late.done().recv();
    CHECK_EQ(late.err(), gort::status::deadline_exceeded);
    const auto passed = root.with_deadline(gort::clock::now() - 1s);
    CHECK(passed.is_over());
    CHECK(root.with_deadline(gort::clock::now() + FOREVER).deadline() > gort::clock::now());
    CHECK(!gort::sleep_for(FOREVER, passed));
    CHECK(gort::sleep_for(1us, root));
}

static void values()
{
    {
        const auto ctx = gort::context().with_value(user, "me").with_value(counts, counted(3));
        const auto below = ctx.with_cancel();
        CHECK(*below.value(user) == "me");
        CHECK_EQ(below.value(counts)->number(), 3);
        CHECK(below.value(other) == nullptr);
        CHECK(gort::context().value(user) == nullptr);
        CHECK(*below.with_value(user, "you").value(user) == "you");
        CHECK_EQ(counted::alive, 1);
    }
    CHECK_EQ(counted::alive, 0);
}

static void afterwards()
{
    const auto held = std::make_shared<int>(0);
    std::atomic<int> ran{0};
    const auto run = [held, &ran] { ran++; };

    const auto ctx = gort::context().with_cancel();
    auto first = ctx.after_func(run);
    auto second = ctx.after_func(run);
    CHECK(second.stop());
    CHECK(!second.stop());
    ctx.cancel();
    WAIT_UNTIL(ran == 1);
    CHECK(!first.stop());
    ctx.after_func(run); /* over already */
    WAIT_UNTIL(ran == 2);
    auto never = gort::context().after_func(run);
    CHECK(!never.stop());
    WAIT_UNTIL(held.use_count() == 2); /* ours, and run's */
    CHECK_EQ(ran, 2);
}

int main()
{
    const auto all = [] {
        ends();
        values();
        afterwards();
    };
    gort::run(all);
    all();
    return EXIT_SUCCESS;
}
