/*
 * maxprocs: what this program was built with, and the number of Ps, which is how many goroutines run at the
 * same instant. With a number it sets it; GOMAXPROCS in the environment does, too.
 *
 *   maxprocs [NUMBER-OF-PS]
 */
#include "example.hpp"

#if defined(__clang__)
static constexpr char COMPILER[] = "clang " __clang_version__;
#else
static constexpr char COMPILER[] = "gcc " __VERSION__;
#endif
#if defined(__x86_64__)
static constexpr char ARCHITECTURE[] = "x86_64";
#elif defined(__aarch64__)
static constexpr char ARCHITECTURE[] = "aarch64";
#else
static constexpr char ARCHITECTURE[] = "another architecture";
#endif

int main(int argc, char **argv)
{
    return example::run(argc, argv, "[NUMBER-OF-PS]", [](example::arguments &args) {
        args.expect(0, 1);
        const long procs = args.number_or(0, 1, 100000, 0);
        std::printf("compiler: %s on %s\n", COMPILER, ARCHITECTURE);
        std::printf("gort version: %s\n", gort::version());
        std::printf("CPUs: %d\n", gort::num_cpu());
        std::printf("GOMAXPROCS: %d\n", gort::gomaxprocs());
        if (procs > 0) {
            const int previous = gort::gomaxprocs(static_cast<int>(procs));
            std::printf("set to %ld, was %d, now %d\n", procs, previous, gort::gomaxprocs());
        }
    });
}
