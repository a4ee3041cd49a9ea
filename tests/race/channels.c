/* channels: send, receive, close, select, with every way of waiting; and what they do not order. */
#include "race.h"

struct element {
    int words[5];
};

static gort_chan *c;
static gort_chan *never;
static gort_ctx *ctx;
static int value;

static void unbuffered(void)
{
    c = gort_chan_new(sizeof(int), 0);
    never = gort_chan_new(sizeof(int), 0);
    ctx = gort_ctx_with_cancel(gort_ctx_background());
}

static void buffered(void)
{
    unbuffered();
    c = gort_chan_new(sizeof(int), 1);
}

static void full(void)
{
    buffered();
    must(gort_chan_send(c, &value));
}

static void sends(void)
{
    int one = 1;
    must(gort_chan_send(c, &one));
}

static void receives(void)
{
    int got;
    must(gort_chan_recv(c, &got));
}

static void sends_late(void)
{
    gort_sleep(5 * GORT_MILLISECOND);
    sends();
}

static void receives_late(void)
{
    gort_sleep(5 * GORT_MILLISECOND);
    receives();
}

static void sends_with_timeout(void)
{
    int one = 1;
    must(gort_chan_send_timeout(c, &one, GORT_MINUTE));
}

static void receives_with_timeout(void)
{
    must(gort_chan_recv_timeout(c, NULL, GORT_MINUTE));
}

static void sends_with_ctx(void)
{
    int one = 1;
    must(gort_chan_send_ctx(c, &one, ctx));
}

static void receives_with_ctx(void)
{
    int got;
    must(gort_chan_recv_ctx(c, &got, ctx));
}

static void tries_to_send(void)
{
    int one = 1;
    AWAIT(gort_chan_try_send(c, &one) == GORT_OK);
}

static void tries_to_receive(void)
{
    int got;
    AWAIT(gort_chan_try_recv(c, &got) == GORT_OK);
}

static void closes(void)
{
    must(gort_chan_close(c));
}

static void finds_closed(void)
{
    int got;
    if (gort_chan_recv(c, &got) != GORT_CLOSED) {
        abort();
    }
}

static void finds_closed_late(void)
{
    await_reached();
    finds_closed();
}

static void select_sends(void)
{
    int one = 1, got;
    gort_case cases[] = {GORT_RECV_CASE(never, &got), GORT_SEND_CASE(c, &one)};
    gort_select(cases, 2);
}

static void select_receives(void)
{
    int one = 1, got;
    gort_case cases[] = {GORT_SEND_CASE(never, &one), GORT_RECV_CASE(c, &got)};
    gort_select(cases, 2);
}

static void select_polls(void)
{
    int got;
    gort_case cases[] = {GORT_RECV_CASE(never, &got), GORT_RECV_CASE(c, &got)};
    AWAIT(gort_select_default(cases, 2) >= 0);
}

/* A sender that waits puts its element into the buffer by somebody else's hand. */
static void element_of_a_waiting_sender(void)
{
    int got;
    must(gort_chan_recv(c, &got));
    must(gort_chan_recv(c, &got));
}

/* Large elements are copied by another way than small ones. */
static struct element large;

static void reads_large(void *arg)
{
    (void)arg;
    must(gort_chan_recv(c, &large));
    reached();
}

static void receive_is_a_write(int with)
{
    c = gort_chan_new(sizeof large, 0);
    gort_waitgroup wg = {0};
    must(gort_waitgroup_go(&wg, reads_large, NULL));
    struct element e = {{0}};
    must(gort_chan_send(c, &e));
    if (with) {
        gort_waitgroup_wait(&wg);
    } else {
        await_reached();
    }
    large.words[4] = 1;
}

static void sends_shared(void *arg)
{
    (void)arg;
    must(gort_chan_send(c, &large));
    reached();
}

static void send_is_a_read(int with)
{
    c = gort_chan_new(sizeof large, 1);
    gort_waitgroup wg = {0};
    must(gort_waitgroup_go(&wg, sends_shared, NULL));
    if (with) {
        gort_waitgroup_wait(&wg);
    } else {
        await_reached();
    }
    large.words[2] = 1;
}

static void sends_one(void *arg)
{
    int one = 1;
    must(gort_chan_send(c, &one));
    reached();
    gort_waitgroup_done(arg);
}

