/*
 * soak.h: what the loads of the soak test share.
 *
 * A load is a function that does one round of work, checks that nothing was lost, made
 * twice or put out of order, and leaves nothing behind: no goroutine, timer, descriptor or
 * memory. It is called again and again by goroutines ("drivers") of its own until the end.
 * Which numbers a round uses comes from its driver's generator alone.
 */
#ifndef GORT_SOAK_H
#define GORT_SOAK_H

#define WATCHDOG_SECONDS 0 /* soak.c has a watchdog of its own, which knows what progress is */
#include "../c/check.h"

struct rng {
    uint64_t state;
};

/* xorshift64* */
static inline uint32_t rng_below(struct rng *rng, uint32_t bound)
{
    rng->state ^= rng->state >> 12;
    rng->state ^= rng->state << 25;
    rng->state ^= rng->state >> 27;
    return (uint32_t)((rng->state * 2685821657736338717u) >> 33) % bound;
}

static inline struct rng rng_split(struct rng *rng)
{
    struct rng other = {((uint64_t)rng_below(rng, 1u << 30) << 30) + rng_below(rng, 1u << 30) + 1};
    return other;
}

typedef void (*soak_round)(struct rng *rng);

/* channels */
void soak_pipeline(struct rng *rng);
void soak_fan(struct rng *rng);
void soak_select(struct rng *rng);
void soak_timeouts(struct rng *rng);
void soak_spawn(struct rng *rng);
/* sync */
void soak_mutex(struct rng *rng);
void soak_rwmutex(struct rng *rng);
void soak_cond(struct rng *rng);
void soak_semaphore(struct rng *rng);
void soak_group(struct rng *rng);
/* time and contexts */
void soak_timers(struct rng *rng);
void soak_after_func(struct rng *rng);
void soak_context(struct rng *rng);
void soak_cancel(struct rng *rng);
/* the outside */
void soak_sockets(struct rng *rng);
void soak_pipe_close(struct rng *rng);
void soak_threads(struct rng *rng);
void soak_hog(struct rng *rng);
void soak_locked(struct rng *rng);
void soak_gomaxprocs(struct rng *rng);
void soak_look(struct rng *rng);

#endif
