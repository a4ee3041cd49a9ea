//! Limits of an embedder: how much of the process a runtime may take.
//!
//! They are set while there is no runtime, and copied into the next one when it starts.

use crate::error::{Error, Kind, Result};
use crate::lock::SpinLock;
use crate::sched::lifecycle;

/// What a runtime may take; 0: as much as there is.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Limits {
    /// OS threads, the one that watches the others included; at least 2.
    pub threads: usize,
    /// Bytes of address space for stacks.
    pub stack_bytes: usize,
    /// Goroutines at a time.
    pub goroutines: usize,
}

static NEXT: SpinLock<Limits> = SpinLock::new(Limits { threads: 0, stack_bytes: 0, goroutines: 0 });

pub(crate) const TOO_MANY: Error =
    Error::new(Kind::NoMemory, c"the limit of goroutines is reached: see gort_set_limits");
pub(crate) const STACKS_FULL: Error =
    Error::new(Kind::NoMemory, c"the limit of address space for stacks is reached: see gort_set_limits");

/// Set the limits of the next runtime.
pub fn set(limits: Limits) -> Result {
    if limits.threads == 1 {
        return Err(Error::new(Kind::Invalid, c"a runtime has at least two threads"));
    }
    if lifecycle::is_running() {
        return Err(Error::new(Kind::Misuse, c"limits are set before the runtime starts, or after gort_shutdown"));
    }
    *NEXT.lock() = limits;
    Ok(())
}

/// For a runtime that starts.
pub(crate) fn next() -> Limits {
    *NEXT.lock()
}

/// In the child of fork(2) another thread may have held the lock.
pub(crate) fn reset_after_fork() {
    // SAFETY: nobody else is here.
    unsafe { NEXT.raw().unlock() };
}
