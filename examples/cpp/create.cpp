/*
 * create: a goroutine from an anonymous function with an argument, and one from a named function. Arguments
 * are copied at the go statement, so what happens to the variable afterwards does not matter.
 *
 *   create
 */
#include "example.hpp"

static void print_name(const char *name) { std::printf("passed as a pointer: %s\n", name); }

int main(int argc, char **argv)
{
    return example::run(argc, argv, "", [](example::arguments &args) {
        args.expect(0, 0);
        int number = 10;
        gort::go([](int n) { std::printf("copied at the go statement: %d\n", n); }, number);
        number = 99;
        gort::go(print_name, "gort");

        /* The program ends with its main goroutine: this is the crude way to wait. */
        while (gort::num_goroutine() > 1) {
            gort::sleep_for(1ms);
        }
        std::printf("the variable is now: %d\n", number);
    });
}
