/*
 * mutex: a counter changed and read by many goroutines, each time under a Mutex.
 *
 *   mutex [GOROUTINES]      (default 100; each adds one, twice)
 */
#include "example.h"

struct counter {
    gort_mutex mutex;
    long value;
};

static void change(struct counter *counter)
{
    gort_mutex_lock(&counter->mutex);
    long value = counter->value;
    gort_yield(); /* without the mutex, others would change it here */
    counter->value = value + 1;
    must(gort_mutex_unlock(&counter->mutex), "gort_mutex_unlock");
}

static long read_value(struct counter *counter)
{
    gort_mutex_lock(&counter->mutex);
    long value = counter->value;
    must(gort_mutex_unlock(&counter->mutex), "gort_mutex_unlock");
    return value;
}

static void change_twice(void *arg)
{
    struct counter *counter = arg;
    change(counter);
    printf("-> %ld\n", read_value(counter));
    change(counter);
}

struct settings {
    long goroutines;
    struct counter counter;
};

static void main_goroutine(void *arg)
{
    struct settings *settings = arg;
    gort_waitgroup group = {{0}};
    for (long i = 0; i < settings->goroutines; i++) {
        must(gort_waitgroup_go(&group, change_twice, &settings->counter), "gort_waitgroup_go");
    }
    gort_waitgroup_wait(&group);
    printf("final value: %ld\n", read_value(&settings->counter));
}

int main(int argc, char **argv)
{
    struct settings settings = {.goroutines = 100};
    if (argc > 2 || !parse_optional(argc, argv, 1, 0, 1000000, &settings.goroutines)) {
        return usage(argv[0], "[GOROUTINES]");
    }
    return run_main(main_goroutine, &settings);
}
