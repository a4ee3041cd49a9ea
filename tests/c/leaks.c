/*
 * leaks: gort_leaks counts and shows the goroutines that wait for channels nobody may use any more, and
 * those that wait for nothing at all; it counts none that may still wake.
 */
/* needs: context */
#include "check.h"
#include "texts.h"

#include <malloc.h>

struct waiter {
    const char *name;
    gort_chan *first, *second;
    int woken;
};

static void start(struct waiter *waiter, gort_func body)
{
    spawn_named(waiter->name, body, waiter);
    char needle[64];
    snprintf(needle, sizeof needle, "\"%s\" [", waiter->name);
    for (;;) { /* until it is parked */
        const char *at = strstr(dump_text(), needle);
        CHECK(at != NULL || ATOMIC_GET(&waiter->woken));
        if (at == NULL || (strncmp(at + strlen(needle), "run", 3) != 0)) {
            return;
        }
        gort_sleep(GORT_MILLISECOND);
    }
}

static void receives(void *arg)
{
    struct waiter *waiter = arg;
    (void)gort_chan_recv(waiter->first, NULL);
    ATOMIC_SET(&waiter->woken, 1);
}

static void sends(void *arg)
{
    struct waiter *waiter = arg;
    (void)gort_chan_send(waiter->first, NULL);
    ATOMIC_SET(&waiter->woken, 1);
}

static void selects(void *arg)
{
    struct waiter *waiter = arg;
    gort_case cases[] = {
        GORT_RECV_CASE(waiter->first, NULL),
        GORT_RECV_CASE(waiter->second, NULL),
        GORT_SEND_CASE(waiter->first, NULL),
    };
    (void)gort_select(cases, 3);
    ATOMIC_SET(&waiter->woken, 1);
}

static void receives_in_time(void *arg)
{
    struct waiter *waiter = arg;
    CHECK_STATUS(gort_chan_recv_timeout(waiter->first, NULL, 300 * GORT_MILLISECOND), GORT_DEADLINE_EXCEEDED);
    ATOMIC_SET(&waiter->woken, 1);
}

static void selects_of_two(void *arg)
{
    struct waiter *waiter = arg;
    gort_case cases[] = {GORT_RECV_CASE(waiter->first, NULL), GORT_RECV_CASE(waiter->second, NULL)};
    (void)gort_select(cases, 2);
    ATOMIC_SET(&waiter->woken, 1);
}

static void never_called(void *user, int index, gort_status status)
{
    (void)user, (void)index, (void)status;
    CHECK(false);
}

static void selects_nothing(void *arg)
{
    (void)arg;
    (void)gort_select(NULL, 0);
}

static void *receives_on_thread(void *arg)
{
    receives(arg);
    return NULL;
}

/* What is left behind here can never be cleaned up: that is the point. */
static void are_found(void *arg)
{
    (void)arg;
    ssize_t before = gort_leaks(-1), now;
    CHECK(before >= 0);
    struct waiter *receiver = check_alloc(sizeof *receiver), *sender = check_alloc(sizeof *sender);
    struct waiter *selector = check_alloc(sizeof *selector), *nil = check_alloc(sizeof *nil);
    receiver->name = "lost-receiver";
    receiver->first = new_chan(8, 2);
    start(receiver, receives);
    sender->name = "lost-sender";
    sender->first = new_chan(0, 0);
    start(sender, sends);
    selector->name = "lost-selector";
    selector->first = new_chan(0, 0);
    selector->second = gort_chan_retain(receiver->first);
    start(selector, selects);
    CHECK_EQ(gort_leaks(-1), before);

    gort_chan_release(receiver->first); /* the selector's is still there */
    gort_chan_release(selector->first);
    CHECK_EQ(gort_leaks(-1), before);
    gort_chan_release(sender->first);
    CHECK_EQ(gort_leaks(-1), before + 1);
    gort_chan_release(selector->second);
    CHECK_EQ(gort_leaks(-1), before + 3);

    nil->name = "lost-on-nil";
    start(nil, receives);
    nil->name = "lost-without-cases";
    start(nil, selects_nothing);
    char *text = leaks_text(&now);
    CHECK_EQ(now, before + 5);
    CHECK(strstr(text, "\"lost-receiver\" [chan receive (leaked)") != NULL);
    CHECK(strstr(text, "\"lost-sender\" [chan send (leaked)") != NULL);
    CHECK(strstr(text, "\"lost-selector\" [select (leaked)") != NULL);
    CHECK(strstr(text, "\"lost-on-nil\" [chan receive (nil chan)") != NULL);
    CHECK(strstr(text, "\"lost-without-cases\" [select (no cases)") != NULL);
    CHECK(strstr(dump_text(), "\"lost-sender\" [chan send (leaked)") != NULL);
    CHECK(!receiver->woken && !sender->woken && !selector->woken && !nil->woken);
}

