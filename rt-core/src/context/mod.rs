//! Context, as Go's: a tree of what is to end together, with deadlines, causes and values.
//!
//! A child holds a strong reference to its parent; a parent knows its cancelable children by a list
//! of links without references. Contexts that carry a value or cut the tree have no state of their own: they
//! end with the nearest ancestor that can, or not at all.
//!
//! * Strong references keep a context from ending; with the last one it ends, as canceled.
//! * Weak references keep its memory: those of pending `after_func`s, and one for all strong ones.
//!
//! Lock order: a context's lock is taken alone. What [`end`] finds under it is worked off outside.

mod after;
mod end;
mod verdict;

pub use after::{After, after_func, after_release, after_stop};
pub use end::{cancel, cancel_cause};

use crate::alloc::try_place;
use crate::chan::{self, Chan};
use crate::error::{Error, Result};
use crate::facade::{AtomicPtr, AtomicU32, AtomicUsize, Cell, Ordering::*};
use crate::lock::SpinLock;
use crate::sanitizer::race;
use crate::sched::caller::Caller;
use crate::sched::{Entry, lifecycle, spawn};
use crate::sys::clock;
use crate::time::heap::{NEVER, Node};
use core::ffi::{c_char, c_void};
use core::ptr::{self, NonNull};
use verdict::VerdictCell;

/// A context, behind a counted pointer.
pub struct Ctx {
    strong: AtomicUsize,
    /// Each but one belongs to an [`After`]: there is no memory for so many that this overflows.
    weak: AtomicU32,
    /// The process it was made in, as a count of forks.
    forks: u32,
    parent: *mut Ctx,
    what: What,
}

// SAFETY: fields are constant, atomic, or under the lock in them.
unsafe impl Sync for Ctx {}
// SAFETY: as above.
unsafe impl Send for Ctx {}

enum What {
    /// Background, todo, and what cuts the tree.
    Empty,
    Value {
        key: *const c_void,
        value: *mut c_void,
        drop: Option<Entry>,
        /// The nearest ancestor that can end; null: none can.
        cancel: *const Ctx,
    },
    Cancel(Cancel),
}

/// What a context has that can end.
struct Cancel {
    deadline: i64,
    /// Ends it at its deadline; null: it is the parent's deadline, or none. In the same block of memory.
    timer: *const Node,
    verdict: VerdictCell,
    /// Made when first asked for.
    done: AtomicPtr<Chan>,
    lists: SpinLock<Lists>,
    /// Its place in the list of the ancestor it ends with, under that one's lock: the following context, and the
    /// link that leads here. A null `prev`: in no such list; `next` is that of whoever ends the ancestor.
    next: Cell<*const Ctx>,
    prev: Cell<*const Cell<*const Ctx>>,
}

struct Lists {
    children: Cell<*const Ctx>,
    afters: *const After,
}

/// A context with a timer of its own.
#[repr(C)]
struct Timed {
    ctx: Ctx,
    timer: Node,
}

// SAFETY: used under its lock.
unsafe impl Send for Lists {}

#[cfg(not(loom))]
const fn empty_root() -> Ctx {
    Ctx { strong: AtomicUsize::new(1), weak: AtomicU32::new(1), forks: 0, parent: ptr::null_mut(), what: What::Empty }
}

#[cfg(not(loom))]
static BACKGROUND: Ctx = empty_root();
#[cfg(not(loom))]
static TODO: Ctx = empty_root();

#[cfg(not(loom))]
/// The root of all contexts: never ends, carries nothing.
pub fn background() -> NonNull<Ctx> {
    NonNull::from(&BACKGROUND)
}

#[cfg(not(loom))]
/// As [`background`], where it is not clear yet which context to use.
pub fn todo() -> NonNull<Ctx> {
    NonNull::from(&TODO)
}

#[cfg(not(loom))]
fn is_static(ctx: *const Ctx) -> bool {
    ptr::eq(ctx, &BACKGROUND) || ptr::eq(ctx, &TODO)
}

/// The models make their own roots.
#[cfg(loom)]
fn is_static(_ctx: *const Ctx) -> bool {
    false
}

/// Take one more reference. Null is allowed.
///
/// # Safety
/// `ctx` is null or a context the caller has a reference to.
pub unsafe fn retain(ctx: *mut Ctx) {
    // SAFETY: by contract.
    if let Some(c) = unsafe { ctx.as_ref() }
        && !is_static(c)
    {
        c.strong.fetch_add(1, Relaxed);
    }
}

