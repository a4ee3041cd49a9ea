/*
 * loop_uv [LIMIT] [GOROUTINES]: libuv waits for many channels. The completion queue's
 * descriptor is a uv_poll_t like a socket; a uv_timer_t runs beside it. Needs libuv.
 */
#define _GNU_SOURCE /* uv.h wants more than C11 */
#include "prime_feed.h"

#include <uv.h>

struct loop {
    struct feeds feeds;
    uv_poll_t completions;
    uv_timer_t timer;
    bool ticked;
};

static void close_when_done(struct loop *loop)
{
    uv_handle_t *poll = (uv_handle_t *)&loop->completions;
    if (loop->feeds.open == 0 && loop->ticked && !uv_is_closing(poll)) {
        uv_close(poll, NULL); /* with the last handle uv_run ends */
        uv_close((uv_handle_t *)&loop->timer, NULL);
    }
}

static void on_completions(uv_poll_t *poll, int status, int events)
{
    (void)events;
    if (status == 0) {
        struct loop *loop = (struct loop *)poll->data;
        drain_feeds(&loop->feeds);
        close_when_done(loop);
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct loop *loop = (struct loop *)timer->data;
    loop->ticked = true;
    close_when_done(loop);
}

int main(int argc, char **argv)
{
    long limit = 200000, goroutines = 20;
    if (!parse_optional(argc, argv, 1, 0, 100000000, &limit) || !parse_optional(argc, argv, 2, 1, 10000, &goroutines) ||
        argc > 3) {
        return usage("loop_uv", "[LIMIT] [GOROUTINES]");
    }
    static struct loop loop;
    struct feed *feed = must_alloc((size_t)goroutines, sizeof *feed);
    start_feeds(&loop.feeds, feed, (size_t)goroutines, limit);

    uv_loop_t *uv = uv_default_loop();
    loop.completions.data = loop.timer.data = &loop;
    int failed = uv_poll_init(uv, &loop.completions, gort_completion_queue_fd(loop.feeds.queue));
    failed |= uv_poll_start(&loop.completions, UV_READABLE, on_completions);
    failed |= uv_timer_init(uv, &loop.timer);
    failed |= uv_timer_start(&loop.timer, on_tick, 1, 1);
    failed |= uv_run(uv, UV_RUN_DEFAULT);
    failed |= uv_loop_close(uv);
    free(feed);
    return end_feeds(&loop.feeds, "the loop's own timer ran meanwhile", loop.ticked && failed == 0);
}
