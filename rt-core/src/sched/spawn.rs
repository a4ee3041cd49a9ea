//! Birth and death of goroutines.
//!
//! A G starts as a record; it gets a stack when it first runs ([`first_run`]). Whatever can fail
//! fails here, at the call that makes it: memory for the record, and a credit for the stack.

use super::caller::Caller;
use super::crew::{self, Crew};
use super::g::{Deferred, G, HAS_EXTRAS, HAS_LOCALS, INLINE_ARG, Status};
use super::m::M;
use super::p::{ID_BATCH, P};
use super::switch::Leave;
use super::{Entry, Runtime, current, idle, lifecycle};
use crate::error::{Error, Result};
use crate::limits::TOO_MANY;
use crate::sanitizer::{self, race};
use crate::stack::pool::P_CACHE;
use crate::stack::{Stack, round_size};
use crate::sys::{self, barrier};
use core::ffi::{CStr, c_void};
use core::mem::forget;
use core::ptr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::*;

/// What can be said about a goroutine besides its function.
#[derive(Default)]
pub struct SpawnOptions<'a> {
    /// Shown in dumps; copied.
    pub name: Option<&'a CStr>,
    /// Bytes of address space; 0: the default. Not for a crew, which has its own.
    pub stack_size: usize,
    /// Whose Ms run it; `None`: any of the runtime.
    pub crew: Option<&'static Crew>,
    /// Where it is made, for dumps: a return address; 0: unknown.
    pub created_at: usize,
    /// Called once with the argument: when the goroutine is over, or could not be made.
    pub drop: Option<Entry>,
}

/// Credits and free Gs a P takes or gives back at a time.
const BATCH: usize = 64;

/// `go entry(arg)`; `created_at` as in [`SpawnOptions`].
///
/// # Safety
/// `entry(arg)` is sound in a goroutine.
#[inline]
pub(crate) unsafe fn spawn(caller: &Caller, entry: Entry, arg: *mut c_void, created_at: usize) -> Result {
    // SAFETY: a new G is ours until it is started.
    unsafe {
        let g = new_g(caller, true, created_at)?;
        (*g).entry.set(Some(entry));
        (*g).arg.set(arg);
        start(caller, g);
        Ok(())
    }
}

/// A goroutine that makes others faster than they are run fills memory with them, and each comes
/// from a colder cache than the one before. So one that is far ahead lets those run first. Looked at
/// once in [`ID_BATCH`] goroutines.
#[inline]
pub(crate) unsafe fn let_run(caller: &mut Caller) {
    // SAFETY: on a P, and so inside the boundary; only goroutines yield.
    unsafe {
        if let Some((_, p)) = caller.on_p()
            && p.next_id.get() == p.last_id.get()
            && p.is_crowded()
            && p.crew.is_none()
            && !caller.g().is_null()
        {
            p.let_begin();
            caller.yield_now();
        }
    }
}

/// `go entry(&copy)` of the `size` bytes at `arg`; `end(&copy)` runs when that is over.
///
/// # Safety
/// As [`spawn`]; so is `end`; `arg` is readable for `size` bytes.
#[inline(always)]
pub(crate) unsafe fn spawn_copy(
    caller: &Caller,
    entry: Entry,
    arg: *const u8,
    size: usize,
    end: Option<Entry>,
    created_at: usize,
) -> Result {
    // SAFETY: as above; the copy lives until the goroutine is over.
    unsafe {
        let g = new_g(caller, true, created_at)?;
        (*g).entry.set(Some(entry));
        let copy = if size <= INLINE_ARG {
            (*g).cold().inline_arg.0.get().cast::<u8>()
        } else {
            let big = libc::malloc(size).cast::<u8>(); // aligned to 16
            if big.is_null() {
                discard(caller, g);
                return Err(Error::NO_MEMORY);
            }
            (*g).big_arg.set(big.cast());
            (*g).note_seldom(HAS_EXTRAS);
            big
        };
        if size > 0 {
            race::copy_arg(arg, copy, size);
        }
        (*g).arg.set(copy.cast());
        (*g).drop.set(end);
        start(caller, g);
        Ok(())
    }
}

