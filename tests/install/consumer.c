/*
 * consumer: the least program that uses an installed gort: header and library of one
 * version, a goroutine, a channel, an orderly end. Valid as C99 and as C++11.
 */
#include <gort.h>

#include <stdio.h>
#include <string.h>

static void send_answer(void *arg)
{
    gort_chan *answers = (gort_chan *)arg;
    int answer = 42;
    gort_chan_send(answers, &answer);
    gort_chan_release(answers);
}

int main(void)
{
    char header[32];
    snprintf(header, sizeof header, "%d.%d.%d", GORT_VERSION_MAJOR, GORT_VERSION_MINOR, GORT_VERSION_PATCH);
    if (strcmp(header, gort_version()) != 0) {
        fprintf(stderr, "the header is %s, the library %s\n", header, gort_version());
        return 1;
    }

    gort_chan *answers = gort_chan_new(sizeof(int), 0);
    int answer = 0;
    if (gort_go(send_answer, gort_chan_retain(answers)) != GORT_OK || gort_chan_recv(answers, &answer) != GORT_OK) {
        fprintf(stderr, "%s\n", gort_last_error());
        return 1;
    }
    gort_chan_release(answers);
    if (gort_shutdown(-1) != GORT_OK) {
        fprintf(stderr, "%s\n", gort_last_error());
        return 1;
    }
    printf("%d\n", answer);
    return 0;
}
