//! `gort_mutex`.

use crate::boundary::status;
use crate::types::*;
use rt_core::sync::Mutex;

/// Lock, waiting as long as it takes. Unlocked by anyone, as in Go; a goroutine that locks it twice
/// waits for itself. m must not be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_mutex_lock(m: *mut gort_mutex) {
    // SAFETY: the program gives a mutex that stays where it is.
    unsafe { (*m).lock() };
}

/// Lock if it is free; true when it was. False for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_mutex_try_lock(m: *mut gort_mutex) -> bool {
    // SAFETY: as above.
    unsafe { m.as_ref() }.is_some_and(|m| m.try_lock())
}

/// Unlock, by whichever goroutine or thread. The memory is the caller's again when this returns.
/// GORT_MISUSE: it is not locked. GORT_INVALID: m is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_mutex_unlock(m: *mut gort_mutex) -> gort_status {
    // SAFETY: as above.
    unsafe { if m.as_ref().is_some_and(Mutex::unlock_at_once) { GORT_OK } else { unlock_otherwise(m) } }
}

/// Out of line: what is done nearly always has no register to save without it.
#[cold]
#[inline(never)]
unsafe extern "C" fn unlock_otherwise(m: *mut gort_mutex) -> gort_status {
    // SAFETY: as above.
    status(|| unsafe { m.as_ref() }.ok_or(super::NO_OBJECT)?.unlock_otherwise())
}
