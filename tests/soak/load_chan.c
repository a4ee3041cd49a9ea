/*
 * load_chan.c: channels, select and spawning. Every value is counted: what was sent is
 * received exactly once, and in order where there is one sender and one receiver.
 */
#include "soak.h"

enum { STAGES = 6, VALUES = 400, ENDS = 4, FAN = 3 };

/* ---- a pipeline: each stage adds one; order holds over all stages */

struct stage {
    gort_chan *in, *out;
};

static void stage_body(void *arg)
{
    struct stage *stage = arg;
    uint64_t value;
    while (gort_chan_recv(stage->in, &value) == GORT_OK) {
        value++;
        CHECK_STATUS(gort_chan_send(stage->out, &value), GORT_OK);
    }
    CHECK_STATUS(gort_chan_close(stage->out), GORT_OK);
    gort_chan_release(stage->out);
    gort_chan_release(stage->in);
}

static void feed_pipeline(void *arg)
{
    gort_chan *out = *(gort_chan **)arg;
    for (uint64_t i = 0; i < VALUES; i++) {
        uint64_t value = i * 1000;
        CHECK_STATUS(gort_chan_send(out, &value), GORT_OK);
    }
    CHECK_STATUS(gort_chan_close(out), GORT_OK);
    gort_chan_release(out);
}

void soak_pipeline(struct rng *rng)
{
    gort_chan *in = new_chan(sizeof(uint64_t), rng_below(rng, 5));
    gort_chan *feed = gort_chan_retain(in);
    CHECK_STATUS(gort_go_copy(feed_pipeline, &feed, sizeof feed), GORT_OK);
    for (int i = 0; i < STAGES; i++) {
        gort_chan *out = new_chan(sizeof(uint64_t), rng_below(rng, 5));
        struct stage stage = {in, gort_chan_retain(out)};
        CHECK_STATUS(gort_go_copy(stage_body, &stage, sizeof stage), GORT_OK);
        in = out;
    }
    uint64_t value, count = 0;
    while (gort_chan_recv(in, &value) == GORT_OK) {
        CHECK_EQ(value, count * 1000 + STAGES);
        count++;
    }
    CHECK_EQ(count, VALUES);
    gort_chan_release(in);
}

/* ---- many senders, many receivers, one channel; closed after the last sender */

struct fan {
    gort_chan *chan;
    gort_waitgroup senders, receivers;
    uint64_t sum, count;
};

static void fan_send(void *arg)
{
    struct fan *fan = arg;
    for (uint64_t i = 1; i <= VALUES; i++) {
        CHECK_STATUS(gort_chan_send(fan->chan, &i), GORT_OK);
    }
}

static void fan_receive(void *arg)
{
    struct fan *fan = arg;
    uint64_t value, sum = 0, count = 0;
    while (gort_chan_recv(fan->chan, &value) == GORT_OK) {
        sum += value;
        count++;
    }
    ATOMIC_ADD(&fan->sum, sum);
    ATOMIC_ADD(&fan->count, count);
}

void soak_fan(struct rng *rng)
{
    struct fan fan;
    memset(&fan, 0, sizeof fan);
    fan.chan = new_chan(sizeof(uint64_t), rng_below(rng, 40));
    for (int i = 0; i < ENDS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&fan.senders, fan_send, &fan), GORT_OK);
        CHECK_STATUS(gort_waitgroup_go(&fan.receivers, fan_receive, &fan), GORT_OK);
    }
    gort_waitgroup_wait(&fan.senders);
    CHECK_STATUS(gort_chan_close(fan.chan), GORT_OK);
    gort_waitgroup_wait(&fan.receivers);
    CHECK_EQ(fan.count, ENDS * VALUES);
    CHECK_EQ(fan.sum, (uint64_t)ENDS * VALUES * (VALUES + 1) / 2);
    gort_chan_release(fan.chan);
}

/* ---- selects that send and receive at once, over several channels */

