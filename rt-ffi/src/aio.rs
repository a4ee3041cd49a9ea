//! Section "event loops" of the header.

use crate::boundary::{invalid, pointer, value};
use crate::types::*;
use core::ffi::{c_int, c_void};
use core::ptr::NonNull;
use rt_core::aio::{self, MayAct, Queue, To};
use rt_core::chan::{OP_RECV, OP_SEND};
use rt_core::{Error, Result, touch};

const NO_CALLBACK: Error = invalid(c"the callback is NULL");
const NO_QUEUE: Error = invalid(c"the completion queue is NULL");

fn call(callback: gort_async_func) -> Result<To> {
    callback.map(To::Call).ok_or(NO_CALLBACK)
}

fn tell(q: *mut gort_completion_queue) -> Result<To> {
    NonNull::new(q).map(To::Queue).ok_or(NO_QUEUE)
}

unsafe fn start(to: Result<To>, cases: *const gort_case, n: usize, user: *mut c_void) -> *mut gort_async {
    pointer(|| {
        if cases.is_null() && n > 0 {
            return Err(invalid(c"cases is NULL"));
        }
        // SAFETY: the program gives n cases with live channels and places for their elements, and a
        // callback or queue to go with them.
        unsafe {
            let cases = if n == 0 { &[] } else { core::slice::from_raw_parts(cases, n) };
            aio::start(cases, to?, user)
        }
    })
}

unsafe fn start_one(
    to: Result<To>,
    c: *mut gort_chan,
    elem: *mut c_void,
    op: u32,
    user: *mut c_void,
) -> *mut gort_async {
    let case = gort_case { chan: c, elem, op, status: 0 };
    // SAFETY: by contract; the case is copied.
    unsafe { start(to, &case, 1, user) }
}

/// Begin *elem = <-c, and return at once. callback(user, 0, status) tells of the end, once: GORT_OK, or
/// GORT_CLOSED. What elem points to must stay until then. The operation keeps the channel alive; one on
/// a NULL channel ends only by gort_async_cancel.
///
/// The callback runs on the thread that completes the operation: that of a goroutine or thread that
/// sends or closes, the caller's own if the operation can be done now (so maybe before this returns), a
/// thread of the runtime after a timer or a signal. No lock of the library is held, and it may call everything that
/// does not block; it must return soon, because who completed the operation waits for it. In it
/// gort_goroutine_id() is 0. Callbacks on one thread run one after the other, never inside each other.
///
/// The caller owns the handle that is returned: gort_async_release. NULL: nothing was begun, and the
/// callback will not be called: callback is NULL, or out of memory; gort_last_error says it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_chan_recv_async(
    c: *mut gort_chan,
    elem: *mut c_void,
    callback: gort_async_func,
    user: *mut c_void,
) -> *mut gort_async {
    // SAFETY: by contract.
    unsafe { start_one(call(callback), c, elem, OP_RECV, user) }
}

/// Begin c <- *elem; all else as gort_chan_recv_async. GORT_CLOSED: the element was not sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_chan_send_async(
    c: *mut gort_chan,
    elem: *const c_void,
    callback: gort_async_func,
    user: *mut c_void,
) -> *mut gort_async {
    // SAFETY: by contract; a send only reads the element.
    unsafe { start_one(call(callback), c, elem.cast_mut(), OP_SEND, user) }
}

/// Begin a gort_select over the n cases, which are copied; callback(user, index, status) gets the index
/// and the status of the chosen one. All else as gort_chan_recv_async. With a channel of gort_after
/// among the cases it has a timeout.
///
/// NULL also when cases is NULL and n is not 0, and for an op that is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_select_async(
    cases: *const gort_case,
    n: usize,
    callback: gort_async_func,
    user: *mut c_void,
) -> *mut gort_async {
    // SAFETY: by contract.
    unsafe { start(call(callback), cases, n, user) }
}

