/* One of two libraries that are linked with libgort.so; PART names its functions. */
#include <gort.h>

#include <stdint.h>

#define NAMED_(part, name) part##_##name
#define NAMED(part, name) NAMED_(part, name)

void NAMED(PART, doubles)(gort_chan *in, gort_chan *out);
uint64_t NAMED(PART, goroutine)(void);
size_t NAMED(PART, count)(void);

/* To be called from a goroutine of whoever it is. */
void NAMED(PART, doubles)(gort_chan *in, gort_chan *out)
{
    int64_t value;
    while (gort_chan_recv(in, &value) == GORT_OK) {
        value *= 2;
        gort_chan_send(out, &value);
    }
    gort_chan_close(out);
}

uint64_t NAMED(PART, goroutine)(void)
{
    return gort_goroutine_id();
}

size_t NAMED(PART, count)(void)
{
    return gort_num_goroutine();
}
