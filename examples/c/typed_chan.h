/*
 * typed_chan.h: channels whose element type and direction the compiler checks.
 *
 * DEFINE_TYPED_CHAN(int, number) makes three types that all stand for one
 * gort_chan of int:
 *   number_chan      the whole channel: number_chan_new, number_chan_free
 *   number_sender    Go's chan<- int: number_send, number_close
 *   number_receiver  Go's <-chan int: number_recv
 * Each is a struct of its own, so that giving a receiver to number_send, or a
 * sender to number_recv, does not compile. The ends own nothing: the channel
 * must outlive them.
 */
#ifndef GORT_TYPED_CHAN_H
#define GORT_TYPED_CHAN_H

#include <gort.h>

#define DEFINE_TYPED_CHAN(TYPE, NAME)                                               \
    typedef struct NAME##_chan { gort_chan *handle; } NAME##_chan;                  \
    typedef struct NAME##_sender { gort_chan *to; } NAME##_sender;                  \
    typedef struct NAME##_receiver { gort_chan *from; } NAME##_receiver;            \
    static inline NAME##_chan NAME##_chan_new(size_t capacity)                      \
    {                                                                               \
        return (NAME##_chan){gort_chan_new(sizeof(TYPE), capacity)};                \
    }                                                                               \
    static inline void NAME##_chan_free(NAME##_chan chan)                           \
    {                                                                               \
        gort_chan_release(chan.handle);                                             \
    }                                                                               \
    static inline NAME##_sender NAME##_send_end(NAME##_chan chan)                   \
    {                                                                               \
        return (NAME##_sender){chan.handle};                                        \
    }                                                                               \
    static inline NAME##_receiver NAME##_recv_end(NAME##_chan chan)                 \
    {                                                                               \
        return (NAME##_receiver){chan.handle};                                      \
    }                                                                               \
    static inline gort_status NAME##_send(NAME##_sender end, TYPE value)            \
    {                                                                               \
        return gort_chan_send(end.to, &value);                                      \
    }                                                                               \
    static inline gort_status NAME##_close(NAME##_sender end)                       \
    {                                                                               \
        return gort_chan_close(end.to);                                             \
    }                                                                               \
    static inline gort_status NAME##_recv(NAME##_receiver end, TYPE *value)         \
    {                                                                               \
        return gort_chan_recv(end.from, value);                                     \
    }                                                                               \
    struct NAME##_needs_a_semicolon

#endif
