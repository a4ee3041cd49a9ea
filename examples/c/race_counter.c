/*
 * race_counter: A DATA RACE ON PURPOSE. Goroutines add to a plain variable with
 * nothing to order them, so additions get lost. Built with -fsanitize=thread it
 * makes the detector report a data race with both stacks, and exit with 66:
 *
 *   cc -g -O1 -fsanitize=thread race_counter.c -lgort && ./a.out
 *
 * race_counter_fixed is the same program with the mutex it needs.
 */
#include "example.h"

enum { GOROUTINES = 4, TIMES = 100 };

static long counter;

static void add(void *arg)
{
    (void)arg;
    for (int i = 0; i < TIMES; i++) {
        long value = counter;
        gort_yield(); /* gives the others the chance to do harm */
        counter = value + 1;
    }
}

static void main_goroutine(void *arg)
{
    (void)arg;
    gort_waitgroup group = {{0}};
    for (int i = 0; i < GOROUTINES; i++) {
        must(gort_waitgroup_go(&group, add, NULL), "gort_waitgroup_go");
    }
    gort_waitgroup_wait(&group);
    printf("%ld of %d\n", counter, GOROUTINES * TIMES);
}

int main(int argc, char **argv)
{
    if (argc != 1) {
        return usage(argv[0], "");
    }
    return run_main(main_goroutine, NULL);
}
