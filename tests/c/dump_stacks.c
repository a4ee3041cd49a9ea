/*
 * dump_stacks: a dump shows who called whom in each goroutine that waits, and where each was
 * made, by the names of this program, which is compiled without frame pointers; a running one has no
 * stack; no stack is a mixture of two moments; a function without tables does no harm; a
 * deadlock and a panic show the same.
 */
/* sanitize: races on purpose */ /* what keeps calls from being jumps */
#include "check.h"
#include "child.h"
#include "texts.h"

enum { CHURNERS = 16, DUMPS = 60 };

#define FRAME OPAQUE static

static char *text;
static gort_chan *never;
static gort_mutex held;
static int ready;

/* What the dump says of the goroutine with this name. */
static const char *section(const char *name)
{
    static char part[1 << 14];
    char head[64];
    snprintf(head, sizeof head, "\"%s\" [", name);
    const char *at = strstr(text, head);
    if (at == NULL) {
        check_fail(__FILE__, __LINE__, "no goroutine %s in: %.900s", name, text);
    }
    const char *end = strstr(at, "\n\n");
    CHECK(end != NULL && end - at < (long)sizeof part);
    memcpy(part, at, (size_t)(end - at));
    part[end - at] = '\0';
    return part;
}

/* The names one after the other, each as the begin of a line or after "at ". */
static void expect_order(const char *in, const char *const *names)
{
    const char *at = in;
    for (; *names != NULL; names++) {
        size_t length = strlen(*names);
        for (at = strstr(at, *names); at != NULL; at = strstr(at + 1, *names)) {
            if ((at[-1] == '\n' || at[-1] == ' ') && (at[length] == '+' || at[length] == '.')) {
                break;
            }
        }
        if (at == NULL) {
            check_fail(__FILE__, __LINE__, "no %s, or not in this place: %s", *names, in);
        }
        at++;
    }
}
#define EXPECT_ORDER(in, ...)                            \
    do {                                                 \
        const char *const names_[] = {__VA_ARGS__, NULL}; \
        expect_order((in), names_);                      \
    } while (0)

static void go_named(const char *name, gort_func fn, void *arg)
{
    gort_go_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.name = name;
    CHECK_STATUS(gort_go_with(&options, fn, arg), GORT_OK);
}

static void wait_for_others(void)
{
    WAIT_UNTIL(gort_num_goroutine() == (gort_goroutine_id() != 0));
}

/* Frames of several kinds. The work after the calls keeps them from being jumps. */
static volatile int work;

FRAME void receives(void)
{
    ATOMIC_ADD(&ready, 1);
    CHECK_EQ(gort_chan_recv(never, NULL), GORT_CLOSED);
    work++;
}

FRAME void with_room(int n)
{
    volatile char room[n];
    room[n - 1] = 1;
    receives();
    work += room[n - 1];
}

FRAME void with_much(void)
{
    volatile char room[20000];
    room[work % 20000] = 1;
    with_room(work % 7 + 300);
    work += room[work % 20000];
}

static void reads(void *arg)
{
    (void)arg;
    with_much();
    work++;
}

static void locks(void *arg)
{
    (void)arg;
    ATOMIC_ADD(&ready, 1);
    gort_mutex_lock(&held);
    CHECK_STATUS(gort_mutex_unlock(&held), GORT_OK);
}

static void selects(void *arg)
{
    (void)arg;
    gort_case cases[] = {GORT_RECV_CASE(never, NULL), GORT_RECV_CASE(NULL, NULL)};
    ATOMIC_ADD(&ready, 1);
    CHECK_EQ(gort_select(cases, 2), 0);
    work++;
}

static void sleeps(void *arg)
{
    (void)arg;
    ATOMIC_ADD(&ready, 1);
    while (gort_chan_recv_timeout(never, NULL, GORT_HOUR) != GORT_CLOSED) {
        work++;
    }
}

static void once_body(void *arg)
{
    (void)arg;
    receives();
    work++;
}

static void in_callback(void *arg)
{
    (void)arg;
    static gort_once once;
    memset(&once, 0, sizeof once);
    gort_once_do(&once, once_body, NULL);
    work++;
}

static void computes(void *arg)
{
    (void)arg;
    ATOMIC_ADD(&ready, 1);
    while (gort_chan_try_recv(never, NULL) != GORT_CLOSED) {
        for (int i = 0; i < 1000; i++) {
            work++;
        }
    }
}