/// End one reference; with the last one the context ends and its value is dropped. Null is allowed.
///
/// # Safety
/// As [`retain`]; the caller's reference is gone afterwards.
pub unsafe fn release(mut ctx: *mut Ctx) {
    // SAFETY: by contract; each turn of the loop ends the reference that a child held.
    unsafe {
        while let Some(c) = ctx.as_ref() {
            if is_static(c) {
                return;
            }
            race::release(c);
            if c.strong.fetch_sub(1, AcqRel) != 1 {
                return;
            }
            race::acquire(c);
            if c.forks != lifecycle::forks() {
                return; // the tree may be locked by threads that do not exist here
            }
            let parent = c.parent;
            match &c.what {
                What::Cancel(_) => end::end_unreferenced(c),
                What::Value { value, drop: Some(drop_value), .. } => call_drop(*drop_value, *value),
                _ => {}
            }
            release_weak(c);
            ctx = parent;
        }
    }
}

/// The program's own code does not run where goroutines are scheduled: there it gets a goroutine.
unsafe fn call_drop(drop_value: Entry, value: *mut c_void) {
    let caller = Caller::enter();
    let scheduling = caller.m().is_some() && caller.g().is_null();
    // SAFETY: the program gave both to be called once.
    unsafe {
        if scheduling && spawn::spawn(&caller, drop_value, value, 0).is_ok() {
            return;
        }
        drop(caller);
        drop_value(value);
    }
}

unsafe fn release_weak(c: &Ctx) {
    // Only who has a reference makes another: nobody else is there to race with for the last one.
    if c.weak.load(Acquire) == 1 || c.weak.fetch_sub(1, AcqRel) == 1 {
        let block = ptr::from_ref(c).cast_mut();
        // SAFETY: the channel and the cause are this context's own; made by `try_place`, and nobody is left.
        unsafe {
            let mut timed = false;
            if let What::Cancel(cancel) = &c.what {
                chan::release(cancel.done.load(Relaxed));
                cancel.verdict.get().free();
                timed = !cancel.timer.is_null();
            }
            if timed { drop(Box::from_raw(block.cast::<Timed>())) } else { drop(Box::from_raw(block)) }
        }
    }
}

impl Ctx {
    fn as_cancel(&self) -> Option<&Cancel> {
        match &self.what {
            What::Cancel(c) => Some(c),
            _ => None,
        }
    }

    /// A context under `parent`, to which the caller has a reference: it gets one more.
    unsafe fn under(parent: *mut Ctx, what: What) -> Ctx {
        // SAFETY: by contract.
        unsafe { retain(parent) };
        Ctx { strong: AtomicUsize::new(1), weak: AtomicU32::new(1), forks: lifecycle::forks(), parent, what }
    }

    /// The nearest context, itself included, that can end; null: none can.
    fn cancel(&self) -> *const Ctx {
        match &self.what {
            What::Cancel(_) => self,
            What::Value { cancel, .. } => *cancel,
            What::Empty => ptr::null(),
        }
    }

    /// What that one has.
    fn ending(&self) -> Option<&Cancel> {
        // SAFETY: an ancestor, which is kept alive through the parents, or this one.
        unsafe { self.cancel().as_ref() }?.as_cancel()
    }
}

unsafe fn make(parent: *mut Ctx, what: What) -> Result<NonNull<Ctx>> {
    let at = try_place().ok_or(Error::NO_MEMORY)?;
    // SAFETY: the caller has a reference to the parent; the memory is ours.
    unsafe { at.write(Ctx::under(parent, what)) };
    Ok(at)
}

/// A context that ends with its parent, or when it is canceled.
///
/// # Safety
/// `parent` is a context the caller has a reference to; so for all below.
pub unsafe fn with_cancel(parent: *mut Ctx) -> Result<NonNull<Ctx>> {
    // SAFETY: by contract.
    unsafe { with_deadline(parent, NEVER) }
}

/// A context that also ends when `timeout` nanoseconds have passed.
///
/// # Safety
/// As [`with_cancel`].
pub unsafe fn with_timeout(parent: *mut Ctx, timeout: i64) -> Result<NonNull<Ctx>> {
    // SAFETY: by contract.
    unsafe { with_deadline(parent, clock::now().saturating_add(timeout)) }
}

