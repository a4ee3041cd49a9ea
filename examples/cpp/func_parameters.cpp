/*
 * func_parameters: channels as parameters with a direction. printer may only send, forward may only receive from
 * one and send to the other; the wrong use of an end does not compile.
 *
 *   func_parameters
 *
 * With -DWRONG_SEND or -DWRONG_RECV the compiler refuses the marked lines.
 */
#include "example.hpp"

static void printer(const gort::send_chan<int> &out)
{
    for (int i = 1; i <= 5; i++) {
        out.send(i);
    }
    out.close();
#ifdef WRONG_RECV
    out.recv();
#endif
}

static void forward(const gort::recv_chan<int> &in, const gort::send_chan<int> &out)
{
    for (const int value : in) {
        out.send(value * 10);
    }
    out.close();
#ifdef WRONG_SEND
    in.send(1);
#endif
}

int main(int argc, char **argv)
{
    return example::run(argc, argv, "", [](example::arguments &args) {
        args.expect(0, 0);
        gort::chan<int> first;
        gort::chan<int> second;
        gort::go(printer, first);
        gort::go(forward, first, second);
        for (const int value : second) {
            std::printf("%d\n", value);
        }
    });
}
