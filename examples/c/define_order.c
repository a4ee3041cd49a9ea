/*
 * define_order: signal channels put goroutines in order. A, B, C and D are started
 * in any order and run as A, B, C, D, because each waits for its channel to be
 * closed and closes the next one's. A closed channel wakes everybody who waits,
 * so D may run several times.
 *
 *   define_order
 */
#include "example.h"

enum { TIMES_D = 3 };

struct step {
    char name;
    gort_chan *wait_for;
    gort_chan *then_close; /* NULL: nobody comes after */
};

static void run_step(void *arg)
{
    const struct step *step = arg;
    gort_chan_recv(step->wait_for, NULL);
    printf("%c()!\n", step->name);
    if (step->then_close != NULL) {
        must(gort_chan_close(step->then_close), "gort_chan_close");
    }
}

static void main_goroutine(void *arg)
{
    (void)arg;
    gort_chan *a = must_chan(0, 0);
    gort_chan *b = must_chan(0, 0);
    gort_chan *c = must_chan(0, 0);
    gort_chan *d = must_chan(0, 0);
    struct step step_a = {'A', a, b};
    struct step step_b = {'B', b, c};
    struct step step_c = {'C', c, d};
    struct step step_d = {'D', d, NULL};

    gort_waitgroup group = {{0}};
    for (int i = 0; i < TIMES_D; i++) {
        must(gort_waitgroup_go(&group, run_step, &step_d), "gort_waitgroup_go");
    }
    must(gort_waitgroup_go(&group, run_step, &step_c), "gort_waitgroup_go");
    must(gort_waitgroup_go(&group, run_step, &step_a), "gort_waitgroup_go");
    must(gort_waitgroup_go(&group, run_step, &step_b), "gort_waitgroup_go");

    must(gort_chan_close(a), "gort_chan_close"); /* and off they go */
    gort_waitgroup_wait(&group);

    gort_chan_release(a);
    gort_chan_release(b);
    gort_chan_release(c);
    gort_chan_release(d);
}

int main(int argc, char **argv)
{
    if (argc != 1) {
        return usage(argv[0], "");
    }
    return run_main(main_goroutine, NULL);
}
