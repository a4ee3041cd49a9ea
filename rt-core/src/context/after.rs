//! `after_func`: a function that runs in a goroutine of its own once a context is over.

use super::{Ctx, release, release_weak};
use crate::alloc::try_place;
use crate::error::{Error, Result};
use crate::facade::{AtomicUsize, Cell, Ordering::*};
use crate::sanitizer::race;
use crate::sched::caller::Caller;
use crate::sched::{Entry, lifecycle, spawn};
use crate::sys::clock;
use crate::time::heap::Node;
use core::ffi::c_void;
use core::ptr::{self, NonNull};

/// Nanoseconds until a goroutine is tried again for which there was no memory.
const RETRY: i64 = 1_000_000;

/// A function that waits for the end of a context. One reference is the owner's, one belongs to the
/// list it waits in, or to the start of its function.
pub struct After {
    references: AtomicUsize,
    entry: Entry,
    arg: *mut c_void,
    /// The context whose list it is, or was, in; a weak reference. Null: it can never end.
    ctx: *const Ctx,
    /// Under the context's lock.
    pending: Cell<bool>,
    next: Cell<*const After>,
    prev: Cell<*const After>,
    retry: Node,
}

impl After {
    pub(super) fn next(&self) -> *const After {
        self.next.get()
    }
}

/// Run `entry(arg)` in a new goroutine once `ctx` is over; at once, if it is.
///
/// # Safety
/// `ctx` is a context the caller has a reference to; `entry(arg)` is sound in a goroutine.
pub unsafe fn after_func(ctx: *mut Ctx, entry: Entry, arg: *mut c_void) -> Result<NonNull<After>> {
    // SAFETY: by contract; what is put into the list is whole.
    unsafe {
        let caller = Caller::enter();
        lifecycle::ensure_started(&caller)?;
        let target = (*ctx).cancel();
        let after = try_place::<After>().ok_or(Error::NO_MEMORY)?;
        after.write(After {
            references: AtomicUsize::new(2),
            entry,
            arg,
            ctx: target,
            pending: Cell::new(true),
            next: Cell::new(ptr::null()),
            prev: Cell::new(ptr::null()),
            retry: Node::new(try_again, after.as_ptr().cast()),
        });
        let a = after.as_ref();
        race::release(a);
        let Some(t) = target.as_ref() else { return Ok(after) };
        t.weak.fetch_add(1, Relaxed);
        let Some(c) = t.as_cancel() else { return Ok(after) };
        {
            let mut lists = c.lists.lock();
            if !c.verdict.get().is_over() {
                a.next.set(lists.afters);
                if let Some(first) = lists.afters.as_ref() {
                    first.prev.set(a);
                }
                lists.afters = a;
                return Ok(after);
            }
            a.pending.set(false);
        }
        start(&caller, a);
        Ok(after)
    }
}

/// Keep the function from running; true when that was in time.
///
/// # Safety
/// `after` is null or came from [`after_func`] and is not released.
pub unsafe fn after_stop(after: *mut After) -> bool {
    // SAFETY: by contract; the weak reference keeps the context's lock.
    unsafe {
        let Some(a) = after.as_ref() else { return false };
        let stopped = match a.ctx.as_ref().and_then(Ctx::as_cancel) {
            None => a.pending.replace(false),
            Some(c) => {
                let mut lists = c.lists.lock();
                let pending = a.pending.replace(false);
                if pending {
                    let (prev, next) = (a.prev.get(), a.next.get());
                    match prev.as_ref() {
                        Some(p) => p.next.set(next),
                        None => lists.afters = next,
                    }
                    if let Some(n) = next.as_ref() {
                        n.prev.set(prev);
                    }
                }
                pending
            }
        };
        if stopped {
            unref(a);
        }
        stopped
    }
}

/// End the owner's reference; the function still runs when the context ends. Null is allowed.
///
/// # Safety
/// As [`after_stop`]; the reference is gone afterwards.
pub unsafe fn after_release(after: *mut After) {
    // SAFETY: by contract.
    if let Some(a) = unsafe { after.as_ref() } {
        let never_runs = a.ctx.is_null() && a.pending.replace(false);
        // SAFETY: as above; one that can never run has no list to hold the other reference.
        unsafe {
            if never_runs {
                unref(a);
            }
            unref(a);
        }
    }
}

unsafe fn unref(a: &After) {
    if a.references.fetch_sub(1, AcqRel) == 1 {
        // SAFETY: the last reference; made by `try_place`.
        unsafe {
            a.retry.remove();
            if let Some(ctx) = a.ctx.as_ref() {
                release_weak(ctx);
            }
            drop(Box::from_raw(ptr::from_ref(a).cast_mut()));
        }
    }
}

/// All in the list are going to run. Under the lock of their context.
pub(super) unsafe fn mark_taken(mut afters: *const After) {
    // SAFETY: the list's references keep them.
    while let Some(a) = unsafe { afters.as_ref() } {
        a.pending.set(false);
        afters = a.next.get();
    }
}

/// Start the goroutine of one that was taken, which ends the list's reference.
pub(super) unsafe fn start(caller: &Caller, a: &After) {
    race::acquire(a);
    // SAFETY: the program gave both to be run in a goroutine.
    unsafe {
        if spawn::spawn(caller, a.entry, a.arg, 0).is_ok() {
            unref(a);
        } else {
            a.retry.insert(caller, clock::now() + RETRY, 0);
        }
    }
}

unsafe fn try_again(after: *mut (), _now: i64, caller: &Caller) {
    // SAFETY: the list's reference is still there.
    unsafe {
        let a = &*after.cast::<After>();
        if spawn::spawn(caller, a.entry, a.arg, 0).is_ok() {
            // The last reference removes this very timer, which waits for us: not from here.
            unref_later(caller, a);
        } else {
            a.retry.insert(caller, clock::now() + RETRY, 0);
        }
    }
}

unsafe extern "C-unwind" fn unref_entry(after: *mut c_void) {
    // SAFETY: see `unref_later`.
    unsafe { unref(&*after.cast::<After>()) }
}

unsafe fn unref_later(caller: &Caller, a: &After) {
    // SAFETY: the goroutine takes the reference over. Without memory for it the reference leaks: a
    // few bytes, once, in a process that has none left.
    let _ = unsafe { spawn::spawn(caller, unref_entry, ptr::from_ref(a).cast_mut().cast(), 0) };
}

unsafe extern "C-unwind" fn release_entry(ctx: *mut c_void) {
    // SAFETY: see `release_later`.
    unsafe { release(ctx.cast()) }
}

/// End a reference from a context's own timer: the last one would wait for that timer.
pub(super) unsafe fn release_later(caller: &Caller, ctx: &Ctx) {
    // SAFETY: the caller's reference goes to the goroutine.
    unsafe {
        if ctx.strong.load(Acquire) > 1
            && ctx.strong.fetch_update(AcqRel, Relaxed, |n| (n > 1).then_some(n - 1)).is_ok()
        {
            return;
        }
        let _ = spawn::spawn(caller, release_entry, ptr::from_ref(ctx).cast_mut().cast(), 0);
    }
}
