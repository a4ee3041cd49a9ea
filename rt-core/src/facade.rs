//! Atomics, cells and waiting, from std or from the model checker.
//!
//! Protocols that are checked with loom import them from here and nowhere else.

#[cfg(loom)]
pub(crate) use crate::models::watched::{AtomicBool, AtomicI64, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize};
#[cfg(not(loom))]
pub(crate) use core::cell::Cell;
#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{
    AtomicBool, AtomicI64, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
#[cfg(loom)]
pub(crate) use loom::cell::Cell;
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{Ordering, fence};

/// Wait a little for another thread; longer as `rounds` grows.
#[cfg(not(loom))]
pub(crate) fn spin_hint(rounds: u32) {
    const SPINS: u32 = 6;
    const YIELDS: u32 = SPINS + 32;
    if rounds < SPINS {
        // A look takes the cache line away from whoever works on it, and critical sections take a
        // fraction of the first pause: better that they get many done between two looks.
        for _ in 0..16 << rounds.min(2) {
            core::hint::spin_loop();
        }
    } else if rounds < YIELDS {
        // SAFETY: no arguments.
        unsafe { libc::sched_yield() };
    } else {
        let ns = 20_000i64 << (rounds - YIELDS).min(5);
        // SAFETY: the request is a valid timespec and no remainder is asked for.
        unsafe { libc::nanosleep(&crate::sys::clock::timespec(ns), core::ptr::null_mut()) };
    }
}

#[cfg(loom)]
pub(crate) fn spin_hint(_rounds: u32) {
    loom::thread::yield_now();
}
