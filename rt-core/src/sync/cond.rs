//! Cond: tickets, as in Go. A waiter draws one before it unlocks the mutex, so that a signal between
//! that and its sleep finds it: signals count up the tickets that are served, under the bucket's
//! lock, and a waiter whose ticket is served already does not sleep.

use super::Mutex;
use super::table::{self, Place, Ticket};
use crate::facade::{AtomicU64, Ordering::*};
use crate::sanitizer::race;
use crate::sched::WaitReason;
use crate::sched::caller::Caller;
use crate::waiter::Wait;

/// A condition variable. All-zero bytes are ready to use.
#[repr(C)]
pub struct Cond {
    /// The next ticket to draw.
    drawn: AtomicU64,
    /// Tickets below this one are served. Written under the bucket's lock.
    served: AtomicU64,
}

impl Cond {
    /// Unlock `m`, wait for a signal, lock `m` again.
    pub fn wait(&self, m: &Mutex) {
        let ticket = self.drawn.fetch_add(1, SeqCst);
        // The caller holds it: by contract.
        let _ = m.unlock();
        let what = Ticket { place: Place::Last, number: ticket as i64 };
        let waits = || self.served.load(Relaxed) <= ticket;
        let mut caller = Caller::enter();
        // A wake-up that was meant for an object that lived here before finds the ticket unserved.
        while self.served.load(SeqCst) <= ticket {
            table::park(&mut caller, self.address(), what, WaitReason::Cond, &Wait::Forever, waits);
        }
        drop(caller);
        race::acquire(self);
        m.lock();
    }

    /// Wake the one that waits longest.
    pub fn signal(&self) {
        if self.drawn.load(SeqCst) == self.served.load(SeqCst) {
            return;
        }
        race::release(self);
        table::unpark(&Caller::enter(), self.address(), |at| {
            let ticket = self.served.load(Relaxed);
            if ticket != self.drawn.load(SeqCst) {
                self.served.store(ticket + 1, SeqCst);
                at.wake_number(ticket as i64);
            }
        });
    }

    /// Wake all.
    pub fn broadcast(&self) {
        if self.drawn.load(SeqCst) == self.served.load(SeqCst) {
            return;
        }
        race::release(self);
        table::unpark(&Caller::enter(), self.address(), |at| {
            self.served.store(self.drawn.load(SeqCst), SeqCst);
            while at.wake_first(true) {}
        });
    }

    fn address(&self) -> *const () {
        core::ptr::from_ref(self).cast()
    }
}