/// `go entry(arg)` with options; its id. When it fails, `drop(arg)` has run.
///
/// # Safety
/// As [`spawn`]; so is `drop(arg)`.
pub(crate) unsafe fn spawn_with(options: &SpawnOptions, entry: Entry, arg: *mut c_void) -> Result<u64> {
    let mut caller = Caller::enter();
    // SAFETY: by contract.
    let result = unsafe { try_spawn_with(&caller, options, entry, arg, ptr::null()) };
    // SAFETY: the caller holds nothing.
    unsafe { let_run(&mut caller) };
    drop(caller);
    if let (Err(_), Some(drop_arg)) = (&result, options.drop) {
        // SAFETY: by contract; outside the boundary.
        unsafe { drop_arg(arg) };
    }
    result
}

/// As [`spawn_with`], without the drop on failure; `run` hears of the end, after all counts.
///
/// # Safety
/// As [`spawn_with`].
pub(crate) unsafe fn try_spawn_with(
    caller: &Caller,
    options: &SpawnOptions,
    entry: Entry,
    arg: *mut c_void,
    run: *const super::run::Run,
) -> Result<u64> {
    let default_size = options.stack_size == 0 && options.crew.is_none();
    let size = round_size(options.stack_size).ok_or(Error::NO_MEMORY)?;
    // SAFETY: as in `spawn`.
    unsafe {
        let g = new_g(caller, default_size, options.created_at)?;
        if let Some(crew) = options.crew {
            if let Err(error) = with_runtime(caller, |rt| crew::prepare(rt, crew))? {
                discard(caller, g);
                return Err(error);
            }
            (*g).bound.store(crew.tag(), Relaxed);
        } else if !default_size {
            // Sizes that were asked for are rare: their stacks are had at once.
            let stack = with_runtime(caller, |rt| rt.stacks.get(size))?;
            match stack {
                Ok(stack) => (*g).stack.set(Some(stack)),
                Err(error) => {
                    discard(caller, g);
                    return Err(error);
                }
            }
        }
        if let Some(name) = options.name {
            let copy = sanitizer::ignored(|| libc::strdup(name.as_ptr()));
            if copy.is_null() {
                discard(caller, g);
                return Err(Error::NO_MEMORY);
            }
            (*g).name.store(copy, Release); // dumps may look at once
            (*g).note_seldom(HAS_EXTRAS);
        }
        (*g).entry.set(Some(entry));
        (*g).arg.set(arg);
        (*g).drop.set(options.drop);
        if !run.is_null() {
            (*g).run.set(run);
            (*g).note_seldom(HAS_EXTRAS);
        }
        let id = (*g).id;
        start(caller, g);
        Ok(id)
    }
}

/// The caller's runtime, started if need be.
fn with_runtime<R>(caller: &Caller, f: impl FnOnce(&Runtime) -> R) -> Result<R> {
    match caller.on_p() {
        Some((rt, _)) => Ok(f(rt)),
        None => Ok(f(&*lifecycle::started()?)),
    }
}

/// A G that is nobody's yet, with a credit for a stack of the default size if it will need one.
#[inline(always)]
unsafe fn new_g(caller: &Caller, credit: bool, created_at: usize) -> Result<*mut G> {
    let Some((rt, p)) = caller.on_p() else { return new_g_outside(credit, created_at) };
    if rt.closing.load(Relaxed) != 0 {
        return Err(Error::SHUTDOWN);
    }
    if rt.limits.goroutines != 0 {
        within_limit(rt)?;
    }
    if credit && p.credits.get() == 0 {
        p.credits.set(rt.stacks.take_credits(BATCH)?);
    }
    let g = match p.free().pop() {
        Some(g) => g,
        None => refill(rt, p)?,
    };
    if p.strange.get() != 0 {
        p.strange.set(p.strange.get() - 1);
        if let [.., soon, _] = p.free()[..] {
            G::prefetch(soon);
        }
    }
    if p.next_id.get() == p.last_id.get() {
        let first = rt.next_id.fetch_add(ID_BATCH, Relaxed);
        p.next_id.set(first);
        p.last_id.set(first + ID_BATCH);
    }
    // SAFETY: the G was free, so it is ours.
    unsafe {
        (*g).id = p.next_id.get();
        p.next_id.set((*g).id + 1);
        (*g).has_credit.set(credit);
        if credit {
            p.credits.set(p.credits.get() - 1);
        }
        (*g).parent.store(caller.g().as_ref().map_or(0, |parent| parent.id), Relaxed);
        (*g).created_at.store(created_at, Relaxed);
    }
    p.created.add(1);
    Ok(g)
}

