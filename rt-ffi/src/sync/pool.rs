//! `gort_pool`.

use crate::boundary::pointer;
use crate::types::*;
use core::ffi::c_void;
use rt_core::sync::pool;

/// Make a pool of values that are alike and may be used again: Go's sync.Pool. make(arg) makes a value
/// when none is kept; NULL: gort_pool_get gives NULL then. drop(value) ends a value that the pool does
/// not keep; NULL: nothing is done. Both may be called from any goroutine or thread, several at a time.
/// The caller owns the pool. NULL: no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_pool_new(
    make: gort_value_func,
    drop: gort_drop_func,
    arg: *mut c_void,
) -> *mut gort_pool {
    // SAFETY: the program gives functions that may be called anywhere.
    pointer(|| unsafe { pool::new(make, drop, arg) })
}

/// A value: one that was put before, on this P if possible, else a new one. NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_pool_get(pool: *mut gort_pool) -> *mut c_void {
    // SAFETY: the program gives NULL or a pool; so below.
    unsafe { pool.as_ref() }.map_or(core::ptr::null_mut(), |pool| pool.get())
}

/// Give a value to the pool, which keeps up to 128 for each P and drops the others at once: between
/// put and get nobody must rely on it. A NULL value is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_pool_put(pool: *mut gort_pool, value: *mut c_void) {
    // SAFETY: as above.
    if let Some(pool) = unsafe { pool.as_ref() } {
        pool.put(value);
    }
}

/// Drop every value that is kept, and end the pool, which nobody may be using. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_pool_release(pool: *mut gort_pool) {
    // SAFETY: as above.
    unsafe { pool::release(pool) };
}
