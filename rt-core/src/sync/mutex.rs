//! Mutex, as Go's: barging in normal mode, handed over once a waiter has starved for a millisecond.
//!
//! | LOCKED | PARKED | meaning                                                        |
//! |--------|--------|----------------------------------------------------------------|
//! | 0      | 0      | free                                                           |
//! | 1      | 0      | held, nobody waits                                             |
//! | 1      | 1      | held, somebody waits in the table, or is about to              |
//! | 0      | 1      | free for whoever comes first; others still wait                |
//!
//! PARKED is set and cleared under the lock of the table's bucket only: by who goes to sleep there, and
//! sees LOCKED at that moment; and by an unlock that finds nobody left.
//!
//! WOKEN, beside these: one who slept has been woken and has not come yet. It will lock the mutex, and
//! then its unlock wakes the next, or sleep again, and take WOKEN away with that. Until then no
//! unlock wakes another: they would only find each other. It is not a bit but a number, by the count of forks:
//! a child has a copy of the mutex and not of who was woken, and must not leave anything to that one.

use super::owners;
use super::table::{self, Parked, Place, Ticket};
use crate::error::{Error, Kind, Result};
use crate::facade::{AtomicU64, Ordering::*};
use crate::sched::caller::Caller;
use crate::sched::{WaitReason, current, lifecycle};
use crate::sys::clock;
use crate::waiter::Wait;

const LOCKED: u64 = 1;
const PARKED: u64 = 2;
/// The first bit of WOKEN.
const WOKEN: u64 = 4;
/// A waiter that has waited this long gets the mutex handed over.
const STARVING: i64 = 1_000_000;
/// Looks at a held mutex before its caller goes to sleep, each after twice the time of the one before:
/// a look takes the cache line from whoever works with it.
const SPINS: u32 = 6;

/// A mutual exclusion lock. All-zero bytes are an unlocked one.
#[repr(C)]
#[cfg_attr(loom, derive(Default))]
pub struct Mutex {
    state: AtomicU64,
}

impl Mutex {
    /// Lock, waiting without end.
    #[inline]
    pub fn lock(&self) {
        let at_once = current::is_noted() && !owners::watched();
        if !at_once || self.state.compare_exchange(0, LOCKED, Acquire, Relaxed).is_err() {
            self.lock_otherwise();
        }
    }

    // All that needs the way into the library is out of line: without it `lock` and `unlock_at_once` are a dozen
    // instructions that save no register.

    #[cold]
    #[inline(never)]
    fn lock_otherwise(&self) {
        current::touch();
        if !self.take() {
            // Without a deadline there is no failure.
            let _ = self.lock_slow(&mut Caller::enter(), &Wait::Forever);
        }
        owners::locked(self.address());
    }

    /// Lock, waiting as `wait` says.
    pub fn lock_wait(&self, wait: Wait) -> Result {
        if self.try_lock() {
            return Ok(());
        }
        match wait.over() {
            Some(error) => Err(error),
            None => self.lock_slow(&mut Caller::enter(), &wait).inspect(|()| owners::locked(self.address())),
        }
    }

    /// Lock if it is free; true when it was.
    #[inline]
    pub fn try_lock(&self) -> bool {
        current::touch();
        let locked = self.take();
        if locked {
            owners::locked(self.address());
        }
        locked
    }

    #[inline]
    fn take(&self) -> bool {
        let state = self.state.load(Relaxed);
        state & LOCKED == 0 && self.state.compare_exchange(state, state | LOCKED, Acquire, Relaxed).is_ok()
    }

    /// Unlock; by anyone. An error when it is not locked.
    #[inline]
    pub fn unlock(&self) -> Result {
        if self.unlock_at_once() { Ok(()) } else { self.unlock_otherwise() }
    }

    /// Unlock if nobody waits, and nobody watches; true when that was so. Else there is
    /// [`unlock_otherwise`](Self::unlock_otherwise).
    #[inline(always)]
    pub fn unlock_at_once(&self) -> bool {
        !owners::watched() && self.state.compare_exchange(LOCKED, 0, Release, Relaxed).is_ok()
    }

