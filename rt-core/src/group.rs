//! errgroup of golang.org/x/sync: goroutines for parts of one task, the first error, one context.

use crate::alloc::try_box;
use crate::context::{self, Ctx};
use crate::error::{Error, Kind, Result};
use crate::sched::caller::Caller;
use crate::sched::spawn;
use crate::sync::{Cond, Mutex, WaitGroup};
use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::ptr::NonNull;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering::*};

/// What a goroutine of a group runs: 0, or an error.
pub type GroupEntry = unsafe extern "C-unwind" fn(*mut c_void) -> c_int;

/// A group, behind a pointer. Its owner and each running goroutine hold a reference.
pub struct Group {
    references: AtomicUsize,
    ctx: NonNull<Ctx>,
    running: WaitGroup,
    error: AtomicI32,
    /// Protects the two below.
    lock: Mutex,
    room: Cond,
    active: Cell<i64>,
    /// Negative: none.
    limit: Cell<i64>,
}

/// Make a group whose context is a child of `parent`, or, when that is null, of the background.
///
/// # Safety
/// `parent` is null or a context the caller has a reference to.
pub unsafe fn new(parent: *mut Ctx) -> Result<NonNull<Group>> {
    // SAFETY: by contract; all-zero bytes are valid sync objects.
    unsafe {
        let parent = if parent.is_null() { context::background().as_ptr() } else { parent };
        let ctx = context::with_cancel(parent)?;
        let group = Group {
            references: AtomicUsize::new(1),
            ctx,
            running: core::mem::zeroed(),
            error: AtomicI32::new(0),
            lock: core::mem::zeroed(),
            room: core::mem::zeroed(),
            active: Cell::new(0),
            limit: Cell::new(-1),
        };
        try_box(group).ok_or_else(|| {
            context::release(ctx.as_ptr());
            Error::NO_MEMORY
        })
    }
}

/// The group's context, which stays the group's.
///
/// # Safety
/// `g` is a group; so for all below.
pub unsafe fn ctx(g: *mut Group) -> *mut Ctx {
    // SAFETY: by contract.
    unsafe { (*g).ctx.as_ptr() }
}

/// Let at most `n` be active; negative: any number. An error while any is active.
///
/// # Safety
/// As [`ctx`].
pub unsafe fn set_limit(g: *mut Group, n: i64) -> Result {
    // SAFETY: by contract.
    let g = unsafe { &*g };
    g.locked(|| {
        if g.active.get() != 0 {
            return Err(Error::new(Kind::Misuse, c"errgroup: the limit is changed while goroutines are active"));
        }
        g.limit.set(n);
        Ok(())
    })
}

/// Run `entry(arg)` in a goroutine, waiting while the limit is reached. `created_at` as in
/// [`SpawnOptions`](crate::goroutine::SpawnOptions).
///
/// # Safety
/// As [`ctx`]; `entry(arg)` is sound in a goroutine.
pub unsafe fn go(g: *mut Group, entry: GroupEntry, arg: *mut c_void, created_at: usize) -> Result {
    // SAFETY: by contract.
    unsafe {
        (*g).locked(|| {
            while (*g).is_full() {
                (*g).room.wait(&(*g).lock);
            }
            (*g).active.set((*g).active.get() + 1);
        });
        (*g).start(entry, arg, created_at)
    }
}

/// As [`go`], but an error when the limit is reached.
///
/// # Safety
/// As [`go`].
pub unsafe fn try_go(g: *mut Group, entry: GroupEntry, arg: *mut c_void, created_at: usize) -> Result {
    // SAFETY: by contract.
    unsafe {
        (*g).locked(|| {
            if (*g).is_full() {
                return Err(Error::new(Kind::WouldBlock, c"errgroup: the limit is reached"));
            }
            (*g).active.set((*g).active.get() + 1);
            Ok(())
        })?;
        (*g).start(entry, arg, created_at)
    }
}

/// Wait until all are over, end the context, and return the first error.
///
/// # Safety
/// As [`ctx`].
pub unsafe fn wait(g: *mut Group) -> c_int {
    // SAFETY: by contract.
    unsafe {
        (*g).running.wait();
        context::cancel((*g).ctx.as_ptr());
        (*g).error.load(Acquire)
    }
}

/// End the owner's reference. Goroutines that run keep the group alive. Null is allowed.
///
/// # Safety
/// `g` is null or a group; it is gone for the caller afterwards.
pub unsafe fn release(g: *mut Group) {
    // SAFETY: by contract; the last reference owns the group.
    unsafe {
        let Some(group) = g.as_ref() else { return };
        if group.references.fetch_sub(1, AcqRel) == 1 {
            let ctx = group.ctx;
            drop(Box::from_raw(g));
            context::release(ctx.as_ptr());
        }
    }
}

struct Job {
    group: *mut Group,
    entry: GroupEntry,
    arg: *mut c_void,
}

impl Group {
    fn locked<R>(&self, f: impl FnOnce() -> R) -> R {
        self.lock.lock();
        let result = f();
        // Locked above.
        let _ = self.lock.unlock();
        result
    }

    fn is_full(&self) -> bool {
        self.limit.get() >= 0 && self.active.get() >= self.limit.get()
    }

    /// One that is counted as active.
    unsafe fn start(&self, entry: GroupEntry, arg: *mut c_void, created_at: usize) -> Result {
        let job = Job { group: core::ptr::from_ref(self).cast_mut(), entry, arg };
        self.references.fetch_add(1, Relaxed);
        // SAFETY: the job is copied; its reference ends in `end_job`.
        let started = self.running.add(1).and_then(|()| unsafe {
            let mut caller = Caller::enter();
            let size = size_of::<Job>();
            let started = spawn::spawn_copy(&caller, run_job, (&raw const job).cast(), size, Some(end_job), created_at);
            spawn::let_run(&mut caller);
            started.inspect_err(|_| {
                let _ = self.running.done();
            })
        });
        started.inspect_err(|_| {
            self.leave();
            self.references.fetch_sub(1, AcqRel); // the caller's is still there
        })
    }

    fn leave(&self) {
        self.locked(|| {
            self.active.set(self.active.get() - 1);
            self.room.signal();
        });
    }
}

unsafe extern "C-unwind" fn run_job(job: *mut c_void) {
    // SAFETY: the copy made by `start`, whose reference keeps the group.
    unsafe {
        let job = &*job.cast::<Job>();
        let error = (job.entry)(job.arg);
        let group = &*job.group;
        if error != 0 && group.error.compare_exchange(0, error, AcqRel, Relaxed).is_ok() {
            context::cancel(group.ctx.as_ptr());
        }
    }
}

unsafe extern "C-unwind" fn end_job(job: *mut c_void) {
    // SAFETY: as above. The count was added by `start`, so taking it cannot fail.
    unsafe {
        let group = (*job.cast::<Job>()).group;
        (*group).leave();
        let _ = (*group).running.done();
        release(group);
    }
}
