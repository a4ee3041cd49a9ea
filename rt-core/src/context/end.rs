//! The end of a context, and of all below it.
//!
//! Whoever claims a context ends it: gives the verdict, takes its children and pending functions
//! under its lock, claims each child, and works them off one after another. Nothing recurses and no
//! two locks are held, so trees may be deep and wide. A context that is made meanwhile either gets
//! into its ancestor's list before that is taken, or sees under the lock that the ancestor has ended.

use super::after::{self, After};
use super::verdict::Verdict;
use super::{Cancel, Ctx, release};
use crate::chan;
use crate::facade::Ordering::*;
use crate::sched::caller::Caller;
use core::ffi::c_char;
use core::ptr;

/// End the context. Any number of times; nothing on contexts without an end of their own.
///
/// # Safety
/// `ctx` is a context the caller has a reference to.
pub unsafe fn cancel(ctx: *mut Ctx) {
    // SAFETY: by contract.
    unsafe { cancel_cause(ctx, ptr::null()) }
}

/// As [`cancel`], with a cause, of which a copy is kept. The first one stays.
///
/// # Safety
/// As [`cancel`]; `cause` is null or a C string.
pub unsafe fn cancel_cause(ctx: *mut Ctx, cause: *const c_char) {
    // SAFETY: by contract.
    unsafe {
        let ctx = &*ctx;
        let Some(c) = ctx.as_cancel() else { return };
        if !c.verdict.get().is_over() {
            let verdict = Verdict::canceled(cause);
            if c.verdict.claim(verdict) {
                return end(&Caller::enter(), ctx, verdict, true);
            }
            verdict.free();
        }
        // Who ends it may not have come that far; after a cancel the channel is closed all the same.
        close_done(c);
    }
}

fn close_done(c: &Cancel) {
    let done = c.done.load(Acquire);
    if !done.is_null() {
        // SAFETY: the context's own; a second close changes nothing.
        let _ = unsafe { chan::close(done) };
    }
}

/// The last strong reference is gone: nobody can cancel it, wait for it, or put children under it.
pub(super) unsafe fn end_unreferenced(ctx: &Ctx) {
    let Some(c) = ctx.as_cancel() else { return };
    // SAFETY: the weak reference of the strong ones is still there.
    unsafe {
        if c.verdict.claim(Verdict::CANCELED) {
            end(&Caller::enter(), ctx, Verdict::CANCELED, false);
        } else {
            // Its end may have left it in the list, if it was its own.
            unlink(ctx);
        }
        c.timer.remove();
    }
}

/// The deadline has come.
pub(super) unsafe fn expire(ctx: *mut (), _now: i64, caller: &Caller) {
    // SAFETY: an armed timer is removed before its context's memory goes, and that waits for us.
    unsafe {
        let ctx = &*ctx.cast::<Ctx>();
        let Some(c) = ctx.as_cancel() else { return };
        // A context without strong references is about to be ended by who dropped the last.
        if try_retain(ctx) {
            if c.verdict.claim(Verdict::DEADLINE_EXCEEDED) {
                end(caller, ctx, Verdict::DEADLINE_EXCEEDED, false);
            }
            after::release_later(caller, ctx);
        }
    }
}

fn try_retain(ctx: &Ctx) -> bool {
    ctx.strong.fetch_update(AcqRel, Relaxed, |n| (n > 0).then_some(n + 1)).is_ok()
}

