/*
 * chan_drop: what nobody has received is given to the channel's drop when the channel is freed, each element
 * once; what was received is not.
 */
#include "check.h"

enum { CAPACITY = 4 };

static int dropped;

static void notes(void *elem)
{
    ATOMIC_ADD(&dropped, *(int *)elem);
}

static void leaves_some(void *arg)
{
    (void)arg;
    gort_chan *c = gort_chan_new_with_drop(sizeof(int), CAPACITY, notes);
    CHECK(c != NULL);
    for (int i = 1; i <= CAPACITY; i++) {
        CHECK_STATUS(gort_chan_send(c, &i), GORT_OK);
    }
    int value = 0;
    CHECK_STATUS(gort_chan_recv(c, &value), GORT_OK);
    value = 100; /* round the end of the ring */
    CHECK_STATUS(gort_chan_send(c, &value), GORT_OK);
    CHECK_STATUS(gort_chan_try_send(c, &value), GORT_WOULD_BLOCK);
    CHECK_STATUS(gort_chan_close(c), GORT_OK);
    gort_chan_release(gort_chan_retain(c));
    CHECK_EQ(ATOMIC_GET(&dropped), 0);
    gort_chan_release(c);
    CHECK_EQ(ATOMIC_GET(&dropped), 2 + 3 + 4 + 100);
    ATOMIC_SET(&dropped, 0);
}

int main(void)
{
    run_main(leaves_some, NULL);
    leaves_some(NULL);

    gort_chan *none = gort_chan_new_with_drop(sizeof(int), 1, NULL);
    int value = 1;
    CHECK_STATUS(gort_chan_send(none, &value), GORT_OK);
    gort_chan_release(none);
    CHECK(gort_chan_new_with_drop(SIZE_MAX / 2, 4, notes) == NULL);
    return EXIT_SUCCESS;
}
