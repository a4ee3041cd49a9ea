/*
 * support.h: what printed programs call that is not one call of the library. A call that does
 * not give the status it must ends the process, with a dump of the goroutines.
 */
#ifndef GORT_FUZZ_SUPPORT_H
#define GORT_FUZZ_SUPPORT_H

#include <gort.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define must(call, want) must_at(__LINE__, (call), (want))

static inline void must_at(int line, gort_status got, gort_status want)
{
    if (got != want) {
        fprintf(stderr, "line %d: %s, not %s; last error: %s\n", line, gort_status_name(got), gort_status_name(want),
                gort_last_error());
        gort_dump(STDERR_FILENO);
        _exit(3);
    }
}

static inline void must_hold(int line, int condition, const char *text)
{
    if (!condition) {
        fprintf(stderr, "line %d: %s does not hold\n", line, text);
        gort_dump(STDERR_FILENO);
        _exit(3);
    }
}

#define hold(condition) must_hold(__LINE__, (condition) != 0, #condition)

static inline gort_chan *make_chan(size_t elem_size, size_t capacity)
{
    gort_chan *c = gort_chan_new(elem_size, capacity);
    hold(c != NULL);
    return c;
}

static inline void send_value(gort_chan *c, uint64_t value)
{
    must(gort_chan_send(c, &value), GORT_OK);
}

static inline void recv_value(gort_chan *c, uint64_t *value)
{
    must(gort_chan_recv(c, value), GORT_OK);
}

static inline uint64_t recv_ok(gort_chan *c, uint64_t *value)
{
    gort_status got = gort_chan_recv(c, value);
    if (got != GORT_CLOSED) {
        must(got, GORT_OK);
    }
    return got == GORT_OK;
}

/* What a goroutine of a scope is started with. */
struct start {
    void *env;
    uint64_t number;
    gort_func body;
    gort_waitgroup *wg;
    int error; /* in a group */
};

static inline void start_done(void *arg)
{
    must(gort_waitgroup_done(((struct start *)arg)->wg), GORT_OK);
}

/* Deferred, so that a body may end by gort_exit; what it was started with lives as long. */
static inline void start_body(void *arg)
{
    struct start *start = arg;
    must(gort_defer(start_done, start), GORT_OK);
    start->body(start);
}

static inline void start_go(gort_func body, gort_waitgroup *wg, void *env, uint64_t number)
{
    struct start start = {env, number, body, wg, 0};
    must(gort_waitgroup_add(wg, 1), GORT_OK);
    must(gort_go_copy(start_body, &start, sizeof start), GORT_OK);
}

static inline void start_locked_body(void *arg)
{
    must(gort_lock_os_thread(), GORT_OK);
    start_body(arg);
}

static inline void start_locked(gort_func body, gort_waitgroup *wg, void *env, uint64_t number)
{
    struct start start = {env, number, body, wg, 0};
    must(gort_waitgroup_add(wg, 1), GORT_OK);
    must(gort_go_copy(start_locked_body, &start, sizeof start), GORT_OK);
}

static inline struct start *start_on_heap(gort_func body, gort_waitgroup *wg, void *env, uint64_t number)
{
    struct start *start = malloc(sizeof *start);
    hold(start != NULL);
    *start = (struct start){env, number, body, wg, 0};
    must(gort_waitgroup_add(wg, 1), GORT_OK);
    return start;
}

static inline void start_named(gort_func body, gort_waitgroup *wg, void *env, uint64_t number)
{
    gort_go_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.name = "a name";
    options.stack_size = 100000;
    options.drop = free;
    must(gort_go_with(&options, start_body, start_on_heap(body, wg, env, number)), GORT_OK);
}

static inline int start_group_body(void *arg)
{
    struct start *start = arg;
    start->body(start);
    int error = start->error;
    free(start);
    return error;
}

static inline void start_in_group(gort_func body, gort_group *group, void *env, uint64_t number)
{
    struct start *start = calloc(1, sizeof *start);
    hold(start != NULL);
    start->env = env;
    start->number = number;
    start->body = body;
    must(gort_group_go(group, start_group_body, start), GORT_OK);
}

struct start_thread {
    struct start *start;
    sem_t known;
};

static inline void *start_thread_body(void *arg)
{
    struct start *start = ((struct start_thread *)arg)->start;
    gort_yield();
    sem_post(&((struct start_thread *)arg)->known);
    start->body(start);
    start_done(start);
    free(start);
    return NULL;
}

static inline void start_thread(gort_func body, gort_waitgroup *wg, void *env, uint64_t number)
{
    /* Returns when the library knows the thread: what only an unknown thread can end is a deadlock. */
    struct start_thread thread;
    thread.start = start_on_heap(body, wg, env, number);
    hold(sem_init(&thread.known, 0, 0) == 0);
    pthread_t id;
    hold(pthread_create(&id, NULL, start_thread_body, &thread) == 0);
    hold(pthread_detach(id) == 0);
    while (sem_wait(&thread.known) != 0) {
    }
    sem_destroy(&thread.known);
}

