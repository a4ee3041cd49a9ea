/*
 * ctx_tree [CONTEXTS]: make a tree in which every context has ten children, take the
 * done channel of each, as whoever waits for it does, and cancel the root. Time per
 * context, of all that and of the cancel alone.
 */
#include "bench.h"

enum { CHILDREN = 10 };

static void body(void *arg)
{
    (void)arg;
    int64_t contexts = bench_arg(1, 100000);
    gort_ctx **tree = bench_alloc((size_t)contexts, sizeof(gort_ctx *));

    int64_t started = gort_now();
    int64_t open = 0;
    for (int64_t i = 0; i < contexts; i++) {
        gort_ctx *parent = i > 0 ? tree[(i - 1) / CHILDREN] : gort_ctx_background();
        tree[i] = gort_ctx_with_cancel(parent);
        if (gort_chan_try_recv(gort_ctx_done(tree[i]), NULL) == GORT_WOULD_BLOCK) {
            open++;
        }
    }
    int64_t canceling = gort_now();
    gort_ctx_cancel(tree[0]);
    bench_each("ctx_tree_cancel", canceling, contexts);
    bench_each("ctx_tree", started, contexts);
    bench_check(open == contexts, "%" PRId64 " contexts were open", open);
    for (int64_t i = 0; i < contexts; i++) {
        bench_check(gort_ctx_err(tree[i]) == GORT_CANCELED, "context %" PRId64 " is not canceled", i);
        gort_ctx_release(tree[i]);
    }
    free(tree);
}

int main(int argc, char **argv)
{
    return bench_run(argc, argv, body);
}
