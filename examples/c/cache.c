/*
 * cache: many goroutines ask how many primes there are below some limits, and each answer
 * is computed once: a map keeps answers, a flight lets those who ask for the same
 * one at the same time wait for one computation, a pool lends out its sieves.
 *
 *   cache [QUESTIONS]
 */
#include "example.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

enum { LIMITS = 8, STEP = 10000, GREATEST = LIMITS * STEP };

static gort_map *answers;
static gort_pool *sieves;
static gort_flight computing;
static atomic_long computed, agreed;

static void *make_sieve(void *arg)
{
    (void)arg;
    return must_alloc(GREATEST, 1);
}

static intptr_t count_primes(int limit)
{
    unsigned char *composite = gort_pool_get(sieves);
    intptr_t count = 0;
    memset(composite, 0, GREATEST);
    for (int n = 2; n < limit; n++) {
        if (!composite[n]) {
            count++;
            for (int multiple = 2 * n; multiple < limit; multiple += n) {
                composite[multiple] = 1;
            }
        }
    }
    gort_pool_put(sieves, composite);
    return count;
}

/* What a flight runs: it may have been a flight too late, so the map is asked again. */
static void *compute(void *arg)
{
    int limit = *(int *)arg;
    void *answer = NULL;
    if (!gort_map_load(answers, &limit, sizeof limit, &answer)) {
        answer = (void *)count_primes(limit);
        must(gort_map_store(answers, &limit, sizeof limit, answer, NULL), "gort_map_store");
        atomic_fetch_add(&computed, 1);
    }
    return answer;
}

static intptr_t primes_below(int limit)
{
    void *answer = NULL;
    if (!gort_map_load(answers, &limit, sizeof limit, &answer)) {
        must(gort_flight_do(&computing, &limit, sizeof limit, compute, &limit, &answer, NULL), "gort_flight_do");
    }
    return (intptr_t)answer;
}

static void ask(void *arg)
{
    static atomic_intptr_t first[LIMITS];
    int which = *(int *)arg % LIMITS;
    intptr_t answer = primes_below((which + 1) * STEP), none = 0;
    if (atomic_compare_exchange_strong(&first[which], &none, answer) || none == answer) {
        atomic_fetch_add(&agreed, 1);
    }
}

static void main_goroutine(void *arg)
{
    long questions = *(long *)arg;
    answers = gort_map_new();
    sieves = gort_pool_new(make_sieve, free, NULL);
    if (answers == NULL || sieves == NULL) {
        must(GORT_NO_MEMORY, "gort_map_new, gort_pool_new");
    }
    gort_waitgroup asking = {{0}};
    int *numbers = must_alloc((size_t)questions, sizeof *numbers);
    for (long i = 0; i < questions; i++) {
        numbers[i] = (int)i;
        must(gort_waitgroup_go(&asking, ask, &numbers[i]), "gort_waitgroup_go");
    }
    gort_waitgroup_wait(&asking);
    for (int limit = STEP; limit <= GREATEST; limit += STEP) {
        void *answer = NULL;
        if (gort_map_load(answers, &limit, sizeof limit, &answer)) {
            printf("%ld primes below %d\n", (long)(intptr_t)answer, limit);
        }
    }
    printf("%ld questions, %ld answers, %ld computed\n", questions, atomic_load(&agreed), atomic_load(&computed));
    free(numbers);
    gort_pool_release(sieves);
    gort_map_release(answers);
}

int main(int argc, char **argv)
{
    long questions = 10000;
    if (argc > 2 || !parse_optional(argc, argv, 1, 0, 1000000, &questions)) {
        return usage(argv[0], "[QUESTIONS]");
    }
    return run_main(main_goroutine, &questions);
}