/// Take an operation back. true: it has not happened, no value was sent or received, and it will not be
/// told of. false: it has happened, and the callback was called, is running or is about to be called (or
/// the queue has the completion, or is about to); or it was canceled before; or op is NULL. In either
/// case what elem points to is not read or written any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_async_cancel(op: *mut gort_async) -> bool {
    // SAFETY: the program gives a handle it has not released.
    value(false, || unsafe { aio::cancel(op) })
}

/// End the handle; an operation that is pending goes on. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_async_release(op: *mut gort_async) {
    touch();
    // SAFETY: the program gives its handle up.
    unsafe { aio::release(op) };
}

/// Make a completion queue: any number of operations, one descriptor for the event loop to poll.
/// While it lives no deadlock is declared. gort_completion_queue_release ends it.
///
/// NULL: no descriptor (gort_last_error says it, errno why), or no memory.
#[unsafe(no_mangle)]
pub extern "C" fn gort_completion_queue_new() -> *mut gort_completion_queue {
    pointer(|| Queue::new(MayAct::WhileItLives))
}

/// The queue's descriptor, readable exactly while there is something to drain, for poll, epoll, libuv,
/// asyncio, GLib. It stays the queue's: do not read, write or close it. -1 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_completion_queue_fd(q: *const gort_completion_queue) -> c_int {
    touch();
    // SAFETY: the program gives NULL or a queue it has not released.
    unsafe { q.as_ref() }.map_or(-1, Queue::fd)
}

/// Begin *elem = <-c; its end becomes an entry in q with this user pointer. What elem points to must
/// stay until it is drained. The handle is for gort_async_cancel, and the caller's to release, at once
/// if nobody will cancel.
///
/// NULL: nothing was begun; q is NULL or closed, or out of memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_completion_queue_recv(
    q: *mut gort_completion_queue,
    c: *mut gort_chan,
    elem: *mut c_void,
    user: *mut c_void,
) -> *mut gort_async {
    // SAFETY: by contract.
    unsafe { start_one(tell(q), c, elem, OP_RECV, user) }
}

/// Begin c <- *elem; all else as gort_completion_queue_recv.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_completion_queue_send(
    q: *mut gort_completion_queue,
    c: *mut gort_chan,
    elem: *const c_void,
    user: *mut c_void,
) -> *mut gort_async {
    // SAFETY: by contract; a send only reads the element.
    unsafe { start_one(tell(q), c, elem.cast_mut(), OP_SEND, user) }
}

/// Begin a gort_select over the n cases, which are copied; all else as gort_completion_queue_recv.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_completion_queue_select(
    q: *mut gort_completion_queue,
    cases: *const gort_case,
    n: usize,
    user: *mut c_void,
) -> *mut gort_async {
    // SAFETY: by contract.
    unsafe { start(tell(q), cases, n, user) }
}

/// Take up to n completions out, in the order they came, without waiting; how many. 0 for NULL, and in
/// a child of fork, to which the queue is of no use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_completion_queue_drain(
    q: *mut gort_completion_queue,
    out: *mut gort_completion,
    n: usize,
) -> usize {
    // SAFETY: the program gives a queue it has not released and room for n completions.
    value(0, || unsafe {
        match q.as_ref() {
            Some(q) if n > 0 && !out.is_null() => q.drain(core::slice::from_raw_parts_mut(out.cast(), n)),
            _ => 0,
        }
    })
}

/// Take no operation any more, and cancel those that are pending: none of them happens now. How many
/// have happened and are still to be drained; the last of them may be about to arrive. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_completion_queue_close(q: *mut gort_completion_queue) -> usize {
    // SAFETY: the program gives NULL or a queue it has not released.
    value(0, || unsafe { q.as_ref() }.map_or(0, Queue::close))
}

/// Close the queue as gort_completion_queue_close does, drop the completions that were not drained, and
/// close the descriptor. No elem is touched any more. Handles stay valid until they are released. NULL
/// is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_completion_queue_release(q: *mut gort_completion_queue) {
    touch();
    // SAFETY: the program gives its queue up.
    unsafe { Queue::release(q) };
}