#[cold]
fn within_limit(rt: &Runtime) -> Result {
    if rt.num_goroutine() < rt.limits.goroutines as u64 { Ok(()) } else { Err(TOO_MANY) }
}

#[cold]
fn refill(rt: &Runtime, p: &P) -> Result<*mut G> {
    let free = p.free();
    rt.gs.lock().take_some(BATCH, |g| free.push(g));
    p.strange.set(free.len());
    free.pop().ok_or(Error::NO_MEMORY)
}

/// As [`new_g`], for a thread without a P.
#[cold]
fn new_g_outside(credit: bool, created_at: usize) -> Result<*mut G> {
    let rt = lifecycle::started()?;
    // Counted before the look at `closing`: either shutdown sees the count, or we see it closing.
    rt.created_outside.fetch_add(1, SeqCst);
    let made = (|| {
        if rt.closing.load(SeqCst) != 0 {
            return Err(Error::SHUTDOWN);
        }
        // This one is counted already.
        if rt.limits.goroutines != 0 && rt.num_goroutine() > rt.limits.goroutines as u64 {
            return Err(TOO_MANY);
        }
        if credit {
            rt.stacks.take_credits(1)?;
        }
        let g = rt.gs.lock().take();
        if g.is_null() {
            if credit {
                rt.stacks.return_credits(1);
            }
            return Err(Error::NO_MEMORY);
        }
        // SAFETY: the G was free, so it is ours.
        unsafe {
            (*g).id = rt.next_id.fetch_add(1, Relaxed);
            (*g).has_credit.set(credit);
            (*g).parent.store(0, Relaxed);
            (*g).created_at.store(created_at, Relaxed);
        }
        Ok(g)
    })();
    if made.is_err() {
        rt.created_outside.fetch_sub(1, SeqCst);
        rt.note_end();
    }
    made
}

/// Make a new G runnable.
#[inline]
unsafe fn start(caller: &Caller, g: *mut G) {
    // SAFETY: the caller made `g` and gives it away here.
    unsafe {
        super::fpstate::FpState::save(&(*g).fp);
        race::goroutine_starts(&*g);
        caller.ready(g);
    }
}

/// Undo [`new_g`].
#[cold]
unsafe fn discard(caller: &Caller, g: *mut G) {
    // SAFETY: the caller made `g` and nobody else has it.
    unsafe {
        (*g).free_extras();
        (*g).seldom.set(0);
        let Some((rt, p)) = caller.on_p() else {
            if let Ok(rt) = lifecycle::started() {
                if (*g).has_credit.get() {
                    rt.stacks.return_credits(1);
                }
                rt.gs.lock().put(g);
                rt.created_outside.fetch_sub(1, SeqCst);
                rt.note_end();
            }
            return;
        };
        if (*g).has_credit.get() {
            p.credits.set(p.credits.get() + 1);
        }
        p.created.add(1u64.wrapping_neg());
        if p.put_free(g) {
            give_back_free(rt, p);
        }
    }
}

#[cold]
fn give_back_free(rt: &Runtime, p: &P) {
    let mut gs = rt.gs.lock();
    // The older half: the last used are hot, and last in.
    p.free().drain(..P::FREE_BATCH).for_each(|g| gs.put(g));
}