static void others_are_not(void *arg)
{
    (void)arg;
    ssize_t before = gort_leaks(-1);
    struct waiter timed = {"timed", new_chan(0, 0), NULL, 0};
    start(&timed, receives_in_time);
    gort_chan_release(timed.first); /* nobody will send, but it wakes */
    struct waiter after = {"after", gort_after(200 * GORT_MILLISECOND), NULL, 0};
    CHECK(after.first != NULL);
    start(&after, receives);
    gort_chan_release(after.first); /* the timer still fires */
    struct waiter served = {"served", new_chan(0, 0), new_chan(0, 0), 0};
    start(&served, selects);
    gort_chan_release(served.second); /* it waits for the other, too */
    struct waiter halved = {"halved", new_chan(0, 0), new_chan(0, 0), 0};
    start(&halved, selects_of_two);
    gort_async *operation = gort_chan_recv_async(halved.second, NULL, never_called, NULL);
    CHECK(operation != NULL);
    gort_chan_release(halved.second);
    CHECK(gort_async_cancel(operation));
    gort_async_release(operation); /* this channel is lost once, and the other is not */
    struct waiter shared = {"shared", new_chan(0, 0), NULL, 0};
    start(&shared, receives);
    gort_chan_release(gort_chan_retain(shared.first));
    CHECK_EQ(gort_leaks(-1), before);

    CHECK_STATUS(gort_chan_send(served.first, NULL), GORT_OK);
    CHECK_STATUS(gort_chan_close(shared.first), GORT_OK);
    CHECK_STATUS(gort_chan_close(halved.first), GORT_OK);
    WAIT_UNTIL(ATOMIC_GET(&timed.woken) && ATOMIC_GET(&after.woken));
    WAIT_UNTIL(ATOMIC_GET(&served.woken) && ATOMIC_GET(&shared.woken) && ATOMIC_GET(&halved.woken));
    gort_chan_release(halved.first);
    gort_chan_release(served.first);
    gort_chan_release(shared.first);
    CHECK_EQ(gort_leaks(-1), before);
}

/* A plain thread is no goroutine: it is not counted, and what it waits for is freed with it. */
static void threads_do_not_count(void *arg)
{
    (void)arg;
    ssize_t before = gort_leaks(-1);
    struct waiter waiter = {"", gort_after(50 * GORT_MILLISECOND), NULL, 0};
    pthread_t thread = plain_thread(receives_on_thread, &waiter);
    join_thread(thread);
    gort_chan_release(waiter.first);
    CHECK_EQ(gort_leaks(-1), before);
}

/* Whose only reference is that of the blocked call: freed when the timer has ended it. */
static void after_is_freed(void *arg)
{
    (void)arg;
    enum { TIMES = 500, ROUNDS = 12, WARM = 4, LESS_THAN_A_CHANNEL = 100 };
    struct waiter *waiters = check_alloc(TIMES * sizeof *waiters);
    size_t used = 0;
    gort_duration timer = 300 * GORT_MILLISECOND;
    for (int round = 0; round < ROUNDS; round++) {
        if (round == WARM) { /* what each P keeps may still grow, but by less than the channels would take */
            used = mallinfo2().uordblks;
        }
        memset(waiters, 0, TIMES * sizeof *waiters);
        for (int i = 0; i < TIMES; i++) {
            waiters[i].first = gort_after(timer);
            CHECK(waiters[i].first != NULL);
            spawn(receives, &waiters[i]);
        }
        WAIT_UNTIL(count_of(dump_text(), "[chan receive]") >= TIMES || ATOMIC_GET(&waiters[0].woken));
        bool slow = ATOMIC_GET(&waiters[0].woken); /* some may not have begun: nothing is learned from this round */
        for (int i = 0; i < TIMES && slow; i++) {
            WAIT_UNTIL(ATOMIC_GET(&waiters[i].woken));
        }
        for (int i = 0; i < TIMES; i++) {
            gort_chan_release(waiters[i].first);
        }
        for (int i = 0; i < TIMES; i++) {
            WAIT_UNTIL(ATOMIC_GET(&waiters[i].woken));
        }
        round -= slow;
        timer *= slow ? 2 : 1;
    }
    CHECK(mallinfo2().uordblks < used + (ROUNDS - WARM) * TIMES * LESS_THAN_A_CHANNEL);
    free(waiters);
}

static void bad_descriptor(void *arg)
{
    (void)arg;
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    close(ends[0]);
    close(ends[1]);
    CHECK_EQ(gort_leaks(ends[1]), -1);
    CHECK_EQ(gort_errno(), EBADF);
    CHECK(gort_last_error()[0] != '\0');
}

int main(void)
{
    run_every_way(others_are_not, NULL);
    run_every_way(threads_do_not_count, NULL);
    run_in_goroutine(after_is_freed, NULL);
    run_every_way(bad_descriptor, NULL);
    run_in_goroutine(are_found, NULL);
    return EXIT_SUCCESS;
}
