/*
 * add_done: what happens when the adds and dones of a wait_group do not match.
 *
 *   add_done equal       as it should be: exits with 0
 *   add_done more-done   the done too many is refused: misuse, exits with 1
 *   add_done more-add    wait can never end: the runtime reports the deadlock and exits with 2
 */
#include "example.hpp"

static constexpr int GOROUTINES = 5;

int main(int argc, char **argv)
{
    return example::run(argc, argv, "equal|more-done|more-add", [](example::arguments &args) {
        args.expect(1, 1);
        if (args[0] != "equal" && args[0] != "more-done" && args[0] != "more-add") {
            throw example::wrong_usage();
        }
        const int adds = GOROUTINES + (args[0] == "more-add");
        const int dones = GOROUTINES + (args[0] == "more-done");
        int status = EXIT_SUCCESS;
        gort::wait_group group;
        group.add(adds);
        for (int i = 1; i <= dones; i++) {
            try {
                group.done();
            } catch (const gort::error &error) {
                std::fprintf(stderr, "done number %d: %s\n", i, error.what());
                status = EXIT_FAILURE;
            }
        }
        group.wait();
        std::printf("waited for %d goroutines\n", adds);
        return status;
    });
}
