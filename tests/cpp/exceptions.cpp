/*
 * exceptions: what is being thrown and handled is the goroutine's, wherever it goes on: it may park in a
 * catch block and in a destructor that an exception runs, and another's exception is never seen.
 */
#include "check.hpp"

static constexpr int GOROUTINES = 16;
static constexpr int ROUNDS = 50;

struct parks_in_destructor {
    gort::chan<int> &back_and_forth;
    int number;
    ~parks_in_destructor()
    {
        CHECK_EQ(std::uncaught_exceptions(), 1);
        back_and_forth.send(number);
        gort::sleep_for(20us);
        static_cast<void>(back_and_forth.recv());
        CHECK_EQ(std::uncaught_exceptions(), 1);
        try {
            gort::yield();
            throw std::logic_error("within");
        } catch (const std::logic_error &) {
            gort::yield();
            CHECK_EQ(std::uncaught_exceptions(), 1);
        }
    }
};

static void throws_and_parks(gort::chan<int> &shared, int number)
{
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_EQ(std::uncaught_exceptions(), 0);
        CHECK(std::current_exception() == nullptr);
        try {
            const parks_in_destructor parks{shared, number};
            throw std::runtime_error(std::to_string(number));
        } catch (const std::exception &error) {
            gort::yield();
            gort::sleep_for(20us);
            CHECK(error.what() == std::to_string(number));
            try {
                throw; /* the one that is handled here, and not the thread's */
            } catch (const std::runtime_error &again) {
                gort::yield();
                CHECK(&again == &error);
            }
        }
    }
}

int main()
{
    gort::run([] {
        gort::chan<int> shared(GOROUTINES);
        gort::wait_group group;
        for (int i = 0; i < GOROUTINES; i++) {
            group.go([&, i] { throws_and_parks(shared, i); });
        }
        group.wait();
    });
    return EXIT_SUCCESS;
}
