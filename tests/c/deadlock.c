/*
 * deadlock: declared when every goroutine is asleep for good, with the message, a dump
 * and exit status 2; not while a timer, or a plain thread that has used the library, could
 * still wake one; declared again once that thread is over or is itself asleep inside.
 */
#include "check.h"
#include "child.h"

static const char MESSAGE[] = "fatal error: all goroutines are asleep - deadlock!";

static gort_mutex mutex;
static gort_waitgroup group;
static gort_chan *chan;

static void receives(void *arg)
{
    gort_chan_recv(arg, NULL);
}

static void sends_to_full(void *arg)
{
    (void)arg;
    gort_chan *full = new_chan(1, 1);
    CHECK_STATUS(gort_chan_send(full, "x"), GORT_OK);
    gort_chan_send(full, "y");
}

static void receives_on_new(void *arg)
{
    (void)arg;
    gort_chan_recv(new_chan(4, 0), NULL);
}

static void receives_on_null(void *arg)
{
    (void)arg;
    gort_chan_recv(NULL, NULL);
}

static void sends_on_null(void *arg)
{
    (void)arg;
    gort_chan_send(NULL, NULL);
}

static void locks_twice(void *arg)
{
    (void)arg;
    gort_mutex_lock(&mutex);
    gort_mutex_lock(&mutex);
}

static void waits_for_group(void *arg)
{
    (void)arg;
    CHECK_STATUS(gort_waitgroup_add(&group, 1), GORT_OK);
    gort_waitgroup_wait(&group);
}

static void selects_nothing(void *arg)
{
    (void)arg;
    gort_select(NULL, 0);
}

static void selects_null_channels(void *arg)
{
    (void)arg;
    gort_case cases[] = {GORT_RECV_CASE(NULL, NULL), GORT_SEND_CASE(NULL, NULL)};
    gort_select(cases, 2);
}

static void many_asleep(void *arg)
{
    (void)arg;
    chan = new_chan(4, 0);
    for (int i = 0; i < 100; i++) {
        spawn(receives, chan);
    }
    gort_waitgroup_add(&group, 1);
    gort_waitgroup_wait(&group);
}

static void after_a_timer(void *arg)
{
    gort_sleep(30 * GORT_MILLISECOND); /* no deadlock yet */
    gort_chan *after = gort_after(30 * GORT_MILLISECOND);
    CHECK_STATUS(gort_chan_recv(after, NULL), GORT_OK);
    ssize_t written = write(STDERR_FILENO, "[slept well]", 12);
    (void)written;
    gort_timer_stop(gort_timer_new(GORT_HOUR)); /* a stopped timer wakes nobody */
    receives_on_new(arg);
}

static void *receives_on_thread(void *arg)
{
    gort_chan_recv(arg, NULL);
    return NULL;
}

static void *touches_and_ends(void *arg)
{
    (void)arg;
    gort_yield();
    CHECK(gort_now() != 0);
    gort_chan_release(new_chan(1, 1));
    return NULL;
}

static void with_thread_over(void *arg)
{
    join_thread(plain_thread(touches_and_ends, NULL));
    receives_on_new(arg);
}

static void with_thread_asleep_inside(void *arg)
{
    chan = new_chan(4, 0);
    plain_thread(receives_on_thread, chan);
    (void)arg;
    gort_chan_recv(chan, NULL);
}

/* First calls that leave a thread known to the library: it may still wake somebody. */
static gort_mutex held;
static gort_chan *ready;

static void calls_now(void)
{
    CHECK(gort_now() != 0);
}

static void calls_len(void)
{
    CHECK_EQ(gort_chan_len(ready), 1);
}

static void calls_try_recv(void)
{
    CHECK_STATUS(gort_chan_try_recv(ready, NULL), GORT_OK);
}

static void calls_lock(void)
{
    gort_mutex_lock(&held);
}

static void calls_go(void)
{
    spawn(receives, chan); /* takes the first value, so a second one is sent */
}

