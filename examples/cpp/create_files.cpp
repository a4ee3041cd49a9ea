/*
 * create_files: one goroutine a file creates DIRECTORY/NAME<i> for i from START to END, END included. Each file
 * that cannot be created is reported, the others are created all the same, and the exit status is 1.
 *
 *   create_files START END DIRECTORY NAME
 */
#include "example.hpp"

#include <atomic>
#include <cerrno>
#include <system_error>

/* 0, or the errno that says why not. */
static int create(const std::string &path)
{
    std::FILE *const file = std::fopen(path.c_str(), "w");
    return file == nullptr || std::fclose(file) != 0 ? errno : 0;
}

int main(int argc, char **argv)
{
    return example::run(argc, argv, "START END DIRECTORY NAME", [](example::arguments &args) {
        args.expect(4, 4);
        const long first = args.number(0, 0, 1000000000);
        const long last = args.number(1, first, 1000000000);
        std::atomic<bool> failed{false};
        gort::wait_group group;
        for (long i = first; i <= last; i++) {
            group.go([&failed, path = args[2] + "/" + args[3] + std::to_string(i)] {
                if (const int problem = create(path); problem == 0) {
                    std::printf("%s created!\n", path.c_str());
                } else {
                    std::fprintf(stderr, "create_files: %s: %s\n", path.c_str(),
                                 std::generic_category().message(problem).c_str());
                    failed = true;
                }
            });
        }
        group.wait();
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;
    });
}
