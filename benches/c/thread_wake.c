/*
 * thread_wake [TIMES]: a goroutine waits for a channel, a plain thread sends: the time
 * from just before the send until the goroutine has the value.
 */
#define _POSIX_C_SOURCE 200809L

#include "bench.h"

#include <time.h>

enum { PAUSE = 200000 }; /* ns: long enough for the goroutine to park and its thread to go idle */

static gort_chan *stamps;
static int64_t times, received;
static int64_t *delays;

static void receive(void *arg)
{
    (void)arg;
    for (int64_t sent; gort_chan_recv(stamps, &sent) == GORT_OK;) {
        delays[received++] = gort_now() - sent;
    }
}

int main(int argc, char **argv)
{
    bench_init(argc, argv);
    times = bench_arg(1, 2000);
    delays = bench_alloc((size_t)times, sizeof *delays);
    stamps = bench_chan(sizeof(int64_t), 1);
    gort_waitgroup receiver = {{0}};
    bench_must(gort_waitgroup_go(&receiver, receive, NULL), "gort_waitgroup_go");

    for (int64_t i = 0; i < times; i++) {
        nanosleep(&(struct timespec){.tv_nsec = PAUSE}, NULL);
        int64_t now = gort_now();
        gort_chan_send(stamps, &now);
    }
    gort_chan_close(stamps);
    gort_waitgroup_wait(&receiver);
    bench_check(received == times, "%" PRId64 " values came", received);
    bench_result("thread_wake", bench_quantile(delays, times, 0.5) / 1e3, "us");
    bench_result("thread_wake_p99", bench_quantile(delays, times, 0.99) / 1e3, "us");
    gort_chan_release(stamps);
    free(delays);
    return EXIT_SUCCESS;
}
