/*
 * Hooks swap an embedder's per-thread state with the goroutine: a thread-local always holds
 * the id of the goroutine that runs there, and each goroutine's calls come in order.
 */
/* sanitize: not thread */ /* takes a thread-local that goroutines share for a race */
#include "check.h"

#include <stdint.h>

#define GOROUTINES 300
#define STATES (1 << 20) /* ids are given out in batches */

enum { FRESH, ON, OFF, OVER };
struct seen {
    int state[STATES];
    int starts, ends, parks, resumes;
};

static __thread uint64_t current_id;

static int *state_of(void *user, uint64_t id)
{
    struct seen *seen = (struct seen *)user;
    CHECK(id > 0);
    CHECK_EQ(gort_goroutine_id(), 0);
    errno = 77; /* is nobody's business */
    CHECK(id < STATES);
    return &seen->state[id];
}

static void on_start(void *user, uint64_t id)
{
    int *state = state_of(user, id);
    CHECK_EQ(*state, FRESH);
    *state = ON;
    current_id = id;
    ATOMIC_ADD(&((struct seen *)user)->starts, 1);
}

static void on_park(void *user, uint64_t id)
{
    int *state = state_of(user, id);
    CHECK_EQ(*state, ON);
    CHECK_EQ(current_id, id);
    *state = OFF;
    current_id = 0;
    ATOMIC_ADD(&((struct seen *)user)->parks, 1);
}

static void on_resume(void *user, uint64_t id)
{
    int *state = state_of(user, id);
    CHECK_EQ(*state, OFF);
    *state = ON;
    current_id = id;
    ATOMIC_ADD(&((struct seen *)user)->resumes, 1);
}

static void on_end(void *user, uint64_t id)
{
    int *state = state_of(user, id);
    CHECK_EQ(*state, ON);
    CHECK_EQ(current_id, id);
    *state = OVER;
    current_id = 0;
    ATOMIC_ADD(&((struct seen *)user)->ends, 1);
}

OPAQUE static uint64_t id_here(void)
{
    return current_id;
}

OPAQUE static int errno_here(void)
{
    return errno;
}

OPAQUE static void set_errno_here(int value)
{
    errno = value;
}

static void moves_about(void *arg)
{
    uint64_t id = gort_goroutine_id();
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(id_here(), id);
        set_errno_here(i);
        gort_yield();
        CHECK_EQ(errno_here(), i);
        if (i % 5 == 0) {
            gort_sleep(50 * GORT_MICROSECOND);
        }
    }
    CHECK_EQ(id_here(), id);
    if (arg != NULL) {
        gort_exit();
    }
}

static void run_goroutines(void)
{
    gort_waitgroup all = {{0}};
    for (int i = 0; i < GOROUTINES; i++) {
        CHECK_STATUS(gort_waitgroup_go(&all, moves_about, i % 2 ? &all : NULL), GORT_OK);
    }
    gort_waitgroup_wait(&all);
    CHECK_STATUS(gort_shutdown(-1), GORT_OK);
}

static void nothing(void *arg)
{
    CHECK_EQ(id_here(), 0);
    (void)arg;
}

int main(void)
{
    static struct seen seen;
    gort_hooks hooks = {sizeof hooks, &seen, on_start, on_park, on_resume, on_end};
    CHECK_STATUS(gort_set_hooks(&hooks), GORT_OK);
    run_main(moves_about, NULL);
    CHECK_REFUSED(gort_set_hooks(NULL), GORT_MISUSE); /* it runs */
    run_goroutines();
    CHECK_EQ(seen.starts, GOROUTINES + 1);
    CHECK_EQ(seen.ends, GOROUTINES + 1);
    CHECK(seen.parks >= 20 * GOROUTINES);
    CHECK_EQ(seen.parks, seen.resumes);

    hooks.struct_size = 0;
    CHECK_REFUSED(gort_set_hooks(&hooks), GORT_INVALID);
    hooks.struct_size = sizeof hooks + 1;
    CHECK_REFUSED(gort_set_hooks(&hooks), GORT_INVALID);
    gort_hooks some = {sizeof some, &seen, NULL, NULL, NULL, NULL};
    CHECK_STATUS(gort_set_hooks(&some), GORT_OK);
    spawn(nothing, NULL);
    CHECK_STATUS(gort_shutdown(-1), GORT_OK);
    CHECK_STATUS(gort_set_hooks(NULL), GORT_OK);
    CHECK_EQ(seen.starts, GOROUTINES + 1);
    return EXIT_SUCCESS;
}
