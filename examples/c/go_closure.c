/*
 * go_closure: a loop variable and goroutines. gort_go with the variable's address
 * would give all of them the same, still changing variable; gort_go_copy gives
 * each goroutine its own copy of the value at its go statement.
 *
 *   go_closure [GOROUTINES]      (default 20)
 */
#include "example.h"

struct closure {
    long i;
    gort_waitgroup *group;
};

static void print_own_value(void *arg)
{
    const struct closure *closure = arg;
    printf("%ld ", closure->i);
    must(gort_waitgroup_done(closure->group), "gort_waitgroup_done");
}

static void main_goroutine(void *arg)
{
    const long *count = arg;
    gort_waitgroup group = {{0}};
    struct closure closure = {0, &group};
    must(gort_waitgroup_add(&group, *count), "gort_waitgroup_add");
    for (closure.i = 0; closure.i < *count; closure.i++) {
        must(gort_go_copy(print_own_value, &closure, sizeof closure), "gort_go_copy");
    }
    gort_waitgroup_wait(&group);
    printf("\n");
}

int main(int argc, char **argv)
{
    long count = 20;
    if (argc > 2 || !parse_optional(argc, argv, 1, 0, 1000000, &count)) {
        return usage(argv[0], "[GOROUTINES]");
    }
    return run_main(main_goroutine, &count);
}
