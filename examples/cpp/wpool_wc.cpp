/*
 * wpool_wc: the worker pool of wpools, with work worth having one for: WORKERS goroutines take files from a channel
 * of jobs and do wc(1) on them.
 *
 *   wpool_wc [-a] WORKERS FILE...
 */
#include "wc.hpp"

int main(int argc, char **argv)
{
    return example::run(argc, argv, "[-a] WORKERS FILE...", [](example::arguments &args) {
        const auto paths = wc::operands(args, 1);
        const long workers = args.number(0, 1, 100000);
        gort::chan<std::size_t> jobs(16);
        gort::chan<wc::result> results(16);
        gort::go([=, count = paths.size()] {
            for (std::size_t i = 0; i < count; i++) {
                jobs.send(i);
            }
            jobs.close();
        });
        gort::wait_group group;
        for (long i = 0; i < workers; i++) {
            group.go([&] {
                for (const std::size_t index : jobs) {
                    results.send({index, wc::count(paths[index])});
                }
            });
        }
        std::vector<wc::file> files(paths.size());
        for (std::size_t i = 0; i < paths.size(); i++) {
            auto result = *results.recv();
            files[result.index] = std::move(result.counted);
        }
        group.wait();
        return wc::print_table(stdout, args.program(), files);
    });
}
