//! Deadlock: nothing can go on any more, and that is certain.
//!
//! All Ms sleep, nothing is queued, no timer is armed, nobody waits for a descriptor,
//! and every plain thread that has called the library and has not ended is itself blocked in it
//! without a deadline. For that, plain threads are counted: once each when they first call (the key's
//! destructor counts them out), and as blocked while they wait. The waker counts them as running
//! before they can run, so the counts never claim that a thread is blocked which is not.
//!
//! Counts belong to an epoch, which ends with shutdown and in the child of a fork: threads are then
//! counted anew at their next call.

use super::Runtime;
use super::lifecycle;
use super::run;
use crate::lock::SpinLock;
use crate::time::heap::NEVER;
use core::ffi::c_void;
use core::ptr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::*};

static EPOCH: AtomicU64 = AtomicU64::new(1);
/// Threads that have called the library and not ended, and whatever else outside may act.
static THREADS: AtomicI64 = AtomicI64::new(0);
/// Those of them that are blocked in it.
static BLOCKED: AtomicI64 = AtomicI64::new(0);
/// The key whose destructor tells of the end of a thread; made at first use in an epoch.
static KEY: SpinLock<Option<libc::pthread_key_t>> = SpinLock::new(None);

#[inline]
pub(super) fn epoch() -> u64 {
    EPOCH.load(Relaxed)
}

/// Count the calling plain thread; the epoch it was counted in.
pub(super) fn add_thread() -> u64 {
    let mut key = KEY.lock();
    let epoch = EPOCH.load(Relaxed);
    if key.is_none() {
        let mut made = 0;
        // SAFETY: the destructor is sound for the values set below.
        *key = (unsafe { libc::pthread_key_create(&mut made, Some(thread_ends)) } == 0).then_some(made);
    }
    THREADS.fetch_add(1, SeqCst);
    // Without a key a thread is never counted out, and deadlocks may go unnoticed: the safe side.
    if let Some(key) = *key {
        // SAFETY: the key is valid in this epoch; the value is a number.
        unsafe { libc::pthread_setspecific(key, ptr::without_provenance(epoch as usize)) };
    }
    epoch
}

/// Count something outside that may act: a descriptor somebody polls, an operation somebody may cancel.
/// The epoch for [`remove_outside`].
pub(crate) fn add_outside() -> u64 {
    THREADS.fetch_add(1, SeqCst);
    epoch()
}

/// Undo [`add_outside`]. By a thread that is counted itself, or an M: so nobody has to look now.
pub(crate) fn remove_outside(counted: u64) {
    if counted == epoch() {
        THREADS.fetch_sub(1, SeqCst);
    }
}

unsafe extern "C" fn thread_ends(epoch: *mut c_void) {
    if epoch.addr() as u64 == EPOCH.load(Relaxed) {
        THREADS.fetch_sub(1, SeqCst);
        check();
    }
}

/// For a thread that was told of a deadlock, and runs: whether everybody else is still asleep. The number
/// is the same as long as nobody has woken in between.
pub fn all_others_sleep() -> Option<u64> {
    let mut ticks = None;
    lifecycle::with_runtime(|rt| {
        if everything_sleeps(rt, 1) {
            ticks = Some(rt.all_ps().map(|p| p.tick.get()).sum());
        }
    });
    ticks
}

/// Count the calling plain thread as blocked; the epoch for [`unblock`].
pub(crate) fn block() -> u64 {
    BLOCKED.fetch_add(1, SeqCst);
    epoch()
}

/// Count a thread that [`block`] was called for as running; before it can run. 0: it was not.
pub(crate) fn unblock(counted: u64) {
    if counted == epoch() {
        BLOCKED.fetch_sub(1, SeqCst);
    }
}

/// Start a new epoch: the runtime has ended, or this is the child of a fork.
pub(super) fn reset(forked: bool) {
    if forked {
        // SAFETY: the only thread there is cannot hold it; one that no longer exists may have.
        unsafe { KEY.raw().unlock() };
    }
    let mut key = KEY.lock();
    if let Some(key) = key.take() {
        // SAFETY: made by `add_thread`; its destructor must not run after an unload.
        unsafe { libc::pthread_key_delete(key) };
    }
    EPOCH.fetch_add(1, SeqCst);
    THREADS.store(0, SeqCst);
    BLOCKED.store(0, SeqCst);
}

/// A plain thread is blocked or has ended: was it the last that could have done something?
#[cold]
pub(crate) fn check() {
    if run::any() {
        lifecycle::with_runtime(check_when_all_sleep);
    }
}

/// An M goes to sleep: was it the last?
pub(super) fn check_when_all_sleep(rt: &Runtime) {
    if !run::any() || !everything_sleeps(rt, 0) {
        return;
    }
    run::declare_deadlock(rt);
}

/// `running` threads are known to run and do no harm.
fn everything_sleeps(rt: &Runtime, running: i64) -> bool {
    let s = rt.sched.lock();
    s.sleeping == s.all_ms.len()
        && !s.stopping
        && rt.spinning.load(SeqCst) == 0
        && !rt.has_queued_work()
        && !rt.has_fresh_work(&s)
        && rt.next_timer() == NEVER
        && !rt.polls()
        && BLOCKED.load(SeqCst) + running >= THREADS.load(SeqCst)
}