struct selector {
    gort_chan *chans[FAN];
    uint64_t sent, received;
    uint64_t sent_sum, received_sum;
    gort_waitgroup over;
    gort_chan *stop;
    uint64_t seed;
};

static void select_both(void *arg)
{
    struct selector *all = arg;
    struct rng rng = {ATOMIC_ADD(&all->seed, 77)};
    for (int i = 0; i < VALUES / 4; i++) {
        uint64_t out = rng_below(&rng, 1000), in = 0;
        gort_case cases[2 * FAN + 1];
        for (int k = 0; k < FAN; k++) {
            gort_case receive = GORT_RECV_CASE(all->chans[k], &in), send = GORT_SEND_CASE(all->chans[k], &out);
            cases[2 * k] = receive;
            cases[2 * k + 1] = send;
        }
        gort_case stop = GORT_RECV_CASE(all->stop, NULL);
        cases[2 * FAN] = stop;
        int chosen;
        switch (rng_below(&rng, 4)) {
        case 0:
            chosen = gort_select_default(cases, 2 * FAN + 1);
            break;
        case 1:
            chosen = gort_select_timeout(cases, 2 * FAN + 1, (gort_duration)rng_below(&rng, 50) * GORT_MICROSECOND);
            break;
        default:
            chosen = gort_select(cases, 2 * FAN + 1);
        }
        if (chosen == GORT_NONE) {
            continue;
        }
        CHECK(chosen >= 0);
        if (chosen == 2 * FAN) {
            CHECK_EQ(cases[chosen].status, GORT_CLOSED);
            return;
        }
        CHECK_EQ(cases[chosen].status, GORT_OK);
        if (chosen % 2 == 1) {
            ATOMIC_ADD(&all->sent, 1);
            ATOMIC_ADD(&all->sent_sum, out);
        } else {
            ATOMIC_ADD(&all->received, 1);
            ATOMIC_ADD(&all->received_sum, in);
        }
    }
    (void)gort_chan_close(all->stop); /* the first that is through ends it for all */
}

void soak_select(struct rng *rng)
{
    struct selector all;
    memset(&all, 0, sizeof all);
    all.seed = rng_split(rng).state;
    for (int k = 0; k < FAN; k++) {
        all.chans[k] = new_chan(sizeof(uint64_t), rng_below(rng, 3));
    }
    all.stop = new_chan(0, 0);
    for (int i = 0; i < ENDS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&all.over, select_both, &all), GORT_OK);
    }
    gort_waitgroup_wait(&all.over);
    uint64_t value;
    for (int k = 0; k < FAN; k++) {
        while (gort_chan_try_recv(all.chans[k], &value) == GORT_OK) {
            all.received++;
            all.received_sum += value;
        }
        gort_chan_release(all.chans[k]);
    }
    gort_chan_release(all.stop);
    CHECK_EQ(all.received, all.sent);
    CHECK_EQ(all.received_sum, all.sent_sum);
}

/* ---- sends and receives that race with their timeouts: taken means taken */

static void send_in_time(void *arg)
{
    struct selector *all = arg;
    struct rng rng = {ATOMIC_ADD(&all->seed, 77)};
    for (uint64_t i = 0; i < VALUES; i++) {
        gort_status got = gort_chan_send_timeout(all->chans[0], &i, (gort_duration)rng_below(&rng, 20000));
        if (got == GORT_OK) {
            ATOMIC_ADD(&all->sent, 1);
            ATOMIC_ADD(&all->sent_sum, i);
        } else {
            CHECK_EQ(got, GORT_DEADLINE_EXCEEDED);
        }
    }
}

static void receive_in_time(void *arg)
{
    struct selector *all = arg;
    struct rng rng = {ATOMIC_ADD(&all->seed, 77)};
    for (int i = 0; i < VALUES; i++) {
        uint64_t value = 0;
        gort_status got = gort_chan_recv_timeout(all->chans[0], &value, (gort_duration)rng_below(&rng, 20000));
        if (got == GORT_OK) {
            ATOMIC_ADD(&all->received, 1);
            ATOMIC_ADD(&all->received_sum, value);
        } else {
            CHECK_EQ(got, GORT_DEADLINE_EXCEEDED);
        }
    }
}

