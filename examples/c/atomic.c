/*
 * atomic: 100 goroutines add one to a C11 atomic, four times each: 400. For a
 * single number this is all the protection it takes.
 *
 *   atomic
 */
#include "example.h"

#include <stdatomic.h>

enum { GOROUTINES = 100, TIMES = 4 };

static void add(void *arg)
{
    atomic_long *counter = arg;
    for (int i = 0; i < TIMES; i++) {
        atomic_fetch_add(counter, 1);
        gort_yield();
    }
}

static void main_goroutine(void *arg)
{
    atomic_long *counter = arg;
    gort_waitgroup group = {{0}};
    for (int i = 0; i < GOROUTINES; i++) {
        must(gort_waitgroup_go(&group, add, counter), "gort_waitgroup_go");
    }
    gort_waitgroup_wait(&group);
    printf("%ld\n", atomic_load(counter));
}

int main(int argc, char **argv)
{
    atomic_long counter = 0;
    if (argc != 1) {
        return usage(argv[0], "");
    }
    return run_main(main_goroutine, &counter);
}
