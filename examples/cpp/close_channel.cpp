/*
 * close_channel: a closed channel gives what was in it, then nothing; sending on it, closing it again, and
 * closing a nil channel are errors that change nothing.
 *
 *   close_channel
 */
#include "example.hpp"

template <class F> static void report(const char *what, F refused)
{
    try {
        refused();
    } catch (const gort::error &error) {
        std::printf("%s: %s\n", what, error.what());
    }
}

int main(int argc, char **argv)
{
    return example::run(argc, argv, "", [](example::arguments &args) {
        args.expect(0, 0);
        gort::chan<int> numbers(2);
        numbers.send(5);
        numbers.send(6);
        std::printf("first: %d\n", *numbers.recv());
        std::printf("second: %d\n", *numbers.recv());
        numbers.close();
        const auto none = numbers.try_recv();
        std::printf("after the close: %d (%s)\n", none.value_or(0), gort::name(none.status()));

        report("send on a closed channel", [&] { numbers.send(5); });
        report("close of a closed channel", [&] { numbers.close(); });
        report("close of a nil channel", [] { gort::chan<int>(nullptr).close(); });
    });
}
