//! RWMutex: as in Go, a waiting writer keeps new readers out, and a writer that leaves lets in all
//! readers that waited for it.
//!
//! `state` counts the readers that hold it in its low 32 bits. WRITER: a writer holds it, or waits
//! for those readers to leave; nobody adds a reader then. QUEUED: readers wait for that writer.
//! Writers among themselves are kept apart by `writers`. Readers wait at the address of `state`, and
//! are woken only when they have been counted in; the writer waits at an address of its own.
//!
//! Anyone may unlock. So a writer may have been let in and out again before it looks: it would take
//! the readers that came after for those it waits for, and nobody would wake it. The bits above QUEUED
//! count the unlocks, its round; with a new one its wait is over.
//!
//! `writers` is first, so that its address is the lock's own: who watches locks ([`owners`]) knows who
//! holds it for writing by that.

use super::Mutex;
use super::owners::{self, Role};
use super::table::{self, Parked, Ticket};
use crate::error::{Error, Kind, Result};
use crate::facade::{AtomicU64, Ordering::*};
use crate::sanitizer::race;
use crate::sched::caller::Caller;
use crate::sched::{WaitReason, current};
use crate::waiter::Wait;

const READERS: u64 = u32::MAX as u64;
const WRITER: u64 = 1 << 32;
const QUEUED: u64 = 1 << 33;
const ROUND: u64 = 1 << 34;

/// A reader/writer mutual exclusion lock. All-zero bytes are an unlocked one.
#[repr(C)]
#[cfg_attr(loom, derive(Default))]
pub struct RwMutex {
    writers: Mutex,
    state: AtomicU64,
    _reserved: [u64; 2],
}

impl RwMutex {
    /// Lock for writing, waiting without end.
    pub fn lock(&self) {
        self.writers.lock();
        let mut state = self.state.fetch_or(WRITER, AcqRel);
        let round = state / ROUND;
        let kept_out = |state: u64| state & READERS != 0 && state / ROUND == round;
        let waits = kept_out(state).then(|| owners::waits(self.address(), Role::WaitsForReaders, &Wait::Forever));
        while kept_out(state) {
            let valid = || kept_out(self.state.load(Acquire));
            let wait = Wait::Forever;
            table::park(&mut Caller::enter(), self.for_writer(), Ticket::PLAIN, WaitReason::RwMutexWrite, &wait, valid);
            state = self.state.load(Acquire);
        }
        drop(waits);
        race::acquire(self.for_writer());
    }

    /// Lock for writing if nobody holds it; true when that was so.
    pub fn try_lock(&self) -> bool {
        if !self.writers.try_lock() {
            return false;
        }
        let state = self.state.load(Relaxed);
        if state.is_multiple_of(ROUND) && self.state.compare_exchange(state, state | WRITER, AcqRel, Relaxed).is_ok() {
            race::acquire(self.for_writer());
            return true;
        }
        // Locked just above.
        let _ = self.writers.unlock();
        false
    }

    /// Unlock for writing. An error when it is not locked for writing.
    pub fn unlock(&self) -> Result {
        race::release(self.for_readers());
        loop {
            let state = self.state.load(Relaxed);
            if state & WRITER == 0 || state & READERS != 0 {
                return Err(Error::new(Kind::Misuse, c"unlock of unlocked RWMutex"));
            }
            let unlocked = (state / ROUND * ROUND).wrapping_add(ROUND);
            if state & QUEUED == 0 {
                if self.state.compare_exchange_weak(state, unlocked, Release, Relaxed).is_ok() {
                    break;
                }
                continue;
            }
            // Readers wait. Only an unlock changes the state now, under this lock.
            let ours = table::unpark(&Caller::enter(), self.for_readers(), |at| {
                let ours = self.state.load(Relaxed) == state;
                if ours {
                    let mut readers = 0;
                    while at.wake_first(true) {
                        readers += 1;
                    }
                    self.state.store(unlocked | readers, Release);
                }
                ours
            });
            if ours {
                break;
            }
        }
        self.writers.unlock()
    }

