/*
 * race_counter_fixed: race_counter with a mutex around what belongs together, the
 * reading and the writing. Nothing gets lost, and the race detector is silent:
 *
 *   cc -g -O1 -fsanitize=thread race_counter_fixed.c -lgort && ./a.out
 */
#include "example.h"

enum { GOROUTINES = 4, TIMES = 100 };

static gort_mutex mutex;
static long counter; /* under mutex */

static void add(void *arg)
{
    (void)arg;
    for (int i = 0; i < TIMES; i++) {
        gort_mutex_lock(&mutex);
        long value = counter;
        gort_yield();
        counter = value + 1;
        must(gort_mutex_unlock(&mutex), "gort_mutex_unlock");
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