static struct first_call {
    void (*call)(void);
    int made;
} first_call;

static void *sends_late(void *arg)
{
    struct first_call *first = arg;
    first->call();
    ATOMIC_SET(&first->made, 1);
    usleep(60000);
    int value = 42;
    for (int i = 0; i < (first->call == calls_go ? 2 : 1); i++) {
        CHECK_STATUS(gort_chan_send(chan, &value), GORT_OK);
    }
    usleep(20000);
    return NULL;
}

/* The thread runs free for a while, sends, ends: only then it is a deadlock. */
static void with_free_thread(void *arg)
{
    int value = 0;
    chan = new_chan(sizeof value, 0);
    ready = new_chan(1, 1);
    CHECK_STATUS(gort_chan_send(ready, "x"), GORT_OK);
    bare_thread(sends_late, &first_call);
    while (!ATOMIC_GET(&first_call.made)) {
        gort_sleep(GORT_MILLISECOND);
    }
    CHECK_STATUS(gort_chan_recv(chan, &value), GORT_OK);
    CHECK_EQ(value, 42);
    ssize_t written = write(STDERR_FILENO, "[received]", 10);
    (void)written;
    receives_on_new(arg);
}

static void with_now(void *arg)
{
    first_call.call = calls_now;
    with_free_thread(arg);
}

static void with_len(void *arg)
{
    first_call.call = calls_len;
    with_free_thread(arg);
}

static void with_try_recv(void *arg)
{
    first_call.call = calls_try_recv;
    with_free_thread(arg);
}

static void with_lock(void *arg)
{
    first_call.call = calls_lock;
    with_free_thread(arg);
}

static void with_go(void *arg)
{
    first_call.call = calls_go;
    with_free_thread(arg);
}

static const struct deadlock {
    const char *name;
    gort_func body;
    const char *before;
} DEADLOCKS[] = {
    {"receive", receives_on_new, NULL},
    {"send", sends_to_full, NULL},
    {"null-receive", receives_on_null, NULL},
    {"null-send", sends_on_null, NULL},
    {"mutex", locks_twice, NULL},
    {"waitgroup", waits_for_group, NULL},
    {"select-nothing", selects_nothing, NULL},
    {"select-null", selects_null_channels, NULL},
    {"many", many_asleep, NULL},
    {"timer", after_a_timer, "[slept well]"},
    {"thread-over", with_thread_over, NULL},
    {"thread-asleep", with_thread_asleep_inside, NULL},
    {"thread-now", with_now, "[received]"},
    {"thread-len", with_len, "[received]"},
    {"thread-try", with_try_recv, "[received]"},
    {"thread-lock", with_lock, "[received]"},
    {"thread-go", with_go, "[received]"},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < COUNT_OF(DEADLOCKS); i++) {
        const struct deadlock *deadlock = &DEADLOCKS[i];
        if (argc > 1 && strcmp(argv[1], deadlock->name) == 0) {
            gort_status status = gort_run(deadlock->body, NULL);
            check_fail(__FILE__, __LINE__, "%s: gort_run returned %s", argv[1], gort_status_name(status));
        }
    }
    CHECK_EQ(argc, 1);
    for (size_t i = 0; i < COUNT_OF(DEADLOCKS); i++) {
        struct outcome outcome = expect_exit(DEADLOCKS[i].name, 2, MESSAGE);
        const char *dump = strstr(outcome.text, MESSAGE);
        CHECK(dump != NULL && strstr(dump, "goroutine ") != NULL); /* the dump follows */
        if (DEADLOCKS[i].before != NULL) {
            const char *sign = strstr(outcome.text, DEADLOCKS[i].before);
            if (sign == NULL || sign > dump) {
                check_fail(__FILE__, __LINE__, "scenario %s: no %s before the dump", DEADLOCKS[i].name,
                           DEADLOCKS[i].before);
            }
        }
    }
    return EXIT_SUCCESS;
}