    /// Lock for reading, waiting without end.
    #[inline]
    pub fn rlock(&self) {
        let at_once = current::is_noted() && !owners::watched();
        let state = self.state.load(Relaxed);
        let free = at_once && state & WRITER == 0;
        if !free || self.state.compare_exchange(state, state + 1, Acquire, Relaxed).is_err() {
            self.rlock_otherwise();
        }
    }

    // Out of line as what a mutex does not do at once, and for the same reason.
    #[cold]
    #[inline(never)]
    fn rlock_otherwise(&self) {
        if !self.try_rlock() {
            self.rlock_slow();
            owners::locked_for_reading(self.address(), self.for_readers());
        }
    }

    fn rlock_slow(&self) {
        let _waits = owners::waits(self.address(), Role::WaitsForHolder, &Wait::Forever);
        let mut state = self.state.load(Relaxed);
        loop {
            if state & WRITER == 0 {
                match self.state.compare_exchange_weak(state, state + 1, Acquire, Relaxed) {
                    Ok(_) => return,
                    Err(now) => state = now,
                }
                continue;
            }
            if state & QUEUED == 0
                && let Err(now) = self.state.compare_exchange_weak(state, state | QUEUED, Relaxed, Relaxed)
            {
                state = now;
                continue;
            }
            let locked_out = || self.state.load(Relaxed) & (WRITER | QUEUED) == WRITER | QUEUED;
            let reason = WaitReason::RwMutexRead;
            let mut caller = Caller::enter();
            match table::park(&mut caller, self.for_readers(), Ticket::PLAIN, reason, &Wait::Forever, locked_out) {
                Parked::Woken(true) => return,
                Parked::Woken(false) | Parked::Invalid | Parked::Ended(_) => state = self.state.load(Relaxed),
            }
        }
    }

    /// Lock for reading if no writer holds it or waits; true when that was so.
    #[inline]
    pub fn try_rlock(&self) -> bool {
        current::touch();
        let mut state = self.state.load(Relaxed);
        while state & WRITER == 0 {
            match self.state.compare_exchange_weak(state, state + 1, Acquire, Relaxed) {
                Ok(_) => {
                    owners::locked_for_reading(self.address(), self.for_readers());
                    return true;
                }
                Err(now) => state = now,
            }
        }
        false
    }

    /// Undo one lock for reading. An error when there is none.
    #[inline]
    pub fn runlock(&self) -> Result {
        if self.runlock_at_once() { Ok(()) } else { self.runlock_otherwise() }
    }

    /// As [`runlock`](Self::runlock), if nobody has to be woken, and nobody watches; true when that was so. Else there
    /// is [`runlock_otherwise`](Self::runlock_otherwise).
    #[inline(always)]
    pub fn runlock_at_once(&self) -> bool {
        let state = self.state.load(Relaxed);
        !owners::watched()
            && state & READERS != 0
            && state & WRITER == 0
            && self.state.compare_exchange(state, state - 1, Release, Relaxed).is_ok()
    }

    /// As [`runlock`](Self::runlock).
    #[cold]
    #[inline(never)]
    pub fn runlock_otherwise(&self) -> Result {
        owners::unlocks_for_reading(self.address(), self.for_writer());
        let mut state = self.state.load(Relaxed);
        loop {
            if state & READERS == 0 {
                return Err(Error::new(Kind::Misuse, c"runlock of RWMutex that is not locked for reading"));
            }
            match self.state.compare_exchange_weak(state, state - 1, Release, Relaxed) {
                Ok(_) => break,
                Err(now) => state = now,
            }
        }
        // The last reader out lets the waiting writer in. Only its address is used from here on.
        if state & READERS == 1 && state & WRITER != 0 {
            table::unpark_all(&Caller::enter(), self.for_writer());
        }
        Ok(())
    }

    fn address(&self) -> *const () {
        self.writers.address()
    }

    fn for_readers(&self) -> *const () {
        core::ptr::from_ref(&self.state).cast()
    }

    /// Not an address a mutex waits at: `writers` has waiters of its own.
    fn for_writer(&self) -> *const () {
        core::ptr::from_ref(&self._reserved).cast()
    }
}
