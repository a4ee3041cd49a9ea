/*
 * shutdown: it ends every thread of the runtime and can be followed by a new start, any
 * number of times; at the timeout the runtime goes on; meanwhile nothing new is started;
 * pending timers are dropped; handles of before can be released.
 */
#include "check.h"

static gort_chan *gate;
static int passed, fired;

static void passes_gate(void *arg)
{
    (void)arg;
    CHECK_EQ(gort_chan_recv(gate, NULL), GORT_CLOSED);
    ATOMIC_ADD(&passed, 1);
}

static void fires(void *arg)
{
    (void)arg;
    ATOMIC_ADD(&fired, 1);
}

static void nothing(void *arg)
{
    (void)arg;
}

static void cycle(int number)
{
    gate = new_chan(0, 0);
    gort_chan *buffered = new_chan(sizeof(int), 8);
    CHECK_STATUS(gort_chan_send(buffered, &number), GORT_OK);
    gort_timer *far = gort_timer_new(GORT_HOUR);
    gort_timer *function = gort_after_func(GORT_HOUR, fires, NULL);
    gort_ticker *ticker = gort_ticker_new(GORT_MILLISECOND);
    gort_chan *after = gort_after(GORT_HOUR);
    CHECK(far != NULL && function != NULL && ticker != NULL && after != NULL);

    ATOMIC_SET(&passed, 0);
    for (int i = 0; i < 50; i++) {
        spawn(passes_gate, NULL);
    }
    run_main(nothing, NULL);
    CHECK_STATUS(gort_chan_close(gate), GORT_OK);
    CHECK_STATUS(gort_shutdown(number % 2 == 0 ? -1 : 30 * GORT_SECOND), GORT_OK);
    CHECK_EQ(ATOMIC_GET(&passed), 50); /* it waited for them all */
    CHECK_EQ(check_thread_count(), 1);

    gort_chan_release(gate);
    gort_chan_release(buffered);
    gort_timer_release(far);
    gort_timer_release(function);
    gort_ticker_release(ticker);
    gort_chan_release(after);
}

static void *shuts_down_without_end(void *arg)
{
    *(gort_status *)arg = gort_shutdown(-1);
    return NULL;
}

static int refused_drops;

static void refused_drop(void *arg)
{
    (void)arg;
    ATOMIC_ADD(&refused_drops, 1);
}

static void refuses_meanwhile(void)
{
    gate = new_chan(0, 0);
    ATOMIC_SET(&passed, 0);
    spawn(passes_gate, NULL);
    gort_status result = GORT_INVALID;
    pthread_t thread = plain_thread(shuts_down_without_end, &result);
    gort_status status = GORT_OK;
    while (status == GORT_OK) { /* until the shutdown has begun */
        status = gort_go(nothing, NULL);
        sched_yield();
    }
    CHECK_EQ(status, GORT_SHUTDOWN);
    CHECK(gort_last_error()[0] != '\0');
    int value = 0;
    gort_waitgroup group = {{0}};
    gort_go_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.drop = refused_drop;
    CHECK_REFUSED(gort_go_copy(nothing, &value, sizeof value), GORT_SHUTDOWN);
    CHECK_REFUSED(gort_go_with(NULL, nothing, NULL), GORT_SHUTDOWN);
    CHECK_REFUSED(gort_go_with(&options, nothing, NULL), GORT_SHUTDOWN);
    CHECK_EQ(ATOMIC_GET(&refused_drops), 1);
    CHECK_REFUSED(gort_run(nothing, NULL), GORT_SHUTDOWN);
    CHECK_REFUSED(gort_waitgroup_go(&group, nothing, NULL), GORT_SHUTDOWN);
    gort_waitgroup_wait(&group); /* the refused one is not counted */
    CHECK_STATUS(gort_chan_close(gate), GORT_OK); /* what needs no goroutine still works */
    join_thread(thread);
    CHECK_EQ(result, GORT_OK);
    CHECK_EQ(ATOMIC_GET(&passed), 1);
    WAIT_UNTIL(check_thread_count() == 1); /* the joined one of this test is seen a moment longer */
    gort_chan_release(gate);
}

static void gives_up(void)
{
    gate = new_chan(0, 0);
    ATOMIC_SET(&passed, 0);
    spawn(passes_gate, NULL);
    CHECK_STATUS(gort_shutdown(5 * GORT_MILLISECOND), GORT_DEADLINE_EXCEEDED);
    CHECK_STATUS(gort_shutdown(0), GORT_DEADLINE_EXCEEDED);
    spawn(passes_gate, NULL); /* the runtime runs on */
    CHECK_EQ(gort_num_goroutine(), 2);
    gort_sleep(GORT_MILLISECOND);
    CHECK_STATUS(gort_chan_close(gate), GORT_OK);
    WAIT_UNTIL(ATOMIC_GET(&passed) == 2);
    gort_chan_release(gate);
}

static void shuts_down_from_within(void *arg)
{
    (void)arg;
    CHECK_REFUSED(gort_shutdown(-1), GORT_MISUSE);
    CHECK_REFUSED(gort_shutdown(0), GORT_MISUSE);
    spawn(nothing, NULL);
}

int main(void)
{
    CHECK_STATUS(gort_shutdown(-1), GORT_OK); /* before there was anything */
    for (int i = 0; i < 30; i++) {
        cycle(i);
    }
    CHECK_STATUS(gort_shutdown(0), GORT_OK); /* once more, with nothing running */
    CHECK_STATUS(gort_shutdown(GORT_SECOND), GORT_OK);
    refuses_meanwhile();
    gives_up();
    run_in_goroutine(shuts_down_from_within, NULL);
    run_main(shuts_down_from_within, NULL);

    /* A timer that would be due soon is dropped with the rest. */
    gort_timer *soon = gort_after_func(20 * GORT_MILLISECOND, fires, NULL);
    CHECK_STATUS(gort_shutdown(-1), GORT_OK);
    CHECK_EQ(check_thread_count(), 1);
    gort_timer_release(soon);
    usleep(40000);
    run_main(nothing, NULL);
    gort_sleep(5 * GORT_MILLISECOND);
    int late = ATOMIC_GET(&fired); /* 1 only if it fired before the shutdown had begun */
    CHECK(late <= 1);
    CHECK_STATUS(gort_shutdown(-1), GORT_OK);
    CHECK_EQ(ATOMIC_GET(&fired), late);
    return EXIT_SUCCESS;
}
