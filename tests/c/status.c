/*
 * status: names and messages of every status, the version, and where gort_last_error
 * keeps its sentence: per goroutine, per plain thread, untouched by success.
 */
/* also: c++ */
#include "check.h"

static const struct {
    gort_status status;
    const char *name;
} STATUSES[] = {
    {GORT_OK, "GORT_OK"},
    {GORT_CLOSED, "GORT_CLOSED"},
    {GORT_WOULD_BLOCK, "GORT_WOULD_BLOCK"},
    {GORT_CANCELED, "GORT_CANCELED"},
    {GORT_DEADLINE_EXCEEDED, "GORT_DEADLINE_EXCEEDED"},
    {GORT_DEADLOCK, "GORT_DEADLOCK"},
    {GORT_MISUSE, "GORT_MISUSE"},
    {GORT_INVALID, "GORT_INVALID"},
    {GORT_NO_MEMORY, "GORT_NO_MEMORY"},
    {GORT_OS_ERROR, "GORT_OS_ERROR"},
    {GORT_SHUTDOWN, "GORT_SHUTDOWN"},
};
enum { STATUS_COUNT = sizeof STATUSES / sizeof STATUSES[0] };

static void names_and_messages(void)
{
    for (int i = 0; i < STATUS_COUNT; i++) {
        CHECK_EQ(STATUSES[i].status, i);
        CHECK(strcmp(gort_status_name(STATUSES[i].status), STATUSES[i].name) == 0);
        const char *message = gort_status_message(STATUSES[i].status);
        CHECK(message != NULL && message[0] != '\0' && strchr(message, '\n') == NULL);
        for (int j = 0; j < i; j++) {
            CHECK(strcmp(message, gort_status_message(STATUSES[j].status)) != 0);
        }
    }
    /* Numbers that a later version may give, as far as an enum of 0..10 can hold them. */
    for (int number = STATUS_COUNT; number < 16; number++) {
        CHECK(strcmp(gort_status_name((gort_status)number), "GORT_UNKNOWN") == 0);
        CHECK(gort_status_message((gort_status)number) != NULL);
    }
#ifndef __cplusplus /* outside the range of the enum, which C++ leaves undefined */
    CHECK(strcmp(gort_status_name((gort_status)-1), "GORT_UNKNOWN") == 0);
    CHECK(strcmp(gort_status_name((gort_status)INT32_MAX), "GORT_UNKNOWN") == 0);
    CHECK(strcmp(gort_status_name((gort_status)INT32_MIN), "GORT_UNKNOWN") == 0);
    CHECK(gort_status_message((gort_status)-1) != NULL);
#endif
}

static void version(void)
{
    char expected[64];
    snprintf(expected, sizeof expected, "%d.%d.%d", GORT_VERSION_MAJOR, GORT_VERSION_MINOR, GORT_VERSION_PATCH);
    CHECK(strcmp(gort_version(), expected) == 0);
    CHECK(strcmp(gort_version(), "0.1.0") == 0);
}

static void starts_empty_and_keeps_through_success(void *arg)
{
    (void)arg;
    CHECK(strcmp(gort_last_error(), "") == 0);
    CHECK_STATUS(gort_chan_close(NULL), GORT_INVALID);
    const char *sentence = gort_last_error();
    CHECK(sentence != NULL && sentence[0] != '\0' && strchr(sentence, '\n') == NULL);
    char copy[512];
    snprintf(copy, sizeof copy, "%s", sentence);

    gort_chan *chan = new_chan(sizeof(int), 1);
    CHECK_STATUS(gort_chan_send(chan, NULL), GORT_OK);
    CHECK(strcmp(gort_last_error(), copy) == 0);

    CHECK_STATUS(gort_chan_close(chan), GORT_OK);
    CHECK_STATUS(gort_chan_close(chan), GORT_CLOSED);
    CHECK(gort_last_error()[0] != '\0');
    CHECK(strcmp(gort_last_error(), copy) != 0);
    gort_chan_release(chan);
}

struct two {
    gort_mutex mutex;
    int failed;
    int looked;
};

static void fails(void *arg)
{
    struct two *two = (struct two *)arg;
    CHECK_STATUS(gort_mutex_unlock(&two->mutex), GORT_MISUSE);
    char copy[512];
    snprintf(copy, sizeof copy, "%s", gort_last_error());
    CHECK(copy[0] != '\0');
    ATOMIC_SET(&two->failed, 1);
    WAIT_UNTIL(ATOMIC_GET(&two->looked) == 1);
    CHECK(strcmp(gort_last_error(), copy) == 0);
}

static void sees_nothing_of_it(void *arg)
{
    struct two *two = (struct two *)arg;
    WAIT_UNTIL(ATOMIC_GET(&two->failed) == 1);
    CHECK(strcmp(gort_last_error(), "") == 0);
    ATOMIC_SET(&two->looked, 1);
}

static void kept_per_goroutine(void *arg)
{
    (void)arg;
    for (int i = 0; i < 50; i++) { /* later goroutines on reused stacks start empty, too */
        static struct two two;
        memset(&two, 0, sizeof two);
        gort_waitgroup group = {{0}};
        CHECK_STATUS(gort_waitgroup_go(&group, fails, &two), GORT_OK);
        CHECK_STATUS(gort_waitgroup_go(&group, sees_nothing_of_it, &two), GORT_OK);
        gort_waitgroup_wait(&group);
        CHECK(strcmp(gort_last_error(), "") == 0);
    }
}

int main(void)
{
    CHECK(strcmp(gort_last_error(), "") == 0);
    names_and_messages();
    version();
    run_on_thread(starts_empty_and_keeps_through_success, NULL);
    run_in_goroutine(starts_empty_and_keeps_through_success, NULL);
    run_main(starts_empty_and_keeps_through_success, NULL);
    run_main(kept_per_goroutine, NULL);
    CHECK(strcmp(gort_last_error(), "") == 0);
    return EXIT_SUCCESS;
}