/// Give `g` a stack and what to do on it. `Err`: the kernel would not make the guard page.
pub(super) unsafe fn first_run(rt: &Runtime, p: &P, g: *mut G) -> Result {
    // SAFETY: the M that calls this owns `g` and the P.
    unsafe {
        G::prefetch(p.queue().peek(1));
        let stack = match (*g).stack.get() {
            Some(stack) => stack,
            None => {
                let stack = match (*p.stacks.get()).pop() {
                    Some(stack) => stack,
                    None => rt.stacks.get(p.stack_size)?,
                };
                (*g).stack.set(Some(stack));
                stack
            }
        };
        (*g).context.begin(stack, g);
    }
    Ok(())
}

/// A goroutine's life on its own stack. Returns the M it has ended on.
///
/// # Safety
/// Called by the switch that begins `g`, on its stack, inside the boundary of `m`.
pub(super) unsafe fn live(g: *mut G, m: *mut M) -> *mut M {
    // SAFETY: by contract.
    unsafe {
        let (entry, arg) = ((*g).entry.get().unwrap_unchecked(), (*g).arg.get());
        (*m).boundary.leave();
        // What comes out of `entry` cannot go further: there is no caller. A foreign exception ends
        // the process in here, with a message of the language's runtime.
        let call = || if race::on() { race::goroutine(entry, arg) } else { entry(arg) };
        if catch_unwind(AssertUnwindSafe(call)).is_err() {
            super::run::die_with(b"");
        }
        end_on_own_stack(g);
        enter_for_good()
    }
}

/// Go in to end there: the M goes on inside the boundary.
unsafe fn enter_for_good() -> *mut M {
    let caller = Caller::enter();
    let m = caller.m().map_or(ptr::null_mut(), |m| ptr::from_ref(m).cast_mut());
    forget(caller);
    m
}

/// Deferred calls, last first, then the drop of the argument.
#[inline(always)]
unsafe fn end_on_own_stack(g: *mut G) {
    if current::m().is_null() {
        // A child of fork(2) in which the forking goroutine has come to its end: as for a thread
        // whose main function returns, that is the end of the process.
        // SAFETY: no arguments that matter.
        unsafe { libc::exit(0) };
    }
    // SAFETY: the goroutine runs this itself; callbacks run outside the boundary, and each is taken
    // off before it runs, so that one that ends the goroutine again goes on with the rest.
    unsafe {
        run_deferred(g);
        if let Some(drop_arg) = (*g).drop.take() {
            drop_arg((*g).arg.get());
            run_deferred(g);
        }
        if (*g).seldom.get() & HAS_LOCALS != 0 {
            crate::local::goroutine_ends(&*g);
            run_deferred(g);
        }
        race::goroutine_ends(&*g);
    }
}

/// Run the deferred calls of the running goroutine, last first.
pub(super) unsafe fn run_deferred(g: *mut G) {
    // SAFETY: as above; the record is freed before its call, which may not return.
    unsafe {
        while let Some(d) = (*g).defers.get().as_ref() {
            let (entry, arg) = (d.entry, d.arg);
            (*g).defers.set(d.next);
            libc::free(ptr::from_ref(d).cast_mut().cast());
            entry(arg);
        }
    }
}

/// `defer entry(arg)` in the running goroutine.
///
/// # Safety
/// `entry(arg)` is sound at the end of the goroutine.
pub(crate) unsafe fn defer(entry: Entry, arg: *mut c_void) -> Result {
    let g = current::g();
    if g.is_null() {
        return Err(Error::NOT_A_GOROUTINE);
    }
    // SAFETY: the list is the running goroutine's own.
    unsafe {
        let d = libc::malloc(size_of::<Deferred>()).cast::<Deferred>();
        if d.is_null() {
            return Err(Error::NO_MEMORY);
        }
        d.write(Deferred { entry, arg, next: (*g).defers.get() });
        (*g).defers.set(d);
    }
    Ok(())
}

/// Take back a [`defer`] of the running goroutine that has not run yet.
pub(crate) fn undefer(entry: Entry, arg: *mut c_void) {
    let g = current::g();
    // SAFETY: the list is the running goroutine's own.
    unsafe {
        let mut link = (*g).defers.as_ptr();
        while let Some(d) = (*link).as_mut() {
            if d.arg == arg && d.entry as usize == entry as usize {
                *link = d.next;
                libc::free(ptr::from_mut(d).cast());
                return;
            }
            link = &raw mut d.next;
        }
    }
}

