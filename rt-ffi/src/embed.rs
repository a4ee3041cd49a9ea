//! Section "embedding" of the header.

use crate::boundary::{invalid, status, value};
use crate::types::*;
use core::ffi::c_void;
use rt_core::{hooks, limits, local};

/// Make a key of goroutine-local storage: each goroutine, and each plain thread, has a value of its own
/// under it, NULL at first. destructor(value), if given, is called for each value that is not NULL: at
/// the end of its goroutine, after the deferred calls, or of its plain thread. At most 256 keys.
///
/// GORT_INVALID: key is NULL. GORT_NO_MEMORY: there are too many.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_local_create(key: *mut gort_local, destructor: gort_drop_func) -> gort_status {
    status(|| {
        if key.is_null() {
            return Err(invalid(c"key is NULL"));
        }
        let made = local::create(destructor)?;
        // SAFETY: the program gives a place for it.
        unsafe { key.write(made) };
        Ok(())
    })
}

/// Delete the key. Values under it are forgotten, without a call of the destructor. GORT_INVALID: there
/// is no such key.
#[unsafe(no_mangle)]
pub extern "C" fn gort_local_delete(key: gort_local) -> gort_status {
    status(|| local::delete(key))
}

/// The caller's value; NULL when it has set none, or there is no such key.
#[unsafe(no_mangle)]
pub extern "C" fn gort_local_get(key: gort_local) -> *mut c_void {
    value(core::ptr::null_mut(), || local::get(key))
}

/// Set the caller's value; the one before is not given to the destructor. A plain thread's values are
/// forgotten by gort_shutdown. GORT_INVALID: there is no such key. GORT_NO_MEMORY: it is not set.
#[unsafe(no_mangle)]
pub extern "C" fn gort_local_set(key: gort_local, value: *mut c_void) -> gort_status {
    status(|| local::set(key, value))
}

/// Have hooks called around each goroutine's time on a thread, on that thread, for state that must be
/// swapped with it; the struct is copied. NULL: none, as at first. A goroutine's calls come in order:
/// start, then park and resume in turn, then end. A hook runs on the thread's own stack, where
/// gort_goroutine_id() is 0; it must return soon, and neither block nor throw. It should not call gort
/// but for gort_local_*, which mean the thread's values there.
///
/// GORT_MISUSE: the runtime is running; set them before the first goroutine, or after gort_shutdown.
/// GORT_INVALID: struct_size is 0 or larger than the library knows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_set_hooks(hooks: *const gort_hooks) -> gort_status {
    // SAFETY: the program gives NULL or struct_size readable bytes, and hooks as the header wants them;
    // what lies beyond stays zero.
    status(|| unsafe {
        if hooks.is_null() {
            return hooks::set(None);
        }
        let size = hooks.cast::<usize>().read();
        if size < size_of::<usize>() || size > size_of::<gort_hooks>() {
            return Err(invalid(c"struct_size must be sizeof(gort_hooks)"));
        }
        let mut copy: gort_hooks = core::mem::zeroed();
        core::ptr::copy_nonoverlapping(hooks.cast::<u8>(), (&raw mut copy).cast::<u8>(), size);
        hooks::set(Some(copy.hooks))
    })
}

/// Limit what the runtime takes; the struct is copied. NULL: no limits, as at first. Beyond the limit of
/// goroutines or stacks gort_go and its kin fail with GORT_NO_MEMORY, and gort_last_error says which it
/// is; threads that start goroutines at the same moment may exceed the first by one each. Beyond the
/// limit of threads no more are made: what goroutines block outside the library is then not replaced.
///
/// GORT_MISUSE: the runtime is running; set them before the first goroutine, or after gort_shutdown.
/// GORT_INVALID: struct_size is 0 or larger than the library knows, or threads is 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_set_limits(limits: *const gort_limits) -> gort_status {
    // SAFETY: the program gives NULL or struct_size readable bytes; what lies beyond stays zero.
    status(|| unsafe {
        if limits.is_null() {
            return limits::set(limits::Limits::default());
        }
        let size = limits.cast::<usize>().read();
        if size < size_of::<usize>() || size > size_of::<gort_limits>() {
            return Err(invalid(c"struct_size must be sizeof(gort_limits)"));
        }
        let mut copy: gort_limits = core::mem::zeroed();
        core::ptr::copy_nonoverlapping(limits.cast::<u8>(), (&raw mut copy).cast::<u8>(), size);
        limits::set(copy.limits)
    })
}
