//! The runtime's own lock: a word, a value, short critical sections.
//!
//! Unlocking is a plain store. That halves the locked instructions of every channel operation, and
//! it is what lets a lock be the last thing that touches an object whose memory another thread may
//! free at once. The price is that waiters cannot be woken: they spin, then yield the CPU, then
//! sleep for growing times, so that a descheduled holder is never starved by its waiters, whatever
//! their priorities. Nothing blocks, allocates much or calls foreign code while holding one.

use crate::facade::{AtomicBool, Ordering::*, spin_hint};
use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};

/// A word that is locked or not; for locks that are taken and released in different frames.
pub(crate) struct RawLock {
    locked: AtomicBool,
}

impl RawLock {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> RawLock {
        RawLock { locked: AtomicBool::new(false) }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> RawLock {
        RawLock { locked: AtomicBool::new(false) }
    }

    #[inline]
    pub(crate) fn try_lock(&self) -> bool {
        self.locked.compare_exchange(false, true, Acquire, Relaxed).is_ok()
    }

    #[inline]
    pub(crate) fn lock(&self) {
        if !self.try_lock() {
            self.lock_contended();
        }
    }

    /// Somebody holds it, or did a moment ago.
    #[inline]
    pub(crate) fn is_locked(&self) -> bool {
        self.locked.load(Acquire)
    }

    #[cold]
    fn lock_contended(&self) {
        let mut rounds = 0u32;
        loop {
            spin_hint(rounds);
            rounds += 1;
            if !self.locked.load(Relaxed) && self.try_lock() {
                return;
            }
        }
    }

    /// # Safety
    /// The caller holds the lock.
    #[inline]
    pub(crate) unsafe fn unlock(&self) {
        self.locked.store(false, Release);
    }
}

/// A value behind a [`RawLock`].
pub(crate) struct SpinLock<T> {
    raw: RawLock,
    value: UnsafeCell<T>,
}

// SAFETY: the lock gives one thread at a time access to the value.
unsafe impl<T: Send> Sync for SpinLock<T> {}
// SAFETY: the value moves with the lock.
unsafe impl<T: Send> Send for SpinLock<T> {}

impl<T> SpinLock<T> {
    #[cfg(not(loom))]
    pub(crate) const fn new(value: T) -> SpinLock<T> {
        SpinLock { raw: RawLock::new(), value: UnsafeCell::new(value) }
    }

    #[cfg(loom)]
    pub(crate) fn new(value: T) -> SpinLock<T> {
        SpinLock { raw: RawLock::new(), value: UnsafeCell::new(value) }
    }

    #[inline]
    pub(crate) fn lock(&self) -> SpinGuard<'_, T> {
        self.raw.lock();
        SpinGuard { lock: self }
    }

    /// The value, for who has locked it through [`raw`](Self::raw).
    pub(crate) fn as_ptr(&self) -> *mut T {
        self.value.get()
    }

    pub(crate) fn raw(&self) -> &RawLock {
        &self.raw
    }
}

/// Holds a [`SpinLock`] until dropped.
pub(crate) struct SpinGuard<'a, T> {
    lock: &'a SpinLock<T>,
}

impl<T> Deref for SpinGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the guard proves that the lock is held.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for SpinGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for SpinGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the guard holds the lock.
        unsafe { self.lock.raw.unlock() }
    }
}
