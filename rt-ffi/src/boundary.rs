//! Between C and Rust: no panic crosses, and every error is kept for `gort_last_error`.

use crate::types::*;
use core::ffi::CStr;
use rt_core::{Error, Kind, Result, last_error};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a function returns when something in the library was found to be broken.
#[cold]
fn broken() -> Error {
    Error::new(Kind::Misuse, c"internal error: an invariant of the library does not hold")
}

/// The result of `f`, with the error kept.
#[inline(always)]
pub(crate) fn keep<T>(f: impl FnOnce() -> Result<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|_| Err(broken())) {
        Ok(value) => Ok(value),
        Err(error) => {
            failed(error);
            Err(error)
        }
    }
}

/// The whole of a function that makes goroutines: on to `$on`, with the address it was called from as one
/// argument more, in the given register of x86-64, AArch64 and RISC-V. Two instructions; Rust has no
/// other way to know its caller.
macro_rules! with_call_site {
    ($x86:literal, $arm:literal, $riscv:literal, $on:path) => {{
        #[cfg(target_arch = "x86_64")]
        core::arch::naked_asm!(concat!("mov ", $x86, ", [rsp]"), "jmp {on}", on = sym $on);
        #[cfg(target_arch = "aarch64")]
        core::arch::naked_asm!(concat!("mov ", $arm, ", x30"), "b {on}", on = sym $on);
        #[cfg(target_arch = "riscv64")]
        core::arch::naked_asm!(concat!("mv ", $riscv, ", ra"), "tail {on}", on = sym $on);
    }};
}
pub(crate) use with_call_site;

/// Keep an error, and give C its errno.
#[inline(always)]
pub(crate) fn failed(error: Error) -> gort_status {
    last_error::set(error);
    if error.errno() != 0 {
        // SAFETY: glibc's location is valid for the calling thread.
        unsafe { *libc::__errno_location() = error.errno() };
    }
    error.kind() as gort_status
}

/// The status of `f`.
#[inline(always)]
pub(crate) fn status(f: impl FnOnce() -> Result) -> gort_status {
    match keep(f) {
        Ok(()) => GORT_OK,
        Err(error) => error.kind() as gort_status,
    }
}

/// The value of `f`, or `otherwise` when it panics.
#[inline(always)]
pub(crate) fn value<T>(otherwise: T, f: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or(otherwise)
}

/// The pointer `f` makes, or null.
#[inline(always)]
pub(crate) fn pointer<T>(f: impl FnOnce() -> Result<core::ptr::NonNull<T>>) -> *mut T {
    keep(f).map_or(core::ptr::null_mut(), |p| p.as_ptr())
}

pub(crate) const fn invalid(message: &'static CStr) -> Error {
    Error::new(Kind::Invalid, message)
}

/// The wait of a timeout of this many nanoseconds: one that is not above zero has passed already.
pub(crate) fn until(timeout: gort_duration) -> rt_core::Wait<'static> {
    rt_core::Wait::Until(rt_core::time::now().saturating_add(timeout.max(0)))
}