static void close_after_send(int with)
{
    gort_waitgroup wg = {0};
    gort_waitgroup_add(&wg, 1);
    must(gort_go(sends_one, &wg));
    if (with) {
        gort_waitgroup_wait(&wg);
    } else {
        await_reached();
    }
    closes();
}

/* Two pairs use one channel: a message orders its own sender and receiver only. */
static int step;

static void in_turn(int n)
{
    AWAIT(__atomic_load_n(&step, __ATOMIC_RELAXED) == n);
}

static void next(void)
{
    __atomic_fetch_add(&step, 1, __ATOMIC_RELAXED);
}

static void first_sender(void *arg)
{
    (void)arg;
    data = 1;
    sends();
    next();
}

static void second_sender(void *arg)
{
    (void)arg;
    in_turn(2);
    sends();
}

static void first_receiver(void *arg)
{
    (void)arg;
    receives();
    next();
}

static void second_receiver(void *arg)
{
    int with = *(int *)arg;
    in_turn(2);
    receives();
    if (!with) {
        data = 2;
    }
}

static void pairs(int with)
{
    gort_func functions[] = {first_sender, first_receiver, second_sender, second_receiver};
    for (size_t i = 0; i < 4; i++) {
        must(gort_waitgroup_go(&both, functions[i], &with));
    }
    gort_waitgroup_wait(&both);
}

/* The first of two receives makes room for the third send, not for the second. */
static void receives_first(void *arg)
{
    (void)arg;
    data = 1;
    receives();
    reached();
}

static void room_for_the_next_send(int with)
{
    c = gort_chan_new(sizeof(int), 2);
    sends();
    must(gort_waitgroup_go(&both, receives_first, NULL));
    await_reached();
    sends(); /* into the room there always was */
    if (with) {
        sends(); /* into the room that the receive has made */
    }
    data = 2;
    gort_waitgroup_wait(&both);
}

static const struct edge edges[] = {
    {"unbuffered-send", unbuffered, sends, receives, NULL},
    {"unbuffered-send-to-waiting", unbuffered, sends_late, receives, NULL},
    {"unbuffered-receive", unbuffered, receives, sends, NULL},
    {"unbuffered-receive-from-waiting", unbuffered, receives_late, sends, NULL},
    {"buffered-send", buffered, sends, receives, NULL},
    {"buffered-send-to-waiting", buffered, sends_late, receives, NULL},
    {"buffered-receive", full, receives, sends, NULL},
    {"buffered-receive-from-waiting", full, receives_late, sends, NULL},
    {"waiting-send", full, sends, element_of_a_waiting_sender, NULL},
    {"timeout-send", unbuffered, sends_with_timeout, receives_with_timeout, NULL},
    {"timeout-receive", unbuffered, receives_with_timeout, sends_with_timeout, NULL},
    {"ctx-send", unbuffered, sends_with_ctx, receives_with_ctx, NULL},
    {"ctx-receive", unbuffered, receives_with_ctx, sends_with_ctx, NULL},
    {"try-send", buffered, tries_to_send, receives, NULL},
    {"try-receive", full, tries_to_receive, tries_to_send, NULL},
    {"close", unbuffered, closes, finds_closed, NULL},
    {"close-before", unbuffered, closes, finds_closed_late, NULL},
    {"close-select", unbuffered, closes, select_receives, NULL},
    {"select-send", unbuffered, select_sends, select_receives, NULL},
    {"select-send-receive", unbuffered, select_sends, receives, NULL},
    {"select-receive", unbuffered, receives, select_sends, NULL},
    {"select-default", buffered, sends, select_polls, NULL},
    {"receive-is-a-write", NULL, NULL, NULL, receive_is_a_write},
    {"send-is-a-read", NULL, NULL, NULL, send_is_a_read},
    {"close-after-send", buffered, NULL, NULL, close_after_send},
    {"pairs-unbuffered", unbuffered, NULL, NULL, pairs},
    {"pairs-buffered", buffered, NULL, NULL, pairs},
    {"room-for-the-next-send", NULL, NULL, NULL, room_for_the_next_send},
};

int main(int argc, char **argv)
{
    return race_main(argc, argv, edges, COUNT_OF(edges));
}
