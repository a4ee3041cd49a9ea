/*
 * trace: what a trace says of a program that is known: each slice has its begin and end and none overlaps
 * another on its track, arrows lead from where a goroutine was made ready to the begin of its run, waits
 * have their reasons, and what is lost is counted. To a file, by GORTDEBUG, as a flight recorder with a
 * snapshot and in a deadlock; and what is refused.
 */
#include "check.h"
#include "child.h"

enum { ROUNDS = 50, MOST = 1 << 20 };

static const char *file; /* in the child: the argument of the environment */
static gort_chan *ping, *pong, *held;
static int ends[2];

static void answers(void *arg)
{
    int value = 0;
    while (gort_chan_recv(ping, &value) == GORT_OK) {
        gort_chan_send(pong, &value);
    }
    gort_waitgroup_done(arg);
}

static void yields(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        gort_yield();
    }
}

static void reads(void *arg)
{
    char byte = 0;
    CHECK_EQ(gort_read(ends[0], &byte, 1), 1);
    gort_waitgroup_done(arg);
}

static void sends_and_receives(void *arg)
{
    CHECK_STATUS(gort_chan_send(held, NULL), GORT_OK);
    CHECK_STATUS(gort_chan_recv(held, NULL), GORT_OK);
    gort_waitgroup_done(arg);
}

static uint64_t descriptors(void)
{
    gort_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.struct_size = sizeof stats;
    CHECK_STATUS(gort_stats_read(&stats), GORT_OK);
    return stats.descriptors;
}

static void work(void *arg)
{
    (void)arg;
    gort_waitgroup group = {{0}};
    gort_go_options options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.name = "the \"answerer\"";
    ping = new_chan(sizeof(int), 0);
    pong = new_chan(sizeof(int), 0);
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    CHECK_STATUS(gort_waitgroup_add(&group, 3), GORT_OK);
    CHECK_STATUS(gort_go_with(&options, answers, &group), GORT_OK);
    held = new_chan(0, 0);
    spawn(reads, &group);
    spawn(sends_and_receives, &group);
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_STATUS(gort_chan_send(ping, &i), GORT_OK);
        CHECK_STATUS(gort_chan_recv(pong, NULL), GORT_OK);
    }
    gort_chan_close(ping);
    CHECK_STATUS(gort_waitgroup_go(&group, yields, NULL), GORT_OK);
    gort_sleep(2 * GORT_MILLISECOND);
    gort_block_enter();
    gort_block_exit();
    WAIT_UNTIL(gort_chan_try_recv(held, NULL) == GORT_OK); /* succeeds when the other side waits */
    WAIT_UNTIL(gort_chan_try_send(held, NULL) == GORT_OK);
    WAIT_UNTIL(descriptors() == 1);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    gort_waitgroup_wait(&group);
    close(ends[0]);
    close(ends[1]);
    gort_chan_release(ping);
    gort_chan_release(pong);
    gort_chan_release(held);
}

/* ------------------------------------------------------------ reading one */

struct slice {
    int tid;
    long long from, to;
    bool goroutine;
};

struct arrow {
    int tid;
    long long at;
};

static struct slice slices[MOST];
static struct arrow starts[MOST], finishes[MOST];
static char line[4096];

static const char *field(const char *name)
{
    char key[64];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(line, key);
    CHECK(at != NULL);
    return at + strlen(key);
}

/* Microseconds with three digits behind the point, as nanoseconds. */
static long long nanoseconds(const char *name)
{
    long long us = 0, ns = 0;
    CHECK_EQ(sscanf(field(name), "%lld.%3lld", &us, &ns), 2);
    return us * 1000 + ns;
}

struct found {
    int slices, arrows, yields, lost, lost_at_end;
    bool sent, received, slept, named, hand_off, timer, netpoll, end;
};

static int by_place(const void *a, const void *b)
{
    const struct slice *x = a, *y = b;
    if (x->tid != y->tid) {
        return x->tid < y->tid ? -1 : 1;
    }
    return x->from < y->from ? -1 : x->from > y->from;
}

static void read_slice(struct found *found)
{
    struct slice *slice = &slices[found->slices++];
    CHECK(found->slices < MOST);
    slice->tid = atoi(field("tid"));
    slice->from = nanoseconds("ts");
    slice->to = slice->from + nanoseconds("dur");
    slice->goroutine = strstr(line, "\"cat\":\"goroutine\"") != NULL;
    if (slice->goroutine) {
        const char *end = field("end");
        CHECK(strchr(end + 1, '"') > end + 1);
        found->yields += strncmp(end, "\"yield\"", 7) == 0;
        found->sent |= strncmp(end, "\"chan send\"", 11) == 0;
        found->received |= strncmp(end, "\"chan receive\"", 14) == 0;
        found->slept |= strncmp(end, "\"sleep\"", 7) == 0;
        found->named |= strstr(line, "\"name\":\"the \\\"answerer\\\" (") != NULL;
    }
}

static void read_other(struct found *found, char phase)
{
    if (phase == 's' || phase == 'f') {
        int id = atoi(field("id"));
        CHECK(id > 0 && id < MOST);
        struct arrow *arrow = phase == 's' ? &starts[id] : &finishes[id];
        CHECK_EQ(arrow->tid, 0);
        arrow->tid = atoi(field("tid"));
        arrow->at = nanoseconds("ts");
        found->arrows = id > found->arrows ? id : found->arrows;
    } else if (phase == 'i') {
        found->hand_off |= strstr(line, "\"hand-off\"") != NULL;
        found->timer |= strstr(line, "\"timer\"") != NULL;
        found->netpoll |= strstr(line, "\"netpoll\"") != NULL;
        if (strstr(line, "\"name\":\"lost\"") != NULL) {
            found->lost += atoi(field("events"));
        } else if (strstr(line, "\"trace end\"") != NULL) {
            found->end = true;
            found->lost_at_end = atoi(field("lost"));
        }
    } else {
        CHECK_EQ(phase, 'M');
    }
}

