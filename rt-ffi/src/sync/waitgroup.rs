//! `gort_waitgroup`.

use crate::boundary::{invalid, status, with_call_site};
use crate::types::*;
use core::ffi::c_void;

/// Add delta, which may be negative, to the counter; whoever waits goes on when it comes to zero.
///
/// GORT_MISUSE: the counter would be negative, or above 2^31-1; it is unchanged. GORT_INVALID: NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_waitgroup_add(wg: *mut gort_waitgroup, delta: i64) -> gort_status {
    // SAFETY: the program gives NULL or a wait group that stays where it is.
    status(|| unsafe { wg.as_ref() }.ok_or(super::NO_OBJECT)?.add(delta))
}

/// Take one from the counter; as gort_waitgroup_add(wg, -1).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_waitgroup_done(wg: *mut gort_waitgroup) -> gort_status {
    // SAFETY: as above.
    status(|| unsafe { wg.as_ref() }.ok_or(super::NO_OBJECT)?.done())
}

/// Block until the counter is zero. No gort_waitgroup_done touches wg any more once this has returned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_waitgroup_wait(wg: *mut gort_waitgroup) {
    // SAFETY: as above, not NULL.
    unsafe { (*wg).wait() };
}

/// Add one, run fn(arg) in a new goroutine, and take one when that is over, also by gort_exit.
///
/// Errors as gort_go; the counter is then as before.
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub unsafe extern "C" fn gort_waitgroup_go(wg: *mut gort_waitgroup, r#fn: gort_func, arg: *mut c_void) -> gort_status {
    with_call_site!("rcx", "x3", "a3", waitgroup_go_from)
}

unsafe extern "C" fn waitgroup_go_from(
    wg: *mut gort_waitgroup,
    r#fn: gort_func,
    arg: *mut c_void,
    created_at: usize,
) -> gort_status {
    // SAFETY: as above; the program gives a function that takes arg.
    status(|| unsafe {
        let wg = wg.as_ref().ok_or(super::NO_OBJECT)?;
        wg.go(r#fn.ok_or(invalid(c"the function is NULL"))?, arg, created_at)
    })
}
