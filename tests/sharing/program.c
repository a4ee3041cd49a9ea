/*
 * A program and two libraries, all linked with libgort.so: one runtime, in which a value goes through
 * goroutines of all three; each knows the others' goroutines by their ids.
 */
#include <gort.h>

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DECLARE(part) \
    void part##_doubles(gort_chan *in, gort_chan *out); \
    uint64_t part##_goroutine(void); \
    size_t part##_count(void);
DECLARE(one)
DECLARE(two)

enum { VALUES = 1000 };

static gort_chan *first, *second, *third;
static int failures;

static void expect(bool holds, const char *what)
{
    if (!holds) {
        printf("%s\n", what);
        failures++;
    }
}

static void in_one(void *arg)
{
    (void)arg;
    uint64_t id = gort_goroutine_id();
    expect(id > 0 && one_goroutine() == id && two_goroutine() == id, "one goroutine has two ids");
    one_doubles(first, second);
}

static void in_two(void *arg)
{
    (void)arg;
    two_doubles(second, third);
}

static void feeds(void *arg)
{
    (void)arg;
    for (int64_t i = 0; i < VALUES; i++) {
        gort_chan_send(first, &i);
    }
    gort_chan_close(first);
}

static void body(void *arg)
{
    (void)arg;
    gort_go(in_one, NULL);
    gort_go(in_two, NULL);
    gort_go(feeds, NULL);
    expect(one_count() == 4 && two_count() == 4, "they do not count the same goroutines");
    int64_t value = 0, wanted = 0;
    while (gort_chan_recv(third, &value) == GORT_OK) {
        expect(value == 4 * wanted++, "a wrong value");
    }
    expect(wanted == VALUES, "values are missing");
}

/* Of all there are threads in this process one is the watcher of a runtime. */
static int watchers(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *task; tasks != NULL && (task = readdir(tasks)) != NULL;) {
        char path[300], name[32] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
        FILE *comm = fopen(path, "r");
        if (comm != NULL) {
            count += fgets(name, sizeof name, comm) != NULL && strcmp(name, "gort-sysmon\n") == 0;
            fclose(comm);
        }
    }
    closedir(tasks);
    return count;
}

int main(void)
{
    first = gort_chan_new(sizeof(int64_t), 0);
    second = gort_chan_new(sizeof(int64_t), 1);
    third = gort_chan_new(sizeof(int64_t), 0);
    gort_gomaxprocs(1); /* nobody is over before all are counted */
    expect(gort_run(body, NULL) == GORT_OK, "a deadlock");
    expect(watchers() == 1, "there is not one runtime");
    expect(gort_shutdown(-1) == GORT_OK && one_count() == 0 && two_count() == 0, "not all have ended");
    return failures != 0;
}
