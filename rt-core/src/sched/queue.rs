//! The queue of a P: first in, first out; its owner puts and takes, everybody else steals.
//!
//! A ring of pointers between two counters. Only the owner moves `tail`, so putting is two stores.
//! Taking from the front is for all a compare-and-swap of `head`: who reads a slot and then moves
//! `head` over it has read what belonged there, for the slot is not used again before.
//!
//! * A slot is written again only after the owner has seen `head` beyond it (Release by the taker,
//!   Acquire by the owner).
//! * What was read from a slot counts only if `head` still was where it had been looked for.
//! * A ring that is full is copied to one of twice the size. A thief may still be reading the old
//!   one, so those are kept until the end: together they are smaller than the last.
//!
//! A queue that cannot grow says so, and is as before.

#[cfg(not(loom))]
use crate::alloc::try_box;
use crate::facade::{AtomicPtr, AtomicUsize, Ordering::*};
use core::cell::UnsafeCell;
use core::ptr;

#[cfg(loom)]
fn try_box<T>(value: T) -> Option<ptr::NonNull<T>> {
    ptr::NonNull::new(Box::into_raw(Box::new(value)))
}

#[cfg(not(any(loom, miri)))]
const FIRST: usize = 256;
#[cfg(any(loom, miri))]
const FIRST: usize = 2;
/// Taken by one theft at most.
pub(super) const BATCH: usize = 32;

/// How many of those that are there one theft takes: half, and not more than `most`.
pub(super) fn share(there: usize, most: usize) -> usize {
    there.div_ceil(2).min(most)
}

/// What a queue's counters point into; a power of two long.
struct Ring<T>(Box<[AtomicPtr<T>]>);

impl<T> Ring<T> {
    fn new(len: usize) -> Option<Ring<T>> {
        let mut slots = Vec::new();
        slots.try_reserve_exact(len).ok()?;
        slots.resize_with(len, || AtomicPtr::new(ptr::null_mut()));
        Some(Ring(slots.into_boxed_slice()))
    }

    #[inline(always)]
    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline(always)]
    fn slot(&self, index: usize) -> &AtomicPtr<T> {
        let mask = self.len() - 1;
        // SAFETY: below the length, which is a power of two.
        unsafe { self.0.get_unchecked(index & mask) }
    }
}

/// A queue of pointers. It owns nothing that they point to.
pub(crate) struct Queue<T> {
    /// The next to be taken, and where the next is put. They only grow.
    head: AtomicUsize,
    tail: AtomicUsize,
    ring: AtomicPtr<Ring<T>>,
    /// Every ring there was; the last is in use. The owner's.
    rings: UnsafeCell<Vec<*mut Ring<T>>>,
}

// SAFETY: what is shared is atomic; see the module. Pointers in a queue belong to it.
unsafe impl<T> Sync for Queue<T> {}
// SAFETY: as above.
unsafe impl<T> Send for Queue<T> {}

impl<T> Queue<T> {
    /// Without a ring: the first is made when the first is put.
    pub(crate) fn new() -> Queue<T> {
        Queue {
            head: AtomicUsize::new(0),
            tail: AtomicUsize::new(0),
            ring: AtomicPtr::new(ptr::null_mut()),
            rings: UnsafeCell::new(Vec::new()),
        }
    }

    /// The ring that is in use now; `None`: nothing was ever put.
    #[inline(always)]
    fn ring(&self) -> Option<&Ring<T>> {
        // SAFETY: rings live as long as the queue.
        unsafe { self.ring.load(Acquire).as_ref() }
    }

