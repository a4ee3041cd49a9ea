/*
 * Two copies of the library in one process do not disturb each other: each has its runtime,
 * goroutines of both use both at the same time, and faults are reported by whose they are.
 */
/* run: once */
/* link: dlopen */
#define CHECK_WITHOUT_LIBRARY
#include "check.h"
#include "child.h"

#include <dlfcn.h>

#define VALUES 2000

struct copy {
    void *handle;
    const char *path;
    __typeof__(&gort_go) go;
    __typeof__(&gort_run) run;
    __typeof__(&gort_chan_new) chan_new;
    __typeof__(&gort_chan_send) send;
    __typeof__(&gort_chan_recv) recv;
    __typeof__(&gort_chan_close) close;
    __typeof__(&gort_chan_release) release;
    __typeof__(&gort_goroutine_id) goroutine_id;
    __typeof__(&gort_num_goroutine) num_goroutine;
    __typeof__(&gort_shutdown) shutdown;
    __typeof__(&gort_signal_notify) notify;
    __typeof__(&gort_signal_stop) stop;
};

static struct copy copies[2];
static char copied[] = "/tmp/gort-copy-XXXXXX";

static void load(const struct copy *copy, const char *name, void *function)
{
    void *symbol = dlsym(copy->handle, name);
    CHECK(symbol != NULL);
    memcpy(function, &symbol, sizeof symbol);
}

static void open_copy(struct copy *copy, const char *path)
{
    copy->path = path;
    copy->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CHECK(copy->handle != NULL);
    load(copy, "gort_go", &copy->go);
    load(copy, "gort_run", &copy->run);
    load(copy, "gort_chan_new", &copy->chan_new);
    load(copy, "gort_chan_send", &copy->send);
    load(copy, "gort_chan_recv", &copy->recv);
    load(copy, "gort_chan_close", &copy->close);
    load(copy, "gort_chan_release", &copy->release);
    load(copy, "gort_goroutine_id", &copy->goroutine_id);
    load(copy, "gort_num_goroutine", &copy->num_goroutine);
    load(copy, "gort_shutdown", &copy->shutdown);
    load(copy, "gort_signal_notify", &copy->notify);
    load(copy, "gort_signal_stop", &copy->stop);
}

static void copy_library(void)
{
    FILE *from = fopen(LIBRARY, "rb");
    int fd = mkstemp(copied);
    CHECK(from != NULL && fd >= 0);
    char block[65536];
    for (size_t n; (n = fread(block, 1, sizeof block, from)) > 0;) {
        CHECK_EQ(write(fd, block, n), (ssize_t)n);
    }
    fclose(from);
    close(fd);
}

static void open_both(void)
{
    copy_library();
    open_copy(&copies[0], LIBRARY);
    open_copy(&copies[1], copied);
    unlink(copied);
    CHECK(copies[0].go != copies[1].go);
}

/* From a goroutine of one copy into a channel of the other, for which it is a plain thread. */
struct crossing {
    struct copy *own, *foreign;
    gort_chan *out;
};

static void sends_across(void *arg)
{
    struct crossing *crossing = (struct crossing *)arg;
    CHECK(crossing->own->goroutine_id() > 0);
    CHECK_EQ(crossing->foreign->goroutine_id(), 0);
    for (int i = 0; i < VALUES; i++) {
        CHECK_EQ(crossing->foreign->send(crossing->out, &i), GORT_OK);
    }
    CHECK_EQ(crossing->foreign->close(crossing->out), GORT_OK);
}

static void receives(void *arg)
{
    struct crossing *crossing = (struct crossing *)arg; /* the sender's */
    int value = 0, wanted = 0;
    while (crossing->foreign->recv(crossing->out, &value) == GORT_OK) {
        CHECK_EQ(value, wanted++);
    }
    CHECK_EQ(wanted, VALUES);
}

static void both_at_once(void)
{
    struct crossing crossings[2];
    for (int i = 0; i < 2; i++) {
        struct crossing one = {&copies[i], &copies[1 - i], copies[1 - i].chan_new(sizeof(int), 0)};
        crossings[i] = one;
        CHECK_EQ(copies[i].go(sends_across, &crossings[i]), GORT_OK);
    }
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(crossings[i].foreign->run(receives, &crossings[i]), GORT_OK);
    }
    /* Each ends by itself, the last loaded first, and gives back what it has taken. */
    for (int i = 1; i >= 0; i--) {
        CHECK_EQ(copies[i].shutdown(-1), GORT_OK);
        CHECK_EQ(copies[i].num_goroutine(), 0);
        crossings[1 - i].foreign->release(crossings[1 - i].out);
    }
    CHECK_EQ(check_thread_count(), 1);
    struct sigaction now;
    CHECK_EQ(sigaction(SIGSEGV, NULL, &now), 0);
    CHECK(now.sa_handler == SIG_DFL);
}