/// End `root`, which is claimed, and what is below it. `disarm`: its timer too.
unsafe fn end(caller: &Caller, root: &Ctx, verdict: Verdict, disarm: bool) {
    let mut work: *const Ctx = root;
    // SAFETY: the root is the caller's; children in the work list hold the reference taken here.
    unsafe {
        while let Some(ctx) = work.as_ref() {
            let Some(c) = ctx.as_cancel() else { return };
            work = c.work.get();
            let is_root = ptr::eq(ctx, root);
            if is_root {
                unlink(ctx);
            }
            let mut refs: *const Ctx = ptr::null();
            let mut afters: *const After;
            {
                let mut lists = c.lists.lock();
                let mut child = core::mem::replace(&mut lists.children, ptr::null());
                afters = core::mem::replace(&mut lists.afters, ptr::null());
                after::mark_taken(afters);
                while let Some(next) = child.as_ref() {
                    let Some(n) = next.as_cancel() else { break };
                    child = n.next.get();
                    n.linked.set(false);
                    // One that dies now ends by itself; one that is claimed is ended by its claimer.
                    if try_retain(next) {
                        if n.verdict.claim(verdict.inherited()) {
                            n.work.set(work);
                            work = next;
                        } else {
                            n.next.set(refs);
                            refs = next;
                        }
                    }
                }
            }
            while let Some(taken) = refs.as_ref() {
                refs = taken.as_cancel().map_or(ptr::null(), |n| n.next.get());
                release(ptr::from_ref(taken).cast_mut());
            }
            close_done(c);
            while let Some(a) = afters.as_ref() {
                afters = a.next();
                after::start(caller, a);
            }
            if is_root {
                if disarm {
                    c.timer.remove();
                }
            } else {
                c.timer.remove();
                release(ptr::from_ref(ctx).cast_mut());
            }
        }
    }
}

/// Make `ctx` end with `ancestor`; at once, if that has ended.
pub(super) unsafe fn link(ctx: &Ctx, ancestor: *const Ctx) {
    // SAFETY: the ancestor lives as long as the context's parents do.
    unsafe {
        let Some(a) = ancestor.as_ref().and_then(Ctx::as_cancel) else { return };
        let Some(c) = ctx.as_cancel() else { return };
        {
            let mut lists = a.lists.lock();
            if !a.verdict.get().is_over() {
                c.next.set(lists.children);
                if let Some(first) = lists.children.as_ref().and_then(Ctx::as_cancel) {
                    first.prev.set(ctx);
                }
                lists.children = ctx;
                c.linked.set(true);
                return;
            }
        }
        let verdict = a.verdict.get().inherited();
        if c.verdict.claim(verdict) {
            end(&Caller::enter(), ctx, verdict, false);
        }
    }
}

/// Take `ctx` out of the list it is in, if any.
unsafe fn unlink(ctx: &Ctx) {
    // SAFETY: as in `link`.
    unsafe {
        let Some(parent) = ctx.parent.as_ref() else { return };
        let Some(a) = parent.ending() else { return };
        let Some(c) = ctx.as_cancel() else { return };
        let mut lists = a.lists.lock();
        if !c.linked.replace(false) {
            return;
        }
        let (prev, next) = (c.prev.get(), c.next.get());
        match prev.as_ref().and_then(Ctx::as_cancel) {
            Some(p) => p.next.set(next),
            None => lists.children = next,
        }
        if let Some(n) = next.as_ref().and_then(Ctx::as_cancel) {
            n.prev.set(prev);
        }
    }
}

/// Let `ctx` end at `when`.
pub(super) unsafe fn arm(ctx: &Ctx, when: i64) {
    let Some(c) = ctx.as_cancel() else { return };
    let caller = Caller::enter();
    c.timer.set_arg(ptr::from_ref(ctx).cast_mut().cast());
    // SAFETY: the context is fresh, so its timer is not armed.
    unsafe {
        if when <= crate::sys::clock::now() {
            if c.verdict.claim(Verdict::DEADLINE_EXCEEDED) {
                end(&caller, ctx, Verdict::DEADLINE_EXCEEDED, false);
            }
        } else if !c.verdict.get().is_over() {
            c.timer.insert(&caller, when, 0);
            // Whoever ended it meanwhile may have looked at the timer before it was armed.
            if c.verdict.get().is_over() {
                c.timer.remove();
            }
        }
    }
}
