//! Goroutines: starting them, ending them, and what one can ask about itself.

use crate::error::{Error, Result};
use crate::sched::caller::Caller;
use crate::sched::g::TOUCHED;
use crate::sched::{current, idle, run, spawn};
use core::ffi::{c_char, c_void};
use std::sync::atomic::Ordering::*;

pub use crate::sched::Entry;
pub use crate::sched::crew::{Crew, set_contends};
pub use crate::sched::deadlock::all_others_sleep;
pub use crate::sched::run::{DeadlockHandler, Running, on_deadlock};
pub use crate::sched::spawn::SpawnOptions;

/// `go entry(arg)`.
///
/// # Safety
/// `entry(arg)` is sound in a goroutine, which may run on any thread.
#[inline]
pub unsafe fn spawn(entry: Entry, arg: *mut c_void) -> Result {
    // SAFETY: by contract.
    unsafe { spawn_at(entry, arg, 0) }
}

/// As [`spawn()`], from the call that returns to `created_at`.
///
/// # Safety
/// As there.
#[inline]
pub unsafe fn spawn_at(entry: Entry, arg: *mut c_void, created_at: usize) -> Result {
    // SAFETY: by contract.
    unsafe {
        let mut caller = Caller::enter();
        let result = spawn::spawn(&caller, entry, arg, created_at);
        spawn::let_run(&mut caller);
        result
    }
}

/// `go entry(&copy)`: the `size` bytes at `arg` are copied now; the copy lives as long as the
/// goroutine and is aligned to 16. `created_at` as in [`spawn_at`].
///
/// # Safety
/// As [`spawn()`]; `arg` is readable for `size` bytes.
pub unsafe fn spawn_copy(entry: Entry, arg: *const u8, size: usize, created_at: usize) -> Result {
    // SAFETY: by contract.
    unsafe {
        let mut caller = Caller::enter();
        let result = spawn::spawn_copy(&caller, entry, arg, size, None, created_at);
        spawn::let_run(&mut caller);
        result
    }
}

/// `go entry(arg)` with options; its id. `options.drop` runs exactly once, also when this fails.
///
/// # Safety
/// As [`spawn()`]; so is `options.drop`.
pub unsafe fn spawn_with(options: &SpawnOptions, entry: Entry, arg: *mut c_void) -> Result<u64> {
    // SAFETY: by contract.
    unsafe { spawn::spawn_with(options, entry, arg) }
}

/// Run `entry(arg)` as a goroutine and wait until it is over.
///
/// # Safety
/// As [`spawn()`].
pub unsafe fn run(entry: Entry, arg: *mut c_void) -> Result {
    // SAFETY: by contract.
    unsafe { run::run(entry, arg) }
}

/// Let others run first: Go's runtime.Gosched; on a plain thread sched_yield.
#[inline]
pub fn yield_now() {
    let mut caller = Caller::enter();
    if caller.g().is_null() {
        // SAFETY: no arguments.
        unsafe { libc::sched_yield() };
        return;
    }
    // SAFETY: a goroutine.
    unsafe { caller.yield_now() };
}

/// End the running goroutine after its deferred calls. On a plain thread that is a panic.
pub fn exit() -> ! {
    // SAFETY: a goroutine, as was checked; the message is a C string.
    unsafe {
        if current::g().is_null() {
            run::panic(c"gort_exit on a thread that is no goroutine".as_ptr())
        }
        spawn::exit()
    }
}

/// Run `entry(arg)` when this goroutine ends, last first.
///
/// # Safety
/// As [`spawn()`].
pub unsafe fn defer(entry: Entry, arg: *mut c_void) -> Result {
    // SAFETY: by contract.
    unsafe { spawn::defer(entry, arg) }
}

/// Run the deferred calls, print the message and this goroutine's trace, exit with status 2.
///
/// # Safety
/// `message` is null or a C string.
pub unsafe fn panic(message: *const c_char) -> ! {
    // SAFETY: by contract.
    unsafe { run::panic(message) }
}

/// The id of the running goroutine; 0 on a plain thread.
pub fn goroutine_id() -> u64 {
    // SAFETY: the running goroutine is alive.
    unsafe { current::g().as_ref() }.map_or(0, |g| g.id)
}

/// Goroutines started and not over.
pub fn num_goroutine() -> usize {
    let caller = Caller::enter();
    match caller.on_p() {
        Some((rt, _)) => rt.num_goroutine() as usize,
        None => {
            let mut n = 0;
            crate::sched::lifecycle::with_runtime(|rt| n = rt.num_goroutine() as usize);
            n
        }
    }
}

/// Keep the running goroutine on its thread, and others off it, until the matching unlock.
pub fn lock_os_thread() -> Result {
    let caller = Caller::enter();
    let (Some(m), false) = (caller.m(), caller.g().is_null()) else { return Err(Error::NOT_A_GOROUTINE) };
    // SAFETY: the running goroutine.
    let g = unsafe { &*caller.g() };
    g.note_seldom(TOUCHED);
    g.cold().lock_depth.set(g.cold().lock_depth.get() + 1);
    // A goroutine of a crew is where it belongs already, and others may have to run there too.
    if m.crew.get().is_none() {
        g.bound.store(core::ptr::from_ref(m).cast_mut(), Release);
        m.locked_g.set(caller.g());
    }
    Ok(())
}

/// Undo one [`lock_os_thread`]; nothing when there is none.
pub fn unlock_os_thread() -> Result {
    let caller = Caller::enter();
    let (Some(m), false) = (caller.m(), caller.g().is_null()) else { return Err(Error::NOT_A_GOROUTINE) };
    // SAFETY: the running goroutine.
    let g = unsafe { &*caller.g() };
    match g.cold().lock_depth.get() {
        0 => return Ok(()),
        1 if m.crew.get().is_none() => {
            m.locked_g.set(core::ptr::null_mut());
            g.bound.store(core::ptr::null_mut(), Release);
        }
        _ => {}
    }
    g.cold().lock_depth.set(g.cold().lock_depth.get() - 1);
    Ok(())
}

/// The usable part of the running goroutine's stack: its lowest address, and one past its highest.
pub fn stack_bounds() -> Option<(usize, usize)> {
    // SAFETY: the running goroutine is alive.
    let stack = unsafe { current::g().as_ref() }?.stack()?;
    Some((stack.limit() + crate::stack::GUARD, stack.top()))
}

/// The caller is about to block outside the runtime: hand its P to another thread meanwhile.
pub fn block_enter() {
    let caller = Caller::enter();
    let (Some(m), false) = (caller.m(), caller.g().is_null()) else { return };
    if m.crew.get().is_some() {
        return; // its P is of use to nobody else
    }
    // SAFETY: the running goroutine; the M gives away the P it holds, and goes out without one.
    unsafe {
        let g = &*caller.g();
        g.note_seldom(TOUCHED);
        g.cold().block_depth.set(g.cold().block_depth.get() + 1);
        idle::give_up_p(&*m.rt, m);
    }
}

/// The end of the section that [`block_enter`] began.
pub fn block_exit() {
    // SAFETY: the running goroutine is alive.
    if let Some(g) = unsafe { current::g().as_ref() }
        && g.cold().block_depth.get() > 0
    {
        g.cold().block_depth.set(g.cold().block_depth.get() - 1);
        if g.cold().block_depth.get() == 0 {
            drop(Caller::enter());
        }
    }
}
