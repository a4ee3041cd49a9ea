/*
 * maxprocs: what this program was built with, and the number of Ps, which is how
 * many goroutines run at the same instant.
 *
 *   maxprocs                  shows the number and changes nothing
 *   maxprocs 3                sets it to 3 and shows the one before
 *   GOMAXPROCS=100 maxprocs   takes it from the environment
 */
#include "example.h"

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define COMPILER "gcc " __VERSION__
#else
#define COMPILER "an unknown compiler"
#endif

#if defined(__x86_64__)
#define ARCHITECTURE "x86_64"
#elif defined(__aarch64__)
#define ARCHITECTURE "aarch64"
#elif defined(__riscv)
#define ARCHITECTURE "riscv"
#else
#define ARCHITECTURE "another architecture"
#endif

int main(int argc, char **argv)
{
    long procs = 0;
    if (argc > 2 || !parse_optional(argc, argv, 1, 1, 100000, &procs)) {
        return usage(argv[0], "[NUMBER-OF-PS]");
    }

    printf("compiler: %s on %s\n", COMPILER, ARCHITECTURE);
    printf("gort version: %s\n", gort_version());
    printf("CPUs: %d\n", gort_num_cpu());
    printf("GOMAXPROCS: %d\n", gort_gomaxprocs(0));
    if (procs > 0) {
        int previous = gort_gomaxprocs((int)procs);
        printf("set to %ld, was %d, now %d\n", procs, previous, gort_gomaxprocs(0));
    }
    return EXIT_SUCCESS;
}
