/*
 * select: a goroutine makes random numbers until it is told to end or nobody has
 * wanted one for a while: a send, a receive and a time-out in one select.
 *
 *   select COUNT [TIMEOUT_MS [PAUSE_MS]]      (default 4000 and 0)
 *
 * main takes COUNT numbers, pauses, and then says end; a pause longer than the
 * time-out shows the third case.
 */
#include "example.h"

enum { LOWEST = 0, HIGHEST = 100 };

struct generator {
    long count;
    long timeout_ms;
    long pause_ms;
    gort_chan *numbers; /* closed by the generator when it ends */
    gort_chan *end;     /* closed by main */
    gort_chan *ended;   /* closed by the generator when it ends */
};

/* xorshift: rand() keeps one hidden state for the whole process. */
static int random_number(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return LOWEST + (int)(*state % (HIGHEST - LOWEST));
}

static void generate(void *arg)
{
    const struct generator *generator = arg;
    uint64_t state = (uint64_t)gort_now() | 1;
    for (bool go_on = true; go_on;) {
        int number = random_number(&state);
        gort_chan *timeout = gort_after(generator->timeout_ms * GORT_MILLISECOND);
        gort_case cases[] = {
            GORT_SEND_CASE(generator->numbers, &number),
            GORT_RECV_CASE(generator->end, NULL),
            GORT_RECV_CASE(timeout, NULL),
        };
        switch (gort_select(cases, 3)) {
        case 0:
            break;
        case 1:
            printf("\nEnded!\n");
            go_on = false;
            break;
        default:
            printf("\nTimed out!\n");
            go_on = false;
            break;
        }
        gort_chan_release(timeout);
    }
    must(gort_chan_close(generator->numbers), "gort_chan_close");
    must(gort_chan_close(generator->ended), "gort_chan_close");
}

static void main_goroutine(void *arg)
{
    struct generator *generator = arg;
    generator->numbers = must_chan(sizeof(int), 0);
    generator->end = must_chan(0, 0);
    generator->ended = must_chan(0, 0);
    gort_waitgroup group = {{0}};

    printf("Going to create %ld random numbers.\n", generator->count);
    must(gort_waitgroup_go(&group, generate, generator), "gort_waitgroup_go");
    int number;
    for (long i = 0; i < generator->count && gort_chan_recv(generator->numbers, &number) == GORT_OK; i++) {
        printf("%d ", number);
    }

    gort_chan_recv_timeout(generator->ended, NULL, generator->pause_ms * GORT_MILLISECOND);
    must(gort_chan_close(generator->end), "gort_chan_close");
    gort_waitgroup_wait(&group);
    gort_chan_release(generator->numbers);
    gort_chan_release(generator->end);
    gort_chan_release(generator->ended);
}

int main(int argc, char **argv)
{
    struct generator generator = {.timeout_ms = 4000};
    if (argc < 2 || argc > 4 || !parse_number(argv[1], 0, 100000000, &generator.count)
        || !parse_optional(argc, argv, 2, 1, 3600000, &generator.timeout_ms)
        || !parse_optional(argc, argv, 3, 0, 3600000, &generator.pause_ms)) {
        return usage(argv[0], "COUNT [TIMEOUT_MS [PAUSE_MS]]");
    }
    return run_main(main_goroutine, &generator);
}