/// Go's runtime.Goexit: end the running goroutine after its deferred calls.
///
/// # Safety
/// The caller is a goroutine; what lies on its stack is abandoned.
pub(crate) unsafe fn exit() -> ! {
    // SAFETY: by contract. The M resets the context and nobody comes back here.
    unsafe {
        let g = current::g();
        end_on_own_stack(g);
        (*g).context.suspend(&(*enter_for_good()).home, Leave::Exit);
    }
    unreachable!("nobody resumes a goroutine that is over")
}

/// The goroutine on this M is over and its context is back: free what it had. On the M's stack.
pub(super) unsafe fn bury(rt: &Runtime, m: &M, p: &P, g: *mut G) {
    // SAFETY: the M owns the G and the P.
    unsafe {
        let g_ref = &*g;
        g_ref.context.end();
        if sanitizer::any() {
            sanitizer::bury(&g_ref.cold().shadow, g_ref.stack());
        }
        if let Some(stack) = g_ref.stack.take() {
            keep_stack(rt, p, stack);
        }
        if g_ref.has_credit.get() {
            let credits = p.credits.get() + 1;
            if credits > 2 * BATCH {
                rt.stacks.return_credits(BATCH);
                p.credits.set(credits - BATCH);
            } else {
                p.credits.set(credits);
            }
        }
        let run = if g_ref.seldom.get() == 0 { ptr::null() } else { bury_what_is_seldom(rt, m, g_ref) };
        if !g_ref.bound.load(Relaxed).is_null() {
            g_ref.bound.store(ptr::null_mut(), Relaxed);
        }
        g_ref.errno.set(0);
        g_ref.set_status(Status::Free);
        if p.put_free(g) {
            give_back_free(rt, p);
        }
        p.finished.add_release(1);
        if !run.is_null() {
            super::run::ended(run, &Caller::scheduler(ptr::from_ref(m).cast_mut()));
        }
        barrier::light();
        if rt.closing.load(Relaxed) != 0 {
            rt.note_end();
        }
    }
}

/// End what [`G::seldom`] may stand for; who waits for the goroutine's end, if anybody does.
#[inline(never)]
unsafe fn bury_what_is_seldom(rt: &Runtime, m: &M, g: &G) -> *const super::run::Run {
    let seldom = g.seldom.replace(0);
    let cold = g.cold();
    if cold.lock_depth.replace(0) != 0 {
        m.locked_g.set(ptr::null_mut());
    }
    cold.block_depth.set(0);
    // SAFETY: as in `bury`.
    unsafe { *cold.error.get() = current::ErrorSlot::NONE };
    if seldom & HAS_EXTRAS == 0 {
        return ptr::null();
    }
    // Dumps read names under this lock.
    let no_dump = (!g.name.load(Relaxed).is_null()).then(|| rt.gs.lock());
    g.free_extras();
    drop(no_dump);
    g.run.replace(ptr::null())
}

/// Put a stack that nobody runs on into the P's cache or the pool.
unsafe fn keep_stack(rt: &Runtime, p: &P, stack: Stack) {
    if stack.size() != p.stack_size {
        rt.stacks.put(&[stack]);
        return;
    }
    // SAFETY: the P's owner calls this.
    let cache = unsafe { &mut *p.stacks.get() };
    if cache.len() == P_CACHE {
        // The older half: the last used is hot, and last in.
        rt.stacks.put(&cache[..P_CACHE / 2]);
        cache.drain(..P_CACHE / 2);
    }
    cache.push(stack);
}

/// Requeue a goroutine for which no stack could be had, and give others time to free one.
#[cold]
pub(super) unsafe fn retry_later(rt: &Runtime, g: *mut G) {
    // SAFETY: the M that calls this owns `g`.
    unsafe {
        (*g).set_status(Status::Runnable);
        rt.global.push(g);
    }
    // SAFETY: the request is a valid timespec.
    unsafe { libc::nanosleep(&sys::clock::timespec(1_000_000), ptr::null_mut()) };
    idle::wake_for_work(rt);
}
