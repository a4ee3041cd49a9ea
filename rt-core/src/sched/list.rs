//! Queues that are linked through the Gs: putting never fails, because it needs no memory.

use super::g::G;
use super::queue::{self, Queue};
use crate::lock::SpinLock;
use core::ptr;
use std::sync::atomic::{AtomicUsize, Ordering::*};

/// First in, first out; one user at a time.
pub(crate) struct List {
    first: *mut G,
    last: *mut G,
}

// SAFETY: the Gs in it are the list's.
unsafe impl Send for List {}

impl List {
    pub(crate) const fn new() -> List {
        List { first: ptr::null_mut(), last: ptr::null_mut() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_null()
    }

    /// # Safety
    /// The caller gives `g` away, which is in no other list.
    pub(crate) unsafe fn push(&mut self, g: *mut G) {
        // SAFETY: by contract; Gs in the list are alive.
        unsafe {
            (*g).cold().next.set(ptr::null_mut());
            match self.last.as_ref() {
                Some(last) => last.cold().next.set(g),
                None => self.first = g,
            }
        }
        self.last = g;
    }

    /// Null: there is none.
    pub(crate) fn pop(&mut self) -> *mut G {
        let g = self.first;
        // SAFETY: Gs in the list are alive.
        if let Some(taken) = unsafe { g.as_ref() } {
            self.first = taken.cold().next.get();
            if self.first.is_null() {
                self.last = ptr::null_mut();
            }
        }
        g
    }
}

/// A list that everybody may put into and take from.
pub(crate) struct SharedList {
    list: SpinLock<List>,
    /// Written under the lock.
    len: AtomicUsize,
}

impl SharedList {
    pub(crate) const fn new() -> SharedList {
        SharedList { list: SpinLock::new(List::new()), len: AtomicUsize::new(0) }
    }

    /// # Safety
    /// As [`List::push`].
    pub(crate) unsafe fn push(&self, g: *mut G) {
        let mut list = self.list.lock();
        // SAFETY: by contract.
        unsafe { list.push(g) };
        self.len.store(self.len.load(Relaxed) + 1, Release);
    }

    /// Null: there is none.
    pub(crate) fn pop(&self) -> *mut G {
        if self.is_empty() {
            return ptr::null_mut();
        }
        let mut list = self.list.lock();
        let g = list.pop();
        if !g.is_null() {
            self.len.store(self.len.load(Relaxed) - 1, Release);
        }
        g
    }

    /// Take half of what is here, at most a batch: the first is returned, the others are put into `to`.
    ///
    /// # Safety
    /// By the owner of `to`.
    pub(crate) unsafe fn take_into(&self, to: &Queue<G>) -> *mut G {
        if self.is_empty() {
            return ptr::null_mut();
        }
        let mut list = self.list.lock();
        let there = self.len.load(Relaxed);
        let first = list.pop();
        let mut taken = usize::from(!first.is_null());
        // SAFETY: by contract; what does not fit stays.
        unsafe {
            while taken < queue::share(there, queue::BATCH) && to.has_room(1) {
                to.push(list.pop());
                taken += 1;
            }
        }
        self.len.store(there - taken, Release);
        first
    }

    /// Anybody may ask; the answer may be old.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.len.load(Acquire)
    }
}
