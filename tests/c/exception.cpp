/*
 * exception: a C++ exception may be thrown and caught within a goroutine, over calls that
 * park it, in the handler too; one that leaves a callback ends the process with a
 * message.
 */
/* run: once */
#include "check.h"
#include "child.h"

#include <stdexcept>
#include <string>

static int parks_then_throws(int depth)
{
    if (depth == 0) {
        gort_yield();
        gort_sleep(20 * GORT_MICROSECOND);
        throw std::runtime_error("deep " + std::to_string(gort_goroutine_id()));
    }
    return parks_then_throws(depth - 1) + 1;
}

struct on_unwind {
    int *count;
    ~on_unwind() { ATOMIC_ADD(count, 1); }
};

static void catches(void *arg)
{
    for (int i = 0; i < 20; i++) {
        try {
            on_unwind guard{static_cast<int *>(arg)};
            parks_then_throws(10);
            check_fail(__FILE__, __LINE__, "nothing was thrown");
        } catch (const std::runtime_error &error) {
            CHECK(error.what() == "deep " + std::to_string(gort_goroutine_id()));
            gort_yield();
            try {
                throw;
            } catch (const std::exception &again) {
                CHECK(again.what() == "deep " + std::to_string(gort_goroutine_id()));
            }
        }
    }
}

static void caught_inside()
{
    gort_waitgroup group = {{0}};
    int count = 0;
    for (int i = 0; i < 20; i++) {
        CHECK_STATUS(gort_waitgroup_go(&group, catches, &count), GORT_OK);
    }
    gort_waitgroup_wait(&group);
    CHECK_EQ(count, 400);
}

static void throws(void *)
{
    throw std::runtime_error("thrown out");
}

static void defers_a_throw(void *)
{
    CHECK_STATUS(gort_defer(throws, nullptr), GORT_OK);
}

static void out_of_run()
{
    gort_run(throws, nullptr);
}

static void out_of_go()
{
    spawn(throws, nullptr);
    gort_sleep(GORT_HOUR);
}

static void out_of_timer()
{
    gort_after_func(0, throws, nullptr);
    gort_sleep(GORT_HOUR);
}

static void out_of_deferred()
{
    gort_run(defers_a_throw, nullptr);
}

static const scenario SCENARIOS[] = {
    {"run", out_of_run},
    {"go", out_of_go},
    {"timer", out_of_timer},
    {"deferred", out_of_deferred},
};

int main(int argc, char **argv)
{
    if (argc > 1) {
        return run_scenario(SCENARIOS, COUNT_OF(SCENARIOS), argv[1]);
    }
    caught_inside();
    for (const scenario &each : SCENARIOS) {
        outcome ended = run_self(each.name);
        if (ended.exit_status == 0 || ended.text[0] == '\0') {
            check_fail(__FILE__, __LINE__, "%s: exit status %d, signal %d, message: %.300s", each.name,
                       ended.exit_status, ended.signal, ended.text);
        }
    }
    return EXIT_SUCCESS;
}
