//! The loop of an M: find a goroutine, run it until it leaves, see to what it left for.

use super::caller::Caller;
use super::exceptions::{self, Exceptions};
use super::fpstate::FpState;
use super::g::{G, Status};
use super::m::M;
use super::p::P;
use super::switch::Leave;
use super::{Runtime, crew, current, idle, spawn};
use crate::sanitizer;
use crate::stack::fault::AltStack;
use crate::sys::{clock, thread};
use crate::time::heap::NEVER;
use crate::trace;
use core::cell::Cell;
use core::ffi::c_void;
use core::ptr::{self, NonNull};
use std::sync::atomic::Ordering::*;

/// The global queue is looked at every so many goroutines, so that it is not starved by local ones.
const GLOBAL_EVERY: u64 = 61;
/// The P's timers, every so many; a power of two.
const TIMERS_EVERY: u64 = 16;
/// Times a spinning M looks at every other P before it gives up.
const SPIN_ROUNDS: usize = 4;

/// What the thread of an M runs.
pub(super) extern "C" fn m_main(m: *mut c_void) -> *mut c_void {
    // SAFETY: whoever made the thread gave it an M, which lives until the thread is joined.
    unsafe {
        let m = &*m.cast::<M>();
        current::set_m(ptr::from_ref(m).cast_mut());
        thread::set_name(c"gort-m");
        thread::set_timer_slack();
        let alternate = AltStack::install();
        m.errno.set(libc::__errno_location());
        sanitizer::shared_errno(m.errno.get());
        FpState::save(&m.fp);
        let no_exceptions = Cell::new(Exceptions::NONE);
        let exceptions = exceptions::of_this_thread();
        m.exceptions.set(if exceptions.is_null() { no_exceptions.as_ptr() } else { exceptions });
        idle::adopt(m);
        match m.crew.get() {
            None => {
                while let Some(g) = find_runnable(m) {
                    execute(m, g.as_ptr());
                }
            }
            Some(crew) => {
                crew::begin(crew);
                while let Some(g) = crew::find_runnable(m, crew) {
                    execute(m, g.as_ptr());
                }
            }
        }
        current::set_m(ptr::null_mut());
        drop(alternate);
    }
    ptr::null_mut()
}

/// Run `g` until it leaves. Inlined into both loops of [`m_main`]: it is most of what they do.
#[inline(always)]
unsafe fn execute(m: &M, g: *mut G) {
    // SAFETY: the M owns the G it took and the P it holds.
    unsafe {
        let rt = &*m.rt;
        if m.spinning.get() {
            idle::stop_spinning(rt, m);
        }
        let p = &*m.p();
        p.tick.add(1);
        let g_ref = &*g;
        let first = !g_ref.context.is_begun();
        m.owed.before(g_ref, first);
        if first && spawn::first_run(rt, p, g).is_err() {
            spawn::retry_later(rt, g);
            return;
        }
        if rt.watched.load(Relaxed) != 0 {
            trace::before(rt, p, g_ref, first);
        }
        m.g.set(g);
        m.running.store(g_ref.id, Relaxed);
        // Before anything changes on the stack: dumps read those of others.
        g_ref.runs.store(g_ref.runs.load(Relaxed).wrapping_add(1), Relaxed);
        g_ref.set_status(Status::Running);
        *m.errno.get() = g_ref.errno.get();
        g_ref.fp.get().restore(m.fp.get());
        exceptions::enter(m.exceptions.get(), g_ref);
        let left = if sanitizer::any() {
            resume_watched(m, g_ref)
        } else {
            g_ref.context.resume(&m.home, ptr::from_ref(m).cast_mut())
        };
        FpState::save(&m.fp);
        exceptions::leave(m.exceptions.get(), g_ref);
        m.g.set(ptr::null_mut());
        if rt.watched.load(Relaxed) != 0 {
            trace::after(rt, m, g_ref, left);
        }
        // The P may be another one than before. The G may belong to somebody else as soon as
        // `after` has run, or it is queued.
        if left == Leave::Exit {
            return spawn::bury(rt, m, &*m.p(), g);
        }
        g_ref.errno.set(*m.errno.get());
        g_ref.fp.set(m.fp.get());
        if left == Leave::Park {
            g_ref.set_status(Status::Waiting);
            let after = m.after.get().unwrap_unchecked();
            after(m.after_arg.get());
            return;
        }
        g_ref.set_status(Status::Runnable);
        if left == Leave::Yield {
            (*m.p()).put_tail(g);
        } else {
            m.running.store(0, Relaxed);
            rt.global.push(g);
            idle::wake_for_work(rt);
        }
    }
}

/// Run `g` with the sanitizer told that another stack is in use meanwhile.
#[cold]
#[inline(never)]
unsafe fn resume_watched(m: &M, g: &G) -> Leave {
    let stack = g.stack().expect("a goroutine that runs has a stack");
    // SAFETY: as in `execute`.
    let resume = || unsafe { g.context.resume(&m.home, ptr::from_ref(m).cast_mut()) };
    sanitizer::switched(&g.cold().shadow, stack, resume, |&left| left == Leave::Exit)
}

/// A goroutine for this M, which has its P then. Waits for one; `None`: the runtime stops.
#[inline(always)]
unsafe fn find_runnable(m: &M) -> Option<NonNull<G>> {
    // Nearly always nothing is due, and a goroutine that any M may run waits right here.
    // SAFETY: on the M's own thread, as all below.
    unsafe {
        let mut g = ptr::null_mut();
        if let Some(p) = m.p().as_ref()
            && p.tick.get() < p.look_at.get()
            && m.locked_g.get().is_null()
            && m.inbox_len.load(Relaxed) == 0
        {
            g = p.take();
            if !g.is_null() && (*g).bound.load(Acquire).is_null() {
                return NonNull::new(g);
            }
        }
        find_otherwise(m, g)
    }
}

