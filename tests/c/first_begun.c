/*
 * first_begun: of very many goroutines the newest go first, but none waits for ever: the first ones
 * come to their turn although others make more goroutines all the time.
 */
#include "check.h"

enum { FIRST = 2000 };

static int begun, live;

static void begins(void *arg)
{
    (void)arg;
    ATOMIC_ADD(&begun, 1);
}

static void doubles(void *arg)
{
    for (int i = 0; i < 2 && ATOMIC_GET(&begun) < FIRST; i++) {
        ATOMIC_ADD(&live, 1);
        spawn(doubles, arg);
    }
    ATOMIC_ADD(&live, -1);
}

static void body(void *arg)
{
    for (int i = 0; i < FIRST; i++) {
        spawn(begins, NULL);
    }
    ATOMIC_ADD(&live, 1);
    spawn(doubles, arg);
    WAIT_UNTIL(ATOMIC_GET(&begun) == FIRST && ATOMIC_GET(&live) == 0);
}

int main(void)
{
    CHECK_STATUS(gort_run(body, NULL), GORT_OK);
    return EXIT_SUCCESS;
}
