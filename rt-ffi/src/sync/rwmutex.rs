//! `gort_rwmutex`.

use crate::boundary::status;
use crate::types::*;
use rt_core::sync::RwMutex;

/// Lock for writing, waiting as long as it takes. A waiting writer keeps new readers out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_rwmutex_lock(m: *mut gort_rwmutex) {
    // SAFETY: the program gives a mutex that stays where it is; so below.
    unsafe { (*m).lock() };
}

/// Lock for writing if nobody holds it; true when that was so. False for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_rwmutex_try_lock(m: *mut gort_rwmutex) -> bool {
    // SAFETY: as above.
    unsafe { m.as_ref() }.is_some_and(|m| m.try_lock())
}

/// Unlock for writing, by whichever goroutine or thread; readers that waited get in before the next
/// writer. GORT_MISUSE: it is not locked for writing. GORT_INVALID: m is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_rwmutex_unlock(m: *mut gort_rwmutex) -> gort_status {
    // SAFETY: as above.
    status(|| unsafe { m.as_ref() }.ok_or(super::NO_OBJECT)?.unlock())
}

/// Lock for reading: with any number of other readers, without a writer. Not recursively: a writer
/// that comes in between keeps the second lock out, as in Go.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_rwmutex_rlock(m: *mut gort_rwmutex) {
    // SAFETY: as above.
    unsafe { (*m).rlock() };
}

/// Lock for reading if no writer holds it or waits; true when that was so. False for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_rwmutex_try_rlock(m: *mut gort_rwmutex) -> bool {
    // SAFETY: as above.
    unsafe { m.as_ref() }.is_some_and(|m| m.try_rlock())
}

/// Undo one lock for reading. GORT_MISUSE: there is none. GORT_INVALID: m is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_rwmutex_runlock(m: *mut gort_rwmutex) -> gort_status {
    // SAFETY: as above.
    unsafe { if m.as_ref().is_some_and(RwMutex::runlock_at_once) { GORT_OK } else { runlock_otherwise(m) } }
}

/// Out of line, as that of a mutex.
#[cold]
#[inline(never)]
unsafe extern "C" fn runlock_otherwise(m: *mut gort_rwmutex) -> gort_status {
    // SAFETY: as above.
    status(|| unsafe { m.as_ref() }.ok_or(super::NO_OBJECT)?.runlock_otherwise())
}
