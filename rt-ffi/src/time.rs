//! Section "time" of the header.

use crate::boundary::{failed, invalid, pointer, status};
use crate::types::*;
use core::ffi::c_void;
use rt_core::{Error, Kind, time, touch};

const NO_MEMORY: Error = Error::new(Kind::NoMemory, c"no memory for a timer");

/// Nanoseconds of the monotonic clock.
#[unsafe(no_mangle)]
pub extern "C" fn gort_now() -> i64 {
    touch();
    time::now()
}

/// Block for d nanoseconds; not at all when d is 0 or less.
#[unsafe(no_mangle)]
pub extern "C" fn gort_sleep(d: gort_duration) {
    time::sleep(d);
}

/// A channel that gets the time (one int64_t, gort_now() at the firing) once, d nanoseconds from now.
/// Its buffer is 1. The caller owns a reference; with the last one the timer is gone too. NULL: no
/// memory.
#[unsafe(no_mangle)]
pub extern "C" fn gort_after(d: gort_duration) -> *mut gort_chan {
    pointer(|| time::after(d).ok_or(NO_MEMORY))
}

/// Go's time.NewTimer: its channel gets the time d nanoseconds from now. The caller owns it. NULL: no
/// memory.
#[unsafe(no_mangle)]
pub extern "C" fn gort_timer_new(d: gort_duration) -> *mut gort_timer {
    pointer(|| time::timer_new(d).ok_or(NO_MEMORY))
}

/// Go's time.AfterFunc: fn(arg) runs in a new goroutine d nanoseconds from now. NULL: no memory, or fn
/// is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_after_func(d: gort_duration, r#fn: gort_func, arg: *mut c_void) -> *mut gort_timer {
    // SAFETY: the program gives a function that takes arg.
    pointer(|| unsafe {
        let entry = r#fn.ok_or(invalid(c"the function is NULL"))?;
        time::after_func(d, entry, arg).ok_or(NO_MEMORY)
    })
}

/// The timer's channel, borrowed: it is the timer's. NULL for gort_after_func's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_timer_chan(t: *mut gort_timer) -> *mut gort_chan {
    // SAFETY: the program gives NULL or a timer.
    unsafe { time::timer_chan(t) }
}

/// Stop the timer; true: it was running, or its value had not been received yet. As in Go since 1.23,
/// no stale value is received afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_timer_stop(t: *mut gort_timer) -> bool {
    // SAFETY: the program gives NULL or a timer.
    unsafe { time::timer_stop(t) }
}

/// Start the timer anew with d nanoseconds; answers as gort_timer_stop.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_timer_reset(t: *mut gort_timer, d: gort_duration) -> bool {
    // SAFETY: the program gives NULL or a timer.
    unsafe { time::timer_reset(t, d) }
}

/// Stop the timer and free it. Its channel lives on for whoever has retained it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_timer_release(t: *mut gort_timer) {
    // SAFETY: the program gives its timer up.
    unsafe { time::timer_release(t) };
}

/// Go's time.NewTicker: its channel gets the time every period nanoseconds; a slow receiver misses
/// ticks. NULL: no memory, or period is not above 0.
#[unsafe(no_mangle)]
pub extern "C" fn gort_ticker_new(period: gort_duration) -> *mut gort_ticker {
    if period <= 0 {
        failed(invalid(c"the period of a ticker must be above 0"));
        return core::ptr::null_mut();
    }
    pointer(|| time::ticker_new(period).ok_or(NO_MEMORY))
}

/// The ticker's channel, borrowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_ticker_chan(t: *mut gort_ticker) -> *mut gort_chan {
    // SAFETY: the program gives NULL or a ticker.
    unsafe { time::ticker_chan(t) }
}

/// Stop ticking; no stale tick is received afterwards. The channel is not closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_ticker_stop(t: *mut gort_ticker) {
    // SAFETY: the program gives NULL or a ticker.
    unsafe { time::ticker_stop(t) };
}

/// Tick every period nanoseconds from now on. GORT_INVALID: t is NULL, or period is not above 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_ticker_reset(t: *mut gort_ticker, period: gort_duration) -> gort_status {
    // SAFETY: the program gives NULL or a ticker.
    status(|| unsafe { time::ticker_reset(t, period) })
}

/// Stop the ticker and free it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_ticker_release(t: *mut gort_ticker) {
    // SAFETY: the program gives its ticker up.
    unsafe { time::ticker_release(t) };
}
