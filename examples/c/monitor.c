/*
 * monitor: a value owned by one goroutine. The others never touch it: they send
 * new values to the owner and receive the current one from it, and the owner's
 * select serves one request at a time. No lock is needed.
 *
 *   monitor [WRITERS]      (default 10)
 */
#include "example.h"

struct monitor {
    gort_chan *write_value;
    gort_chan *read_value;
    gort_chan *stop;
};

static void own_the_value(void *arg)
{
    const struct monitor *monitor = arg;
    long value = 0; /* here, and nowhere else */
    for (;;) {
        long new_value;
        gort_case cases[] = {
            GORT_RECV_CASE(monitor->write_value, &new_value),
            GORT_SEND_CASE(monitor->read_value, &value),
            GORT_RECV_CASE(monitor->stop, NULL),
        };
        int chosen = gort_select(cases, 3);
        if (chosen == 0) {
            value = new_value;
            printf("%ld ", value);
        } else if (chosen == 2) {
            return;
        }
    }
}

static void set_value(const struct monitor *monitor, long value)
{
    must(gort_chan_send(monitor->write_value, &value), "gort_chan_send");
}

static long get_value(const struct monitor *monitor)
{
    long value;
    must(gort_chan_recv(monitor->read_value, &value), "gort_chan_recv");
    return value;
}

struct writer {
    struct monitor *monitor;
    long value;
    gort_waitgroup *group;
};

static void write_value(void *arg)
{
    const struct writer *writer = arg;
    set_value(writer->monitor, writer->value);
    must(gort_waitgroup_done(writer->group), "gort_waitgroup_done");
}

static void main_goroutine(void *arg)
{
    const long *writers = arg;
    struct monitor monitor = {must_chan(sizeof(long), 0), must_chan(sizeof(long), 0), must_chan(0, 0)};
    gort_waitgroup owner = {{0}};
    gort_waitgroup group = {{0}};

    printf("Going to write %ld numbers.\n", *writers);
    must(gort_waitgroup_go(&owner, own_the_value, &monitor), "gort_waitgroup_go");
    for (long i = 1; i <= *writers; i++) {
        struct writer writer = {&monitor, i, &group};
        must(gort_waitgroup_add(&group, 1), "gort_waitgroup_add");
        must(gort_go_copy(write_value, &writer, sizeof writer), "gort_go_copy");
    }
    gort_waitgroup_wait(&group);
    printf("\nLast value: %ld\n", get_value(&monitor));

    must(gort_chan_close(monitor.stop), "gort_chan_close");
    gort_waitgroup_wait(&owner);
    gort_chan_release(monitor.write_value);
    gort_chan_release(monitor.read_value);
    gort_chan_release(monitor.stop);
}

int main(int argc, char **argv)
{
    long writers = 10;
    if (argc > 2 || !parse_optional(argc, argv, 1, 0, 1000000, &writers)) {
        return usage(argv[0], "[WRITERS]");
    }
    return run_main(main_goroutine, &writers);
}
