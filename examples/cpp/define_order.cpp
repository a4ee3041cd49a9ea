/*
 * define_order: signal channels put goroutines in order. A, B, C and D are started in any order and run as A, B,
 * C, D, because each waits for its channel to be closed and closes the next one's. A closed channel wakes
 * everybody who waits, so D may run several times.
 *
 *   define_order
 */
#include "example.hpp"

using signal = gort::chan<gort::unit>;

static void step(char name, const signal &wait_for, const signal &then_close)
{
    wait_for.recv();
    std::printf("%c()!\n", name);
    if (!then_close.is_nil()) {
        then_close.close();
    }
}

int main(int argc, char **argv)
{
    return example::run(argc, argv, "", [](example::arguments &args) {
        args.expect(0, 0);
        const signal a;
        const signal b;
        const signal c;
        const signal d;
        gort::wait_group group;
        for (int i = 0; i < 3; i++) {
            group.go(step, 'D', d, nullptr);
        }
        group.go(step, 'C', c, d);
        group.go(step, 'A', a, b);
        group.go(step, 'B', b, c);
        a.close(); /* and off they go */
        group.wait();
    });
}