void soak_timeouts(struct rng *rng)
{
    struct selector all;
    memset(&all, 0, sizeof all);
    all.seed = rng_split(rng).state;
    all.chans[0] = new_chan(sizeof(uint64_t), rng_below(rng, 3));
    for (int i = 0; i < ENDS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&all.over, send_in_time, &all), GORT_OK);
        CHECK_STATUS(gort_waitgroup_go(&all.over, receive_in_time, &all), GORT_OK);
    }
    gort_waitgroup_wait(&all.over);
    uint64_t value;
    while (gort_chan_try_recv(all.chans[0], &value) == GORT_OK) {
        all.received++;
        all.received_sum += value;
    }
    gort_chan_release(all.chans[0]);
    CHECK_EQ(all.received, all.sent);
    CHECK_EQ(all.received_sum, all.sent_sum);
}

/* ---- spawning: with copies of every size, with names and drops, nested, left by gort_exit */

struct family {
    gort_waitgroup *over;
    uint64_t *ran;
    uint32_t depth;
    unsigned char rest[100];
};

static void count_run(void *arg)
{
    ATOMIC_ADD((uint64_t *)arg, 1);
}

static void count_down(void *arg)
{
    CHECK_STATUS(gort_waitgroup_done(arg), GORT_OK);
}

static void family_body(void *arg)
{
    struct family family = *(struct family *)arg;
    for (size_t i = 0; i < sizeof family.rest; i++) {
        CHECK_EQ(family.rest[i], (unsigned char)(family.depth + i));
    }
    if (family.depth > 0) {
        struct family child = family;
        child.depth--;
        for (size_t i = 0; i < sizeof child.rest; i++) {
            child.rest[i] = (unsigned char)(child.depth + i);
        }
        for (int i = 0; i < 2; i++) {
            CHECK_STATUS(gort_waitgroup_add(family.over, 1), GORT_OK);
            CHECK_STATUS(gort_go_copy(family_body, &child, sizeof child), GORT_OK);
        }
    }
    CHECK_STATUS(gort_defer(count_run, family.ran), GORT_OK);
    CHECK_STATUS(gort_defer(count_down, family.over), GORT_OK);
    if (family.depth % 2 == 1) {
        gort_exit();
    }
}

static void nothing(void *arg)
{
    (void)arg;
}

void soak_spawn(struct rng *rng)
{
    enum { DEPTH = 8, NAMED = 50 };
    gort_waitgroup over = {{0}};
    uint64_t *ran = calloc(2, sizeof *ran); /* outlives the deferred counts, which may come after the wait */
    CHECK(ran != NULL);
    struct family family = {&over, ran, DEPTH, {0}};
    for (size_t i = 0; i < sizeof family.rest; i++) {
        family.rest[i] = (unsigned char)(family.depth + i);
    }
    CHECK_STATUS(gort_waitgroup_add(&over, 1), GORT_OK);
    CHECK_STATUS(gort_go_copy(family_body, &family, sizeof family), GORT_OK);
    for (int i = 0; i < NAMED; i++) {
        gort_go_options options;
        memset(&options, 0, sizeof options);
        options.struct_size = sizeof options;
        options.name = "named";
        options.stack_size = rng_below(rng, 4) == 0 ? 65536 : 0;
        options.drop = count_run;
        CHECK_STATUS(gort_go_with(&options, nothing, ran + 1), GORT_OK);
    }
    gort_waitgroup_wait(&over);
    WAIT_UNTIL(ATOMIC_GET(&ran[0]) == (2u << DEPTH) - 1 && ATOMIC_GET(&ran[1]) == NAMED);
    free(ran);
}
