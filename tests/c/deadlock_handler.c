/*
 * deadlock_handler: a handler gets the report and its user pointer, and when it returns,
 * gort_run returns GORT_DEADLOCK; the runtime goes on and can be in a deadlock again.
 */
#include "check.h"
#include "child.h"

static int calls;
static gort_chan *stuck;

static void on_deadlock(const char *report, void *user)
{
    CHECK(user == &calls);
    CHECK(report != NULL && strstr(report, "asleep") != NULL);
    CHECK(strstr(report, "goroutine ") != NULL);
    ATOMIC_ADD(&calls, 1);
}

static void receives(void *arg)
{
    CHECK_EQ(gort_chan_recv(arg, NULL), GORT_CLOSED);
}

static void nothing(void *arg)
{
    (void)arg;
}

static void selects_nothing(void *arg)
{
    (void)arg;
    gort_select(NULL, 0);
    check_fail(__FILE__, __LINE__, "a select without cases returned");
}

static int begun;

static void begins_and_receives(void *arg)
{
    ATOMIC_SET(&begun, 1);
    receives(arg);
}

static void *runs_too(void *arg)
{
    *(gort_status *)arg = gort_run(begins_and_receives, stuck);
    return NULL;
}

static void *unstick(void *arg)
{
    (void)arg;
    CHECK_STATUS(gort_chan_close(stuck), GORT_OK);
    return NULL;
}

int main(int argc, char **argv)
{
    (void)argv;
    gort_on_deadlock(on_deadlock, &calls);
    if (argc > 1) { /* the default again: exit status 2 */
        gort_on_deadlock(NULL, NULL);
        gort_run(selects_nothing, NULL);
        return EXIT_SUCCESS;
    }
    expect_exit("default", 2, "all goroutines are asleep - deadlock!");

    /* No gort_run, no deadlock: goroutines may sleep as long as they like. */
    stuck = new_chan(0, 0);
    spawn(receives, stuck);
    gort_sleep(20 * GORT_MILLISECOND);
    CHECK_EQ(ATOMIC_GET(&calls), 0);

    for (int i = 1; i <= 5; i++) {
        CHECK_REFUSED(gort_run(receives, stuck), GORT_DEADLOCK);
        CHECK_EQ(ATOMIC_GET(&calls), i);
        run_main(nothing, NULL); /* the runtime goes on */
    }
    /* The main goroutines that were given up are still there, and can be woken. */
    CHECK_EQ(gort_num_goroutine(), 6);
    join_thread(plain_thread(unstick, NULL));
    WAIT_UNTIL(gort_num_goroutine() == 0);
    gort_chan_release(stuck);

    CHECK_REFUSED(gort_run(selects_nothing, NULL), GORT_DEADLOCK);
    CHECK_EQ(ATOMIC_GET(&calls), 6);

    /* Two runs at once: a deadlock is the end of both. While this thread is free, there is none. */
    stuck = new_chan(0, 0);
    gort_status first = GORT_OK, second = GORT_OK;
    pthread_t thread = plain_thread(runs_too, &first);
    WAIT_UNTIL(ATOMIC_GET(&begun) == 1);
    second = gort_run(receives, stuck);
    CHECK_EQ(second, GORT_DEADLOCK);
    CHECK(gort_last_error()[0] != '\0');
    join_thread(thread);
    CHECK_EQ(first, GORT_DEADLOCK);
    CHECK(ATOMIC_GET(&calls) > 6);
    return EXIT_SUCCESS;
}
