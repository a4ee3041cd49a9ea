//! `gort_sem`.

use crate::boundary::status;
use crate::types::*;
use rt_core::Wait;

/// Set the capacity of a semaphore that is not in use. An all-zero one has capacity 0. GORT_INVALID: n
/// is negative, or sem is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_sem_init(sem: *mut gort_sem, n: i64) -> gort_status {
    // SAFETY: the program gives NULL or a semaphore that stays where it is; so below.
    status(|| unsafe { sem.as_ref() }.ok_or(super::NO_OBJECT)?.init(n))
}

/// Acquire n, first come, first served: a big waiter is not overtaken. ctx may be NULL; n above the
/// capacity waits for ctx alone.
///
/// GORT_CANCELED, GORT_DEADLINE_EXCEEDED: ctx ended first, and nothing was acquired. GORT_INVALID: n is
/// negative, or sem is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_sem_acquire(sem: *mut gort_sem, ctx: *mut gort_ctx, n: i64) -> gort_status {
    // SAFETY: as above; the program holds a reference to the context.
    status(|| unsafe {
        let wait = ctx.as_ref().map_or(Wait::Forever, Wait::Context);
        sem.as_ref().ok_or(super::NO_OBJECT)?.acquire(wait, n)
    })
}

/// Acquire n if that needs no waiting and nobody waits; true when it was so. False for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_sem_try_acquire(sem: *mut gort_sem, n: i64) -> bool {
    // SAFETY: as above.
    unsafe { sem.as_ref() }.is_some_and(|s| s.try_acquire(n))
}

/// Give n back. GORT_MISUSE: more than is held; nothing changes. GORT_INVALID: n is negative, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_sem_release(sem: *mut gort_sem, n: i64) -> gort_status {
    // SAFETY: as above.
    status(|| unsafe { sem.as_ref() }.ok_or(super::NO_OBJECT)?.release(n))
}
