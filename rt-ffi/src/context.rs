//! Section "context" of the header.

use crate::boundary::{invalid, pointer, status};
use crate::types::*;
use core::ffi::{c_char, c_void};
use rt_core::context;
use rt_core::{Error, Wait, chan, time, touch};

const NO_PARENT: Error = invalid(c"the parent context is NULL");

/// NULL stands for the background context.
fn or_background(ctx: *mut gort_ctx) -> *mut gort_ctx {
    if ctx.is_null() { context::background().as_ptr() } else { ctx }
}

fn live(ctx: *mut gort_ctx) -> rt_core::Result<*mut gort_ctx> {
    touch();
    if ctx.is_null() { Err(NO_PARENT) } else { Ok(ctx) }
}

/// The root of all contexts: never ends, carries nothing. Static: retain and release do nothing.
#[unsafe(no_mangle)]
pub extern "C" fn gort_ctx_background() -> *mut gort_ctx {
    context::background().as_ptr()
}

/// As gort_ctx_background, where it is not clear yet which context to use.
#[unsafe(no_mangle)]
pub extern "C" fn gort_ctx_todo() -> *mut gort_ctx {
    context::todo().as_ptr()
}

/// A new reference to a context that ends with its parent, or by gort_ctx_cancel. It holds a reference
/// to its parent; releasing its last one ends it too, as GORT_CANCELED. NULL: no memory, or the parent
/// is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_ctx_with_cancel(parent: *mut gort_ctx) -> *mut gort_ctx {
    // SAFETY: the program holds a reference to the parent; so below.
    pointer(|| unsafe { context::with_cancel(live(parent)?) })
}

/// As gort_ctx_with_cancel; it also ends, as GORT_DEADLINE_EXCEEDED, after timeout nanoseconds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_ctx_with_timeout(parent: *mut gort_ctx, timeout: gort_duration) -> *mut gort_ctx {
    // SAFETY: as above.
    pointer(|| unsafe { context::with_timeout(live(parent)?, timeout) })
}

/// As gort_ctx_with_timeout, at the time when of gort_now(). The earlier of the parent's deadline and
/// this one counts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_ctx_with_deadline(parent: *mut gort_ctx, when: i64) -> *mut gort_ctx {
    // SAFETY: as above.
    pointer(|| unsafe { context::with_deadline(live(parent)?, when) })
}

/// A new reference to a context in which key has value. drop(value), if not NULL, runs with the last
/// reference; when this returns NULL it does not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_ctx_with_value(
    parent: *mut gort_ctx,
    key: *const c_void,
    value: *mut c_void,
    drop: gort_drop_func,
) -> *mut gort_ctx {
    // SAFETY: as above; the program gives a drop that takes value.
    pointer(|| unsafe { context::with_value(live(parent)?, key, value, drop) })
}

/// A new reference to a context with the parent's values that does not end with it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_ctx_without_cancel(parent: *mut gort_ctx) -> *mut gort_ctx {
    // SAFETY: as above.
    pointer(|| unsafe { context::without_cancel(live(parent)?) })
}

/// End the context and all below it. Any number of times; nothing on background, todo, with_value,
/// without_cancel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_ctx_cancel(ctx: *mut gort_ctx) {
    // SAFETY: the program holds a reference.
    unsafe { context::cancel(or_background(ctx)) };
}

/// As gort_ctx_cancel, with a cause that is copied. The first cause stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_ctx_cancel_cause(ctx: *mut gort_ctx, cause: *const c_char) {
    // SAFETY: as above; a C string or NULL.
    unsafe { context::cancel_cause(or_background(ctx), cause) };
}

/// The channel that is closed when the context ends; borrowed. NULL when it can never end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_ctx_done(ctx: *mut gort_ctx) -> *mut gort_chan {
    // SAFETY: the program holds a reference.
    unsafe { context::done(or_background(ctx)) }
}

