/*
 * signal_mask: a goroutine's thread blocks what the thread blocked that started the runtime, and SIGPIPE, but
 * never what faults and profilers send. So does the thread that passes signals on. What goroutines
 * start inherits no more than that: it can be ended by signals. A child of fork loses SIGPIPE.
 */
/* sanitize: not thread */
/* run: once */
#include "check.h"

#include <spawn.h>
#include <sys/wait.h>

static const int never_blocked[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF};
static sigset_t host; /* without those */

static sigset_t mask_here(void)
{
    sigset_t mask;
    CHECK_EQ(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
    return mask;
}

/* What the host blocks, and SIGPIPE if `pipe`. */
static int is_hosts(sigset_t mask, int pipe)
{
    for (int signum = 1; signum < SIGRTMIN; signum++) {
        if (sigismember(&mask, signum) != ((signum == SIGPIPE && pipe) || sigismember(&host, signum) == 1)) {
            return 0;
        }
    }
    return 1;
}

static void forks(void)
{
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    CHECK_EQ(pthread_sigmask(SIG_BLOCK, &usr1, NULL), 0); /* until the child is ready for it */
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        sigset_t mask = mask_here();
        int is_blocked = sigismember(&mask, SIGUSR1);
        sigdelset(&mask, SIGUSR1);
        _exit(is_blocked && is_hosts(mask, 0) ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    CHECK_EQ(pthread_sigmask(SIG_UNBLOCK, &usr1, NULL), 0);
    int status = 0;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
}

static void spawns(void)
{
    static char program[] = "/bin/sleep", seconds[] = "50";
    char *arguments[] = {program, seconds, NULL}, *environment[] = {NULL};
    pid_t pid = 0;
    CHECK_EQ(posix_spawn(&pid, program, NULL, NULL, arguments, environment), 0);
    CHECK_EQ(kill(pid, SIGTERM), 0);
    int status = 0;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    status = system("kill -INT $$");
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
}

static void *begins_thread(void *arg)
{
    *(int *)arg = is_hosts(mask_here(), 1);
    return NULL;
}

static void starts_others(void *arg)
{
    (void)arg;
    CHECK(is_hosts(mask_here(), 1));
    forks();
    spawns();
    pthread_t thread;
    int as_here = 0;
    CHECK_EQ(pthread_create(&thread, NULL, begins_thread, &as_here), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK(as_here);
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(close(ends[0]), 0);
    CHECK_EQ(write(ends[1], "", 1), -1); /* and lives */
    CHECK_EQ(close(ends[1]), 0);
}

struct seen {
    int in_callback, in_goroutine, over;
};

static void looks(void *arg)
{
    struct seen *seen = (struct seen *)arg;
    seen->in_goroutine = is_hosts(mask_here(), 1);
    ATOMIC_SET(&seen->over, 1);
}

static void hears(void *user, int index, gort_status status)
{
    CHECK_EQ(index, 0);
    CHECK_STATUS(status, GORT_OK);
    ((struct seen *)user)->in_callback = is_hosts(mask_here(), 1);
    CHECK_STATUS(gort_go(looks, user), GORT_OK);
}

/* As the first use of all: the goroutine is the first there is. */
static void signal_starts_all(void)
{
    struct seen seen = {0, 0, 0};
    gort_chan *c = new_chan(sizeof(int), 0);
    gort_async *op = gort_chan_recv_async(c, NULL, hears, &seen);
    CHECK(op != NULL);
    CHECK_STATUS(gort_signal_notify(c, SIGUSR1), GORT_OK);
    CHECK_EQ(kill(getpid(), SIGUSR1), 0);
    WAIT_UNTIL(ATOMIC_GET(&seen.over) == 1);
    CHECK(seen.in_callback && seen.in_goroutine);
    CHECK_STATUS(gort_signal_stop(c), GORT_OK);
    gort_async_release(op);
    gort_chan_release(c);
}

int main(void)
{
    sigset_t some;
    sigemptyset(&some);
    sigaddset(&some, SIGUSR2);
    CHECK_EQ(pthread_sigmask(SIG_BLOCK, &some, NULL), 0);
    host = mask_here();
    for (size_t i = 0; i < sizeof never_blocked / sizeof *never_blocked; i++) {
        sigaddset(&some, never_blocked[i]);
    }
    CHECK_EQ(pthread_sigmask(SIG_BLOCK, &some, NULL), 0);
    signal_starts_all();
    run_main(starts_others, NULL);
    run_in_goroutine(starts_others, NULL); /* on a thread that was made later, maybe */
    sigset_t now = mask_here(); /* which nobody has changed */
    for (size_t i = 0; i < sizeof never_blocked / sizeof *never_blocked; i++) {
        CHECK_EQ(sigismember(&now, never_blocked[i]), 1);
        sigdelset(&now, never_blocked[i]);
    }
    CHECK(is_hosts(now, 0));
    return EXIT_SUCCESS;
}