    /// Put one at the end; false when there is no room and no memory for more.
    ///
    /// # Safety
    /// By the owner; so for all below that say so.
    #[inline]
    pub(crate) unsafe fn push(&self, item: *mut T) -> bool {
        let tail = self.tail.load(Relaxed);
        match self.ring() {
            Some(ring) if tail.wrapping_sub(self.head.load(Acquire)) < ring.len() => {
                ring.slot(tail).store(item, Relaxed);
                self.tail.store(tail.wrapping_add(1), Release);
                true
            }
            // SAFETY: by contract.
            _ => unsafe { self.grow() && self.push(item) },
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn grow(&self) -> bool {
        let old = self.ring();
        // SAFETY: the list of rings is the owner's.
        let rings = unsafe { &mut *self.rings.get() };
        let new = Ring::new(old.map_or(FIRST, |ring| 2 * ring.len()));
        let (Ok(()), Some(new)) = (rings.try_reserve(1), new) else { return false };
        if let Some(old) = old {
            // What is taken meanwhile is copied in vain.
            let (mut index, tail) = (self.head.load(Relaxed), self.tail.load(Relaxed));
            while index != tail {
                new.slot(index).store(old.slot(index).load(Relaxed), Relaxed);
                index = index.wrapping_add(1);
            }
        }
        let Some(new) = try_box(new) else { return false };
        rings.push(new.as_ptr());
        self.ring.store(new.as_ptr(), Release);
        true
    }

    /// Take the first; null: there is none. By the owner, or as a theft of one.
    #[inline]
    pub(crate) fn pop(&self) -> *mut T {
        loop {
            let head = self.head.load(Acquire);
            let tail = self.tail.load(Acquire);
            if (tail.wrapping_sub(head) as isize) <= 0 {
                return ptr::null_mut();
            }
            // Looked up after `tail`, it is a ring that holds everything before that.
            let Some(ring) = self.ring() else { return ptr::null_mut() };
            let item = ring.slot(head).load(Relaxed);
            if self.head.compare_exchange(head, head.wrapping_add(1), AcqRel, Relaxed).is_ok() {
                return item;
            }
        }
    }

    /// One of the next to be taken, or null, or one that has been taken: only its address is of use.
    #[inline]
    pub(crate) fn peek(&self, ahead: usize) -> *const T {
        // SAFETY: null while there is no ring.
        self.ring().map_or(ptr::null(), |ring| ring.slot(self.head.load(Relaxed).wrapping_add(ahead)).load(Relaxed))
    }

    /// Take half of what is here, at most a batch: the first is returned, the others are put into
    /// `to`. Null: there is nothing.
    ///
    /// # Safety
    /// By the owner of `to`.
    pub(crate) unsafe fn steal_into(&self, to: &Queue<T>) -> *mut T {
        loop {
            let head = self.head.load(Acquire);
            let there = self.tail.load(Acquire).wrapping_sub(head);
            if (there as isize) <= 0 {
                return ptr::null_mut();
            }
            let n = share(there, BATCH);
            let Some(ring) = self.ring() else { return ptr::null_mut() };
            let mut items = [ptr::null_mut(); BATCH];
            for (i, item) in items[..n].iter_mut().enumerate() {
                *item = ring.slot(head.wrapping_add(i)).load(Relaxed);
            }
            // SAFETY: by contract.
            let room = unsafe { to.has_room(n - 1) };
            let n = if room { n } else { 1 };
            if self.head.compare_exchange(head, head.wrapping_add(n), AcqRel, Relaxed).is_ok() {
                for &item in &items[1..n] {
                    // SAFETY: the owner calls, and there is room.
                    let put = unsafe { to.push(item) };
                    debug_assert!(put, "room was made");
                }
                return items[0];
            }
        }
    }

    /// Whether `n` more fit, growing if need be.
    ///
    /// # Safety
    /// By the owner.
    pub(crate) unsafe fn has_room(&self, n: usize) -> bool {
        let used = self.tail.load(Relaxed).wrapping_sub(self.head.load(Acquire));
        // SAFETY: by contract.
        n == 0 || self.ring().is_some_and(|ring| used + n <= ring.len()) || unsafe { self.grow() && self.has_room(n) }
    }

    /// How many are here. Anybody may ask; the answer may be old.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        let head = self.head.load(Acquire);
        (self.tail.load(Acquire).wrapping_sub(head) as isize).max(0) as usize
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Drop for Queue<T> {
    fn drop(&mut self) {
        for &ring in &*self.rings.get_mut() {
            // SAFETY: from `try_box`; nobody uses the queue any more.
            drop(unsafe { Box::from_raw(ring) });
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU8;
    use std::thread;

    const MANY: usize = 2 * FIRST + 50;

    #[test]
    fn what_was_put_is_taken_in_order_over_growth_and_turns() {
        let items = [0u8; MANY];
        let queue = Queue::new();
        for turn in 0..3 {
            for item in &items[..MANY - turn] {
                // SAFETY: the only thread owns it.
                assert!(unsafe { queue.push(ptr::from_ref(item).cast_mut()) });
            }
            assert_eq!(queue.len(), MANY - turn);
            for item in &items[..MANY - turn] {
                assert_eq!(queue.pop().cast_const(), ptr::from_ref(item));
            }
            assert!(queue.is_empty() && queue.pop().is_null());
        }
    }

    #[test]
    fn each_is_taken_once_while_a_thief_steals_and_the_ring_grows() {
        let items: Vec<AtomicU8> = (0..MANY).map(|_| AtomicU8::new(0)).collect();
        let queue = Queue::new();
        let take = |item: *mut AtomicU8| {
            // SAFETY: the items outlive the queue.
            unsafe { item.as_ref() }.is_some_and(|item| item.fetch_add(1, Relaxed) == 0)
        };
        thread::scope(|scope| {
            scope.spawn(|| {
                let own = Queue::new();
                for _ in 0..MANY / 8 {
                    // SAFETY: this thread owns it.
                    take(unsafe { queue.steal_into(&own) });
                    while take(own.pop()) {}
                }
            });
            for item in &items {
                // SAFETY: this thread owns it.
                assert!(unsafe { queue.push(ptr::from_ref(item).cast_mut()) });
            }
            while take(queue.pop()) {}
        });
        assert!(items.iter().all(|item| item.load(Relaxed) == 1));
    }
}
