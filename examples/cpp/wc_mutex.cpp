/*
 * wc_mutex: wc(1) with one goroutine a file; the results are in shared memory, and a mutex guards the list they
 * are appended to, in the order they come in.
 *
 *   wc_mutex [-a] FILE...
 */
#include "wc.hpp"

#include <mutex>

int main(int argc, char **argv)
{
    return example::run(argc, argv, "[-a] FILE...", [](example::arguments &args) {
        const auto paths = wc::operands(args);
        gort::mutex mutex;
        std::vector<wc::result> results; /* under mutex */
        gort::wait_group group;
        for (std::size_t i = 0; i < paths.size(); i++) {
            group.go([&, i] {
                auto counted = wc::count(paths[i]); /* outside of the lock: this is the long part */
                const std::lock_guard lock(mutex);
                results.push_back({i, std::move(counted)});
            });
        }
        group.wait();
        std::vector<wc::file> files(paths.size());
        for (auto &[index, counted] : results) {
            files[index] = std::move(counted);
        }
        return wc::print_table(stdout, args.program(), files);
    });
}
