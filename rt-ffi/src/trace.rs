//! Section "trace" of the header.

use crate::boundary::{invalid, status};
use crate::types::*;
use core::ffi::{CStr, c_char};
use rt_core::{Result, trace};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The path that C means; `None`: NULL.
///
/// # Safety
/// NULL or a C string.
unsafe fn path<'a>(path: *const c_char) -> Option<&'a Path> {
    // SAFETY: by contract.
    (!path.is_null()).then(|| Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(path) }.to_bytes())))
}

/// # Safety
/// As [`path`].
unsafe fn needed<'a>(given: *const c_char) -> Result<&'a Path> {
    // SAFETY: by contract.
    unsafe { path(given) }.ok_or(invalid(c"path is NULL"))
}

/// Write what the goroutines do from now on to a file, made anew, which Perfetto and chrome://tracing
/// open: what ran on which P and why it left, who made whom ready, steals, hand-offs, timers and
/// descriptors. "trace=FILE" in GORTDEBUG does so from the start on. Events that come faster than they
/// are written are lost, and the trace says how many. The file is whole at gort_trace_stop, at
/// gort_shutdown, at exit(3), and after a deadlock.
///
/// GORT_INVALID: path is NULL. GORT_OS_ERROR: the file could not be made. GORT_MISUSE: a trace is on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_trace_start(path: *const c_char) -> gort_status {
    // SAFETY: the program gives NULL or a C string.
    status(|| trace::start(unsafe { needed(path) }?))
}

/// Keep the last events of each P in memory, some 16000, until gort_trace_stop. They are written to the
/// file, unless path is NULL, in a deadlock, in a panic, and when the dump signal of GORTDEBUG comes;
/// "flight=FILE" there does so from the start on. GORT_MISUSE: a trace is on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_trace_flight(path: *const c_char) -> gort_status {
    // SAFETY: the program gives NULL or a C string.
    status(|| trace::flight(unsafe { self::path(path) }))
}

/// Write the last events of each P to a file, made anew; the trace goes on. GORT_INVALID: path is NULL.
/// GORT_OS_ERROR: it could not be written. GORT_MISUSE: no trace is on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_trace_snapshot(path: *const c_char) -> gort_status {
    // SAFETY: the program gives NULL or a C string.
    status(|| trace::snapshot(unsafe { needed(path) }?))
}

/// End the trace. GORT_OS_ERROR: its file could not be written as a whole. GORT_MISUSE: no trace is on.
#[unsafe(no_mangle)]
pub extern "C" fn gort_trace_stop() -> gort_status {
    status(trace::stop)
}