/// A context that also ends at `when`, or at its parent's deadline if that is earlier.
///
/// # Safety
/// As [`with_cancel`].
pub unsafe fn with_deadline(parent: *mut Ctx, when: i64) -> Result<NonNull<Ctx>> {
    // SAFETY: by contract; the new context is whole before others can reach it.
    unsafe {
        let ancestor = (*parent).cancel();
        let inherited = (*parent).ending().map_or(NEVER, |c| c.deadline);
        let mut timer: *const Node = ptr::null();
        let at = if when < inherited {
            lifecycle::ensure_started(&Caller::enter())?;
            let at = try_place::<Timed>().ok_or(Error::NO_MEMORY)?.as_ptr();
            (&raw mut (*at).timer).write(Node::new(end::expire, at.cast()));
            timer = &raw const (*at).timer;
            &raw mut (*at).ctx
        } else {
            try_place().ok_or(Error::NO_MEMORY)?.as_ptr()
        };
        let cancel = Cancel {
            deadline: when.min(inherited),
            timer,
            verdict: VerdictCell::new(),
            done: AtomicPtr::new(ptr::null_mut()),
            lists: SpinLock::new(Lists { children: Cell::new(ptr::null()), afters: ptr::null() }),
            next: Cell::new(ptr::null()),
            prev: Cell::new(ptr::null()),
        };
        at.write(Ctx::under(parent, What::Cancel(cancel)));
        end::link(&*at, ancestor);
        end::arm(&*at);
        Ok(NonNull::new_unchecked(at))
    }
}

/// A context in which `key` has `value`; `drop(value)` runs with the last reference.
///
/// # Safety
/// As [`with_cancel`]; `drop(value)` is sound on any thread.
pub unsafe fn with_value(
    parent: *mut Ctx,
    key: *const c_void,
    value: *mut c_void,
    drop: Option<Entry>,
) -> Result<NonNull<Ctx>> {
    // SAFETY: by contract.
    unsafe { make(parent, What::Value { key, value, drop, cancel: (*parent).cancel() }) }
}

/// A context with the parent's values that does not end with it.
///
/// # Safety
/// As [`with_cancel`].
pub unsafe fn without_cancel(parent: *mut Ctx) -> Result<NonNull<Ctx>> {
    // SAFETY: by contract.
    unsafe { make(parent, What::Empty) }
}

/// The channel that is closed when the context ends; null when it cannot, or without memory. It
/// stays the context's.
///
/// # Safety
/// As [`with_cancel`]; so for all below.
pub unsafe fn done(ctx: *mut Ctx) -> *mut Chan {
    // SAFETY: by contract.
    done_of(unsafe { &*ctx })
}

pub(crate) fn done_of(ctx: &Ctx) -> *mut Chan {
    let Some(c) = ctx.ending() else { return ptr::null_mut() };
    let known = c.done.load(Acquire);
    if !known.is_null() {
        return known;
    }
    let made = {
        let _lists = c.lists.lock();
        if c.done.load(Relaxed).is_null() {
            let Ok(made) = chan::new(0, 0) else { return ptr::null_mut() };
            c.done.store(made.as_ptr(), Release);
        }
        c.done.load(Relaxed)
    };
    // Under the lock either we saw that it has ended, or who ends it will see the channel.
    if c.verdict.get().is_over() {
        // SAFETY: ours; it may be closed already.
        let _ = unsafe { chan::close(made) };
    }
    made
}

/// How the context has ended, as an error; fine while it has not.
///
/// # Safety
/// As [`done`].
pub unsafe fn err(ctx: *mut Ctx) -> Result {
    // SAFETY: by contract.
    err_of(unsafe { &*ctx })
}

pub(crate) fn err_of(ctx: &Ctx) -> Result {
    match ctx.ending().and_then(|c| c.verdict.get().error()) {
        None => Ok(()),
        Some(error) => Err(error),
    }
}

/// Why the context has ended: the cause that was given, else a sentence about [`err`]; null while
/// it has not. It lives as long as the context.
///
/// # Safety
/// As [`done`].
pub unsafe fn cause(ctx: *mut Ctx) -> *const c_char {
    // SAFETY: by contract.
    let Some(c) = unsafe { &*ctx }.ending() else { return ptr::null() };
    let verdict = c.verdict.get();
    let Some(error) = verdict.error() else { return ptr::null() };
    if verdict.cause().is_null() { error.message().as_ptr() } else { verdict.cause() }
}

/// When the context will end by itself.
///
/// # Safety
/// As [`done`].
pub unsafe fn deadline(ctx: *mut Ctx) -> Option<i64> {
    // SAFETY: by contract.
    unsafe { &*ctx }.ending().map(|c| c.deadline).filter(|&when| when != NEVER)
}

/// The value of `key` in the nearest context that has it; null: in none.
///
/// # Safety
/// As [`done`].
pub unsafe fn value(ctx: *mut Ctx, key: *const c_void) -> *mut c_void {
    let mut at = ctx.cast_const();
    // SAFETY: by contract; parents live as long as their children.
    while let Some(c) = unsafe { at.as_ref() } {
        match c.what {
            What::Value { key: k, value, .. } if k == key => return value,
            _ => at = c.parent,
        }
    }
    ptr::null_mut()
}