/* The slice of the track that holds the moment; the last that begins at or before it. */
static bool is_in_slice(const struct found *found, const struct arrow *arrow, bool at_begin)
{
    for (int i = 0; i < found->slices; i++) {
        const struct slice *slice = &slices[i];
        if (slice->tid == arrow->tid && slice->from <= arrow->at && arrow->at <= slice->to &&
            (!at_begin || (slice->from == arrow->at && slice->goroutine))) {
            return true;
        }
    }
    return false;
}

static struct found check_trace(const char *path)
{
    static struct found found;
    memset(&found, 0, sizeof found);
    memset(starts, 0, sizeof starts);
    memset(finishes, 0, sizeof finishes);
    FILE *in = fopen(path, "r");
    CHECK(in != NULL);
    CHECK(fgets(line, sizeof line, in) != NULL && strstr(line, "\"traceEvents\":[\n") != NULL);
    bool more = true;
    while (fgets(line, sizeof line, in) != NULL && line[0] != ']') {
        CHECK(more && line[0] == '{');
        more = strcmp(strchr(line, '\0') - 3, "},\n") == 0;
        CHECK(more || strcmp(strchr(line, '\0') - 2, "}\n") == 0);
        char phase = field("ph")[1];
        if (phase == 'X') {
            read_slice(&found);
        } else {
            read_other(&found, phase);
        }
    }
    CHECK(!more && strcmp(line, "]}\n") == 0 && fgetc(in) == EOF);
    fclose(in);

    qsort(slices, (size_t)found.slices, sizeof slices[0], by_place);
    const struct slice *before = NULL;
    for (int i = 0; i < found.slices; i++) {
        CHECK(slices[i].to >= slices[i].from);
        if (slices[i].goroutine) {
            CHECK(before == NULL || before->tid != slices[i].tid || before->to <= slices[i].from);
            before = &slices[i];
        }
    }
    for (int id = 1; id <= found.arrows; id++) {
        CHECK(is_in_slice(&found, &starts[id], false));
        CHECK(is_in_slice(&found, &finishes[id], true));
    }
    CHECK(found.end && found.lost == found.lost_at_end);
    return found;
}

static void check_all_is_there(const char *path)
{
    struct found found = check_trace(path);
    CHECK_EQ(found.lost, 0);
    CHECK(found.arrows >= 2 * ROUNDS && found.yields >= ROUNDS);
    CHECK(found.sent && found.received && found.slept && found.named);
    CHECK(found.hand_off && found.timer && found.netpoll);
}

/* -------------------------------------------------------------- scenarios */

static void plain(void)
{
    run_main(work, NULL);
}

static void waits_in_vain(void *arg)
{
    gort_chan_recv(arg, NULL);
}

static void deadlock(void)
{
    run_main(work, NULL);
    gort_run(waits_in_vain, new_chan(1, 0));
}

static const struct scenario SCENARIOS[] = {{"plain", plain}, {"deadlock", deadlock}};

static void run_child(const char *key, const char *scenario, int status)
{
    char value[256];
    snprintf(value, sizeof value, "%s=%s", key, file);
    CHECK_EQ(setenv("GORTDEBUG", value, 1), 0);
    expect_exit(scenario, status, NULL);
    CHECK_EQ(unsetenv("GORTDEBUG"), 0);
}

static void in_one_runtime(void *arg)
{
    (void)arg;
    CHECK_REFUSED(gort_trace_stop(), GORT_MISUSE);
    CHECK_REFUSED(gort_trace_snapshot(file), GORT_MISUSE);
    CHECK_REFUSED(gort_trace_start(NULL), GORT_INVALID);
    CHECK_REFUSED(gort_trace_start("/no/such/directory/trace"), GORT_OS_ERROR);
    CHECK_STATUS(gort_trace_flight(NULL), GORT_OK);
    CHECK_REFUSED(gort_trace_start(file), GORT_MISUSE);
    CHECK_REFUSED(gort_trace_flight(file), GORT_MISUSE);
    work(NULL);
    CHECK_REFUSED(gort_trace_snapshot(NULL), GORT_INVALID);
    CHECK_STATUS(gort_trace_snapshot(file), GORT_OK);
    check_all_is_there(file);
    CHECK_STATUS(gort_trace_stop(), GORT_OK);
    CHECK_STATUS(gort_trace_start(file), GORT_OK);
    work(NULL);
    CHECK_STATUS(gort_trace_stop(), GORT_OK);
    check_all_is_there(file);
}

/* More than any ring holds. */
static void burst(void *arg)
{
    (void)arg;
    for (int i = 0; i < 200000; i++) {
        gort_yield();
    }
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return run_scenario(SCENARIOS, COUNT_OF(SCENARIOS), argv[1]);
    }
    char path[] = "/tmp/gort-trace-XXXXXX";
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    close(fd);
    file = path;
    run_child("trace", "plain", 0);
    check_all_is_there(file);
    run_child("flight", "deadlock", 2);
    check_all_is_there(file);
    run_in_goroutine(in_one_runtime, NULL);
    CHECK_STATUS(gort_trace_flight(NULL), GORT_OK);
    run_main(burst, NULL);
    CHECK_STATUS(gort_trace_snapshot(file), GORT_OK);
    CHECK_STATUS(gort_shutdown(-1), GORT_OK);
    struct found found = check_trace(file);
    CHECK(found.lost + found.yields >= 200000);
    unlink(file);
    return EXIT_SUCCESS;
}