/* 1: sent; 0: the channel is closed. */
static inline uint64_t try_closed_send(gort_chan *c)
{
    uint64_t value = 1;
    gort_status got = gort_chan_send(c, &value);
    if (got != GORT_CLOSED) {
        must(got, GORT_OK);
    }
    return got == GORT_OK;
}

static inline uint64_t try_close(gort_chan *c)
{
    gort_status got = gort_chan_close(c);
    if (got != GORT_CLOSED) {
        must(got, GORT_OK);
    }
    return got == GORT_OK;
}

static inline void send_chan(gort_chan *c, gort_chan *value)
{
    must(gort_chan_send(c, &value), GORT_OK);
}

/* A request says where its number comes from; the answer goes to the channel with the same index. */
static inline void serve_one(gort_chan *requests, gort_chan **replies, gort_chan **answers)
{
    gort_chan *from = NULL;
    uint64_t value = 0;
    must(gort_chan_recv(requests, &from), GORT_OK);
    size_t client = 0;
    while (replies[client] != from) {
        client++;
    }
    recv_value(from, &value);
    send_value(answers[client], value * 3 + 1);
}

static inline void once_body(void *made)
{
    *(uint64_t *)made += 1;
}

static inline void defer_0(void *h)
{
    *(uint64_t *)h = *(uint64_t *)h * 31 + 1;
}

static inline void defer_1(void *h)
{
    *(uint64_t *)h = *(uint64_t *)h * 31 + 2;
}

static inline void defer_2(void *h)
{
    *(uint64_t *)h = *(uint64_t *)h * 31 + 3;
}

/* 0: the context has not ended; 1: canceled; 2: past its deadline. */
static inline uint64_t ctx_state(gort_ctx *ctx)
{
    gort_status state = gort_ctx_err(ctx);
    return state == GORT_OK ? 0 : state == GORT_CANCELED ? 1 : 2;
}

/* A timer that is stopped before it can fire, one that fires, and one that is set forward. */
static inline uint64_t timer_facts(void)
{
    uint64_t facts = 0;
    int64_t when;
    gort_timer *timer = gort_timer_new(GORT_HOUR);
    hold(timer != NULL);
    facts = facts * 2 + gort_timer_stop(timer);
    facts = facts * 2 + gort_timer_stop(timer);
    facts = facts * 2 + gort_timer_reset(timer, GORT_HOUR);
    facts = facts * 2 + gort_timer_reset(timer, 1000);
    must(gort_chan_recv(gort_timer_chan(timer), &when), GORT_OK);
    facts = facts * 2 + gort_timer_stop(timer);
    gort_timer_release(timer);
    return facts;
}

typedef uint64_t (*fuzz_program)(void);

struct fuzz_run {
    fuzz_program program;
    uint64_t result;
    gort_chan *over;
};

static inline void fuzz_run_body(void *arg)
{
    struct fuzz_run *run = arg;
    run->result = run->program();
    must(gort_chan_close(run->over), GORT_OK);
}

/* "serial": one after the other, in turn from gort_run, a goroutine and the plain thread itself;
 * "together": all at once. The results come in the order of the programs. */
static inline int fuzz_main(int argc, char **argv, const fuzz_program *programs, size_t count)
{
    int together = argc > 1 && strcmp(argv[1], "together") == 0;
    struct fuzz_run *runs = calloc(count, sizeof *runs);
    hold(runs != NULL);
    for (size_t i = 0; i < count; i++) {
        runs[i].program = programs[i];
        runs[i].over = make_chan(0, 0);
        if (together || i % 3 == 1) {
            must(gort_go(fuzz_run_body, &runs[i]), GORT_OK);
        } else if (i % 3 == 0) {
            must(gort_run(fuzz_run_body, &runs[i]), GORT_OK);
        } else {
            fuzz_run_body(&runs[i]);
        }
        if (!together) {
            must(gort_chan_recv(runs[i].over, NULL), GORT_CLOSED);
            printf("%zu %llu\n", i, (unsigned long long)runs[i].result);
            fflush(stdout);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (together) {
            must(gort_chan_recv(runs[i].over, NULL), GORT_CLOSED);
            printf("%zu %llu\n", i, (unsigned long long)runs[i].result);
            fflush(stdout);
        }
        gort_chan_release(runs[i].over);
    }
    free(runs);
    must(gort_shutdown(20 * GORT_SECOND), GORT_OK);
    gort_stats stats;
    stats.struct_size = sizeof stats;
    must(gort_stats_read(&stats), GORT_OK);
    hold(stats.goroutines == 0 && stats.timers == 0 && stats.descriptors == 0);
    return EXIT_SUCCESS;
}

#endif
