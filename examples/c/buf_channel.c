/*
 * buf_channel: a channel with room for five, ten sends with a default branch, of
 * which the last five find no space, and receives until nothing is left.
 *
 *   buf_channel
 */
#include "example.h"

enum { CAPACITY = 5, SENDS = 10 };

static void main_goroutine(void *arg)
{
    (void)arg;
    gort_chan *numbers = must_chan(sizeof(int), CAPACITY);

    for (int i = 0; i < SENDS; i++) {
        int value = i * i;
        gort_case cases[] = {GORT_SEND_CASE(numbers, &value)};
        if (gort_select_default(cases, 1) == GORT_NONE) {
            printf("No space for %d\n", i);
        } else {
            printf("About to process %d\n", i);
        }
    }
    printf("%zu of %zu places taken\n", gort_chan_len(numbers), gort_chan_cap(numbers));

    /* With a single case, try_recv says the same in one line. */
    int value;
    while (gort_chan_try_recv(numbers, &value) == GORT_OK) {
        printf("*%d\n", value);
    }
    printf("Nothing left to read\n");
    gort_chan_release(numbers);
}

int main(int argc, char **argv)
{
    if (argc != 1) {
        return usage(argv[0], "");
    }
    return run_main(main_goroutine, NULL);
}
