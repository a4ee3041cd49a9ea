//! Once: the first caller runs the function, all others wait until it has.

use super::table::{self, Ticket};
use crate::facade::{AtomicU64, Ordering::*};
use crate::sanitizer::race;
use crate::sched::caller::Caller;
use crate::sched::{Entry, WaitReason, current, spawn};
use crate::waiter::Wait;
use core::ffi::c_void;

const NEW: u64 = 0;
const RUNNING: u64 = 1;
/// Running, and somebody waits in the table.
const AWAITED: u64 = 2;
const DONE: u64 = 3;

/// Runs one function once. All-zero bytes are one that has not.
#[repr(C)]
pub struct Once {
    state: AtomicU64,
}

impl Once {
    /// Run `entry(arg)` if this is the first call; return when it is over, also by `exit`.
    ///
    /// # Safety
    /// `entry(arg)` is sound here.
    #[inline]
    pub unsafe fn call(&self, entry: Entry, arg: *mut c_void) {
        if self.state.load(Acquire) != DONE {
            // SAFETY: by contract.
            unsafe { self.call_slow(entry, arg) };
        }
        race::acquire(self);
    }

    #[cold]
    unsafe fn call_slow(&self, entry: Entry, arg: *mut c_void) {
        current::touch();
        let this = core::ptr::from_ref(self).cast_mut().cast::<c_void>();
        if self.state.compare_exchange(NEW, RUNNING, Acquire, Relaxed).is_ok() {
            // SAFETY: by contract. On a goroutine the end of it is an end of the call too.
            unsafe {
                let deferred = spawn::defer(complete, this).is_ok();
                entry(arg);
                if deferred {
                    spawn::undefer(complete, this);
                }
                complete(this);
            }
            return;
        }
        loop {
            match self.state.load(Acquire) {
                DONE => return,
                RUNNING if self.state.compare_exchange(RUNNING, AWAITED, Relaxed, Relaxed).is_err() => continue,
                _ => {}
            }
            let running = || self.state.load(Acquire) == AWAITED;
            table::park(&mut Caller::enter(), this.cast(), Ticket::PLAIN, WaitReason::Once, &Wait::Forever, running);
        }
    }
}

unsafe extern "C-unwind" fn complete(once: *mut c_void) {
    race::release(once);
    // SAFETY: the once outlives its calls; after the swap only its address is used.
    let before = unsafe { (*once.cast::<Once>()).state.swap(DONE, Release) };
    if before == AWAITED {
        table::unpark_all(&Caller::enter(), once.cast());
    }
}
