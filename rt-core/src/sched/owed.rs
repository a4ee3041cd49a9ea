//! Notices of goroutines that have ended, put off while more of the same may follow.
//!
//! Goroutines that count themselves off at one and the same object when they end fight for its cache line if they
//! do so on several Ps, each for one. So an M keeps count instead, as long as it begins one such goroutine after
//! the other, and gives notice of all at once before it does anything else.
//!
//! Nobody waits longer for that: the object waits for the goroutine that has just begun, too, and the notice is
//! given when that one parks, at the latest. Where a goroutine may take part in the count itself, earlier still.

use super::g::{G, HAS_LOCALS};
use super::{Entry, current};
use crate::sanitizer::race;
use core::cell::Cell;
use core::ptr;
use std::sync::atomic::Ordering::*;

/// A kind of goroutine that gives notice of its end.
pub(crate) struct Kind {
    /// What such a goroutine runs. The first word of its argument is the address of the object.
    pub(crate) entry: Entry,
    /// Give notice to the object of so many ends.
    pub(crate) notify: unsafe fn(*const (), u32),
}

/// What an M has put off. Its own thread's.
pub(crate) struct Owed {
    count: Cell<u32>,
    to: Cell<*const ()>,
    kind: Cell<Option<&'static Kind>>,
}

impl Owed {
    pub(super) fn nothing() -> Owed {
        Owed { count: Cell::new(0), to: Cell::new(ptr::null()), kind: Cell::new(None) }
    }

    /// The M is going to run `g`, which has not begun if `first`.
    #[inline(always)]
    pub(super) fn before(&self, g: &G, first: bool) {
        if self.count.get() != 0 && !(first && self.is_for_more_of(g)) {
            self.pay();
        }
    }

    fn is_for_more_of(&self, g: &G) -> bool {
        let (Some(kind), Some(entry)) = (self.kind.get(), g.entry.get()) else { return false };
        // SAFETY: by `Kind`; whatever else had this address would have to do the same with its argument.
        ptr::fn_addr_eq(kind.entry, entry) && unsafe { *g.arg.get().cast::<*const ()>() == self.to.get() }
    }

    /// Give notice of what was put off.
    #[inline]
    pub(super) fn settle(&self) {
        if self.count.get() != 0 {
            self.pay();
        }
    }

    #[cold]
    #[inline(never)]
    fn pay(&self) {
        let count = self.count.replace(0);
        if let Some(kind) = self.kind.get() {
            // SAFETY: the object waits for those that have ended, and so is still there.
            unsafe { (kind.notify)(self.to.get(), count) };
        }
    }
}

/// The calling goroutine is over, but for what the runtime does itself: tell `to`, now or later.
///
/// # Safety
/// `to` is an object of this kind and counts on the notice.
pub(crate) unsafe fn end(to: *const (), kind: &'static Kind) {
    // SAFETY: the calling thread's M lives as long as the thread runs it.
    if let Some(m) = unsafe { current::m().as_ref() }
        // SAFETY: Ps live as long as the runtime. Should another M have this one now, the guess is only a poor one.
        && unsafe { m.p.load(Relaxed).as_ref() }.is_some_and(|p| p.crew.is_none() && (m.owed.count.get() != 0 || p.has_stealable()))
        // SAFETY: the running goroutine.
        && unsafe { m.g.get().as_ref() }.is_some_and(|g| g.seldom.get() & HAS_LOCALS == 0)
        && !race::on()
        // For the first of them in a row it does not pay.
        && ptr::eq(m.owed.to.replace(to), to)
    {
        m.owed.kind.set(Some(kind));
        return m.owed.count.set(m.owed.count.get() + 1);
    }
    // SAFETY: by contract.
    unsafe { (kind.notify)(to, 1) };
}

/// The caller, which is counted as by [`current::touch`], has a part in the count of some object itself.
#[inline]
pub(crate) fn settle() {
    // SAFETY: as above.
    if let Some(m) = unsafe { current::m_or_count().as_ref() } {
        m.owed.settle();
    }
}
