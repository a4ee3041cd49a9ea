//! Who waits at which address: the queues of all sync objects, in one table.
//!
//! As Go's semaphore table and WebKit's parking lot: an object needs no room for its waiters, and is
//! not touched by its last waker once the woken side may free it. A bucket's queue holds the waiters
//! of all addresses that fall into it, first come, first served for each address.
//!
//! The protocol that loses no wake-up: who waits looks at the object again under the bucket's lock,
//! and sleeps only if it still says that there is something to wait for; who wakes changes the
//! object first, or under the lock.

use crate::lock::SpinLock;
use crate::sched::WaitReason;
use crate::sched::caller::Caller;
use crate::waiter::{Completion, Wait, WaitQueue, Waiter, Woken, block};
use core::ptr;

const BITS: u32 = 12;

#[repr(align(64))]
struct Bucket(SpinLock<Queue>);

pub(crate) struct Queue(WaitQueue);

// SAFETY: used under the bucket's lock.
unsafe impl Send for Queue {}

#[cfg(not(loom))]
static TABLE: [Bucket; 1 << BITS] = [const { Bucket(SpinLock::new(Queue(WaitQueue::new()))) }; 1 << BITS];

/// One bucket does for every proof, and is the hardest case.
#[cfg(loom)]
fn bucket(_address: usize) -> &'static SpinLock<Queue> {
    loom::lazy_static! {
        static ref BUCKET: Bucket = Bucket(SpinLock::new(Queue(WaitQueue::new())));
    }
    &BUCKET.0
}

#[cfg(not(loom))]
fn bucket(address: usize) -> &'static SpinLock<Queue> {
    // Fibonacci hashing: the high bits of the product depend on all bits of the address.
    let hash = (address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BITS);
    &TABLE[hash as usize].0
}

#[cfg(not(loom))]
/// In the child of fork(2): locks may have been held and queues may name waiters that do not exist.
pub(crate) fn reset_after_fork() {
    for Bucket(bucket) in &TABLE {
        // SAFETY: no other thread exists; whoever held it is gone.
        unsafe { bucket.raw().unlock() };
        *bucket.lock() = Queue(WaitQueue::new());
    }
}

/// Where a waiter goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Last,
    /// It has waited before and was overtaken.
    First,
}

/// How a park ended.
pub(crate) enum Parked {
    /// There was nothing to wait for any more.
    Invalid,
    /// Somebody woke it; what the waker said.
    Woken(bool),
    /// Not woken: the deadline, or the context.
    Ended(Woken),
}

/// What a waiter brings along.
#[derive(Clone, Copy)]
pub(crate) struct Ticket {
    pub(crate) place: Place,
    /// What means what the object likes.
    pub(crate) number: i64,
}

impl Ticket {
    pub(crate) const PLAIN: Ticket = Ticket { place: Place::Last, number: 0 };
}

/// Wait at `address` if `valid()` says so under the bucket's lock.
#[inline(always)]
pub(crate) fn park(
    caller: &mut Caller,
    address: *const (),
    ticket: Ticket,
    reason: WaitReason,
    wait: &Wait,
    valid: impl FnOnce() -> bool,
) -> Parked {
    park_or_else(caller, address, ticket, reason, wait, valid, |_| {})
}

/// As [`park`]; `gone` is called, under the lock, when the wait ends without a wake-up.
#[inline(always)]
pub(crate) fn park_or_else(
    caller: &mut Caller,
    address: *const (),
    ticket: Ticket,
    reason: WaitReason,
    wait: &Wait,
    valid: impl FnOnce() -> bool,
    gone: impl FnOnce(&mut At),
) -> Parked {
    let bucket = bucket(address.addr());
    let completion = Completion::new(caller, 1, wait);
    let waiter = Waiter::new(&completion, 0, address.cast_mut().cast());
    waiter.number.set(ticket.number);
    bucket.raw().lock();
    // SAFETY: locked; released by `unlock` once the stack is left, or right here.
    let woken = unsafe {
        if !valid() {
            bucket.raw().unlock();
            return Parked::Invalid;
        }
        let queue = &mut (*bucket.as_ptr()).0;
        match ticket.place {
            Place::Last => queue.push(&waiter),
            Place::First => queue.push_front(&waiter),
        }
        block(caller, &completion, reason, wait, unlock, ptr::from_ref(bucket).cast_mut().cast())
    };
    if woken == Woken::Done {
        return Parked::Woken(waiter.ok.get());
    }
    let mut queue = bucket.lock();
    queue.0.remove(&waiter);
    let mut at = At { queue: &mut queue.0, address: address.addr(), woken: ptr::null(), last: ptr::null() };
    gone(&mut at);
    let woken_now = at.woken;
    drop(queue);
    finish_all(woken_now, caller);
    Parked::Ended(woken)
}

