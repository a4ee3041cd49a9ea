//! WaitGroup, as Go's.
//!
//! One word: the counter in the low 32 bits, WAITERS, and above it the round, which changes each
//! time the counter comes to zero with waiters. The change that brings it to zero is the last access
//! of its `done`: the waiters are found by address. A waiter that is woken for a reason of the past
//! (an object that lived at this address before) sees its round unchanged and waits on.

use super::table::{self, Parked, Ticket};
use crate::error::{Error, Kind, Result};
use crate::facade::{AtomicU64, Ordering::*};
use crate::sanitizer::race;
use crate::sched::caller::Caller;
use crate::sched::{Entry, WaitReason, owed, spawn};
use crate::sys::cpu;
use crate::waiter::Wait;
use core::ffi::c_void;

const COUNTER: u64 = u32::MAX as u64;
const WAITERS: u64 = 1 << 32;
const ROUND: u64 = 1 << 33;

/// Waits for a collection of goroutines to finish. All-zero bytes are one with counter zero.
#[repr(C)]
#[cfg_attr(loom, derive(Default))]
pub struct WaitGroup {
    state: AtomicU64,
    _reserved: u64,
}

impl WaitGroup {
    /// One with this counter.
    pub fn with(counter: u32) -> WaitGroup {
        WaitGroup { state: AtomicU64::new(counter.into()), _reserved: 0 }
    }

    /// Add `delta`, which may be negative, to the counter.
    #[inline]
    pub fn add(&self, delta: i64) -> Result {
        owed::settle();
        self.change(delta)
    }

    #[inline(always)]
    fn change(&self, delta: i64) -> Result {
        if race::on() && delta < 0 {
            race::release(self);
        }
        // Else it would come from another processor twice: to be read, and to be changed.
        cpu::prefetch_for_write(self);
        let mut state = self.state.load(Relaxed);
        loop {
            let counter = (state & COUNTER) as i64 + delta.clamp(-(1 << 40), 1 << 40);
            if counter < 0 {
                return Err(Error::new(Kind::Misuse, c"negative WaitGroup counter"));
            }
            if counter > i32::MAX as i64 {
                return Err(Error::new(Kind::Misuse, c"WaitGroup counter overflow"));
            }
            let mut new = state & !COUNTER | counter as u64;
            let wake = counter == 0 && state & WAITERS != 0;
            if wake {
                new = (new & !WAITERS).wrapping_add(ROUND);
            }
            match self.state.compare_exchange_weak(state, new, AcqRel, Relaxed) {
                Ok(_) if wake => {
                    table::unpark_all(&Caller::enter(), self.address());
                    return Ok(());
                }
                Ok(_) => return Ok(()),
                Err(now) => state = now,
            }
        }
    }

    /// Take one from the counter.
    #[inline]
    pub fn done(&self) -> Result {
        self.add(-1)
    }

    /// Wait until the counter is zero.
    #[inline(always)]
    pub fn wait(&self) {
        // Without a deadline there is no failure.
        let _ = self.wait_for(Wait::Forever);
    }

    /// Wait until the counter is zero, or as long as `wait` says.
    #[inline(always)]
    pub fn wait_for(&self, wait: Wait) -> Result {
        let mut caller = Caller::enter();
        let mut state = self.state.load(Acquire);
        let round = state / ROUND;
        let unchanged = |state: u64| state / ROUND == round && state & COUNTER != 0;
        while unchanged(state) {
            if let Some(error) = wait.over() {
                return Err(error);
            }
            if state & WAITERS == 0
                && let Err(now) = self.state.compare_exchange_weak(state, state | WAITERS, Relaxed, Acquire)
            {
                state = now;
                continue;
            }
            let valid = || {
                let state = self.state.load(Relaxed);
                unchanged(state) && state & WAITERS != 0
            };
            match table::park(&mut caller, self.address(), Ticket::PLAIN, WaitReason::WaitGroup, &wait, valid) {
                Parked::Ended(woken) => return Err(woken.error(&wait).unwrap_or(Error::TIMED_OUT)),
                Parked::Woken(_) | Parked::Invalid => state = self.state.load(Acquire),
            }
        }
        race::acquire(self);
        Ok(())
    }

    /// Add one, run `entry(arg)` in a goroutine, and take one when that is over.
    ///
    /// # Safety
    /// As [`crate::goroutine::spawn()`]; the group outlives the goroutine.
    pub unsafe fn go(&self, entry: Entry, arg: *mut c_void, created_at: usize) -> Result {
        self.change(1)?;
        let job = Job { group: self, entry, arg };
        // SAFETY: by contract; the job is copied.
        let started = unsafe {
            let mut caller = Caller::enter();
            let (job, size) = ((&raw const job).cast(), size_of::<Job>());
            let started = spawn::spawn_copy(&caller, run_job, job, size, Some(end_job), created_at);
            spawn::let_run(&mut caller);
            started
        };
        started.inspect_err(|_| {
            // The one that was added is still there to be taken.
            let _ = self.done();
        })
    }

    fn address(&self) -> *const () {
        core::ptr::from_ref(self).cast()
    }
}

#[repr(C)]
struct Job {
    group: *const WaitGroup,
    entry: Entry,
    arg: *mut c_void,
}

unsafe extern "C-unwind" fn run_job(job: *mut c_void) {
    // SAFETY: the copy made by `go`.
    unsafe {
        let job = &*job.cast::<Job>();
        (job.entry)(job.arg);
    }
}

unsafe extern "C-unwind" fn end_job(job: *mut c_void) {
    // SAFETY: as above.
    unsafe { owed::end((*job.cast::<Job>()).group.cast(), &JOB) };
}

static JOB: owed::Kind = owed::Kind { entry: run_job, notify: jobs_are_done };

unsafe fn jobs_are_done(group: *const (), count: u32) {
    // SAFETY: the group outlives its goroutines. A counter that the program has made negative meanwhile is
    // its own error.
    let _ = unsafe { (*group.cast::<WaitGroup>()).change(-i64::from(count)) };
}
