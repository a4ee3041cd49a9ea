//! Section "select" of the header.

use crate::boundary::{failed, invalid, keep, until};
use crate::types::*;
use core::ffi::c_int;
use rt_core::{Kind, Wait, chan};

const NONE: c_int = -1;
const BAD: c_int = -2;

unsafe fn select(cases: *mut gort_case, n: usize, wait: Wait) -> c_int {
    if (cases.is_null() && n > 0) || n > c_int::MAX as usize {
        failed(invalid(c"cases is NULL, or there are too many"));
        return BAD;
    }
    // SAFETY: the program gives n cases with live channels and room for their elements.
    match keep(|| unsafe { chan::select(cases, n, wait) }) {
        Ok(i) => i as c_int,
        Err(error) if error.kind() == Kind::NoMemory || error.kind() == Kind::Invalid => BAD,
        Err(_) => NONE,
    }
}

/// Wait until one case can go on, do it, and return its index; of several that can, each is chosen
/// with the same probability. The chosen case's status is GORT_OK or GORT_CLOSED: a receive from a
/// closed channel zeroes the element, a send on one is chosen and fails. A case with a NULL channel is
/// never ready; n == 0 blocks for ever.
///
/// Returns -2 when cases is NULL and n is not 0, for an op that is none, and without memory for many
/// cases.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_select(cases: *mut gort_case, n: usize) -> c_int {
    // SAFETY: by contract.
    unsafe { select(cases, n, Wait::Forever) }
}

/// As gort_select, without waiting. GORT_NONE: there was a moment at which no case was ready.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_select_default(cases: *mut gort_case, n: usize) -> c_int {
    // SAFETY: by contract.
    unsafe { select(cases, n, Wait::Try) }
}

/// As gort_select, for at most timeout nanoseconds. GORT_NONE: they passed and nothing was done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_select_timeout(cases: *mut gort_case, n: usize, timeout: gort_duration) -> c_int {
    // SAFETY: by contract.
    unsafe { select(cases, n, until(timeout)) }
}
