//! `gort_group`.

use crate::boundary::{invalid, pointer, status, with_call_site};
use crate::types::*;
use core::ffi::{c_int, c_void};
use rt_core::group;

/// Make a group whose context is a child of parent; NULL: of the background. The context ends at the
/// first error or when gort_group_wait returns. The caller owns it. NULL: no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_group_new(parent: *mut gort_ctx) -> *mut gort_group {
    // SAFETY: the program holds a reference to the parent.
    pointer(|| unsafe { group::new(parent) })
}

/// The group's context, borrowed. NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_group_ctx(g: *mut gort_group) -> *mut gort_ctx {
    // SAFETY: the program gives NULL or a group; so below.
    if g.is_null() { core::ptr::null_mut() } else { unsafe { group::ctx(g) } }
}

fn live(g: *mut gort_group) -> rt_core::Result<*mut gort_group> {
    if g.is_null() { Err(super::NO_OBJECT) } else { Ok(g) }
}

/// Let at most n goroutines be active; negative: any number. GORT_MISUSE: some are active.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_group_set_limit(g: *mut gort_group, n: i64) -> gort_status {
    // SAFETY: as above.
    status(|| unsafe { group::set_limit(live(g)?, n) })
}

/// Run fn(arg) in a goroutine, which returns 0 or an error. Blocks while the limit is reached. Errors as
/// gort_go.
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub unsafe extern "C" fn gort_group_go(g: *mut gort_group, r#fn: gort_group_func, arg: *mut c_void) -> gort_status {
    with_call_site!("rcx", "x3", "a3", group_go_from)
}

unsafe extern "C" fn group_go_from(
    g: *mut gort_group,
    r#fn: gort_group_func,
    arg: *mut c_void,
    created_at: usize,
) -> gort_status {
    // SAFETY: as above; the program gives a function that takes arg.
    status(|| unsafe { group::go(live(g)?, r#fn.ok_or(invalid(c"the function is NULL"))?, arg, created_at) })
}

/// As gort_group_go, without waiting. GORT_WOULD_BLOCK: the limit is reached.
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub unsafe extern "C" fn gort_group_try_go(g: *mut gort_group, r#fn: gort_group_func, arg: *mut c_void) -> gort_status {
    with_call_site!("rcx", "x3", "a3", group_try_go_from)
}

unsafe extern "C" fn group_try_go_from(
    g: *mut gort_group,
    r#fn: gort_group_func,
    arg: *mut c_void,
    created_at: usize,
) -> gort_status {
    // SAFETY: as above.
    status(|| unsafe { group::try_go(live(g)?, r#fn.ok_or(invalid(c"the function is NULL"))?, arg, created_at) })
}

/// Wait until all goroutines of the group are over, end its context, and return the first error that was
/// returned, or 0. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_group_wait(g: *mut gort_group) -> c_int {
    // SAFETY: as above.
    if g.is_null() { 0 } else { unsafe { group::wait(g) } }
}

/// Give the group up; goroutines that run go on. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_group_release(g: *mut gort_group) {
    // SAFETY: as above.
    unsafe { group::release(g) };
}
