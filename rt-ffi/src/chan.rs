//! Section "channels" of the header.

use crate::boundary::{pointer, status, until};
use crate::types::*;
use core::ffi::c_void;
use rt_core::{Wait, chan, touch};

/// make(chan T, capacity) for elements of elem_size bytes, which may be 0. The caller owns one
/// reference. NULL: out of memory, or the sizes overflow.
#[unsafe(no_mangle)]
pub extern "C" fn gort_chan_new(elem_size: usize, capacity: usize) -> *mut gort_chan {
    touch();
    pointer(|| chan::new(elem_size, capacity))
}

/// As gort_chan_new; drop(elem), if not NULL, runs for each element that is still in the buffer when the
/// channel is freed, with the element's place there. What was received is the receiver's.
#[unsafe(no_mangle)]
pub extern "C" fn gort_chan_new_with_drop(elem_size: usize, capacity: usize, drop: gort_drop_func) -> *mut gort_chan {
    touch();
    pointer(|| chan::new_with_drop(elem_size, capacity, drop))
}

/// One more reference to the channel, which is returned. NULL stays NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_chan_retain(c: *mut gort_chan) -> *mut gort_chan {
    touch();
    // SAFETY: the program holds a reference.
    unsafe { chan::retain(c) };
    c
}

/// End one reference; with the last one the channel is freed. Calls that are blocked on it hold one of
/// their own. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_chan_release(c: *mut gort_chan) {
    touch();
    // SAFETY: the program gives its reference up.
    unsafe { chan::release(c) };
}

/// c <- *elem: blocks until a receiver takes the element or the buffer has room. elem NULL sends zero
/// bytes. A NULL channel blocks for ever.
///
/// GORT_CLOSED: the channel is closed, or was while this waited; the element was not sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_chan_send(c: *mut gort_chan, elem: *const c_void) -> gort_status {
    // SAFETY: the program keeps the channel alive and gives an element.
    status(|| unsafe { chan::send(c, elem.cast(), Wait::Forever) })
}

/// *elem = <-c: blocks until there is an element or the channel is closed. elem NULL drops the value.
/// A NULL channel blocks for ever.
///
/// GORT_CLOSED: closed and drained; *elem is zeroed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_chan_recv(c: *mut gort_chan, elem: *mut c_void) -> gort_status {
    // SAFETY: as above, with room for an element.
    status(|| unsafe { chan::recv(c, elem.cast(), Wait::Forever) })
}

/// As gort_chan_send, without waiting. GORT_WOULD_BLOCK: nobody could take the element now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_chan_try_send(c: *mut gort_chan, elem: *const c_void) -> gort_status {
    // SAFETY: as gort_chan_send.
    status(|| unsafe { chan::send(c, elem.cast(), Wait::Try) })
}

/// As gort_chan_recv, without waiting. GORT_WOULD_BLOCK: there is nothing to receive now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_chan_try_recv(c: *mut gort_chan, elem: *mut c_void) -> gort_status {
    // SAFETY: as gort_chan_recv.
    status(|| unsafe { chan::recv(c, elem.cast(), Wait::Try) })
}

/// As gort_chan_send, for at most timeout nanoseconds. GORT_DEADLINE_EXCEEDED: they passed, and the
/// element was not sent. A timeout of 0 or less has passed already, but what is ready wins.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_chan_send_timeout(
    c: *mut gort_chan,
    elem: *const c_void,
    timeout: gort_duration,
) -> gort_status {
    // SAFETY: as gort_chan_send.
    status(|| unsafe { chan::send(c, elem.cast(), until(timeout)) })
}

/// As gort_chan_recv, for at most timeout nanoseconds. GORT_DEADLINE_EXCEEDED: they passed, and nothing
/// was received. A timeout of 0 or less has passed already, but what is ready wins.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_chan_recv_timeout(
    c: *mut gort_chan,
    elem: *mut c_void,
    timeout: gort_duration,
) -> gort_status {
    // SAFETY: as gort_chan_recv.
    status(|| unsafe { chan::recv(c, elem.cast(), until(timeout)) })
}

/// close(c): whoever waits to receive gets GORT_CLOSED, whoever waits to send too. What lies in the
/// buffer can still be received.
///
/// GORT_CLOSED: it is closed already. GORT_INVALID: c is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_chan_close(c: *mut gort_chan) -> gort_status {
    // SAFETY: the program keeps the channel alive.
    status(|| unsafe { chan::close(c) })
}

/// len(c): elements in the buffer; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_chan_len(c: *const gort_chan) -> usize {
    touch();
    // SAFETY: the program keeps the channel alive.
    unsafe { chan::len(c) }
}

/// cap(c): room of the buffer; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_chan_cap(c: *const gort_chan) -> usize {
    touch();
    // SAFETY: the program keeps the channel alive.
    unsafe { chan::cap(c) }
}
