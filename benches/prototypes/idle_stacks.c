/*
 * idle_stacks [STACKS]: what a parked goroutine would cost if the page of its stack were taken away.
 *
 * A prototype, not a part of gort. Stacks lie 256 KiB apart, as gort's, and each has the given bytes in
 * use at its top, as a goroutine that waits in a channel. To put one away copies those bytes to the heap
 * and lays a guard over the page (MADV_GUARD_INSTALL, Linux 6.13), which frees it and, unlike mprotect,
 * splits no mapping. The first touch faults; the handler of SIGSEGV takes the guard off and copies back.
 * Prints bytes per stack before and after, page tables included, and the time of each way.
 *
 *     cc -O2 -o /tmp/idle_stacks benches/prototypes/idle_stacks.c && /tmp/idle_stacks
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#endif

enum { PAGE = 4096, SPACING = 256 << 10, IN_USE = 700 };

static char *stacks;
static size_t count;
static char **away;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Resident memory and page tables. */
static double memory(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    double kib = 0, value;
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        if (sscanf(line, "VmRSS: %lf", &value) == 1 || sscanf(line, "VmPTE: %lf", &value) == 1) {
            kib += value;
        }
    }
    if (status != NULL) {
        fclose(status);
    }
    return kib * 1024;
}

static char *top_page(size_t i)
{
    return stacks + (i + 1) * SPACING - PAGE;
}

static void put_away(size_t i)
{
    away[i] = malloc(IN_USE);
    if (away[i] == NULL) {
        abort();
    }
    memcpy(away[i], top_page(i) + PAGE - IN_USE, IN_USE);
    if (madvise(top_page(i), PAGE, MADV_GUARD_INSTALL) != 0) {
        perror("MADV_GUARD_INSTALL");
        exit(1);
    }
}

static void bring_back(int signum, siginfo_t *info, void *context)
{
    (void)context;
    size_t i = (size_t)((char *)info->si_addr - stacks) / SPACING;
    if ((char *)info->si_addr < stacks || i >= count || away[i] == NULL) {
        signal(signum, SIG_DFL);
        return;
    }
    madvise(top_page(i), PAGE, MADV_GUARD_REMOVE);
    memcpy(top_page(i) + PAGE - IN_USE, away[i], IN_USE);
    free(away[i]); /* nobody is in malloc: the only thread has touched a stack */
    away[i] = NULL;
}

int main(int argc, char **argv)
{
    count = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    stacks = mmap(NULL, count * SPACING, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    away = calloc(count, sizeof *away);
    struct sigaction action = {.sa_sigaction = bring_back, .sa_flags = SA_SIGINFO};
    if (stacks == MAP_FAILED || away == NULL || sigaction(SIGSEGV, &action, NULL) != 0) {
        perror("idle_stacks");
        return 1;
    }
    madvise(stacks, count * SPACING, MADV_NOHUGEPAGE);
    double per = 1.0 / (double)count, base = memory(), start = now();
    for (size_t i = 0; i < count; i++) {
        memset(top_page(i) + PAGE - IN_USE, (int)i, IN_USE);
    }
    double touched = now(), full = memory();
    for (size_t i = 0; i < count; i++) {
        put_away(i);
    }
    double stored = now(), empty = memory();
    for (size_t i = 0; i < count; i++) {
        if (top_page(i)[PAGE - 1] != (char)i) {
            fprintf(stderr, "stack %zu has lost its bytes\n", i);
            return 1;
        }
    }
    double back = now();
    printf("parked %.0f B, put away %.0f B each; first touch %.0f ns, to put away %.0f ns, to bring back %.0f ns\n",
           (full - base) * per, (empty - base) * per, (touched - start) * per, (stored - touched) * per,
           (back - stored) * per);
    return 0;
}
