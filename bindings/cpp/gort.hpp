/*
 * gort: Go-style concurrency in C++17, over the C API of gort.h. This header includes all others; they
 * are the reference, docs/cpp.md is the guide.
 *
 *   gort/error.hpp     status, error
 *   gort/time.hpp      clock, sleep_for, timer, ticker, after_func
 *   gort/go.hpp        run, go, spawn, task, exit, yield, the runtime's knobs
 *   gort/chan.hpp      chan, send_chan, recv_chan
 *   gort/select.hpp    select with recv, send, after, otherwise
 *   gort/sync.hpp      mutex, shared_mutex, wait_group, once, cond, semaphore
 *   gort/context.hpp   context, context_key
 *   gort/group.hpp     group: goroutines that fail together
 *   gort/io.hpp        descriptor, tcp_listen, tcp_dial
 *
 * Rules that hold everywhere, beside those of gort.h:
 *  - What is a status in C is a gort::error here, or a value where it is expected: a receive from a closed
 *    channel has no value, a try or a wait that was in vain says false. Nothing is lost by it: what could
 *    not be sent is still where it was.
 *  - Durations and times are those of std::chrono; the clock is gort::clock, monotonic.
 *  - chan, context, task and group are handles. Copies of a channel or a context are the same channel or
 *    context; they are passed by value into a goroutine, and by reference within one.
 *  - A function given to a goroutine is moved in, arguments are copied or moved as std::thread does. One
 *    that is bytes (numbers, pointers, references captured) costs no allocation.
 *  - Exceptions travel where there is somebody to receive them: run, task::join, group::wait, once::call.
 *    Elsewhere (go, wait_group::go, after_func) one that gets out ends the process by std::terminate.
 *  - A goroutine may be on another thread after any call into the library: no thread_local, and no
 *    std::mutex, may be held over one. A catch block and a destructor may call everything.
 */
#ifndef GORT_HPP
#define GORT_HPP

#include "gort/chan.hpp"
#include "gort/context.hpp"
#include "gort/error.hpp"
#include "gort/go.hpp"
#include "gort/group.hpp"
#include "gort/io.hpp"
#include "gort/select.hpp"
#include "gort/sync.hpp"
#include "gort/time.hpp"

#endif
