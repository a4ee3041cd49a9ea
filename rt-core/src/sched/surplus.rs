//! Goroutines that have not begun, beyond those that a P's queue takes in turn.
//!
//! A tree of goroutines that each start several more, run first in first out, is alive in its whole
//! width: a stack for each node, all of them cold when its children answer. So beyond a number the
//! newest goes first, as in Cilk: the tree is run depth first, and what waits here has no stack yet.
//! Thieves take the oldest, from which most will come. The oldest is run now and then in any case:
//! nothing here waits for ever.

use super::g::G;
use super::queue::{self, Queue};
use crate::lock::SpinLock;
use core::ptr;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::*};

/// Taken by one theft at most. Many more than from a queue: no cache knows them yet, and where there are as many, one
/// P makes them faster than it runs them, so that each theft less is a fight less for the lock.
const THEFT: usize = 512;

pub(crate) struct Surplus {
    /// The oldest at the front.
    waiting: SpinLock<VecDeque<*mut G>>,
    /// Written under the lock.
    len: AtomicUsize,
}

// SAFETY: what waits belongs to whoever takes it out, under the lock.
unsafe impl Sync for Surplus {}
// SAFETY: as above.
unsafe impl Send for Surplus {}

impl Surplus {
    pub(crate) const fn new() -> Surplus {
        Surplus { waiting: SpinLock::new(VecDeque::new()), len: AtomicUsize::new(0) }
    }

    /// False when there is no memory for one more.
    pub(crate) fn push(&self, g: *mut G) -> bool {
        let mut waiting = self.waiting.lock();
        if waiting.try_reserve(1).is_err() {
            return false;
        }
        waiting.push_back(g);
        self.len.store(waiting.len(), Release);
        true
    }

    /// Null: there is none. So for those below.
    #[inline]
    pub(crate) fn take_newest(&self) -> *mut G {
        self.take(VecDeque::pop_back)
    }

    pub(crate) fn take_oldest(&self) -> *mut G {
        self.take(VecDeque::pop_front)
    }

    #[inline]
    fn take(&self, which: impl FnOnce(&mut VecDeque<*mut G>) -> Option<*mut G>) -> *mut G {
        if self.is_empty() {
            return ptr::null_mut();
        }
        let mut waiting = self.waiting.lock();
        let g = which(&mut waiting).unwrap_or(ptr::null_mut());
        self.len.store(waiting.len(), Release);
        g
    }

    /// Put the newest, up to `n`, into `to`, in their order.
    ///
    /// # Safety
    /// By the owner of `to`.
    pub(crate) unsafe fn give_newest(&self, n: usize, to: &Queue<G>) {
        let mut waiting = self.waiting.lock();
        let n = n.min(waiting.len());
        // SAFETY: by contract, as in the loop.
        if unsafe { to.has_room(n) } {
            let stay = waiting.len() - n;
            for g in waiting.drain(stay..) {
                // SAFETY: as above.
                let put = unsafe { to.push(g) };
                debug_assert!(put, "room was made");
            }
            self.len.store(stay, Release);
        }
    }

    /// The oldest half, at most [`THEFT`]: the first is returned, the others are put into `to`.
    ///
    /// # Safety
    /// By the owner of `to`.
    pub(crate) unsafe fn steal_into(&self, to: &Queue<G>) -> *mut G {
        if self.is_empty() {
            return ptr::null_mut();
        }
        let mut waiting = self.waiting.lock();
        let n = queue::share(waiting.len(), THEFT);
        // SAFETY: by contract.
        let n = if n > 0 && unsafe { to.has_room(n - 1) } { n } else { n.min(1) };
        let mut taken = waiting.drain(..n);
        let first = taken.next().unwrap_or(ptr::null_mut());
        for g in taken {
            // SAFETY: as above.
            let put = unsafe { to.push(g) };
            debug_assert!(put, "room was made");
        }
        self.len.store(waiting.len(), Release);
        first
    }

    /// Anybody may ask; the answer may be old.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len.load(Acquire)
    }
}