static void shows_who_called_whom(void *arg)
{
    (void)arg;
    never = new_chan(1, 0);
    ATOMIC_SET(&ready, 0);
    gort_mutex_lock(&held);
    go_named("reader", reads, NULL);
    go_named("locker", locks, NULL);
    go_named("selector", selects, NULL);
    go_named("sleeper", sleeps, NULL);
    go_named("caller", in_callback, NULL);
    WAIT_UNTIL(ATOMIC_GET(&ready) == 5);
    settle();
    text = dump_text();
    EXPECT_ORDER(section("reader"), "gort_chan_recv", "receives", "with_room", "with_much", "reads", "go_named");
    EXPECT_ORDER(section("locker"), "gort_mutex_lock", "locks", "go_named");
    EXPECT_ORDER(section("selector"), "gort_select", "selects", "go_named");
    EXPECT_ORDER(section("sleeper"), "gort_chan_recv_timeout", "sleeps", "go_named");
    EXPECT_ORDER(section("caller"), "gort_chan_recv", "receives", "once_body", "gort_once_do", "in_callback");
    CHECK(strstr(section("reader"), "dump_stacks.c:") != NULL); /* compiled with -g */
    CHECK(strstr(text, "rt-core") == NULL && strstr(text, "rt_core") == NULL);
    CHECK_STATUS(gort_mutex_unlock(&held), GORT_OK);
    CHECK_STATUS(gort_chan_close(never), GORT_OK);
    wait_for_others();
    gort_chan_release(never);
}

static void running_has_none(void *arg)
{
    (void)arg;
    never = new_chan(1, 0);
    ATOMIC_SET(&ready, 0);
    go_named("computer", computes, NULL);
    WAIT_UNTIL(ATOMIC_GET(&ready) == 1);
    text = dump_text();
    const char *part = section("computer");
    bool running = strstr(part, "[running]") != NULL; /* or it waits for a P, in the library */
    CHECK(running || strstr(part, "[runnable]") != NULL);
    CHECK(!running || strstr(part, "computes+") == NULL);
    CHECK_STATUS(gort_chan_close(never), GORT_OK);
    wait_for_others();
    gort_chan_release(never);
}

static int waits(void *arg)
{
    (void)arg;
    receives();
    return 0;
}

static void waits_too(void *arg)
{
    waits(arg);
}

FRAME void makes_by_go(void)
{
    CHECK_STATUS(gort_go(waits_too, NULL), GORT_OK);
}

FRAME void makes_by_copy(void)
{
    CHECK_STATUS(gort_go_copy(waits_too, "copied", 6), GORT_OK);
}

FRAME void makes_by_waitgroup(gort_waitgroup *wg)
{
    CHECK_STATUS(gort_waitgroup_go(wg, waits_too, NULL), GORT_OK);
}

FRAME void makes_by_group(gort_group *group)
{
    CHECK_STATUS(gort_group_go(group, waits, NULL), GORT_OK);
}

FRAME void makes_by_try(gort_group *group)
{
    CHECK_STATUS(gort_group_try_go(group, waits, NULL), GORT_OK);
}

static void shows_where_made(void *arg)
{
    (void)arg;
    char by[64];
    never = new_chan(1, 0);
    ATOMIC_SET(&ready, 0);
    gort_waitgroup wg;
    memset(&wg, 0, sizeof wg);
    gort_group *group = gort_group_new(NULL);
    makes_by_go();
    makes_by_copy();
    makes_by_waitgroup(&wg);
    makes_by_group(group);
    makes_by_try(group);
    WAIT_UNTIL(ATOMIC_GET(&ready) == 5);
    settle();
    text = dump_text();
    if (gort_goroutine_id() != 0) {
        snprintf(by, sizeof by, "created by goroutine %llu at ", (unsigned long long)gort_goroutine_id());
    } else {
        snprintf(by, sizeof by, "created by a thread at ");
    }
    static const char *const MAKERS[] = {
        "makes_by_go", "makes_by_copy", "makes_by_waitgroup", "makes_by_group", "makes_by_try",
    };
    for (size_t i = 0; i < COUNT_OF(MAKERS); i++) {
        char line[128];
        snprintf(line, sizeof line, "%s%s+0x", by, MAKERS[i]);
        if (strstr(text, line) == NULL) {
            check_fail(__FILE__, __LINE__, "no \"%s\" in: %.900s", line, text);
        }
    }
    CHECK_STATUS(gort_chan_close(never), GORT_OK);
    gort_waitgroup_wait(&wg);
    CHECK_EQ(gort_group_wait(group), 0);
    gort_group_release(group);
    wait_for_others();
    gort_chan_release(never);
}

/* Two chains of calls in turn; no stack has something of both. */
static int stop;

FRAME void left_leaf(int depth);
FRAME void right_leaf(int depth);

