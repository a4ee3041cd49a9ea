//! Section "signals" of the header.

use crate::boundary::status;
use crate::types::*;
use core::ffi::c_int;
use rt_core::signal;

/// Send signum on c, a channel of int, each time the signal comes: Go's os/signal.Notify. Nobody waits
/// for a slow receiver: a full channel misses it. The signal's handler is taken now and given back when
/// the last channel stops. The channel is kept alive until gort_signal_stop.
///
/// GORT_INVALID: c is NULL or carries no ints, or the signal cannot be listened to. GORT_OS_ERROR: no
/// thread or descriptor could be had.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_signal_notify(c: *mut gort_chan, signum: c_int) -> gort_status {
    // SAFETY: the program keeps the channel alive.
    status(|| unsafe { signal::notify(c, signum) })
}

/// Send no signal on c any more; nothing is sent once this has returned. GORT_INVALID: c is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_signal_stop(c: *mut gort_chan) -> gort_status {
    // SAFETY: the program keeps the channel alive.
    status(|| unsafe { signal::stop(c) })
}
