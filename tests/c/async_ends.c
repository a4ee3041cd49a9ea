/*
 * Pending operations and queues at the end of things: shutdown does not wait for them, a
 * child of fork may release them, and while one of them may act nobody speaks of a deadlock.
 */
/* run: once */
#include "check.h"
#include "child.h"

#include <poll.h>
#include <stdint.h>

static int told;

static void tell(void *user, int index, gort_status status)
{
    (void)user;
    (void)index;
    (void)status;
    ATOMIC_ADD(&told, 1);
}

static void nothing(void *arg)
{
    (void)arg;
}

static void after_shutdown(void)
{
    gort_chan *chan = new_chan(sizeof(int), 0);
    int out = 0;
    gort_async *op = gort_chan_recv_async(chan, &out, tell, NULL);
    gort_completion_queue *queue = gort_completion_queue_new();
    gort_async_release(gort_completion_queue_recv(queue, chan, &out, NULL));
    run_main(nothing, NULL);
    CHECK_STATUS(gort_shutdown(-1), GORT_OK);
    CHECK(gort_async_cancel(op));
    gort_async_release(op);
    gort_completion_queue_release(queue);
    gort_chan_release(chan);
    CHECK_EQ(told, 0);
    run_main(nothing, NULL); /* and the runtime starts again */
}

static void in_child(void)
{
    gort_chan *chan = new_chan(sizeof(int), 0);
    int in = 9, out = 0;
    gort_completion_queue *queue = gort_completion_queue_new();
    gort_async *op = gort_completion_queue_recv(queue, chan, &out, &out);
    gort_async *call = gort_chan_recv_async(NULL, NULL, tell, NULL);
    CHECK_STATUS(gort_chan_try_send(chan, &in), GORT_OK);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        alarm(20);
        gort_completion done;
        CHECK_EQ(gort_completion_queue_drain(queue, &done, 1), 0); /* the completion is the parent's */
        CHECK(gort_completion_queue_recv(queue, chan, &out, NULL) == NULL);
        CHECK_EQ(gort_completion_queue_close(queue), 0);
        gort_async_release(op);
        gort_async_release(call);
        gort_completion_queue_release(queue);
        queue = gort_completion_queue_new(); /* its own works */
        gort_chan *own = new_chan(sizeof(int), 1);
        gort_async_release(gort_completion_queue_send(queue, own, &in, &in));
        CHECK_EQ(gort_completion_queue_drain(queue, &done, 1), 1);
        gort_completion_queue_release(queue);
        gort_chan_release(own);
        gort_chan_release(chan);
        _exit(EXIT_SUCCESS);
    }
    int status = 0;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    struct pollfd readable = {gort_completion_queue_fd(queue), POLLIN, 0};
    CHECK_EQ(poll(&readable, 1, 0), 1);
    gort_completion done;
    CHECK_EQ(gort_completion_queue_drain(queue, &done, 1), 1);
    CHECK(done.user == &out && out == 9);
    gort_async_release(op);
    CHECK(gort_async_cancel(call));
    gort_async_release(call);
    gort_completion_queue_release(queue);
    gort_chan_release(chan);
}

/* A thread that has never called the library cancels, or polls: nobody else can go on. */
static gort_chan *wanted;
static gort_async *held;
static gort_completion_queue *polled;

static void wait_for_outside(void *arg)
{
    ATOMIC_SET((void **)arg, NULL); /* the outside thread may begin */
    CHECK_STATUS(gort_chan_recv(wanted, NULL), GORT_OK);
}

static void *acts_later(void *arg)
{
    while (ATOMIC_GET((void **)arg) != NULL) {
        usleep(1000);
    }
    usleep(50 * 1000); /* time enough to be taken for a deadlock */
    if (held != NULL) {
        CHECK(gort_async_cancel(held));
    } else {
        gort_completion_queue_release(polled);
    }
    CHECK_STATUS(gort_chan_send(wanted, NULL), GORT_OK);
    return NULL;
}

static void outside_may_act(void)
{
    wanted = new_chan(0, 0);
    for (int with_queue = 0; with_queue <= 1; with_queue++) {
        held = with_queue ? NULL : gort_chan_recv_async(NULL, NULL, tell, NULL);
        polled = with_queue ? gort_completion_queue_new() : NULL;
        void *begin = &begin;
        pthread_t thread = bare_thread(acts_later, &begin);
        run_main(wait_for_outside, &begin);
        join_thread(thread);
        gort_async_release(held);
    }
    CHECK_EQ(told, 0);
}

static void blocks(void *arg)
{
    (void)arg;
    gort_chan_recv(NULL, NULL);
}

static void on_deadlock(const char *report, void *user)
{
    CHECK(report != NULL);
    ++*(int *)user;
}

/* Once they are gone, a deadlock is one. */
static void nobody_may_act(void)
{
    int found = 0;
    gort_on_deadlock(on_deadlock, &found);
    gort_async *op = gort_chan_recv_async(NULL, NULL, tell, NULL);
    CHECK(gort_async_cancel(op));
    gort_async_release(op);
    gort_chan *chan = new_chan(0, 1);
    gort_async_release(gort_chan_send_async(chan, NULL, tell, NULL));
    CHECK_EQ(told, 1);
    gort_completion_queue *queue = gort_completion_queue_new();
    gort_async_release(gort_completion_queue_recv(queue, NULL, NULL, NULL));
    gort_completion_queue_release(queue);
    CHECK_STATUS(gort_run(blocks, NULL), GORT_DEADLOCK);
    CHECK_EQ(found, 1);
    gort_chan_release(chan);
}

/* Against the rules, but it breaks nothing: it blocks the thread, not the goroutine. */
static void blocks_a_while(void *user, int index, gort_status status)
{
    gort_sleep(20 * GORT_MILLISECOND);
    gort_yield();
    CHECK_STATUS(gort_chan_recv((gort_chan *)user, NULL), GORT_OK);
    tell(user, index, status);
}

static void completes(void *arg)
{
    gort_chan *chan = new_chan(0, 0);
    gort_async_release(gort_chan_recv_async(chan, NULL, blocks_a_while, arg));
    uint64_t id = gort_goroutine_id();
    CHECK_STATUS(gort_chan_send(chan, NULL), GORT_OK);
    CHECK_EQ(told, 1);
    CHECK_EQ(gort_goroutine_id(), id);
    gort_chan_release(chan);
}

static void callback_blocks(void)
{
    gort_chan *full = new_chan(0, 1);
    CHECK_STATUS(gort_chan_send(full, NULL), GORT_OK);
    run_main(completes, full);
    gort_chan_release(full);
}

static const struct scenario scenarios[] = {
    {"after_shutdown", after_shutdown},
    {"in_child", in_child},
    {"outside_may_act", outside_may_act},
    {"nobody_may_act", nobody_may_act},
    {"callback_blocks", callback_blocks},
};

int main(int argc, char **argv)
{
    if (argc > 1) {
        return run_scenario(scenarios, COUNT_OF(scenarios), argv[1]);
    }
    run_all_scenarios(scenarios, COUNT_OF(scenarios));
    return EXIT_SUCCESS;
}
