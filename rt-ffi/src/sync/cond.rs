//! `gort_cond`.

use crate::types::*;

/// Unlock m, which the caller holds, wait for a signal, and lock m again. No signal given after the
/// unlock is missed. Waiters are woken in the order of their waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_cond_wait(cond: *mut gort_cond, m: *mut gort_mutex) {
    // SAFETY: the program gives both, and they stay where they are; so below.
    unsafe { (*cond).wait(&*m) };
}

/// Wake the one that waits longest, if any.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_cond_signal(cond: *mut gort_cond) {
    // SAFETY: as above.
    unsafe { (*cond).signal() };
}

/// Wake all that wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_cond_broadcast(cond: *mut gort_cond) {
    // SAFETY: as above.
    unsafe { (*cond).broadcast() };
}
