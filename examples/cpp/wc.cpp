/*
 * wc: a concurrent wc(1) for whole trees: one goroutine walks, workers count, main prints as the results come.
 * Ends early at SIGINT or after a number of files, without losing what was counted.
 *
 *   wc [-a] [-s] [-j WORKERS] [-n FILES] PATH...      -s: the total only; default workers: two a P
 */
#include "wc.hpp"

#include <csignal>
#include <filesystem>
#include <optional>

static constexpr int STATUS_INTERRUPTED = 130;

/*
 * Every regular file of the operands and below them to found(path), until that says false; what cannot be looked
 * at to failed(path, why). Symbolic links are followed only where they are operands.
 */
template <class Found, class Failed>
static void walk(const std::vector<std::string> &operands, Found found, Failed failed)
{
    namespace fs = std::filesystem;
    std::vector<fs::path> waiting;
    const auto look = [&](const fs::path &path, const fs::file_status &status, const std::error_code &why) {
        if (why) {
            failed(path.string(), why);
        } else if (fs::is_directory(status)) {
            waiting.push_back(path);
        } else if (fs::is_regular_file(status)) {
            return found(path.string());
        }
        return true;
    };
    for (const std::string &operand : operands) {
        std::error_code why;
        const fs::file_status status = fs::status(operand, why);
        if (!look(operand, status, why)) {
            return;
        }
        while (!waiting.empty()) {
            const fs::path directory = waiting.back();
            waiting.pop_back();
            fs::directory_iterator each(directory, why);
            for (; !why && each != fs::directory_iterator(); each.increment(why)) {
                std::error_code problem;
                const fs::file_status found_there = each->symlink_status(problem);
                if (!look(each->path(), found_there, problem)) {
                    return;
                }
            }
            if (why) {
                failed(directory.string(), why);
            }
        }
    }
}

int main(int argc, char **argv)
{
    return example::run(argc, argv, "[-a] [-s] [-j WORKERS] [-n FILES] PATH...", [](example::arguments &args) {
        const auto started = gort::clock::now();
        bool total_only = false;
        long workers = 2L * gort::gomaxprocs();
        long limit = 0; /* none */
        for (bool more = true; more;) {
            more = false;
            if (args.take("-a")) {
                more = wc::any_bytes_are_words = true;
            } else if (args.take("-s")) {
                more = total_only = true;
            } else if (args.take("-j")) {
                workers = args.number(0, 1, 100000);
                more = args.take(args[0]);
            } else if (args.take("-n")) {
                limit = args.number(0, 1, 1000000000);
                more = args.take(args[0]);
            }
        }
        args.expect(1, SIZE_MAX);
        if (args[0].size() > 1 && args[0][0] == '-') {
            throw example::wrong_usage();
        }

        gort::chan<std::string> paths(64);
        gort::chan<wc::file> results(64);
        gort::chan<int> interrupts(1);
        gort::signal_notify(interrupts, SIGINT);
        const auto ctx = gort::context().with_cancel();
        gort::wait_group producers;
        producers.go([=, operands = args.from(0)] {
            walk(
                operands, [&](std::string path) { return paths.send(std::move(path), ctx); },
                [&](const std::string &path, const std::error_code &why) {
                    results.send({path, {}, why.value()});
                });
            paths.close();
        });
        for (long i = 0; i < workers; i++) {
            producers.go([=] {
                for (const std::string &path : paths) {
                    if (!ctx.is_over()) {
                        results.send(wc::count(path));
                    }
                }
            });
        }
        auto closer = gort::spawn([&] {
            producers.wait();
            results.close();
        });

        int status = EXIT_SUCCESS;
        long files = 0;
        wc::counts total;
        const auto note = [&](const wc::file &result) {
            if (result.error != 0) {
                wc::report(args.program(), result);
                status = status == EXIT_SUCCESS ? EXIT_FAILURE : status;
            }
            if (result.opened && (limit == 0 || files < limit)) {
                total += result.counted;
                if (!total_only) {
                    wc::print(stdout, wc::unknown_size_width, result.counted, result.path);
                }
                if (++files == limit) {
                    ctx.cancel();
                }
            }
        };
        const auto interrupted = [&] {
            status = STATUS_INTERRUPTED;
            ctx.cancel();
        };
        for (bool more = true; more;) {
            const auto take = [&](const std::optional<wc::file> &result) {
                more = result.has_value();
                if (result) {
                    note(*result);
                }
            };
            gort::select(gort::recv(results, take), gort::recv(interrupts, interrupted));
        }
        closer.join();
        gort::signal_stop(interrupts);
        wc::print(stdout, wc::unknown_size_width, total, "total");
        const gort_stats stats = gort::stats();
        const std::chrono::duration<double> seconds = gort::clock::now() - started;
        std::printf("gort: %" PRIu64 " goroutines, %" PRIu64 " context switches, %" PRIu64 " steals, %" PRIu64
                    " threads, %.3f s\n",
                    stats.goroutines_created, stats.context_switches, stats.steals, stats.threads, seconds.count());
        return status;
    });
}
