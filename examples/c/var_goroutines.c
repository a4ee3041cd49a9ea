/*
 * var_goroutines: N goroutines waited for with a WaitGroup: add before the go
 * statement, done deferred in the goroutine, wait at the end.
 *
 *   var_goroutines [N]      (default 10)
 */
#include "example.h"

struct task {
    long number;
    gort_waitgroup *group;
};

static void count_done(void *arg)
{
    must(gort_waitgroup_done(arg), "gort_waitgroup_done");
}

static void print_number(void *arg)
{
    const struct task *task = arg;
    must(gort_defer(count_done, task->group), "gort_defer");
    printf("%ld ", task->number);
}

static void main_goroutine(void *arg)
{
    const long *count = arg;
    gort_waitgroup group = {{0}};

    printf("Going to create %ld goroutines.\n", *count);
    for (long i = 0; i < *count; i++) {
        struct task task = {i, &group};
        must(gort_waitgroup_add(&group, 1), "gort_waitgroup_add");
        must(gort_go_copy(print_number, &task, sizeof task), "gort_go_copy");
    }
    gort_waitgroup_wait(&group);
    printf("\nExiting...\n");
}

int main(int argc, char **argv)
{
    long count = 10;
    if (argc > 2 || !parse_optional(argc, argv, 1, 0, 10000000, &count)) {
        return usage(argv[0], "[GOROUTINES]");
    }
    return run_main(main_goroutine, &count);
}
