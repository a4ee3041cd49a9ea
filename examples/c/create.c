/*
 * create: two ways to start a goroutine, and when its argument is evaluated.
 * gort_go passes a pointer; gort_go_copy copies the value at the go statement,
 * so what happens to the variable afterwards does not matter.
 *
 *   create
 */
#include "example.h"

static void print_number(void *arg)
{
    const int *number = arg;
    printf("copied at the go statement: %d\n", *number);
}

static void print_name(void *arg)
{
    printf("passed as a pointer: %s\n", (const char *)arg);
}

static void main_goroutine(void *arg)
{
    (void)arg;

    /* C has no anonymous functions; a function used at one place comes nearest. */
    int number = 10;
    must(gort_go_copy(print_number, &number, sizeof number), "gort_go_copy");
    number = 99;

    must(gort_go(print_name, "gort"), "gort_go");

    /* The program ends with its main goroutine, so give the others time: this is
     * the crude way, var_goroutines shows the right one. */
    while (gort_num_goroutine() > 1) {
        gort_sleep(GORT_MILLISECOND);
    }
    printf("the variable is now: %d\n", number);
}

int main(int argc, char **argv)
{
    if (argc != 1) {
        return usage(argv[0], "");
    }
    return run_main(main_goroutine, NULL);
}
