//! The boundary between a goroutine's own code and the runtime, on one M.
//!
//! Preemption that is safe for any C code takes the P, never the goroutine. To take it, sysmon (or
//! a thief) must know that the M is not working on its P at that moment; and the M, whose every
//! call into the library would otherwise pay for it, must not execute a locked instruction.
//!
//! | inside | claim | who may touch the M's P                                          |
//! |--------|-------|------------------------------------------------------------------|
//! | true   | 0     | the M                                                            |
//! | true   | 1     | the M if it went in before the claim; else nobody, the M waits   |
//! | false  | 0     | nobody (the goroutine is in its own code)                        |
//! | false  | 1     | the claimer                                                      |
//!
//! The M stores `inside` and then loads `claim`; the claimer stores `claim` and then loads `inside`.
//! Between its two steps the M executes only a compiler barrier and the claimer a membarrier(2),
//! which stands for a full fence on both. So not both can miss the other's store: either the
//! claimer sees the M inside and gives up, or the M sees the claim and waits until it is over.

use crate::facade::{AtomicBool, Ordering::*, spin_hint};
#[cfg(not(loom))]
use crate::sys::barrier;
#[cfg(loom)]
mod barrier {
    pub(super) fn light() {
        loom::sync::atomic::fence(loom::sync::atomic::Ordering::SeqCst)
    }
    pub(super) fn heavy() {
        loom::sync::atomic::fence(loom::sync::atomic::Ordering::SeqCst)
    }
}

pub(crate) struct Boundary {
    inside: AtomicBool,
    claim: AtomicBool,
}

impl Boundary {
    /// An M starts inside.
    pub(crate) fn new() -> Boundary {
        Boundary { inside: AtomicBool::new(true), claim: AtomicBool::new(false) }
    }

    /// Go in; true when the caller was outside, and so has to [`leave`](Self::leave).
    /// Only the M's own thread.
    #[inline(always)]
    pub(crate) fn enter(&self) -> bool {
        if self.inside.load(Relaxed) {
            return false;
        }
        self.inside.store(true, Relaxed);
        barrier::light();
        if self.claim.load(Acquire) {
            self.wait_out_claim();
        }
        true
    }

    #[cold]
    fn wait_out_claim(&self) {
        let mut rounds = 0;
        while self.claim.load(Acquire) {
            spin_hint(rounds);
            rounds += 1;
        }
    }

    /// Go out. Only the M's own thread, inside. Release: what the M did to its P is seen by whoever
    /// claims it next.
    #[inline(always)]
    pub(crate) fn leave(&self) {
        self.inside.store(false, Release);
    }

    #[inline]
    pub(crate) fn is_inside(&self) -> bool {
        self.inside.load(Relaxed)
    }

    /// Run `f` while the M is outside and kept from coming in; `None` when it is inside or another
    /// thread has the claim. Any thread but the M's own.
    pub(crate) fn claim<R>(&self, f: impl FnOnce() -> R) -> Option<R> {
        if self.is_inside() || self.claim.compare_exchange(false, true, Acquire, Relaxed).is_err() {
            return None;
        }
        barrier::heavy();
        let result = (!self.inside.load(Acquire)).then(f);
        self.claim.store(false, Release);
        result
    }
}
