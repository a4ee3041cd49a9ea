//! The operating system, one concern a file: clock, futex, membarrier, threads, thread-local
//! memory, mappings.
//!
//! Everything the runtime asks of Linux goes through here, so that a port has one folder to write.

pub(crate) mod barrier;
pub(crate) mod clock;
pub(crate) mod cpu;
pub(crate) mod epoll;
pub(crate) mod futex;
pub(crate) mod library;
pub(crate) mod memory;
pub(crate) mod pipe;
pub(crate) mod text;
pub(crate) mod thread;
pub(crate) mod tls;

/// errno of the calling thread.
#[inline(never)] // its address must not be kept across a switch of threads
pub(crate) fn errno() -> i32 {
    // SAFETY: glibc's location is valid for the calling thread.
    unsafe { *libc::__errno_location() }
}

/// Set errno of the calling thread.
#[inline(never)]
pub(crate) fn set_errno(value: i32) {
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = value }
}
