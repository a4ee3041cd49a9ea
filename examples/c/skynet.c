/*
 * skynet: a million goroutines. Each node of a tree starts ten children and adds up
 * what they send; each leaf sends its ordinal number. The sum at the top must be
 * 0 + 1 + ... + (LEAVES - 1), or the exit status is 1.
 *
 *   skynet [LEAVES]      (default 1000000, which makes 1111111 goroutines)
 */
#include "example.h"

#include <inttypes.h>

enum { CHILDREN = 10 };

struct node {
    int64_t first; /* the subtree's leaves: first, first + 1, ... */
    int64_t leaves;
    gort_chan *parent; /* the node's own reference: the parent may be gone before our send has returned */
};

static void run_node(void *arg)
{
    const struct node *node = arg;
    int64_t sum = 0;
    if (node->leaves == 1) {
        sum = node->first;
    } else {
        int64_t children = node->leaves < CHILDREN ? node->leaves : CHILDREN;
        /* Room for every child's answer, so that no child has to wait. */
        gort_chan *answers = must_chan(sizeof(int64_t), (size_t)children);
        int64_t next = node->first;
        for (int64_t i = 0; i < children; i++) {
            int64_t share = node->leaves / children + (i < node->leaves % children);
            struct node child = {next, share, gort_chan_retain(answers)};
            must(gort_go_copy(run_node, &child, sizeof child), "gort_go_copy");
            next += share;
        }
        for (int64_t i = 0; i < children; i++) {
            int64_t answer;
            must(gort_chan_recv(answers, &answer), "gort_chan_recv");
            sum += answer;
        }
        gort_chan_release(answers);
    }
    must(gort_chan_send(node->parent, &sum), "gort_chan_send");
    gort_chan_release(node->parent);
}

struct job {
    long leaves;
    bool correct;
};

static void main_goroutine(void *arg)
{
    struct job *job = arg;
    gort_stats before = {.struct_size = sizeof before};
    gort_stats after = {.struct_size = sizeof after};
    must(gort_stats_read(&before), "gort_stats_read");
    int64_t started = gort_now();

    gort_chan *result = must_chan(sizeof(int64_t), 1);
    struct node root = {0, job->leaves, gort_chan_retain(result)};
    must(gort_go_copy(run_node, &root, sizeof root), "gort_go_copy");
    int64_t sum;
    must(gort_chan_recv(result, &sum), "gort_chan_recv");

    int64_t elapsed = gort_now() - started;
    must(gort_stats_read(&after), "gort_stats_read");
    gort_chan_release(result);
    printf("sum: %" PRId64 "\n", sum);
    printf("%" PRIu64 " goroutines in %.3f s\n", after.goroutines_created - before.goroutines_created,
           (double)elapsed / (double)GORT_SECOND);

    int64_t expected = (int64_t)job->leaves * (job->leaves - 1) / 2;
    job->correct = sum == expected;
    if (!job->correct) {
        fprintf(stderr, "the sum should be %" PRId64 "\n", expected);
    }
}

int main(int argc, char **argv)
{
    struct job job = {1000000, false};
    if (argc > 2 || !parse_optional(argc, argv, 1, 1, 100000000, &job.leaves)) {
        return usage(argv[0], "[LEAVES]");
    }
    int result = run_main(main_goroutine, &job);
    return job.correct ? result : EXIT_FAILURE;
}
