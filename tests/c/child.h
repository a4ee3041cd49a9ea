/*
 * child.h: runs this program again with a scenario's name as its argument, for what a
 * process cannot survive or what only a fresh process can show.
 *
 * The child has stdin from /dev/null; what it writes to stdout and stderr is collected
 * together. posix_spawn is used, so that no fork handler of the library is involved.
 * Not for several threads at once (one buffer). Include after check.h.
 */
#ifndef GORT_TEST_CHILD_H
#define GORT_TEST_CHILD_H

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

struct outcome {
    int exit_status; /* -1: ended by a signal */
    int signal;      /* 0: exited */
    const char *text;
};

static inline struct outcome run_self(const char *scenario)
{
    static char text[1 << 18];
    static char self[] = "/proc/self/exe";
    int ends[2];
    CHECK_EQ(pipe(ends), 0);

    posix_spawn_file_actions_t actions;
    CHECK_EQ(posix_spawn_file_actions_init(&actions), 0);
    CHECK_EQ(posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0), 0);
    CHECK_EQ(posix_spawn_file_actions_adddup2(&actions, ends[1], 1), 0);
    CHECK_EQ(posix_spawn_file_actions_adddup2(&actions, ends[1], 2), 0);
    CHECK_EQ(posix_spawn_file_actions_addclose(&actions, ends[0]), 0);
    CHECK_EQ(posix_spawn_file_actions_addclose(&actions, ends[1]), 0);
    char argument[64];
    snprintf(argument, sizeof argument, "%s", scenario);
    char *arguments[] = {self, argument, NULL};
    pid_t pid = 0;
    CHECK_EQ(posix_spawn(&pid, self, &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);

    size_t used = 0;
    for (;;) {
        ssize_t got = read(ends[0], text + used, sizeof text - 1 - used);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        used += (size_t)got;
    }
    text[used] = '\0';
    close(ends[0]);

    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        CHECK_EQ(errno, EINTR);
    }
    struct outcome outcome;
    outcome.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    outcome.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    outcome.text = text;
    return outcome;
}

static inline struct outcome expect_exit(const char *scenario, int status, const char *needle)
{
    struct outcome outcome = run_self(scenario);
    if (outcome.exit_status != status) {
        check_fail(__FILE__, __LINE__, "scenario %s: exit status %d (signal %d), not %d; it wrote: %.600s", scenario,
                   outcome.exit_status, outcome.signal, status, outcome.text);
    }
    if (needle != NULL && strstr(outcome.text, needle) == NULL) {
        check_fail(__FILE__, __LINE__, "scenario %s: no \"%s\" in: %.600s", scenario, needle, outcome.text);
    }
    return outcome;
}

/* A table of scenarios: run_scenario looks the argument up, run_all_scenarios runs each in a
 * child that must succeed. */
struct scenario {
    const char *name;
    void (*body)(void);
};

static inline int run_scenario(const struct scenario *scenarios, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(scenarios[i].name, name) == 0) {
            scenarios[i].body();
            return EXIT_SUCCESS;
        }
    }
    check_fail(__FILE__, __LINE__, "no scenario %s", name);
}

static inline void run_all_scenarios(const struct scenario *scenarios, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        expect_exit(scenarios[i].name, EXIT_SUCCESS, NULL);
    }
}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
