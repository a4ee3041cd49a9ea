/*
 * wc_file: wc(1) with one goroutine a file, the result saved to OUTPUT, which one goroutine owns: the counting
 * ones send it their results, and it alone writes.
 *
 *   wc_file [-a] OUTPUT FILE...
 */
#include "wc.hpp"

static int save(const example::arguments &args, const std::vector<wc::file> &files)
{
    std::FILE *const out = std::fopen(args[0].c_str(), "w");
    int problem = errno;
    int status = EXIT_FAILURE;
    if (out != nullptr) {
        status = wc::print_table(out, args.program(), files);
        const bool failed = std::ferror(out) != 0;
        problem = std::fclose(out) != 0 || failed ? errno : 0;
    }
    if (problem != 0 || out == nullptr) {
        wc::report(args.program(), {args[0], {}, problem});
        status = EXIT_FAILURE;
    }
    return status;
}

int main(int argc, char **argv)
{
    return example::run(argc, argv, "[-a] OUTPUT FILE...", [](example::arguments &args) {
        const auto paths = wc::operands(args, 1);
        gort::chan<wc::result> results(16);
        auto owner = gort::spawn([&] {
            std::vector<wc::file> files(paths.size());
            for (auto &[index, counted] : results) {
                files[index] = std::move(counted);
            }
            return save(args, files);
        });
        gort::wait_group counting;
        for (std::size_t i = 0; i < paths.size(); i++) {
            counting.go([&, i] { results.send({i, wc::count(paths[i])}); });
        }
        counting.wait();
        results.close();
        return owner.join();
    });
}
