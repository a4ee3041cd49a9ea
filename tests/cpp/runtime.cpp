/*
 * runtime: the knobs, the guards, and shutdown.
 */
/* run: once */
#include "check.hpp"

int main()
{
    const int before = gort::gomaxprocs();
    CHECK_EQ(gort::gomaxprocs(3), before);
    CHECK_EQ(gort::gomaxprocs(), 3);
    CHECK(gort::num_cpu() >= 1);
    CHECK(std::string(gort::version()) == gort_version());
    CHECK(std::string(gort::name(gort::status::closed)) == "GORT_CLOSED");
    CHECK(std::string(gort::message(gort::status::closed)) == gort_status_message(GORT_CLOSED));
    CHECK_EQ(gort::goroutine_id(), 0);
    CHECK_ERROR(gort::os_thread_lock(), gort::status::misuse);
    gort::run([] {
        CHECK(gort::goroutine_id() > 0);
        CHECK(gort::num_goroutine() >= 1);
        CHECK(gort::stats().goroutines >= 1);
        const gort::os_thread_lock lock;
        const pthread_t before = pthread_self();
        gort::sleep_for(1ms);
        CHECK(pthread_equal(before, pthread_self()));
        const gort::blocking section;
    });
    CHECK_ERROR(gort::dump(-1), gort::status::os_error);
    gort::chan<gort::unit> go_on;
    gort::go([go_on] { go_on.recv(); });
    CHECK(!gort::shutdown(1ms));
    CHECK(!gort::shutdown(-1s));
    go_on.close();
    gort::shutdown();
    CHECK_EQ(gort::run([] { return 3; }), 3);
    CHECK(gort::shutdown(FOREVER));

    gort::run([] {
        const gort::chan<int> signals(1);
        gort::signal_notify(signals, SIGUSR1);
        kill(getpid(), SIGUSR1);
        CHECK_EQ(*signals.recv(), SIGUSR1);
        gort::signal_stop(signals);
    });
    return EXIT_SUCCESS;
}
