/*
 * skynet [LEAVES]: each node of a tree starts ten children and adds up what they send;
 * a leaf sends its ordinal number. Time per goroutine.
 */
#include "bench.h"

enum { CHILDREN = 10 };

struct node {
    gort_chan *parent; /* the node's own reference: the parent may be gone before our send has returned */
    int64_t first, leaves;
};

static void run_node(void *arg)
{
    const struct node *node = arg;
    int64_t sum = 0;
    if (node->leaves == 1) {
        sum = node->first;
    } else {
        gort_chan *answers = bench_chan(sizeof(int64_t), 0);
        int64_t share = node->leaves / CHILDREN;
        for (int i = 0; i < CHILDREN; i++) {
            struct node child = {gort_chan_retain(answers), node->first + i * share, share};
            bench_must(gort_go_copy(run_node, &child, sizeof child), "gort_go_copy");
        }
        for (int i = 0; i < CHILDREN; i++) {
            int64_t answer;
            gort_chan_recv(answers, &answer);
            sum += answer;
        }
        gort_chan_release(answers);
    }
    gort_chan_send(node->parent, &sum);
    gort_chan_release(node->parent);
}

static void body(void *arg)
{
    (void)arg;
    int64_t leaves = bench_arg(1, 1000000);
    int64_t goroutines = 0;
    for (int64_t level = leaves; level > 0; level /= CHILDREN) {
        goroutines += level;
    }
    gort_chan *answer = bench_chan(sizeof(int64_t), 0);

    int64_t started = gort_now();
    struct node root = {gort_chan_retain(answer), 0, leaves};
    bench_must(gort_go_copy(run_node, &root, sizeof root), "gort_go_copy");
    int64_t sum;
    gort_chan_recv(answer, &sum);
    bench_each("skynet", started, goroutines);
    bench_check(sum == leaves * (leaves - 1) / 2, "the sum is %" PRId64, sum);
    gort_chan_release(answer);
}

int main(int argc, char **argv)
{
    return bench_run(argc, argv, body);
}
