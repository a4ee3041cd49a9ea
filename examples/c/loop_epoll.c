/*
 * loop_epoll [LIMIT] [GOROUTINES]: an event loop of one's own, on epoll, receives from many
 * channels through one descriptor, and serves its own events (a timer here) beside it.
 * The loop's thread never blocks in a channel.
 */
#define _GNU_SOURCE
#include "prime_feed.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

static void must_be_zero(int result, const char *what)
{
    if (result != 0) {
        perror(what);
        exit(EXIT_FAILURE);
    }
}

static void watch(int loop, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    must_be_zero(epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

int main(int argc, char **argv)
{
    long limit = 200000, goroutines = 20;
    if (!parse_optional(argc, argv, 1, 0, 100000000, &limit) || !parse_optional(argc, argv, 2, 1, 10000, &goroutines) ||
        argc > 3) {
        return usage("loop_epoll", "[LIMIT] [GOROUTINES]");
    }
    int loop = epoll_create1(EPOLL_CLOEXEC), timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    struct itimerspec period = {{0, 1000000}, {0, 1}};
    must_be_zero(timerfd_settime(timer, 0, &period, NULL), "timerfd_settime");

    struct feeds feeds = {0};
    struct feed *feed = must_alloc((size_t)goroutines, sizeof *feed);
    start_feeds(&feeds, feed, (size_t)goroutines, limit);
    int completions = gort_completion_queue_fd(feeds.queue);
    watch(loop, completions);
    watch(loop, timer);

    bool ticked = false;
    while (feeds.open > 0 || !ticked) {
        struct epoll_event events[2];
        int count = epoll_wait(loop, events, 2, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == completions) {
                drain_feeds(&feeds);
            } else {
                uint64_t times;
                ticked = read(timer, &times, sizeof times) == sizeof times;
            }
        }
    }
    close(timer);
    close(loop);
    free(feed);
    return end_feeds(&feeds, "the loop's own timer ran meanwhile", ticked);
}
