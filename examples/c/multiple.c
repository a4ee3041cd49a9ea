/*
 * multiple: N goroutines, each printing its number. The order is nobody's promise.
 *
 *   multiple [N]      (default 10)
 */
#include "example.h"

static void print_number(void *arg)
{
    const long *number = arg;
    printf("%ld ", *number);
}

static void main_goroutine(void *arg)
{
    const long *count = arg;
    printf("Going to create %ld goroutines.\n", *count);
    for (long i = 0; i < *count; i++) {
        must(gort_go_copy(print_number, &i, sizeof i), "gort_go_copy");
    }

    /* Waiting by looking: var_goroutines does the same with a WaitGroup. */
    while (gort_num_goroutine() > 1) {
        gort_sleep(GORT_MILLISECOND);
    }
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
