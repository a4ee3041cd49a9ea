/* runtime: the go statement, contexts, timers, plain threads, start and end. */
#include "race.h"

static gort_ctx *ctx, *child;
static gort_timer *timer;
static gort_chan *c;

static void writes(void *arg)
{
    (void)arg;
    data++;
    reached();
}

static void go_statement(int with)
{
    if (with) {
        data = 1;
        must(gort_go(writes, NULL));
    } else {
        must(gort_go(writes, NULL));
        data = 1;
    }
    await_reached();
}

static void ignores_copy(void *arg)
{
    (void)arg;
}

/* Several threads have goroutines copied what they are to have, and the places are used again. */
static void *copies(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2000; i++) {
        must(gort_go_copy(ignores_copy, &data, sizeof data));
    }
    reached();
    return NULL;
}

/* The argument is read by the call, and not later. */
static void go_copy(int with)
{
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        pthread_create(&threads[i], NULL, copies, NULL);
    }
    if (with) {
        for (int i = 0; i < 3; i++) {
            pthread_join(threads[i], NULL);
        }
    } else {
        await_reached();
    }
    data = 2;
}

/* One after the other on the same stack: that orders nothing. */
static void one_stack(int with)
{
    for (int i = 0; i < 3; i++) {
        __atomic_store_n(&came_here, 0, __ATOMIC_RELAXED);
        must(gort_waitgroup_go(&both, writes, NULL));
        if (with) {
            gort_waitgroup_wait(&both);
        } else {
            await_reached();
            gort_sleep(GORT_MILLISECOND);
        }
    }
}

static void new_ctx(void)
{
    ctx = gort_ctx_with_cancel(gort_ctx_background());
    child = gort_ctx_with_cancel(ctx);
}

static void cancels(void)
{
    gort_ctx_cancel_cause(ctx, "enough");
}

static void sees_err(void)
{
    AWAIT(gort_ctx_err(ctx) != GORT_OK);
}

static void sees_cause(void)
{
    AWAIT(gort_ctx_cause(child) != NULL);
}

static void waits_for_done(void)
{
    gort_chan_recv(gort_ctx_done(child), NULL);
}

static void is_canceled(void)
{
    gort_chan_recv_ctx(NULL, NULL, child);
}

static void after_ctx(int with)
{
    new_ctx();
    if (!with) {
        gort_ctx_cancel(ctx);
    }
    gort_ctx_after *after = gort_ctx_after_func(ctx, writes, NULL);
    data = 1;
    if (with) {
        gort_ctx_cancel(ctx);
    }
    await_reached();
    gort_ctx_after_release(after);
}

static void ends_value(void *arg)
{
    (void)arg;
    data = 2;
    reached();
}

static void releases_value(void *arg)
{
    (void)arg;
    data = 1;
    gort_ctx_release(ctx);
}

static void value(int with)
{
    ctx = gort_ctx_with_value(gort_ctx_background(), &data, &data, ends_value);
    if (with) {
        gort_ctx_retain(ctx);
    }
    gort_ctx *another = gort_ctx_with_value(gort_ctx_background(), &ctx, &data, ends_value);
    must(gort_waitgroup_go(&both, releases_value, NULL));
    gort_sleep(5 * GORT_MILLISECOND);
    if (with) {
        gort_ctx_release(ctx);
        await_reached();
    } else {
        gort_ctx_release(another);
    }
}

static void after_func(int with)
{
    if (with) {
        data = 1;
    }
    timer = gort_after_func(5 * GORT_MILLISECOND, writes, NULL);
    if (!with) {
        data = 1;
    }
    await_reached();
}

static void new_timer(void)
{
    timer = gort_timer_new(GORT_HOUR);
}

static void resets(void)
{
    gort_timer_reset(timer, GORT_MILLISECOND);
}

static void waits_for_timer(void)
{
    gort_chan_recv(gort_timer_chan(timer), NULL);
}

/* A sleep is no edge. */
static void writes_at_once(void *arg)
{
    data = 1;
    gort_waitgroup_done(arg);
}

static void sleeps(int with)
{
    gort_waitgroup wg = {0};
    gort_waitgroup_add(&wg, 1);
    must(gort_go(writes_at_once, &wg));
    gort_sleep(20 * GORT_MILLISECOND);
    if (with) {
        gort_waitgroup_wait(&wg);
    }
    data = 2;
    gort_sleep(20 * GORT_MILLISECOND);
}

static void new_chan(void)
{
    c = gort_chan_new(sizeof(int), 1);
}

static void *thread_sends(void *arg)
{
    int one = 1;
    data = 1;
    if (*(int *)arg) {
        gort_chan_send(c, &one);
    }
    reached();
    return NULL;
}

static void *thread_receives(void *arg)
{
    if (*(int *)arg) {
        gort_chan_recv(c, NULL);
    } else {
        await_reached();
    }
    data = 2;
    return NULL;
}

static pthread_t thread(void *(*f)(void *), int *with)
{
    pthread_t t;
    if (pthread_create(&t, NULL, f, with) != 0) {
        abort();
    }
    return t;
}

/* A thread that the library has not heard of yet is no reason to wait: so the goroutine waits for the mark. */
static void from_thread(int with)
{
    new_chan();
    pthread_t t = thread(thread_sends, &with);
    await_reached();
    thread_receives(&with);
    pthread_join(t, NULL);
}

static void to_thread(int with)
{
    new_chan();
    pthread_t t = thread(thread_receives, &with);
    thread_sends(&with);
    pthread_join(t, NULL);
}

/* These two are begun by a thread of their own, as what a goroutine may not do. */
static void *runs(void *arg)
{
    if (*(int *)arg) {
        data = 1;
        must(gort_run(writes, NULL));
        data = 3;
    } else {
        must(gort_go(writes, NULL));
        await_reached();
        data = 3;
    }
    return NULL;
}

static void run(int with)
{
    pthread_t t = thread(runs, &with);
    AWAIT(__atomic_load_n(&came_here, __ATOMIC_RELAXED));
    gort_block_enter();
    pthread_join(t, NULL);
    gort_block_exit();
}

static const struct edge edges[] = {
    {"go", NULL, NULL, NULL, go_statement},
    {"go-copy", NULL, NULL, NULL, go_copy},
    {"one-stack", NULL, NULL, NULL, one_stack},
    {"ctx-err", new_ctx, cancels, sees_err, NULL},
    {"ctx-cause", new_ctx, cancels, sees_cause, NULL},
    {"ctx-done", new_ctx, cancels, waits_for_done, NULL},
    {"ctx-wait", new_ctx, cancels, is_canceled, NULL},
    {"ctx-after", NULL, NULL, NULL, after_ctx},
    {"ctx-value", NULL, NULL, NULL, value},
    {"after-func", NULL, NULL, NULL, after_func},
    {"timer-reset", new_timer, resets, waits_for_timer, NULL},
    {"sleep", NULL, NULL, NULL, sleeps},
    {"thread-to-goroutine", NULL, NULL, NULL, from_thread},
    {"goroutine-to-thread", NULL, NULL, NULL, to_thread},
    {"run", NULL, NULL, NULL, run},
};

/* Shutdown is the only edge that ends the runtime under it. */
static int shutdown_edge(int with)
{
    must(gort_go(writes, NULL));
    await_reached();
    if (with) {
        must(gort_shutdown(-1));
    }
    data = 3;
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        puts("shutdown");
    } else if (strcmp(argv[1], "shutdown") == 0) {
        return shutdown_edge(strcmp(argv[2], "with") == 0);
    }
    return race_main(argc, argv, edges, COUNT_OF(edges));
}
