/*
 * fork: the child starts with an empty runtime in which everything new works, and in
 * which handles of before may be released; the parent goes on undisturbed.
 */
/* sanitize: not thread */
#include "check.h"

#include <signal.h>
#include <sys/wait.h>

enum { FORKS = 15, BACKGROUND = 20 };

static int stop;
static gort_chan *traffic;
static gort_waitgroup background;

static void sends(void *arg)
{
    (void)arg;
    int value = 1;
    while (!ATOMIC_GET(&stop)) {
        CHECK_STATUS(gort_chan_send(traffic, &value), GORT_OK);
        if (value++ % 100 == 0) {
            gort_sleep(10 * GORT_MICROSECOND);
        }
    }
}

static void receives(void *arg)
{
    int value = 0;
    while (gort_chan_recv(traffic, &value) == GORT_OK) {
        ATOMIC_ADD((int *)arg, 1);
    }
}

struct sum {
    gort_chan *chan;
    int total;
};

static void sends_ten(void *arg)
{
    for (int i = 1; i <= 10; i++) {
        CHECK_STATUS(gort_chan_send(arg, &i), GORT_OK);
    }
    CHECK_STATUS(gort_chan_close(arg), GORT_OK);
}

static void works(void *arg)
{
    (void)arg;
    struct sum sum = {new_chan(sizeof(int), 0), 0};
    spawn(sends_ten, sum.chan);
    int value = 0;
    while (gort_chan_recv(sum.chan, &value) == GORT_OK) {
        sum.total += value;
    }
    CHECK_EQ(sum.total, 55);
    gort_chan_release(sum.chan);
    gort_sleep(GORT_MILLISECOND);
    gort_chan *after = gort_after(GORT_MILLISECOND);
    CHECK_STATUS(gort_chan_recv(after, NULL), GORT_OK);
    gort_chan_release(after);
}

static void child(gort_chan *chan, gort_timer *timer, gort_ticker *ticker)
{
    alarm(20);
    CHECK_EQ(gort_num_goroutine(), 0);
    CHECK_EQ(gort_goroutine_id(), 0);
    CHECK_EQ(check_thread_count(), 1);
    gort_timer_release(timer);
    gort_ticker_release(ticker);
    gort_chan_release(chan);
    run_every_way(works, NULL);
    WAIT_UNTIL(gort_num_goroutine() == 0);
    CHECK_STATUS(gort_shutdown(-1), GORT_OK);
    CHECK_EQ(check_thread_count(), 1);
    pid_t grandchild = fork();
    if (grandchild == 0) {
        alarm(20);
        run_main(works, NULL);
        _exit(EXIT_SUCCESS);
    }
    int status = 0;
    CHECK_EQ(waitpid(grandchild, &status, 0), grandchild);
    CHECK_EQ(status, 0);
    _exit(EXIT_SUCCESS);
}

static void fork_and_wait(void)
{
    gort_chan *chan = new_chan(sizeof(int), 3);
    int value = 7;
    CHECK_STATUS(gort_chan_send(chan, &value), GORT_OK);
    gort_timer *timer = gort_timer_new(GORT_HOUR);
    gort_ticker *ticker = gort_ticker_new(GORT_MILLISECOND);
    CHECK(timer != NULL && ticker != NULL);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        child(chan, timer, ticker);
    }
    int status = 0;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    gort_timer_release(timer);
    gort_ticker_release(ticker);
    CHECK_STATUS(gort_chan_recv(chan, &value), GORT_OK);
    CHECK_EQ(value, 7);
    gort_chan_release(chan);
}

static gort_mutex mutex;

static void locks(void *arg)
{
    (void)arg;
    gort_mutex_lock(&mutex);
    CHECK_STATUS(gort_mutex_unlock(&mutex), GORT_OK);
}

/* Who holds a mutex may fork: the child can go on with it, even when a waiter of the parent was woken and
 * has not come yet. */
static void forks_with_mutex(void *arg)
{
    (void)arg;
    gort_waitgroup waiter = {{0}};
    gort_mutex_lock(&mutex);
    CHECK_STATUS(gort_waitgroup_go(&waiter, locks, NULL), GORT_OK);
    gort_yield(); /* at one P: it waits now */
    CHECK_STATUS(gort_mutex_unlock(&mutex), GORT_OK);
    gort_mutex_lock(&mutex); /* before it runs */
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        alarm(20);
        CHECK_STATUS(gort_mutex_unlock(&mutex), GORT_OK);
        gort_mutex_lock(&mutex);
        gort_waitgroup childs = {{0}};
        CHECK_STATUS(gort_waitgroup_go(&childs, locks, NULL), GORT_OK);
        usleep(10000); /* it waits too, or else there is nothing to be seen */
        CHECK_STATUS(gort_mutex_unlock(&mutex), GORT_OK);
        gort_waitgroup_wait(&childs);
        _exit(EXIT_SUCCESS);
    }
    int status = 0;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    CHECK_STATUS(gort_mutex_unlock(&mutex), GORT_OK);
    gort_waitgroup_wait(&waiter);
}

int main(void)
{
    fork_and_wait(); /* with an idle runtime */
    int procs = gort_gomaxprocs(1);
    run_main(forks_with_mutex, NULL);
    gort_gomaxprocs(procs);
    traffic = new_chan(sizeof(int), 4);
    int received = 0;
    gort_waitgroup receivers = {{0}};
    for (int i = 0; i < BACKGROUND; i++) {
        CHECK_STATUS(gort_waitgroup_go(&background, sends, NULL), GORT_OK);
        CHECK_STATUS(gort_waitgroup_go(&receivers, receives, &received), GORT_OK);
    }
    for (int i = 0; i < FORKS; i++) {
        fork_and_wait(); /* with locks, queues and timers in every state */
    }
    int before = ATOMIC_GET(&received);
    WAIT_UNTIL(ATOMIC_GET(&received) > before + 100);
    ATOMIC_SET(&stop, 1);
    gort_waitgroup_wait(&background);
    CHECK_STATUS(gort_chan_close(traffic), GORT_OK);
    gort_waitgroup_wait(&receivers);
    gort_chan_release(traffic);
    return EXIT_SUCCESS;
}
