/*
 * func_parameters: channels as parameters with a direction. printer may only
 * send, forward may only receive from one and send to the other; typed_chan.h
 * makes each end a type of its own, so a wrong use does not compile.
 *
 *   func_parameters
 *
 * With -DWRONG_SEND or -DWRONG_RECV the compiler refuses the marked lines.
 */
#include "example.h"
#include "typed_chan.h"

DEFINE_TYPED_CHAN(int, number);

static void printer(number_sender out)
{
    for (int i = 1; i <= 5; i++) {
        must(number_send(out, i), "number_send");
    }
    must(number_close(out), "number_close");
#ifdef WRONG_RECV
    int value;
    number_recv(out, &value);
#endif
}

static void forward(number_receiver in, number_sender out)
{
    int value;
    while (number_recv(in, &value) == GORT_OK) {
        must(number_send(out, value * 10), "number_send");
    }
    must(number_close(out), "number_close");
#ifdef WRONG_SEND
    number_send(in, 1);
#endif
}

struct ends {
    number_receiver in;
    number_sender out;
};

static void printer_goroutine(void *arg)
{
    const struct ends *ends = arg;
    printer(ends->out);
}

static void forward_goroutine(void *arg)
{
    const struct ends *ends = arg;
    forward(ends->in, ends->out);
}

static void main_goroutine(void *arg)
{
    (void)arg;
    number_chan first = number_chan_new(0);
    number_chan second = number_chan_new(0);
    struct ends printer_ends = {{NULL}, number_send_end(first)};
    struct ends forward_ends = {number_recv_end(first), number_send_end(second)};
    gort_waitgroup group = {{0}};

    must(gort_waitgroup_go(&group, printer_goroutine, &printer_ends), "gort_waitgroup_go");
    must(gort_waitgroup_go(&group, forward_goroutine, &forward_ends), "gort_waitgroup_go");

    int value;
    while (number_recv(number_recv_end(second), &value) == GORT_OK) {
        printf("%d\n", value);
    }
    gort_waitgroup_wait(&group);
    number_chan_free(first);
    number_chan_free(second);
}

int main(int argc, char **argv)
{
    if (argc != 1) {
        return usage(argv[0], "");
    }
    return run_main(main_goroutine, NULL);
}