    /// As [`unlock`](Self::unlock).
    #[cold]
    #[inline(never)]
    pub fn unlock_otherwise(&self) -> Result {
        owners::unlocks(self.address());
        match self.unlock_without_wake() {
            Some(result) => result,
            None => self.unlock_slow(&Caller::enter()),
        }
    }

    pub(super) fn lock_slow(&self, caller: &mut Caller, wait: &Wait) -> Result {
        let _waits = owners::waits(self.address(), owners::Role::WaitsForHolder, wait);
        let spins = if self.may_spin(caller) { SPINS } else { 0 };
        let mut spun = 0;
        let mut since = 0;
        let mut woken = 0; // the bits of WOKEN, while it is ours to take away
        loop {
            let state = self.state.load(Relaxed);
            if state & LOCKED == 0 {
                if self.state.compare_exchange_weak(state, (state | LOCKED) & !woken, Acquire, Relaxed).is_ok() {
                    return Ok(());
                }
                continue;
            }
            if spun < spins {
                for _ in 0..2 << spun {
                    core::hint::spin_loop();
                }
                spun += 1;
                continue;
            }
            let place = if since == 0 { Place::Last } else { Place::First };
            if since == 0 {
                since = clock::now();
            }
            let ticket = Ticket { place, number: since };
            match table::park(caller, self.address(), ticket, WaitReason::Mutex, wait, || self.note_parked(woken)) {
                Parked::Woken(true) => return Ok(()),
                Parked::Woken(false) => woken = !(LOCKED | PARKED),
                Parked::Ended(how) => return Err(how.error(wait).unwrap_or(Error::TIMED_OUT)),
                Parked::Invalid => {}
            }
        }
    }

    /// Under the bucket's lock, before sleeping there: false when the mutex is free.
    fn note_parked(&self, woken: u64) -> bool {
        let parked = |state: u64| (state & LOCKED != 0).then_some((state | PARKED) & !woken);
        self.state.fetch_update(Relaxed, Relaxed, parked).is_ok()
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

    /// `None`: somebody has to be woken.
    fn unlock_without_wake(&self) -> Option<Result> {
        loop {
            let state = self.state.load(Relaxed);
            if state & LOCKED == 0 {
                return Some(Err(Error::new(Kind::Misuse, c"unlock of unlocked mutex")));
            }
            let on_the_way = somebody_is_on_the_way(state);
            if state & PARKED != 0 && !on_the_way {
                return None;
            }
            let unlocked = if on_the_way { state & !LOCKED } else { 0 };
            if self.state.compare_exchange_weak(state, unlocked, Release, Relaxed).is_ok() {
                return Some(Ok(()));
            }
        }
    }

    pub(super) fn unlock_slow(&self, caller: &Caller) -> Result {
        loop {
            if let Some(result) = self.unlock_without_wake() {
                return result;
            }
            // While it is held and nobody is on the way, only the bucket's owner changes it, so the state is
            // stored, not exchanged; and nothing of the mutex is touched after that store. Another
            // unlock may have been first.
            let ours = table::unpark(caller, self.address(), |at| {
                let state = self.state.load(Relaxed);
                if state & LOCKED == 0 || state & PARKED == 0 || somebody_is_on_the_way(state) {
                    return false;
                }
                let starving = at.first().is_some_and(|since| clock::now() - since > STARVING);
                let woken = at.wake_first(starving);
                let parked = if at.first().is_some() { PARKED } else { 0 };
                let next = match (woken, starving) {
                    (false, _) => 0,
                    (true, false) => woken_now(),
                    (true, true) => LOCKED,
                };
                self.state.store(next | parked, Release);
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

/// WOKEN, of this process.
fn woken_now() -> u64 {
    WOKEN * (u64::from(lifecycle::forks()) + 1)
}

/// WOKEN is set, and not left over from before a fork.
fn somebody_is_on_the_way(state: u64) -> bool {
    state & !(LOCKED | PARKED) == woken_now()
}
