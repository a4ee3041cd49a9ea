//! The weighted semaphore of golang.org/x/sync: strictly first come, first served, so that a big
//! waiter is not overtaken by small ones. All state is under the lock of the table's bucket.

use super::table::{self, At, Parked, Place, Ticket};
use crate::chan;
use crate::error::{Error, Kind, Result};
use crate::facade::{AtomicI64, Ordering::*};
use crate::sanitizer::race;
use crate::sched::WaitReason;
use crate::sched::caller::Caller;
use crate::waiter::Wait;
use core::ptr;

/// A weighted semaphore. All-zero bytes are one of capacity 0.
#[repr(C)]
#[cfg_attr(loom, derive(Default))]
pub struct Sem {
    capacity: AtomicI64,
    held: AtomicI64,
    /// Waiters that were neither served nor have given up.
    waiting: AtomicI64,
    _reserved: [u64; 3],
}

const NEGATIVE: Error = Error::new(Kind::Invalid, c"a semaphore's weight must not be negative");

impl Sem {
    /// Set the capacity; nothing is held then. Before its first use.
    pub fn init(&self, capacity: i64) -> Result {
        if capacity < 0 {
            return Err(Error::new(Kind::Invalid, c"a semaphore's capacity must not be negative"));
        }
        self.capacity.store(capacity, Relaxed);
        self.held.store(0, Relaxed);
        self.waiting.store(0, Relaxed);
        Ok(())
    }

    /// Acquire `n`, waiting as `wait` says. More than the capacity is never had.
    pub fn acquire(&self, wait: Wait, n: i64) -> Result {
        if n < 0 {
            return Err(NEGATIVE);
        }
        let mut caller = Caller::enter();
        if n > self.capacity.load(Relaxed) {
            drop(caller);
            // SAFETY: the nil channel only ever ends by `wait`.
            return unsafe { chan::recv(ptr::null_mut(), ptr::null_mut(), wait) };
        }
        let over = wait.over();
        loop {
            let mut had = false;
            let must_wait = || {
                had = self.waiting.load(Relaxed) == 0 && self.take(n);
                let waits = !had && over.is_none();
                if waits {
                    self.waiting.fetch_add(1, Relaxed);
                }
                waits
            };
            let gone = |at: &mut At| {
                self.waiting.fetch_sub(1, Relaxed);
                self.serve(at);
            };
            let ticket = Ticket { place: Place::Last, number: n };
            match table::park_or_else(
                &mut caller,
                self.address(),
                ticket,
                WaitReason::Semaphore,
                &wait,
                must_wait,
                gone,
            ) {
                Parked::Woken(true) => break,
                Parked::Invalid if had => break,
                Parked::Invalid => return Err(over.unwrap_or(Error::WOULD_BLOCK)),
                Parked::Ended(woken) => return Err(woken.error(&wait).unwrap_or(Error::TIMED_OUT)),
                // Meant for an object that lived here before. Who came meanwhile waits behind a waiter
                // that is not there, maybe for room that there is.
                Parked::Woken(false) => table::unpark(&caller, self.address(), gone),
            }
        }
        race::acquire(self);
        Ok(())
    }

    /// Acquire `n` if that needs no waiting; true when it was so.
    pub fn try_acquire(&self, n: i64) -> bool {
        let had = n >= 0
            && table::unpark(&Caller::enter(), self.address(), |_| self.waiting.load(Relaxed) == 0 && self.take(n));
        if had {
            race::acquire(self);
        }
        had
    }

    /// Give `n` back. An error when less is held.
    pub fn release(&self, n: i64) -> Result {
        if n < 0 {
            return Err(NEGATIVE);
        }
        race::release(self);
        table::unpark(&Caller::enter(), self.address(), |at| {
            let held = self.held.load(Relaxed);
            if held < n {
                return Err(Error::new(Kind::Misuse, c"semaphore: released more than held"));
            }
            self.held.store(held - n, Relaxed);
            self.serve(at);
            Ok(())
        })
    }

    /// Take `n` if there is room.
    fn take(&self, n: i64) -> bool {
        let held = self.held.load(Relaxed);
        let fits = self.capacity.load(Relaxed) - held >= n;
        if fits {
            self.held.store(held + n, Relaxed);
        }
        fits
    }

    /// Give to the first waiters what they fit into.
    fn serve(&self, at: &mut At) {
        while let Some(n) = at.first() {
            if !self.take(n) {
                return;
            }
            if at.try_wake_first(true) {
                self.waiting.fetch_sub(1, Relaxed);
            } else {
                // It has given up and will say so itself.
                self.held.store(self.held.load(Relaxed) - n, Relaxed);
            }
        }
    }

    fn address(&self) -> *const () {
        core::ptr::from_ref(self).cast()
    }
}
