/*
 * latency.h: a histogram of durations in little, fixed memory: 32 buckets for every
 * power of two, so a quantile is at most 3 % above the real value, whatever its size.
 *
 * Below 64 ns the bucket is the value. Above, with e the position of the highest
 * bit, the five bits after it choose among the 32 buckets of e.
 */
#ifndef GORT_EXAMPLE_LATENCY_H
#define GORT_EXAMPLE_LATENCY_H

#include <stddef.h>
#include <stdint.h>

enum {
    LATENCY_SUB_BITS = 5,
    LATENCY_SUBS = 1 << LATENCY_SUB_BITS,
    LATENCY_EXACT = 2 * LATENCY_SUBS,
    LATENCY_BUCKETS = LATENCY_EXACT + (63 - LATENCY_SUB_BITS) * LATENCY_SUBS
};

struct latency {
    uint64_t count;
    uint64_t buckets[LATENCY_BUCKETS];
};

static inline size_t latency_bucket(uint64_t value)
{
    if (value < LATENCY_EXACT) {
        return (size_t)value;
    }
    unsigned shift = 0;
    while ((value >> shift) >= LATENCY_EXACT) {
        shift++;
    }
    return LATENCY_SUBS * (size_t)shift + (size_t)(value >> shift);
}

/* The largest value that goes into the bucket. */
static inline int64_t latency_bucket_end(size_t bucket)
{
    if (bucket < LATENCY_EXACT) {
        return (int64_t)bucket;
    }
    size_t shift = bucket / LATENCY_SUBS - 1;
    uint64_t top = LATENCY_SUBS + bucket % LATENCY_SUBS;
    return (int64_t)(((top + 1) << shift) - 1);
}

static inline void latency_add(struct latency *latency, int64_t nanoseconds)
{
    latency->count++;
    latency->buckets[latency_bucket(nanoseconds > 0 ? (uint64_t)nanoseconds : 0)]++;
}

static inline void latency_merge(struct latency *into, const struct latency *from)
{
    into->count += from->count;
    for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
        into->buckets[i] += from->buckets[i];
    }
}

/* The value below or at which that share (0 to 1) of the durations lies; 0 when there are none. */
static inline int64_t latency_quantile(const struct latency *latency, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)latency->count + 0.5);
    uint64_t seen = 0;
    for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
        seen += latency->buckets[i];
        if (seen > 0 && seen >= wanted) {
            return latency_bucket_end(i);
        }
    }
    return 0;
}

#endif