/// As [`find_runnable`], in all other cases; `taken`, unless it is null, is already out of the queue.
#[inline(never)]
unsafe fn find_otherwise(m: &M, mut taken: *mut G) -> Option<NonNull<G>> {
    // SAFETY: as above.
    unsafe {
        let rt = &*m.rt;
        if rt.watched.load(Relaxed) != 0 {
            trace::looks_around(m);
        }
        loop {
            if !taken.is_null() {
                let g = core::mem::replace(&mut taken, ptr::null_mut());
                let bound = (*g).bound.load(Acquire);
                if bound.is_null() || ptr::eq(bound, m) {
                    return NonNull::new(g);
                }
                if crew::leads_to_crew(bound) {
                    crew::deliver(rt, g);
                } else {
                    idle::hand_to(rt, m, &*bound, g);
                }
            }
            if m.p().is_null() {
                m.owed.settle();
                if !idle::sleep_without_p(rt, m) {
                    return None;
                }
            } else if !m.locked_g.get().is_null() && !idle::sleep_for_locked(rt, m) {
                return None;
            }
            let handed = m.next_g.replace(ptr::null_mut());
            if !handed.is_null() {
                return NonNull::new(handed);
            }
            if m.p().is_null() {
                continue;
            }
            taken = next(rt, m, &*m.p());
            // Null: retired, or nothing to do.
            if taken.is_null() && !m.p().is_null() && !idle::release_p_and_sleep(rt, m) {
                return None;
            }
        }
    }
}

#[inline]
unsafe fn next(rt: &Runtime, m: &M, p: &P) -> *mut G {
    let tick = p.tick.get();
    p.look_at.set((tick - tick % TIMERS_EVERY + TIMERS_EVERY).min(tick - tick % GLOBAL_EVERY + GLOBAL_EVERY));
    // SAFETY: the M holds `p`.
    unsafe {
        if tick.is_multiple_of(TIMERS_EVERY) && p.timers.next() != NEVER {
            let now = clock::now();
            p.timers.run(now, &Caller::scheduler(ptr::from_ref(m).cast_mut()));
        }
        if tick.is_multiple_of(GLOBAL_EVERY) {
            let g = now_and_then(rt, m, p);
            if !g.is_null() || m.p().is_null() {
                return g;
            }
        }
        if m.inbox_len.load(Relaxed) != 0 {
            let g = idle::take_from_inbox(rt, m);
            if !g.is_null() {
                return g;
            }
        }
        let g = p.take();
        if g.is_null() { search(rt, m, p) } else { g }
    }
}

/// What must not wait until the P has nothing else to do.
#[cold]
unsafe fn now_and_then(rt: &Runtime, m: &M, p: &P) -> *mut G {
    if p.id >= rt.procs.load(Relaxed) as usize {
        // SAFETY: the M holds it.
        unsafe { idle::retire_p(rt, m) };
        return ptr::null_mut();
    }
    let caller = Caller::scheduler(ptr::from_ref(m).cast_mut());
    if rt.next_timer() != NEVER {
        rt.run_all_timers(clock::now(), &caller);
    }
    rt.poll_if_due(&caller);
    // One of both, and each is first every other time.
    let global_first = !(p.tick.get() / GLOBAL_EVERY).is_multiple_of(2);
    for global in [global_first, !global_first] {
        let g = if global { rt.global.pop() } else { p.take_oldest() };
        if !g.is_null() {
            return g;
        }
    }
    ptr::null_mut()
}

/// Look everywhere but in the own queue.
#[cold]
unsafe fn search(rt: &Runtime, m: &M, p: &P) -> *mut G {
    m.owed.settle();
    let caller = Caller::scheduler(ptr::from_ref(m).cast_mut());
    if rt.next_timer() != NEVER {
        rt.run_all_timers(clock::now(), &caller);
    }
    rt.poll(&caller);
    let g = p.take();
    if !g.is_null() {
        return g;
    }
    // SAFETY: the M holds `p`.
    let g = unsafe { rt.global.take_into(p.queue()) };
    if !g.is_null() {
        return g;
    }
    // SAFETY: on the M's own thread.
    if rt.n_ps() > 1 && unsafe { idle::may_spin(rt, m) } { steal(rt, p) } else { ptr::null_mut() }
}

fn note_steal(rt: &Runtime, p: &P, g: *mut G) {
    // SAFETY: the thief owns what it took.
    trace::event(rt, p, trace::Event::Steal, unsafe { (*g).id });
}

/// Take from the others, starting at a random one.
fn steal(rt: &Runtime, p: &P) -> *mut G {
    let n = rt.n_ps();
    for round in 0..SPIN_ROUNDS {
        let start = current::random_below(n as u32) as usize;
        for i in 0..n {
            let victim = rt.p(if start + i < n { start + i } else { start + i - n });
            if ptr::eq(victim, p) {
                continue;
            }
            // SAFETY: the caller holds `p`.
            let g = unsafe { victim.steal_into(p) };
            if !g.is_null() {
                p.steals.add(1);
                note_steal(rt, p, g);
                return g;
            }
            if round + 1 == SPIN_ROUNDS {
                let g = idle::take_stuck_next(victim);
                if !g.is_null() {
                    p.steals.add(1);
                    note_steal(rt, p, g);
                    return g;
                }
            }
        }
    }
    ptr::null_mut()
}
