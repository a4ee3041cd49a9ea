/*
 * signal_mask: a goroutine's thread blocks what the thread blocked that first used the library, and
 * SIGPIPE. What goroutines start inherits no more than that: it can be ended by signals.
 */
/* sanitize: not thread */
/* run: once */
#include "check.h"

#include <spawn.h>
#include <sys/wait.h>

static sigset_t host;

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
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        _exit(is_hosts(mask_here(), 0) ? EXIT_SUCCESS : EXIT_FAILURE);
    }
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

int main(void)
{
    sigset_t usr2;
    sigemptyset(&usr2);
    sigaddset(&usr2, SIGUSR2);
    CHECK_EQ(pthread_sigmask(SIG_BLOCK, &usr2, NULL), 0);
    host = mask_here();
    run_main(starts_others, NULL);
    run_in_goroutine(starts_others, NULL); /* on a thread that was made later, maybe */
    CHECK(is_hosts(mask_here(), 0));
    return EXIT_SUCCESS;
}