/// GORT_OK while the context has not ended, then GORT_CANCELED or GORT_DEADLINE_EXCEEDED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_ctx_err(ctx: *mut gort_ctx) -> gort_status {
    // SAFETY: the program holds a reference. What it tells is no failure of this call.
    unsafe { context::err(or_background(ctx)) }.map_or_else(|e| e.kind() as gort_status, |()| GORT_OK)
}

/// Why the context has ended: the cause, else the message of gort_ctx_err; NULL while it has not. Lives
/// as long as the context.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_ctx_cause(ctx: *mut gort_ctx) -> *const c_char {
    // SAFETY: the program holds a reference.
    unsafe { context::cause(or_background(ctx)) }
}

/// When the context will end by itself, to *when, if not NULL. False: it has no deadline.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_ctx_deadline(ctx: *mut gort_ctx, when: *mut i64) -> bool {
    // SAFETY: the program holds a reference and gives room or NULL.
    unsafe {
        let deadline = context::deadline(or_background(ctx));
        if let (Some(at), Some(out)) = (deadline, when.as_mut()) {
            *out = at;
        }
        deadline.is_some()
    }
}

/// The value of key in the nearest context that has it; keys are compared as pointers. NULL: in none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_ctx_value(ctx: *mut gort_ctx, key: *const c_void) -> *mut c_void {
    // SAFETY: the program holds a reference.
    unsafe { context::value(or_background(ctx), key) }
}

/// Run fn(arg) in a new goroutine once ctx is over; at once, if it is. NULL: no memory, or fn is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_ctx_after_func(
    ctx: *mut gort_ctx,
    r#fn: gort_func,
    arg: *mut c_void,
) -> *mut gort_ctx_after {
    // SAFETY: the program holds a reference and gives a function that takes arg.
    pointer(|| unsafe { context::after_func(or_background(ctx), r#fn.ok_or(invalid(c"the function is NULL"))?, arg) })
}

/// True when this kept the function from running. False for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_ctx_after_stop(a: *mut gort_ctx_after) -> bool {
    // SAFETY: the program gives NULL or what it was given.
    unsafe { context::after_stop(a) }
}

/// Give the handle up; does not stop it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_ctx_after_release(a: *mut gort_ctx_after) {
    // SAFETY: as above.
    unsafe { context::after_release(a) };
}

/// One more reference to the context, which is returned. NULL stays NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_ctx_retain(ctx: *mut gort_ctx) -> *mut gort_ctx {
    // SAFETY: the program holds a reference.
    unsafe { context::retain(ctx) };
    ctx
}

/// End one reference. The last one ends the context and drops its value. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_ctx_release(ctx: *mut gort_ctx) {
    // SAFETY: the program gives its reference up.
    unsafe { context::release(ctx) };
}

/// As gort_chan_send, until the context ends: GORT_CANCELED or GORT_DEADLINE_EXCEEDED then, and the
/// element was not sent. A NULL context is the background.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_chan_send_ctx(c: *mut gort_chan, elem: *const c_void, ctx: *mut gort_ctx) -> gort_status {
    // SAFETY: as gort_chan_send; the program holds a reference to the context.
    status(|| unsafe { chan::send(c, elem.cast(), Wait::Context(&*or_background(ctx))) })
}

/// As gort_chan_recv, until the context ends: GORT_CANCELED or GORT_DEADLINE_EXCEEDED then, and nothing
/// was received.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_chan_recv_ctx(c: *mut gort_chan, elem: *mut c_void, ctx: *mut gort_ctx) -> gort_status {
    // SAFETY: as gort_chan_recv; the program holds a reference to the context.
    status(|| unsafe { chan::recv(c, elem.cast(), Wait::Context(&*or_background(ctx))) })
}

/// As gort_sleep, until the context ends: GORT_CANCELED or GORT_DEADLINE_EXCEEDED then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_sleep_ctx(d: gort_duration, ctx: *mut gort_ctx) -> gort_status {
    // SAFETY: the program holds a reference to the context.
    status(|| time::sleep_with_context(d, unsafe { &*or_background(ctx) }))
}
