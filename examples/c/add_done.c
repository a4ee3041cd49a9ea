/*
 * add_done: what happens when the Adds and Dones of a WaitGroup do not match.
 *
 *   add_done equal       as it should be: exits with 0
 *   add_done more-done   the Done too many is refused: GORT_MISUSE, exits with 1
 *   add_done more-add    Wait can never end: the runtime reports the deadlock and
 *                        exits with 2
 */
#include "example.h"

#include <string.h>

enum { GOROUTINES = 5 };

struct counts {
    int adds;
    int dones;
    int refused;
};

static void add_and_done(void *arg)
{
    struct counts *counts = arg;
    gort_waitgroup group = {{0}};

    must(gort_waitgroup_add(&group, counts->adds), "gort_waitgroup_add");
    for (int i = 0; i < counts->dones; i++) {
        gort_status status = gort_waitgroup_done(&group);
        if (status != GORT_OK) {
            fprintf(stderr, "done number %d: %s: %s\n", i + 1, gort_status_name(status), gort_last_error());
            counts->refused++;
        }
    }
    gort_waitgroup_wait(&group);
    printf("waited for %d goroutines\n", counts->adds);
}

int main(int argc, char **argv)
{
    struct counts counts = {GOROUTINES, GOROUTINES, 0};
    if (argc == 2 && strcmp(argv[1], "more-done") == 0) {
        counts.dones++;
    } else if (argc == 2 && strcmp(argv[1], "more-add") == 0) {
        counts.adds++;
    } else if (argc != 2 || strcmp(argv[1], "equal") != 0) {
        return usage(argv[0], "equal|more-done|more-add");
    }

    int result = run_main(add_and_done, &counts);
    return counts.refused > 0 ? EXIT_FAILURE : result;
}
