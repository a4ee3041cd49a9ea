/* sieve [PRIMES]: the prime sieve as a chain of goroutines, one filter a prime. */
#include "bench.h"

struct filter {
    gort_chan *in, *out;
    int64_t prime;
};

static void generate(void *arg)
{
    gort_chan *numbers = arg;
    for (int64_t i = 2;; i++) {
        gort_chan_send(numbers, &i);
    }
}

static void run_filter(void *arg)
{
    const struct filter *filter = arg;
    for (;;) {
        int64_t number;
        gort_chan_recv(filter->in, &number);
        if (number % filter->prime != 0) {
            gort_chan_send(filter->out, &number);
        }
    }
}

/* By trial division, to have something to compare with. */
static int64_t nth_prime(int64_t n)
{
    int64_t candidate = 1;
    while (n > 0) {
        candidate++;
        int64_t divisor = 2;
        while (divisor * divisor <= candidate && candidate % divisor != 0) {
            divisor++;
        }
        if (divisor * divisor > candidate) {
            n--;
        }
    }
    return candidate;
}

static void body(void *arg)
{
    (void)arg;
    int64_t primes = bench_arg(1, 2000);

    int64_t started = gort_now();
    gort_chan *numbers = bench_chan(sizeof(int64_t), 0);
    bench_must(gort_go(generate, numbers), "gort_go");
    int64_t prime = 0;
    for (int64_t i = 0; i < primes; i++) {
        gort_chan_recv(numbers, &prime);
        struct filter filter = {numbers, bench_chan(sizeof(int64_t), 0), prime};
        bench_must(gort_go_copy(run_filter, &filter, sizeof filter), "gort_go_copy");
        numbers = filter.out;
    }
    bench_result("sieve", (double)(gort_now() - started) / GORT_MILLISECOND, "ms");
    bench_check(prime == nth_prime(primes), "prime number %" PRId64 " is %" PRId64, primes, prime);
}

int main(int argc, char **argv)
{
    return bench_run(argc, argv, body);
}
