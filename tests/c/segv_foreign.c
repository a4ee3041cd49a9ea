/*
 * segv_foreign: a fault that is not a stack overflow goes to the handler that was there
 * before the library, with its siginfo, or ends the process as without the library; and
 * gort_shutdown gives the handlers back.
 */
/* run: once */
#include "check.h"
#include "child.h"

static int *volatile wild = NULL;

static void say(const char *text)
{
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written;
}

static void on_fault_info(int signum, siginfo_t *info, void *context)
{
    say(signum == SIGSEGV && info->si_addr == (void *)wild && context != NULL ? "[my handler]" : "[wrong fault]");
    _exit(42);
}

static void on_fault_plain(int signum)
{
    say(signum == SIGSEGV ? "[my handler]" : "[wrong fault]");
    _exit(42);
}

static void install(int with_info)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    if (with_info) {
        action.sa_sigaction = on_fault_info;
        action.sa_flags = SA_SIGINFO;
    } else {
        action.sa_handler = on_fault_plain;
    }
    CHECK_EQ(sigaction(SIGSEGV, &action, NULL), 0);
}

static void faults(void *arg)
{
    wild = (int *)arg;
    *wild = 1;
    say("[no fault]");
}

static void nothing(void *arg)
{
    (void)arg;
}

static void goroutine_info(void)
{
    install(1);
    gort_run(faults, (void *)16);
}

static void goroutine_plain(void)
{
    install(0);
    gort_run(faults, (void *)16);
}

static void thread_info(void)
{
    install(1);
    run_main(nothing, NULL);
    faults((void *)16);
}

static void *faults_on_thread(void *arg)
{
    faults(arg);
    return NULL;
}

static void other_thread_info(void)
{
    install(1);
    run_main(nothing, NULL);
    join_thread(plain_thread(faults_on_thread, (void *)16));
}

static void after_shutdown(void)
{
    install(1);
    run_main(nothing, NULL);
    CHECK_STATUS(gort_shutdown(-1), GORT_OK);
    struct sigaction now;
    CHECK_EQ(sigaction(SIGSEGV, NULL, &now), 0);
    CHECK((now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == on_fault_info);
    faults((void *)16);
}

static void default_in_goroutine(void)
{
    gort_run(faults, (void *)16);
}

static void default_on_thread(void)
{
    run_main(nothing, NULL);
    faults((void *)16);
}

static void sent_by_kill(void)
{
    run_main(nothing, NULL);
    kill(getpid(), SIGSEGV);
    usleep(1000000);
    say("[survived]");
    _exit(3);
}

static const struct scenario SCENARIOS[] = {
    {"goroutine-info", goroutine_info},     {"goroutine-plain", goroutine_plain}, {"thread-info", thread_info},
    {"other-thread-info", other_thread_info}, {"after-shutdown", after_shutdown},
    {"default-goroutine", default_in_goroutine}, {"default-thread", default_on_thread}, {"kill", sent_by_kill},
};

int main(int argc, char **argv)
{
    if (argc > 1) {
        return run_scenario(SCENARIOS, COUNT_OF(SCENARIOS), argv[1]);
    }
    for (size_t i = 0; i < COUNT_OF(SCENARIOS); i++) {
        if (i < 5) {
            struct outcome handled = expect_exit(SCENARIOS[i].name, 42, "[my handler]");
            CHECK(strstr(handled.text, "stack overflow") == NULL);
        } else {
            struct outcome outcome = run_self(SCENARIOS[i].name);
            if (outcome.signal != SIGSEGV || strstr(outcome.text, "stack overflow") != NULL) {
                check_fail(__FILE__, __LINE__, "%s: signal %d, exit status %d: %.600s", SCENARIOS[i].name,
                           outcome.signal, outcome.exit_status, outcome.text);
            }
        }
    }
    return EXIT_SUCCESS;
}
