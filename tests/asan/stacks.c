/*
 * stacks: what the address sanitizer says about goroutines' stacks. Called with the name of a case; the runner
 * knows how each must end. Without an argument the cases are listed, those that must be reported with
 * what the report says.
 */
#include <gort.h>

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPAQUE __attribute__((noinline))

static void must(gort_status status)
{
    if (status != GORT_OK) {
        fprintf(stderr, "%s: %s\n", gort_status_name(status), gort_last_error());
        exit(3);
    }
}

static gort_waitgroup both;

static OPAQUE void fill(char *bytes, int count)
{
    memset(bytes, 1, (size_t)count);
}

static void overflows(void *arg)
{
    char small[16];
    gort_yield();
    fill(small, 16 + *(int *)arg);
}

static void overflow(void)
{
    int too_many = 1;
    must(gort_waitgroup_go(&both, overflows, &too_many));
    gort_waitgroup_wait(&both);
}

static char *volatile escaped;

static OPAQUE void leaves_a_pointer(void)
{
    char local[32];
    fill(local, 32);
    escaped = local;
}

static void uses_freed(void *arg)
{
    escaped = malloc(16);
    free(escaped);
    gort_yield();
    *(char *)arg = escaped[3];
}

static void use_after_free(void)
{
    char byte;
    must(gort_waitgroup_go(&both, uses_freed, &byte));
    gort_waitgroup_wait(&both);
}

static void loses(void *arg)
{
    (void)arg;
    escaped = malloc(123);
    leaves_a_pointer();
}

static void leak(void)
{
    must(gort_waitgroup_go(&both, loses, NULL));
    gort_waitgroup_wait(&both);
}

/* Only the stack of a goroutine that is parked at the end points to the block. */
static void keeps(void *arg)
{
    char *block = malloc(77);
    fill(block, 77);
    gort_waitgroup_done(&both);
    gort_chan_recv(arg, NULL);
    free(block);
}

static void parked_pointer(void)
{
    gort_chan *never = gort_chan_new(0, 0);
    for (int i = 0; i < 20; i++) {
        gort_waitgroup_add(&both, 1);
        must(gort_go(keeps, never));
    }
    gort_waitgroup_wait(&both);
    fflush(stdout);
    exit(0); /* the channel and the goroutines live on */
}

static OPAQUE int goes_deep(int depth)
{
    char bytes[100];
    fill(bytes, 100);
    if (depth % 7 == 0) {
        gort_yield();
    }
    return depth == 0 ? bytes[5] : goes_deep(depth - 1) + bytes[99];
}

static void deep_goroutine(void *arg)
{
    *(int *)arg = goes_deep(300);
}

static void deep(void)
{
    int results[8];
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 8; i++) {
            must(gort_waitgroup_go(&both, deep_goroutine, &results[i]));
        }
        gort_waitgroup_wait(&both);
        if (results[7] != 301) {
            exit(3);
        }
    }
}

static OPAQUE void jumps(jmp_buf to)
{
    char bytes[200];
    fill(bytes, 200);
    longjmp(to, bytes[3]);
}

static void jumping_goroutine(void *arg)
{
    (void)arg;
    for (volatile int i = 0; i < 50; i++) {
        jmp_buf here;
        if (setjmp(here) == 0) {
            jumps(here);
        }
        gort_yield();
    }
}

static void jump(void)
{
    for (int i = 0; i < 8; i++) {
        must(gort_waitgroup_go(&both, jumping_goroutine, NULL));
    }
    gort_waitgroup_wait(&both);
    deep();
}

/*
 * Frames that are abandoned leave their red zones behind; the stack's next goroutine must not meet them. The
 * compiler would clean up before a call of which it knows that it does not return.
 */
static void (*volatile leave)(void) = gort_exit;

static OPAQUE void exits_deep(int depth)
{
    char bytes[64];
    fill(bytes, 64);
    if (depth == 0) {
        leave();
    }
    if (depth < 0) {
        return;
    }
    exits_deep(depth - bytes[7]);
    fill(bytes, 1);
}

static void exiting_goroutine(void *arg)
{
    (void)arg;
    exits_deep(100);
}

static OPAQUE void one_large_frame(void *arg)
{
    char bytes[40000];
    fill(bytes, 40000);
    *(char *)arg = bytes[20000];
}

static void reuse(void)
{
    char byte;
    for (int i = 0; i < 50; i++) {
        must(gort_waitgroup_go(&both, exiting_goroutine, NULL));
        gort_waitgroup_wait(&both);
        must(gort_waitgroup_go(&both, one_large_frame, &byte));
        gort_waitgroup_wait(&both);
    }
}

static const struct {
    const char *name;
    void (*run)(void);
    const char *report;
} cases[] = {
    {"overflow", overflow, "stack-buffer-overflow"},
    {"use-after-free", use_after_free, "heap-use-after-free"},
    {"leak", leak, "123 byte(s) leaked"},
    {"parked-pointer", parked_pointer, NULL},
    {"deep", deep, NULL},
    {"jump", jump, NULL},
    {"reuse", reuse, NULL},
};

static void run(void *arg)
{
    cases[*(size_t *)arg].run();
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (argc < 2) {
            printf("%s %s\n", cases[i].name, cases[i].report != NULL ? cases[i].report : "");
        } else if (strcmp(argv[1], cases[i].name) == 0) {
            must(gort_run(run, &i));
            escaped = NULL;
            return gort_shutdown(GORT_MINUTE) == GORT_OK ? 0 : 3;
        }
    }
    return argc < 2 ? 0 : 2;
}