unsafe fn unlock(bucket: *mut ()) {
    // SAFETY: `park` holds it and leaves it to us.
    unsafe { (*bucket.cast::<SpinLock<Queue>>()).raw().unlock() }
}

/// The waiters at one address, under the lock of their bucket.
pub(crate) struct At<'a> {
    queue: &'a mut WaitQueue,
    address: usize,
    /// Those to be finished after the lock is released, in order.
    woken: *const Waiter,
    last: *const Waiter,
}

impl At<'_> {
    /// The number that the first has brought that waits here.
    pub(crate) fn first(&self) -> Option<i64> {
        self.find().map(|w| w.number.get())
    }

    fn find(&self) -> Option<&Waiter> {
        self.all().next()
    }

    fn all(&self) -> impl Iterator<Item = &Waiter> {
        self.queue.iter().filter(|w| w.elem.addr() == self.address)
    }

    /// Wake the first, and tell it `word`. False: nobody waits here.
    pub(crate) fn wake_first(&mut self, word: bool) -> bool {
        while let Some(w) = self.find().map(ptr::from_ref) {
            if self.take(w, word) {
                return true;
            }
        }
        false
    }

    /// As [`wake_first`](Self::wake_first), but false also when the first has given up; it is taken
    /// out then.
    pub(crate) fn try_wake_first(&mut self, word: bool) -> bool {
        self.find().map(ptr::from_ref).is_some_and(|w| self.take(w, word))
    }

    /// Wake the one that has brought this number, if it is here.
    pub(crate) fn wake_number(&mut self, number: i64) {
        let found = self.all().find(|w| w.number.get() == number).map(ptr::from_ref);
        if let Some(w) = found {
            self.take(w, true);
        }
    }

    /// Take `w` out of the queue to be woken; false: its deadline was first.
    fn take(&mut self, w: *const Waiter, word: bool) -> bool {
        // SAFETY: in the queue, so alive; then claimed, so alive until finished.
        unsafe {
            self.queue.remove(&*w);
            if !(*(*w).completion).claim(0) {
                return false;
            }
            (*w).ok.set(word);
            (*w).link(ptr::null());
            match self.last.as_ref() {
                None => self.woken = w,
                Some(last) => last.link(w),
            }
            self.last = w;
        }
        true
    }
}

/// Do `f` with the waiters at `address`, then wake those it has chosen.
pub(crate) fn unpark<R>(caller: &Caller, address: *const (), f: impl FnOnce(&mut At) -> R) -> R {
    let mut queue = bucket(address.addr()).lock();
    let mut at = At { queue: &mut queue.0, address: address.addr(), woken: ptr::null(), last: ptr::null() };
    let result = f(&mut at);
    let woken = at.woken;
    drop(queue);
    finish_all(woken, caller);
    result
}

/// Wake all at `address`, to look again: some may wait for another object that lives there by now.
pub(crate) fn unpark_all(caller: &Caller, address: *const ()) {
    unpark(caller, address, |at| while at.wake_first(false) {});
}

pub(super) fn finish_all(mut w: *const Waiter, caller: &Caller) {
    // SAFETY: claimed by us; each lives until it is finished, so its link is read before.
    unsafe {
        while let Some(waiter) = w.as_ref() {
            w = waiter.linked();
            Completion::finish(waiter.completion, caller);
        }
    }
}
