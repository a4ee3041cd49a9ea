/*
 * wc_channel: wc(1) with one goroutine a file; the results come over a buffered channel, each with its index, so
 * that they can be printed in order.
 *
 *   wc_channel [-a] FILE...
 */
#include "wc.hpp"

int main(int argc, char **argv)
{
    return example::run(argc, argv, "[-a] FILE...", [](example::arguments &args) {
        const auto paths = wc::operands(args);
        gort::chan<wc::result> results(16);
        for (std::size_t i = 0; i < paths.size(); i++) {
            gort::go([=, path = paths[i]] { results.send({i, wc::count(path)}); });
        }
        std::vector<wc::file> files(paths.size());
        for (std::size_t i = 0; i < paths.size(); i++) {
            auto result = *results.recv();
            files[result.index] = std::move(result.counted);
        }
        return wc::print_table(stdout, args.program(), files);
    });
}
