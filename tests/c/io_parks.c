/*
 * io_parks: waiting for I/O takes no thread: hundreds of goroutines that read leave one P
 * to the others, on pipes and sockets that were blocking; two goroutines may read from one
 * descriptor; and while a goroutine waits for a descriptor, there is no deadlock.
 */
/* needs: io */
#include "check.h"
#include "io.h"

enum { READERS = 300, SHARED = 6, BYTES = 3000 };

static gort_waitgroup group;
static int received;

static uint64_t descriptors_in_stats(void)
{
    gort_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.struct_size = sizeof stats;
    CHECK_STATUS(gort_stats_read(&stats), GORT_OK);
    return stats.descriptors;
}

static void reads_one(void *arg)
{
    char byte = 0;
    CHECK_EQ(gort_read(*(int *)arg, &byte, 1), 1);
    CHECK_EQ(byte, 'x');
    ATOMIC_ADD(&received, 1);
}

static void many_readers(void *arg)
{
    (void)arg;
    static struct ends all[READERS];
    ATOMIC_SET(&received, 0);
    for (int i = 0; i < READERS; i++) {
        all[i] = i % 2 == 0 ? new_pipe() : new_socketpair();
        CHECK_STATUS(gort_waitgroup_go(&group, reads_one, &all[i].fds[0]), GORT_OK);
    }
    WAIT_UNTIL(descriptors_in_stats() >= READERS);
    size_t threads = check_thread_count();
    if (threads > (size_t)gort_gomaxprocs(0) + 24) {
        check_fail(__FILE__, __LINE__, "%zu threads for goroutines that wait for I/O", threads);
    }
    CHECK_EQ(ATOMIC_GET(&received), 0);
    for (int i = READERS - 1; i >= 0; i--) {
        CHECK_EQ(gort_write(all[i].fds[1], "x", 1), 1);
    }
    gort_waitgroup_wait(&group);
    CHECK_EQ(received, READERS);
    for (int i = 0; i < READERS; i++) {
        close_ends(all[i]);
    }
}

static void reads_until_end(void *arg)
{
    char buffer[7];
    for (;;) {
        ssize_t got = gort_read(*(int *)arg, buffer, sizeof buffer);
        CHECK(got >= 0);
        if (got == 0) {
            break;
        }
        ATOMIC_ADD(&received, (int)got);
    }
}

static void *reads_on_thread(void *arg)
{
    reads_until_end(arg);
    return NULL;
}

static void shared_descriptor(void *arg)
{
    (void)arg;
    for (int kind = 0; kind < 2; kind++) {
        struct ends ends = kind == 0 ? new_pipe() : new_socketpair();
        ATOMIC_SET(&received, 0);
        pthread_t thread = plain_thread(reads_on_thread, &ends.fds[0]);
        for (int i = 0; i < SHARED; i++) {
            CHECK_STATUS(gort_waitgroup_go(&group, reads_until_end, &ends.fds[0]), GORT_OK);
        }
        for (int sent = 0; sent < BYTES; sent += 3) {
            CHECK_EQ(gort_write(ends.fds[1], "abc", 3), 3);
            if (sent % 100 == 0) {
                gort_yield();
            }
        }
        CHECK_EQ(gort_close(ends.fds[1]), 0);
        gort_waitgroup_wait(&group);
        join_thread(thread);
        CHECK_EQ(received, BYTES);
        CHECK_EQ(gort_close(ends.fds[0]), 0);
    }
}

static void on_deadlock(const char *report, void *user)
{
    (void)user;
    check_fail(__FILE__, __LINE__, "declared with a goroutine waiting for a descriptor: %.300s", report);
}

static void *writes_late(void *arg) /* a thread the library never sees */
{
    usleep(50000);
    CHECK_EQ(write(*(int *)arg, "x", 1), 1);
    return NULL;
}

int main(void)
{
    struct ends ends = new_pipe();
    gort_on_deadlock(on_deadlock, NULL);
    pthread_t thread = bare_thread(writes_late, &ends.fds[1]);
    run_main(reads_one, &ends.fds[0]);
    join_thread(thread);
    close_ends(ends);
    gort_on_deadlock(NULL, NULL);

    many_readers(NULL);
    run_main(many_readers, NULL);
    run_every_way(shared_descriptor, NULL);
    return EXIT_SUCCESS;
}
