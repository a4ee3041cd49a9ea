/*
 * block_section: gort_block_enter hands the P on at once, so that with one P the others
 * run while this goroutine sits in a system call; sections nest, any other call ends
 * them, and on a plain thread they do nothing.
 */
#include "check.h"

enum { BLOCKED = 10 };

static int pipes[BLOCKED][2];
static gort_waitgroup group;

static void blocks_in_read(void *arg)
{
    int fd = *(int *)arg;
    char byte = 0;
    gort_block_enter();
    gort_block_enter();
    gort_block_exit();
    ssize_t got = read(fd, &byte, 1);
    gort_block_exit();
    CHECK_EQ(got, 1);
    CHECK_EQ(byte, 'x');
}

static void writes(void *arg)
{
    (void)arg;
    for (int i = 0; i < BLOCKED; i++) {
        CHECK_EQ(write(pipes[i][1], "x", 1), 1);
        gort_yield();
    }
}

/* Every reader gets its P taken, and the writer comes last. */
static void readers_before_writer(void *arg)
{
    (void)arg;
    for (int i = 0; i < BLOCKED; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, blocks_in_read, &pipes[i][0]), GORT_OK);
    }
    CHECK_STATUS(gort_waitgroup_go(&group, writes, NULL), GORT_OK);
    gort_waitgroup_wait(&group);
}

static void sloppy_sections(void *arg)
{
    gort_chan *chan = arg;
    int value = 0;
    for (int i = 0; i < 200; i++) {
        gort_block_enter();
        CHECK_STATUS(gort_chan_send(chan, &i), GORT_OK); /* ends the section */
        gort_block_exit();                               /* nothing left to end */
        gort_block_exit();
        gort_block_enter();
        gort_block_enter();
        gort_yield();
        CHECK_STATUS(gort_chan_recv(chan, &value), GORT_OK);
        gort_block_enter();
        gort_block_exit();
    }
    gort_block_enter(); /* the end of the goroutine ends it as well */
}

static void sloppy_then_exit(void *arg)
{
    sloppy_sections(arg);
    gort_exit();
}

static void misuse_does_no_harm(void)
{
    gort_chan *chan = new_chan(sizeof(int), 64);
    for (int i = 0; i < 8; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, sloppy_sections, chan), GORT_OK);
        CHECK_STATUS(gort_waitgroup_go(&group, sloppy_then_exit, chan), GORT_OK);
    }
    gort_waitgroup_wait(&group);
    CHECK_EQ(gort_chan_len(chan), 0);
    gort_chan_release(chan);
}

static void many_short_sections(void *arg)
{
    (void)arg;
    for (int i = 0; i < 5000; i++) {
        gort_block_enter();
        gort_block_exit();
    }
}

int main(void)
{
    for (int i = 0; i < BLOCKED; i++) {
        CHECK_EQ(pipe(pipes[i]), 0);
    }
    gort_block_exit();
    gort_block_enter();
    gort_block_enter();
    gort_block_exit();
    run_every_way(many_short_sections, NULL);
    for (int round = 0; round < 20; round++) {
        run_main(readers_before_writer, NULL);
    }
    gort_gomaxprocs(1);
    for (int round = 0; round < 20; round++) {
        run_main(readers_before_writer, NULL);
    }
    gort_gomaxprocs(4);
    misuse_does_no_harm();
    for (int i = 0; i < 8; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, many_short_sections, NULL), GORT_OK);
    }
    gort_waitgroup_wait(&group);
    return EXIT_SUCCESS;
}
