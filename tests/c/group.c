/*
 * group: wait waits for all and gives the first error, which ends the group's context; a
 * limit holds, gort_exit counts as 0, and a group may be released while it runs.
 */
/* needs: group, context */
/* also: c++ */
#include "check.h"

enum { MANY = 200, LIMIT = 3 };

static int ran, active, highest;
static gort_chan *gate;

static gort_group *new_group(gort_ctx *parent)
{
    gort_group *group = gort_group_new(parent);
    CHECK(group != NULL);
    CHECK(gort_group_ctx(group) != NULL);
    CHECK(gort_group_ctx(group) == gort_group_ctx(group));
    CHECK_STATUS(gort_ctx_err(gort_group_ctx(group)), GORT_OK);
    return group;
}

static int counts(void *arg)
{
    (void)arg;
    ATOMIC_ADD(&ran, 1);
    gort_yield();
    return 0;
}

static int fails_after_gate(void *arg)
{
    CHECK_STATUS(gort_chan_recv(gate, NULL), GORT_OK);
    return (int)(intptr_t)arg;
}

static int fails_after_context(void *arg)
{
    gort_group *group = (gort_group *)arg;
    CHECK_STATUS(gort_chan_recv(gort_ctx_done(gort_group_ctx(group)), NULL), GORT_CLOSED);
    CHECK_STATUS(gort_ctx_err(gort_group_ctx(group)), GORT_CANCELED);
    return 77; /* not the first */
}

static int exits(void *arg)
{
    counts(arg);
    gort_exit();
    return 99;
}

static void errors(void *arg)
{
    (void)arg;
    gort_group *group = new_group(NULL);
    ran = 0;
    for (int i = 0; i < MANY; i++) {
        CHECK_STATUS(gort_group_go(group, i % 10 == 0 ? exits : counts, NULL), GORT_OK);
    }
    CHECK_EQ(gort_group_wait(group), 0);
    CHECK_EQ(ran, MANY);
    CHECK_STATUS(gort_ctx_err(gort_group_ctx(group)), GORT_CANCELED); /* ended by wait's return */
    gort_group_release(group);

    gate = new_chan(0, 0);
    group = new_group(gort_ctx_background());
    CHECK_STATUS(gort_group_go(group, fails_after_gate, (void *)-5), GORT_OK);
    for (int i = 0; i < 10; i++) {
        CHECK_STATUS(gort_group_go(group, fails_after_context, group), GORT_OK);
    }
    CHECK_STATUS(gort_ctx_err(gort_group_ctx(group)), GORT_OK);
    CHECK_STATUS(gort_chan_send(gate, NULL), GORT_OK);
    CHECK_EQ(gort_group_wait(group), -5);
    gort_group_release(group);
    gort_chan_release(gate);
}

static void parents(void *arg)
{
    (void)arg;
    gort_ctx *parent = gort_ctx_with_cancel(gort_ctx_background());
    gort_group *group = new_group(parent);
    CHECK_STATUS(gort_group_go(group, fails_after_context, group), GORT_OK);
    gort_ctx_cancel(parent);
    CHECK_EQ(gort_group_wait(group), 77);
    gort_group_release(group);
    gort_ctx_release(parent);
}

static int within_limit(void *arg)
{
    (void)arg;
    int now = ATOMIC_ADD(&active, 1);
    CHECK(now <= LIMIT);
    if (now > ATOMIC_GET(&highest)) {
        ATOMIC_SET(&highest, now);
    }
    gort_yield();
    ATOMIC_ADD(&active, -1);
    return 0;
}

static int waits_for_gate(void *arg)
{
    (void)arg;
    CHECK_STATUS(gort_chan_recv(gate, NULL), GORT_CLOSED);
    return 0;
}

static void limits(void *arg)
{
    (void)arg;
    gort_group *group = new_group(NULL);
    CHECK_STATUS(gort_group_set_limit(group, LIMIT), GORT_OK);
    for (int i = 0; i < MANY; i++) {
        CHECK_STATUS(gort_group_go(group, within_limit, NULL), GORT_OK); /* waits for a place */
    }
    CHECK_EQ(gort_group_wait(group), 0);
    CHECK_EQ(active, 0);
    CHECK(highest >= 1);
    gort_group_release(group);

    gate = new_chan(0, 0);
    group = new_group(NULL);
    CHECK_STATUS(gort_group_set_limit(group, LIMIT), GORT_OK);
    for (int i = 0; i < LIMIT; i++) {
        CHECK_STATUS(gort_group_try_go(group, waits_for_gate, NULL), GORT_OK);
    }
    CHECK_STATUS(gort_group_try_go(group, waits_for_gate, NULL), GORT_WOULD_BLOCK);
    CHECK_REFUSED(gort_group_set_limit(group, 5), GORT_MISUSE);
    CHECK_STATUS(gort_group_try_go(group, waits_for_gate, NULL), GORT_WOULD_BLOCK);
    CHECK_STATUS(gort_chan_close(gate), GORT_OK);
    CHECK_EQ(gort_group_wait(group), 0);
    CHECK_STATUS(gort_group_set_limit(group, 0), GORT_OK); /* nobody */
    CHECK_STATUS(gort_group_try_go(group, counts, NULL), GORT_WOULD_BLOCK);
    CHECK_STATUS(gort_group_set_limit(group, -1), GORT_OK); /* everybody */
    ran = 0;
    for (int i = 0; i < MANY; i++) {
        CHECK_STATUS(gort_group_try_go(group, counts, NULL), GORT_OK);
    }
    CHECK_EQ(gort_group_wait(group), 0);
    CHECK_EQ(ran, MANY);
    gort_group_release(group);
    gort_chan_release(gate);
}

static void released_early(void *arg)
{
    (void)arg;
    ATOMIC_SET(&ran, 0);
    for (int i = 0; i < 50; i++) {
        gort_group *group = new_group(NULL);
        for (int j = 0; j < 4; j++) {
            CHECK_STATUS(gort_group_go(group, counts, NULL), GORT_OK);
        }
        gort_group_release(group);
    }
    WAIT_UNTIL(ATOMIC_GET(&ran) == 200);
    gort_group_release(NULL);
}

static void bad_input(void *arg)
{
    (void)arg;
    gort_group *group = new_group(NULL);
    CHECK_REFUSED(gort_group_go(group, NULL, NULL), GORT_INVALID);
    CHECK_REFUSED(gort_group_try_go(group, NULL, NULL), GORT_INVALID);
    CHECK_REFUSED(gort_group_go(NULL, counts, NULL), GORT_INVALID);
    CHECK_REFUSED(gort_group_try_go(NULL, counts, NULL), GORT_INVALID);
    CHECK_REFUSED(gort_group_set_limit(NULL, 1), GORT_INVALID);
    CHECK(gort_group_ctx(NULL) == NULL);
    CHECK_EQ(gort_group_wait(NULL), 0);
    CHECK_EQ(gort_group_wait(group), 0);
    gort_group_release(group);
}

int main(void)
{
    run_every_way(errors, NULL);
    run_every_way(parents, NULL);
    run_every_way(limits, NULL);
    run_every_way(released_early, NULL);
    run_every_way(bad_input, NULL);
    return EXIT_SUCCESS;
}
