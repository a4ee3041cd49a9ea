//! Section "status" of the header.

use crate::types::*;
use core::ffi::{CStr, c_char};
use rt_core::{last_error, touch};

const STATUSES: [(&CStr, &CStr); 11] = [
    (c"GORT_OK", c"no error"),
    (c"GORT_CLOSED", c"the channel is closed"),
    (c"GORT_WOULD_BLOCK", c"nothing is ready, and the call may not wait"),
    (c"GORT_CANCELED", c"the context was canceled"),
    (c"GORT_DEADLINE_EXCEEDED", c"the context's deadline, or the call's timeout, passed"),
    (c"GORT_DEADLOCK", c"all goroutines are asleep"),
    (c"GORT_MISUSE", c"a rule was broken that panics in Go"),
    (c"GORT_INVALID", c"an argument is NULL or out of range"),
    (c"GORT_NO_MEMORY", c"memory or address space ran out"),
    (c"GORT_OS_ERROR", c"the operating system refused; errno says why"),
    (c"GORT_SHUTDOWN", c"the runtime is shutting down and takes no new goroutine"),
];

/// The name of a status, "GORT_CLOSED" for instance; "GORT_UNKNOWN" for other numbers. Never NULL,
/// lives for ever.
#[unsafe(no_mangle)]
pub extern "C" fn gort_status_name(status: gort_status) -> *const c_char {
    STATUSES.get(status as usize).map_or(c"GORT_UNKNOWN", |s| s.0).as_ptr()
}

/// One English sentence about a status, without a newline. Never NULL, lives for ever.
#[unsafe(no_mangle)]
pub extern "C" fn gort_status_message(status: gort_status) -> *const c_char {
    STATUSES.get(status as usize).map_or(c"no such status", |s| s.1).as_ptr()
}

/// What went wrong in the caller's last failed call, as a sentence: kept per goroutine, per thread
/// outside one. "" before any failure; a success leaves it as it is. Never NULL; valid until the
/// caller's next gort call.
#[unsafe(no_mangle)]
pub extern "C" fn gort_last_error() -> *const c_char {
    touch();
    last_error::message().as_ptr()
}

/// The library's version, "0.1.0" for instance: that of the library, where GORT_VERSION_* are those
/// of the header.
#[unsafe(no_mangle)]
pub extern "C" fn gort_version() -> *const c_char {
    // SAFETY: the literal ends with the only nul in it.
    unsafe { CStr::from_bytes_with_nul_unchecked(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) }.as_ptr()
}
