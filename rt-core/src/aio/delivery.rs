//! When a completed operation is delivered: not while its thread is in the midst of something.
//!
//! Callbacks run one after the other, never inside one another: what a callback completes waits in a
//! list of its thread. So does what a firing timer completes, because a callback may release that very
//! timer, which waits for the end of its firing.

use crate::chan::pending::Pending;
use crate::sched::caller::Caller;
use crate::sched::current;
use crate::sys::{errno, set_errno};
use core::cell::Cell;
use core::ptr;

/// What a thread has still to deliver; in its block, where all zero is the first state.
pub(crate) struct Delivery {
    /// A callback is running on this thread; who called it delivers the rest.
    running: Cell<bool>,
    first: Cell<*const Pending>,
    last: Cell<*const Pending>,
}

impl Delivery {
    unsafe fn push(&self, op: &Pending) {
        op.deferred.set(ptr::null());
        // SAFETY: operations in the list are alive.
        match unsafe { self.last.replace(op).as_ref() } {
            Some(last) => last.deferred.set(op),
            None => self.first.set(op),
        }
    }

    unsafe fn pop<'a>(&self) -> Option<&'a Pending> {
        // SAFETY: as above.
        let op = unsafe { self.first.get().as_ref() }?;
        self.first.set(op.deferred.get());
        if self.first.get().is_null() {
            self.last.set(ptr::null());
        }
        Some(op)
    }
}

/// Deliver `op`, now or when what this thread is in has ended.
///
/// # Safety
/// The caller claimed it and holds no lock.
pub(crate) unsafe fn deliver(op: &Pending, caller: &Caller) {
    let delivery = current::delivery();
    let firing = caller.m().is_some() && caller.g().is_null();
    // SAFETY: by contract.
    unsafe {
        delivery.push(op);
        if !firing && !delivery.running.get() {
            run(delivery, caller);
        }
    }
}

/// Deliver what timers have completed on this thread. On an M that schedules.
#[inline]
pub(crate) fn run_deferred(caller: &Caller) {
    let delivery = current::delivery();
    if !delivery.first.get().is_null() {
        // SAFETY: no timer fires on this thread any more.
        unsafe { run(delivery, caller) };
    }
}

/// Nobody leaves this thread meanwhile: to a callback it is a plain thread.
#[cold]
unsafe fn run(delivery: &Delivery, caller: &Caller) {
    let g = caller.m().map(|m| m.g.replace(ptr::null_mut()));
    let errno = errno();
    delivery.running.set(true);
    // SAFETY: claimed by who put them into the list.
    while let Some(op) = unsafe { delivery.pop() } {
        // SAFETY: as above.
        unsafe { op.complete() };
    }
    delivery.running.set(false);
    set_errno(errno);
    if let (Some(m), Some(g)) = (caller.m(), g) {
        m.g.set(g);
    }
}
