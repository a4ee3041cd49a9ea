//! The boundary between a goroutine's own code and the runtime, on one M.
//!
//! Preemption that is safe for any C code takes the P, never the goroutine. To take it, sysmon (or
//! a thief) must know that the M is not working on its P at that moment; and the M, whose every
//! call into the library would otherwise pay for it, must not execute a locked instruction.
//!
//! | inside | claim   | who may touch the M's P                                          |
//! |--------|---------|------------------------------------------------------------------|
//! | true   | NONE    | the M                                                            |
//! | true   | CLAIMED | the M if it went in before the claim; else nobody, the M waits   |
//! | false  | NONE    | nobody (the goroutine is in its own code)                        |
//! | false  | CLAIMED | the claimer                                                      |
//! | either | ASKED   | as with NONE                                                     |
//!
//! The M stores `inside` and then loads `claim`; the claimer stores `claim` and then loads `inside`.
//! Between its two steps the M executes only a compiler barrier and the claimer a membarrier(2),
//! which stands for a full fence on both. So not both can miss the other's store: either the
//! claimer sees the M inside and gives up, or the M sees the claim and waits until it is over.
//!
//! A membarrier takes microseconds. A goroutine that calls the library more often than that is inside
//! after every one of them, and could keep its P for ever. So a claimer that gives up asks: the next
//! call from outside finds that and lets others run by itself.

use crate::facade::{AtomicBool, AtomicU32, Ordering::*, spin_hint};
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

const NONE: u32 = 0;
const CLAIMED: u32 = 1;
const ASKED: u32 = 2;

pub(crate) struct Boundary {
    inside: AtomicBool,
    claim: AtomicU32,
}

/// How a call found the boundary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Entry {
    /// The caller was inside already.
    Nested,
    /// It came in, and so has to [`leave`](Boundary::leave).
    Came,
    /// As `Came`; and somebody wanted its P and did not get it.
    CameAsked,
}

impl Boundary {
    /// An M starts inside.
    pub(crate) fn new() -> Boundary {
        Boundary { inside: AtomicBool::new(true), claim: AtomicU32::new(NONE) }
    }

    /// Go in. Only the M's own thread.
    #[inline(always)]
    pub(crate) fn enter(&self) -> Entry {
        if self.inside.load(Relaxed) {
            return Entry::Nested;
        }
        self.inside.store(true, Relaxed);
        barrier::light();
        if self.claim.load(Acquire) == NONE { Entry::Came } else { self.enter_claimed() }
    }

    /// Wait until a claim is over, and see whether its maker has asked.
    #[cold]
    fn enter_claimed(&self) -> Entry {
        let mut rounds = 0;
        loop {
            match self.claim.load(Acquire) {
                NONE => return Entry::Came,
                // Who claims meanwhile gives up, finding us inside, and asks again.
                ASKED if self.claim.compare_exchange(ASKED, NONE, Relaxed, Relaxed).is_ok() => return Entry::CameAsked,
                _ => {
                    spin_hint(rounds);
                    rounds += 1;
                }
            }
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

    /// Run `f` while the M is outside and kept from coming in. `None`: it is inside, and has been asked,
    /// or another thread has the claim. Any thread but the M's own.
    pub(crate) fn claim<R>(&self, f: impl FnOnce() -> R) -> Option<R> {
        let before = self.claim.load(Relaxed);
        let next = if self.is_inside() { ASKED } else { CLAIMED };
        if before == CLAIMED || self.claim.compare_exchange(before, next, Acquire, Relaxed).is_err() || next == ASKED {
            return None;
        }
        barrier::heavy();
        let result = (!self.inside.load(Acquire)).then(f);
        self.claim.store(if result.is_some() { NONE } else { ASKED }, Release);
        result
    }
}
