/*
 * use_context: work that takes WORK_MS against three contexts: one cancelled by another goroutine, one with a
 * time-out, one with a deadline, each after LIMIT_MS. Says which came first, and why the context ended.
 *
 *   use_context WORK_MS [LIMIT_MS]      (default limit: 4000)
 */
#include "example.hpp"

static void race_against(const char *name, const gort::context &ctx, std::chrono::milliseconds work)
{
    const auto over = [&] { std::printf("%s: %s: %s\n", name, gort::name(ctx.err()), ctx.cause().c_str()); };
    const auto done = [&] { std::printf("%s: the work was done first: %s\n", name, gort::name(ctx.err())); };
    gort::select(gort::recv(ctx.done(), over), gort::after(work, done));
    ctx.cancel();
}

int main(int argc, char **argv)
{
    return example::run(argc, argv, "WORK_MS [LIMIT_MS]", [](example::arguments &args) {
        args.expect(1, 2);
        const auto work = example::milliseconds(args.number(0, 0, 3600000));
        const auto limit = example::milliseconds(args.number_or(1, 0, 3600000, 4000));
        const gort::context background;

        const auto ctx = background.with_cancel();
        gort::go([=] {
            if (gort::sleep_for(limit, ctx)) { /* ends early when the context does */
                ctx.cancel();
            }
        });
        race_against("WithCancel", ctx, work);
        race_against("WithTimeout", background.with_timeout(limit), work);
        race_against("WithDeadline", background.with_deadline(gort::clock::now() + limit), work);
    });
}
