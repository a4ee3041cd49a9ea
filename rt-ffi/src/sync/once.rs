//! `gort_once`.

use crate::types::*;
use core::ffi::c_void;

/// Run fn(arg) if this is the first call for this once; all calls return when that is over, be it by
/// gort_exit. A call from within fn waits for itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_once_do(once: *mut gort_once, r#fn: gort_func, arg: *mut c_void) {
    if let Some(entry) = r#fn {
        // SAFETY: the program gives a once that stays where it is, and a function that takes arg.
        unsafe { (*once).call(entry, arg) };
    }
}
