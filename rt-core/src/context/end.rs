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
        disarm(c);
    }
}

/// Its timer fires no more, and does not fire now.
fn disarm(c: &Cancel) {
    // SAFETY: it is in the context's own block.
    if let Some(timer) = unsafe { c.timer.as_ref() } {
        timer.remove();
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

/// End `root`, which is claimed, and what is below it. `with_timer`: its timer is not what ends it, so that goes too.
unsafe fn end(caller: &Caller, root: &Ctx, verdict: Verdict, with_timer: bool) {
    let mut at = root;
    let mut work: *const Ctx = ptr::null();
    // SAFETY: the root is the caller's; children in the work list hold the reference taken here.
    unsafe {
        loop {
            let Some(c) = at.as_cancel() else { return };
            let is_root = ptr::eq(at, root);
            if is_root {
                unlink(at);
            }
            let mut refs: *const Ctx = ptr::null();
            let mut afters: *const After;
            {
                let mut lists = c.lists.lock();
                let mut child = lists.children.replace(ptr::null());
                afters = core::mem::replace(&mut lists.afters, ptr::null());
                after::mark_taken(afters);
                while let Some(next) = child.as_ref() {
                    let Some(n) = next.as_cancel() else { break };
                    child = n.next.get();
                    n.prev.set(ptr::null());
                    // One that dies now ends by itself; one that is claimed is ended by its claimer.
                    if try_retain(next) {
                        let list = if n.verdict.claim(verdict.inherited()) { &mut work } else { &mut refs };
                        n.next.set(core::mem::replace(list, next));
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
            if with_timer || !is_root {
                disarm(c);
            }
            let following = work.as_ref();
            work = following.and_then(Ctx::as_cancel).map_or(ptr::null(), |c| c.next.get());
            if !is_root {
                release(ptr::from_ref(at).cast_mut());
            }
            match following {
                Some(ctx) => at = ctx,
                None => return,
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
            let lists = a.lists.lock();
            if !a.verdict.get().is_over() {
                let first = lists.children.replace(ctx);
                c.next.set(first);
                c.prev.set(&lists.children);
                if let Some(first) = first.as_ref().and_then(Ctx::as_cancel) {
                    first.prev.set(&c.next);
                }
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
        let _lists = a.lists.lock();
        let Some(prev) = c.prev.replace(ptr::null()).as_ref() else { return };
        let next = c.next.get();
        prev.set(next);
        if let Some(next) = next.as_ref().and_then(Ctx::as_cancel) {
            next.prev.set(prev);
        }
    }
}

/// Let `ctx` end at its deadline, if it has a timer for that.
pub(super) unsafe fn arm(ctx: &Ctx) {
    let Some(c) = ctx.as_cancel() else { return };
    // SAFETY: in the context's own block, and not armed: it is fresh.
    unsafe {
        let Some(timer) = c.timer.as_ref() else { return };
        let caller = Caller::enter();
        if c.deadline <= crate::sys::clock::now() {
            if c.verdict.claim(Verdict::DEADLINE_EXCEEDED) {
                end(&caller, ctx, Verdict::DEADLINE_EXCEEDED, false);
            }
        } else if !c.verdict.get().is_over() {
            timer.insert(&caller, c.deadline, 0);
            // Whoever ended it meanwhile may have looked at the timer before it was armed.
            if c.verdict.get().is_over() {
                timer.remove();
            }
        }
    }
}
