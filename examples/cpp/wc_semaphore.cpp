/*
 * wc_semaphore: wc(1) with one goroutine a file, but only WORKERS of them at a time, so that any number of files
 * needs few descriptors and little memory. Each writes to the slot of its file.
 *
 *   wc_semaphore [-a] WORKERS FILE...
 */
#include "wc.hpp"

int main(int argc, char **argv)
{
    return example::run(argc, argv, "[-a] WORKERS FILE...", [](example::arguments &args) {
        const auto paths = wc::operands(args, 1);
        gort::semaphore workers(args.number(0, 1, 1000000));
        std::vector<wc::file> files(paths.size());
        gort::wait_group group;
        for (std::size_t i = 0; i < paths.size(); i++) {
            workers.acquire();
            group.go([&, i] {
                files[i] = wc::count(paths[i]);
                workers.release();
            });
        }
        group.wait();
        return wc::print_table(stdout, args.program(), files);
    });
}
