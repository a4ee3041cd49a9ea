/*
 * forget_mutex: a function that locks a Mutex and forgets to unlock it. The first
 * goroutine that calls it gets through, the second waits for ever, and main waits
 * for the second: the runtime sees that nobody can go on, prints
 * "fatal error: all goroutines are asleep - deadlock!" and exits with 2.
 *
 *   forget_mutex
 */
#include "example.h"

static gort_mutex mutex;

static void forgetful(void *arg)
{
    (void)arg;
    gort_mutex_lock(&mutex);
    printf("Locked!\n");
    fflush(stdout); /* the process ends without ours */
}

static void main_goroutine(void *arg)
{
    (void)arg;
    gort_waitgroup group = {{0}};
    must(gort_waitgroup_go(&group, forgetful, NULL), "gort_waitgroup_go");
    must(gort_waitgroup_go(&group, forgetful, NULL), "gort_waitgroup_go");
    gort_waitgroup_wait(&group);
    printf("never reached\n");
}

int main(int argc, char **argv)
{
    if (argc != 1) {
        return usage(argv[0], "");
    }
    return run_main(main_goroutine, NULL);
}