FRAME void left_stem(int depth)
{
    left_leaf(depth);
    work++;
}

FRAME void right_stem(int depth)
{
    right_leaf(depth);
    work++;
}

static void left_leaf(int depth)
{
    if (depth > 0) {
        left_stem(depth - 1);
    } else {
        gort_sleep(10 * GORT_MICROSECOND);
    }
    work++;
}

static void right_leaf(int depth)
{
    if (depth > 0) {
        right_stem(depth - 1);
    } else {
        gort_sleep(10 * GORT_MICROSECOND);
        gort_yield();
    }
    work++;
}

static void churns(void *arg)
{
    (void)arg;
    for (int i = 0; !ATOMIC_GET(&stop); i++) {
        left_stem(i % 5);
        right_stem(i % 7);
    }
}

static void each_is_of_one_moment(void *arg)
{
    (void)arg;
    int stacks = 0;
    ATOMIC_SET(&stop, 0);
    for (int i = 0; i < CHURNERS; i++) {
        go_named("churner", churns, NULL);
    }
    for (int i = 0; i < DUMPS || stacks == 0; i++) {
        text = dump_text();
        for (char *at = text, *end; (end = strstr(at, "\n\n")) != NULL; at = end + 2) {
            *end = '\0';
            bool left = strstr(at, "left_") != NULL, right = strstr(at, "right_") != NULL;
            if ((left && right) || ((left || right) && strstr(at, "\nchurns") == NULL)) {
                check_fail(__FILE__, __LINE__, "a stack that never was: %s", at);
            }
            stacks += left || right;
        }
    }
    ATOMIC_SET(&stop, 1);
    wait_for_others();
}

#if defined(__x86_64__)
/* A function that no table tells of, and whose frame is garbage. */
void without_table(gort_func fn, void *arg);
__asm__(".text\n"
        ".type without_table,@function\n"
        "without_table:\n"
        "    push %rbp\n"
        "    mov $0x10, %rbp\n"
        "    sub $16, %rsp\n"
        "    movq $-1, (%rsp)\n"
        "    mov %rdi, %rax\n"
        "    mov %rsi, %rdi\n"
        "    call *%rax\n"
        "    add $16, %rsp\n"
        "    pop %rbp\n"
        "    ret\n"
        ".size without_table, . - without_table\n");

static void through_garbage(void *arg)
{
    without_table(once_body, arg);
    work++;
}
#else
static void through_garbage(void *arg)
{
    once_body(arg);
}
#endif

static void garbage_does_no_harm(void *arg)
{
    (void)arg;
    never = new_chan(1, 0);
    ATOMIC_SET(&ready, 0);
    go_named("garbage", through_garbage, NULL);
    WAIT_UNTIL(ATOMIC_GET(&ready) == 1);
    settle();
    text = dump_text();
    EXPECT_ORDER(section("garbage"), "gort_chan_recv", "receives", "once_body");
    CHECK_STATUS(gort_chan_close(never), GORT_OK);
    wait_for_others();
    gort_chan_release(never);
}

static void deadlocks_in_main(void *arg)
{
    never = new_chan(1, 0);
    go_named("reader", reads, NULL);
    gort_mutex_lock(&held);
    locks(arg);
    work++;
}

static void deadlock(void)
{
    gort_run(deadlocks_in_main, NULL);
}

FRAME void panics_here(void)
{
    gort_panic("on purpose");
}

static void panics(void *arg)
{
    (void)arg;
    panics_here();
    work++;
}

static void panic(void)
{
    gort_run(panics, NULL);
}

static const struct scenario SCENARIOS[] = {{"deadlock", deadlock}, {"panic", panic}};

int main(int argc, char **argv)
{
    if (argc > 1) {
        return run_scenario(SCENARIOS, COUNT_OF(SCENARIOS), argv[1]);
    }
    run_every_way(shows_who_called_whom, NULL);
    run_every_way(running_has_none, NULL);
    run_every_way(shows_where_made, NULL);
    run_every_way(garbage_does_no_harm, NULL);
    run_every_way(each_is_of_one_moment, NULL);
    CHECK_STATUS(gort_shutdown(-1), GORT_OK);
    EXPECT_ORDER(expect_exit("deadlock", 2, "asleep - deadlock!").text, "gort_mutex_lock", "locks",
                 "deadlocks_in_main", "gort_chan_recv", "receives", "with_room", "with_much", "reads", "go_named");
    EXPECT_ORDER(expect_exit("panic", 2, "panic: on purpose").text, "gort_panic", "panics_here", "panics");
    return EXIT_SUCCESS;
}
