//! Mutex, as Go's: barging in normal mode, handed over once a waiter has starved for a millisecond.
//!
//! | LOCKED | PARKED | meaning                                                        |
//! |--------|--------|----------------------------------------------------------------|
//! | 0      | 0      | free                                                           |
//! | 1      | 0      | held, nobody waits                                             |
//! | 1      | 1      | held, somebody waits in the table, or is about to              |
//! | 0      | 1      | free for whoever comes first; others still wait                |
//!
//! PARKED is only cleared under the lock of the table's bucket, by an unlock that finds nobody left;
//! and nobody goes to sleep there without seeing LOCKED and PARKED under it.

use super::table::{self, Parked, Place, Ticket};
use crate::error::{Error, Kind, Result};
use crate::sched::caller::Caller;
use crate::sched::{WaitReason, current};
use crate::sys::clock;
use crate::waiter::Wait;
use std::sync::atomic::{AtomicU64, Ordering::*};

const LOCKED: u64 = 1;
const PARKED: u64 = 2;
/// A waiter that has waited this long gets the mutex handed over.
const STARVING: i64 = 1_000_000;
/// Looks at a held mutex before its caller goes to sleep.
const SPINS: u32 = 100;

/// A mutual exclusion lock. All-zero bytes are an unlocked one.
#[repr(C)]
pub struct Mutex {
    state: AtomicU64,
}

impl Mutex {
    /// Lock, waiting without end.
    #[inline]
    pub fn lock(&self) {
        current::touch();
        if self.state.compare_exchange(0, LOCKED, Acquire, Relaxed).is_err() {
            // Without a deadline there is no failure.
            let _ = self.lock_slow(&mut Caller::enter(), &Wait::Forever);
        }
    }

    /// Lock, waiting as `wait` says.
    pub fn lock_wait(&self, wait: Wait) -> Result {
        if self.try_lock() {
            return Ok(());
        }
        match wait.over() {
            Some(error) => Err(error),
            None => self.lock_slow(&mut Caller::enter(), &wait),
        }
    }

    /// Lock if it is free; true when it was.
    #[inline]
    pub fn try_lock(&self) -> bool {
        current::touch();
        let state = self.state.load(Relaxed);
        state & LOCKED == 0 && self.state.compare_exchange(state, state | LOCKED, Acquire, Relaxed).is_ok()
    }

    /// Unlock; by anyone. An error when it is not locked.
    #[inline]
    pub fn unlock(&self) -> Result {
        if self.state.compare_exchange(LOCKED, 0, Release, Relaxed).is_ok() {
            return Ok(());
        }
        self.unlock_slow(&Caller::enter())
    }

    #[cold]
    pub(super) fn lock_slow(&self, caller: &mut Caller, wait: &Wait) -> Result {
        let mut spins = if self.may_spin(caller) { SPINS } else { 0 };
        let mut ticket_since = 0;
        loop {
            let state = self.state.load(Relaxed);
            if state & LOCKED == 0 {
                if self.state.compare_exchange_weak(state, state | LOCKED, Acquire, Relaxed).is_ok() {
                    return Ok(());
                }
                continue;
            }
            if state & PARKED == 0 {
                if spins > 0 {
                    spins -= 1;
                    core::hint::spin_loop();
                    continue;
                }
                if self.state.compare_exchange_weak(state, state | PARKED, Relaxed, Relaxed).is_err() {
                    continue;
                }
            }
            let place = if ticket_since == 0 { Place::Last } else { Place::First };
            if ticket_since == 0 {
                ticket_since = clock::now();
            }
            let ticket = Ticket { place, since: ticket_since, weight: 0 };
            let held = || self.state.load(Relaxed) == LOCKED | PARKED;
            match table::park(caller, self.address(), ticket, WaitReason::Mutex, wait, held) {
                Parked::Woken(true) => return Ok(()),
                Parked::Ended(woken) => return Err(woken.error(wait).unwrap_or(Error::TIMED_OUT)),
                Parked::Woken(false) | Parked::Invalid => {}
            }
        }
    }

    /// Spinning helps only while the holder runs, so on another P.
    fn may_spin(&self, caller: &Caller) -> bool {
        match caller.on_p() {
            Some((rt, p)) => {
                rt.procs.load(Relaxed) > 1
                    && rt.idle_ps.load(Relaxed) + 1 < rt.procs.load(Relaxed) as u32
                    && p.is_empty()
            }
            None => true,
        }
    }

    #[cold]
    pub(super) fn unlock_slow(&self, caller: &Caller) -> Result {
        loop {
            let state = self.state.load(Relaxed);
            if state & LOCKED == 0 {
                return Err(Error::new(Kind::Misuse, c"unlock of unlocked mutex"));
            }
            if state & PARKED == 0 {
                if self.state.compare_exchange_weak(state, 0, Release, Relaxed).is_ok() {
                    return Ok(());
                }
                continue;
            }
            // Only this lock's bucket ends LOCKED | PARKED, so the state is stored, not exchanged; and
            // nothing of the mutex is touched after that store. Another unlock may have been first.
            let ours = table::unpark(caller, self.address(), |at| {
                if self.state.load(Relaxed) != LOCKED | PARKED {
                    return false;
                }
                let starving = at.first().is_some_and(|(since, _)| clock::now() - since > STARVING);
                let woken = at.wake_first(starving);
                let parked = if at.first().is_some() { PARKED } else { 0 };
                let locked = if starving && woken { LOCKED } else { 0 };
                self.state.store(locked | parked, Release);
                true
            });
            if ours {
                return Ok(());
            }
        }
    }

    pub(super) fn address(&self) -> *const () {
        core::ptr::from_ref(self).cast()
    }
}