static void does_it_all(void)
{
    open_both();
    both_at_once();
    both_at_once(); /* and starts again */
    CHECK_EQ(dlclose(copies[1].handle), 0);
    CHECK_EQ(dlclose(copies[0].handle), 0);
}

static void nothing(void *arg)
{
    (void)arg;
}

OPAQUE static int dives(int depth)
{
    volatile char frame[4096];
    frame[0] = (char)depth;
    return depth < 0 ? frame[0] : dives(depth + 1) + frame[0];
}

static void overflows_stack(void *arg)
{
    *(volatile int *)arg = dives(0);
}

static void overflow_in(int which)
{
    open_both();
    CHECK_EQ(copies[0].run(nothing, NULL), GORT_OK);
    CHECK_EQ(copies[1].run(nothing, NULL), GORT_OK); /* its handler is before the other's */
    int result = 0;
    copies[which].run(overflows_stack, &result);
}

static void overflow_in_first(void)
{
    overflow_in(0);
}

static void overflow_in_second(void)
{
    overflow_in(1);
}

/* In the order of their start, which is the wrong one: the second copy hands faults on to the first. */
static void first_goes_first(void)
{
    open_both();
    for (int round = 0; round < 2; round++) {
        CHECK_EQ(copies[0].run(nothing, NULL), GORT_OK);
        CHECK_EQ(copies[1].run(nothing, NULL), GORT_OK);
        CHECK_EQ(copies[0].shutdown(-1), GORT_OK);
    }
    CHECK_EQ(dlclose(copies[0].handle), 0);
}

enum { HOST_STATUS = 42 };

static void host_handler(int signum)
{
    _exit(signum == SIGSEGV ? HOST_STATUS : EXIT_FAILURE);
}

static void fault_after_first(void)
{
    CHECK(signal(SIGSEGV, host_handler) != SIG_ERR);
    first_goes_first();
    raise(SIGSEGV);
}

static void overflow_after_first(void)
{
    first_goes_first();
    int result = 0;
    copies[1].run(overflows_stack, &result);
}

static void overflow_in_restarted(void)
{
    open_both();
    CHECK_EQ(copies[0].run(nothing, NULL), GORT_OK);
    CHECK_EQ(copies[1].run(nothing, NULL), GORT_OK);
    CHECK_EQ(copies[0].shutdown(-1), GORT_OK);
    int result = 0;
    copies[0].run(overflows_stack, &result);
}

/* And a signal that both listen to; the handler that the second puts back is the first's. */
static void signals_after_first(void)
{
    CHECK(signal(SIGSEGV, host_handler) != SIG_ERR);
    open_both();
    gort_chan *chans[2];
    for (int i = 0; i < 2; i++) {
        chans[i] = copies[i].chan_new(sizeof(int), 1);
        CHECK_EQ(copies[i].notify(chans[i], SIGUSR1), GORT_OK);
    }
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(copies[i].stop(chans[i]), GORT_OK);
        copies[i].release(chans[i]);
        CHECK_EQ(copies[i].shutdown(-1), GORT_OK);
        CHECK_EQ(dlclose(copies[i].handle), 0);
    }
    raise(SIGUSR1); /* lost, or the end of the process by it, but no jump into nothing */
    raise(SIGSEGV);
}

static const struct scenario scenarios[] = {
    {"does_it_all", does_it_all},
    {"overflow_in_first", overflow_in_first},
    {"overflow_in_second", overflow_in_second},
    {"overflow_after_first", overflow_after_first},
    {"overflow_in_restarted", overflow_in_restarted},
    {"fault_after_first", fault_after_first},
    {"signals_after_first", signals_after_first},
};

int main(int argc, char **argv)
{
    if (argc > 1) {
        return run_scenario(scenarios, COUNT_OF(scenarios), argv[1]);
    }
    expect_exit("does_it_all", EXIT_SUCCESS, NULL);
    expect_exit("fault_after_first", HOST_STATUS, NULL);
    expect_exit("signals_after_first", HOST_STATUS, NULL);
    for (size_t i = 1; i < COUNT_OF(scenarios); i++) {
        if (strncmp(scenarios[i].name, "overflow", 8) == 0) {
            struct outcome outcome = run_self(scenarios[i].name);
            CHECK_EQ(outcome.signal, SIGSEGV);
            CHECK(strstr(outcome.text, "stack overflow") != NULL);
        }
    }
    return EXIT_SUCCESS;
}
