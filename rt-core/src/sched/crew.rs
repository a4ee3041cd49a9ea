//! Crews: sets of Ms of their own, for goroutines that must stay on the thread that first ran them.
//!
//! A goroutine of a crew is run by an M of that crew only. Before its first run any of them may take
//! it; from then on it is bound to the one that did. So what a goroutine leaves in thread-locals, or
//! in anything else that belongs to a thread, is there when it goes on.
//!
//! * An M of a crew has a **P of its own** and keeps it: nobody retakes it, nobody outside the crew
//!   steals from it. A goroutine that is made ready by another of the same M therefore costs what it
//!   costs anywhere: no lock, no wake-up. The P's timers and counters are part of the runtime's.
//! * What is made ready elsewhere comes through the M's **inbox** (bound goroutines) or the crew's
//!   **fresh** queue (not started). Both are filled before the scheduler's lock is taken to look for
//!   sleepers, and an M looks into both under that lock before it sleeps; so no wake-up is lost.
//! * A crew has `width` Ms. When all that are awake are **stuck**, in a blocking call or in a long
//!   computation, and goroutines that have not started wait, sysmon lets one more help, up to `most`.
//!   Helpers take nothing new once the others move again.
//!
//! `G::bound` says where a goroutine belongs: null, an M, or, before the first run, a crew (tagged).

use super::caller::Caller;
use super::g::{G, Status};
use super::list::{List, SharedList};
use super::m::M;
use super::p::P;
use super::{Runtime, Sched, deadlock, idle, lifecycle};
use crate::alloc::try_box;
use crate::sys::{clock, thread};
use crate::time::heap::NEVER;
use crate::trace;
use crate::waiter::{Completion, INTERRUPTED};
use core::cell::{Cell, UnsafeCell};
use core::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering::*};

/// Ms of all crews together.
pub(super) const MAX_MEMBERS: usize = 256;
const TIMERS_EVERY: u64 = 16;
const FRESH_EVERY: u64 = 61;
/// An M that has been in its goroutine's code this long is stuck: when its thread sleeps, and when it
/// computes.
const STUCK_SLEEPING: i64 = 1_000_000;
const STUCK_COMPUTING: i64 = 100_000_000;
const TAG: usize = 1;

/// A set of Ms, made when first needed. See the module.
pub struct Crew {
    /// Bytes of address space of a goroutine's stack, a power of two.
    stack_size: usize,
    /// Ms that run without being asked to help.
    width: AtomicU32,
    /// Ms, helpers included.
    most: u32,
    /// Called first on each new thread.
    on_thread: fn(),
    /// Called on one of its threads that has nothing to run, before it sleeps; with nothing locked.
    on_idle: fn(),
    state: AtomicPtr<State>,
}

/// What a crew has in the runtime of now.
pub(super) struct State {
    forks: u32,
    fresh: SharedList,
    helping: AtomicBool,
    /// Under the scheduler's lock, as all below.
    idle: UnsafeCell<Vec<*mut M>>,
    members: Cell<u32>,
    awake: Cell<u32>,
}

// SAFETY: see the fields.
unsafe impl Sync for State {}

impl Crew {
    /// A crew of `width` Ms with `most - width` helpers. `on_thread` is called first on each of its threads,
    /// `on_idle` before one of them sleeps: what a goroutine that has parked left to its thread, to save the
    /// next one the trouble, can be given up there.
    pub const fn new(stack_size: usize, width: u32, most: u32, on_thread: fn(), on_idle: fn()) -> Crew {
        assert!(stack_size.is_power_of_two() && width >= 1 && most >= width);
        let state = AtomicPtr::new(ptr::null_mut());
        Crew { stack_size, width: AtomicU32::new(width), most, on_thread, on_idle, state }
    }

    /// Let `width` Ms run from now on.
    pub fn set_width(&self, width: u32) {
        self.width.store(width.clamp(1, self.most), Relaxed);
    }

    pub(super) fn tag(&self) -> *mut M {
        ptr::from_ref(self).cast_mut().cast::<M>().map_addr(|a| a | TAG)
    }

    /// The crew's state in this runtime, made if need be; null: no memory.
    fn state(&'static self, rt: &Runtime) -> *const State {
        let known = self.state.load(Acquire);
        // SAFETY: a state lives as long as the runtime; one from before a fork is left alone.
        if !known.is_null() && unsafe { (*known).forks } == lifecycle::forks() {
            return known;
        }
        let mut s = rt.sched.lock();
        let again = self.state.load(Acquire);
        if again != known {
            return again;
        }
        let Some(made) = try_box(State {
            forks: lifecycle::forks(),
            fresh: SharedList::new(),
            helping: AtomicBool::new(false),
            idle: UnsafeCell::new(Vec::new()),
            members: Cell::new(0),
            awake: Cell::new(0),
        }) else {
            return ptr::null();
        };
        if s.crews.try_reserve(1).is_err() {
            // SAFETY: made just now, and known to nobody.
            drop(unsafe { Box::from_raw(made.as_ptr()) });
            return ptr::null();
        }
        s.crews.push(self);
        self.state.store(made.as_ptr(), Release);
        made.as_ptr()
    }

    /// The runtime ends: no M of it is left.
    pub(super) fn forget(&self) {
        let state = self.state.swap(ptr::null_mut(), AcqRel);
        if !state.is_null() {
            // SAFETY: made by `state` and reachable from nowhere else.
            drop(unsafe { Box::from_raw(state) });
        }
    }
}

/// The crew that `bound` of a goroutine names; `None`: it names an M, or nothing.
fn tagged(bound: *mut M) -> Option<&'static Crew> {
    // SAFETY: tagged pointers come from `Crew::tag` of a crew that is never freed.
    (bound.addr() & TAG != 0).then(|| unsafe { &*bound.map_addr(|a| a & !TAG).cast::<Crew>() })
}

/// Whether `bound` leads to a crew: it is one, or an M of one.
pub(super) unsafe fn leads_to_crew(bound: *mut M) -> bool {
    // SAFETY: an untagged one that is not null is an M, which lives as long as the runtime.
    !bound.is_null() && (bound.addr() & TAG != 0 || unsafe { (*bound).crew.get().is_some() })
}

/// Make sure that `crew` can take goroutines in this runtime.
pub(super) fn prepare(rt: &Runtime, crew: &'static Crew) -> crate::error::Result {
    if crew.state(rt).is_null() { Err(crate::error::Error::NO_MEMORY) } else { Ok(()) }
}

/// What an M of a crew does: see `schedule::m_main`.
pub(super) unsafe fn find_runnable(m: &M, crew: &'static Crew) -> Option<NonNull<G>> {
    // SAFETY: on the M's own thread, which has its P for good.
    unsafe {
        let (rt, p) = (&*m.rt, &*m.p());
        let state = &*crew.state(rt);
        loop {
            let g = next(rt, m, p, crew, state);
            if g.is_null() {
                if !sleep(rt, m, crew, state) {
                    return None;
                }
                continue;
            }
            let bound = (*g).bound.load(Acquire);
            if ptr::eq(bound, m) {
                return NonNull::new(g);
            }
            if ptr::eq(bound, crew.tag()) {
                (*g).bound.store(ptr::from_ref(m).cast_mut(), Release);
                return NonNull::new(g);
            }
            if leads_to_crew(bound) {
                deliver(rt, g);
            } else {
                rt.global.push(g);
                idle::wake_for_work(rt);
            }
        }
    }
}

/// Called first on the thread of a crew's M.
pub(super) fn begin(crew: &'static Crew) {
    (crew.on_thread)();
}

#[inline]
unsafe fn next(rt: &Runtime, m: &M, p: &P, crew: &'static Crew, state: &State) -> *mut G {
    if rt.watched.load(Relaxed) != 0 {
        trace::looks_around(m);
    }
    let tick = p.tick.get();
    if tick.is_multiple_of(TIMERS_EVERY) && p.timers.next() != NEVER {
        p.timers.run(clock::now(), &Caller::scheduler(ptr::from_ref(m).cast_mut()));
    }
    // SAFETY: on the M's own thread.
    unsafe {
        if m.inbox_len.load(Relaxed) != 0 {
            empty_inbox(rt, m, p);
        }
        if tick.is_multiple_of(FRESH_EVERY) && may_take(p, crew, state) {
            let g = take_fresh(p, state);
            if !g.is_null() {
                return g;
            }
        }
        let g = p.take();
        if g.is_null() { search(rt, m, p, crew, state) } else { g }
    }
}

/// Helpers take new goroutines only while they are asked to.
fn may_take(p: &P, crew: &Crew, state: &State) -> bool {
    p.id < crew.width.load(Relaxed) as usize || state.helping.load(Relaxed)
}

fn take_fresh(p: &P, state: &State) -> *mut G {
    // SAFETY: the P's owner calls this.
    unsafe { state.fresh.take_into(p.queue()) }
}

#[cold]
unsafe fn search(rt: &Runtime, m: &M, p: &P, crew: &'static Crew, state: &State) -> *mut G {
    let caller = Caller::scheduler(ptr::from_ref(m).cast_mut());
    if rt.next_timer() != NEVER {
        rt.run_all_timers(clock::now(), &caller);
    }
    rt.poll(&caller);
    let g = p.take();
    if !g.is_null() || !may_take(p, crew, state) {
        return g;
    }
    let g = take_fresh(p, state);
    if !g.is_null() {
        return g;
    }
    // One at a time: those that are bound to the other go to its inbox.
    for mate in rt.crew_ps().filter(|mate| is_of(mate, crew) && !ptr::eq(*mate, p)) {
        let mut g = mate.queue().pop();
        if g.is_null() {
            g = idle::take_stuck_next(mate);
        }
        if !g.is_null() {
            p.steals.add(1);
            // SAFETY: the thief owns what it took.
            trace::event(rt, p, trace::Event::Steal, unsafe { (*g).id });
            return g;
        }
    }
    ptr::null_mut()
}

fn is_of(p: &P, crew: &'static Crew) -> bool {
    p.crew.is_some_and(|c| ptr::eq(c, crew))
}

unsafe fn empty_inbox(rt: &Runtime, m: &M, p: &P) {
    let (mut taken, interrupts) = {
        let _lock = rt.sched.lock();
        m.inbox_len.store(0, Relaxed);
        // SAFETY: locked.
        unsafe { (m.inbox.get().replace(List::new()), core::mem::take(&mut *m.interrupts.get())) }
    };
    while !taken.is_empty() {
        p.put_tail(taken.pop());
    }
    if !interrupts.is_empty() {
        interrupt_own(rt, m, &interrupts);
    }
}

/// Interrupt waits of goroutines of `crew`.
pub(crate) fn interrupt(rt: &Runtime, crew: &'static Crew, id: u64) {
    for p in rt.crew_ps().filter(|p| is_of(p, crew)) {
        // SAFETY: Ms live as long as the runtime; the list is under the lock.
        unsafe {
            let Some(m) = p.m.load(Acquire).as_ref() else { continue };
            let mut s = rt.sched.lock();
            (*m.interrupts.get()).push(id);
            m.inbox_len.fetch_add(1, Relaxed);
            if m.asleep.get() {
                let was_poller = s.wake_up(rt, m);
                drop(s);
                idle::wake(rt, m, was_poller);
            }
        }
    }
}

/// Of the goroutines that wait here, end the waits of those named. None of them runs: this is their M.
fn interrupt_own(rt: &Runtime, m: &M, ids: &[u64]) {
    let live = rt.gs.lock().live();
    let found = live.into_iter().filter_map(|(id, g)| {
        // SAFETY: Gs live as long as the runtime; those bound to this M change by its doing only.
        let g = unsafe { &*g };
        let waits = ptr::eq(g.bound.load(Acquire), m) && g.status() == Status::Waiting;
        let named = ids.iter().any(|&wanted| wanted == crate::interrupt::ALL || wanted == id);
        (waits && named && !g.cold().waiting.get().is_null()).then(|| g.cold().waiting.get())
    });
    let caller = Caller::scheduler(ptr::from_ref(m).cast_mut());
    for completion in found {
        // SAFETY: it is on the stack of a goroutine that waits, and which only this M can let go on.
        unsafe {
            if (*completion).claim(INTERRUPTED) {
                Completion::finish(completion, &caller);
            }
        }
    }
}

/// Sleep until there is something for this M; false: the runtime stops.
unsafe fn sleep(rt: &Runtime, m: &M, crew: &'static Crew, state: &State) -> bool {
    (crew.on_idle)();
    // SAFETY: on the M's own thread; the lists are under the lock.
    unsafe {
        {
            let mut s = rt.sched.lock();
            if s.stopping {
                return false;
            }
            let waits = !state.fresh.is_empty() && may_take(&*m.p(), crew, state);
            if m.inbox_len.load(Relaxed) != 0 || waits {
                return true;
            }
            s.enlist_member(rt, m);
            (*state.idle.get()).push(ptr::from_ref(m).cast_mut());
            state.awake.set(state.awake.get() - 1);
        }
        deadlock::check_when_all_sleep(rt);
        idle::sleep(rt, m)
    }
}

/// Count an M of a crew as awake; by `Sched::delist`, under the lock.
pub(super) unsafe fn left_bed(m: &M, crew: &Crew) {
    // SAFETY: an M of a crew exists, so does the crew's state.
    unsafe {
        let state = &*crew.state.load(Relaxed);
        (*state.idle.get()).retain(|&other| !ptr::eq(other, m));
        state.awake.set(state.awake.get() + 1);
    }
}

/// Hand a runnable goroutine to where it belongs, from anywhere else.
pub(super) unsafe fn deliver(rt: &Runtime, g: *mut G) {
    // SAFETY: the caller owns `g`; Ms live as long as the runtime.
    unsafe {
        let bound = (*g).bound.load(Acquire);
        if let Some(crew) = tagged(bound) {
            // Spawning has made the state.
            let state = &*crew.state(rt);
            state.fresh.push(g);
            let s = rt.sched.lock();
            if own_sleeps(crew, state) || state.helping.load(Relaxed) && !(*state.idle.get()).is_empty() {
                wake_member(rt, s, crew, state);
            }
            return;
        }
        let m = &*bound;
        let mut s = rt.sched.lock();
        (*m.inbox.get()).push(g);
        m.inbox_len.fetch_add(1, Relaxed);
        if m.asleep.get() {
            let was_poller = s.wake_up(rt, m);
            drop(s);
            idle::wake(rt, m, was_poller);
        }
    }
}

/// Whether one of the Ms that take new goroutines at any time sleeps, or has yet to be made. Helpers do not
/// count: one that is awake may take nothing. Under the scheduler's lock.
unsafe fn own_sleeps(crew: &Crew, state: &State) -> bool {
    let width = crew.width.load(Relaxed);
    // SAFETY: under the lock; Ms live as long as the runtime, and those of a crew keep their P.
    state.members.get() < width || unsafe { (*state.idle.get()).iter().any(|&m| (*(*m).p()).id < width as usize) }
}

/// Let one more M of the crew run: the first that sleeps, else a new one.
unsafe fn wake_member(rt: &Runtime, mut s: crate::lock::SpinGuard<Sched>, crew: &'static Crew, state: &State) {
    // SAFETY: under the lock; Ps and Ms live as long as the runtime.
    unsafe {
        if s.stopping {
            return;
        }
        let first = (*state.idle.get()).iter().copied().min_by_key(|&m| (*(*m).p()).id);
        if let Some(m) = first {
            let was_poller = s.wake_up(rt, &*m);
            drop(s);
            idle::wake(rt, &*m, was_poller);
            return;
        }
        let members = state.members.get();
        let n = rt.n_crew_ps.load(Relaxed);
        if members >= crew.most || n == MAX_MEMBERS {
            return;
        }
        // Room to list all members as idle.
        let idle = &mut *state.idle.get();
        if idle.try_reserve(members as usize + 1 - idle.len()).is_err() {
            return;
        }
        let Some(p) = P::of_crew(members as usize, crew, crew.stack_size).and_then(try_box) else { return };
        rt.crew_ps[n].store(p.as_ptr(), Relaxed);
        rt.n_crew_ps.store(n + 1, Release);
        state.members.set(members + 1);
        state.awake.set(state.awake.get() + 1);
        drop(s);
        if let Err(errno) = idle::start_m(rt, p.as_ptr(), false, Some(crew)) {
            // The P stays, without an M: sysmon tries again, with another.
            let mut s = rt.sched.lock();
            s.no_thread = errno;
            state.members.set(state.members.get() - 1);
            state.awake.set(state.awake.get() - 1);
        }
    }
}

/// Work was put where only mates could take it; by a goroutine of the crew.
#[cold]
pub(super) fn displaced(crew: &'static Crew, p: &P) {
    if crew.width.load(Relaxed) <= 1 {
        return;
    }
    // SAFETY: the P's M runs this.
    unsafe {
        let rt = &*(*p.m.load(Relaxed)).rt;
        let state = &*crew.state(rt);
        let s = rt.sched.lock();
        if own_sleeps(crew, state) {
            wake_member(rt, s, crew, state);
        }
    }
}

/// What sysmon remembers of an M of a crew.
#[derive(Clone, Copy, Default)]
pub(super) struct Seen {
    tick: u64,
    since: i64,
    next: usize,
}

/// Sysmon's look at the crews.
pub(super) fn watch(rt: &Runtime, now: i64, seen: &mut Vec<Seen>) {
    if rt.n_crew_ps.load(Relaxed) == 0 && rt.sched.lock().crews.is_empty() {
        return;
    }
    let n = rt.n_crew_ps.load(Acquire);
    if seen.try_reserve(n.saturating_sub(seen.len())).is_err() {
        return;
    }
    seen.resize(n, Seen::default());
    for i in 0.. {
        // They stay in the list while sysmon runs.
        let Some(crew) = rt.sched.lock().crews.get(i).copied() else { return };
        // SAFETY: crews in the list have their state.
        let state = unsafe { &*crew.state(rt) };
        let (mut stuck, mut stuck_own, mut waiting, mut contends) = (0, 0, !state.fresh.is_empty(), false);
        let width = crew.width.load(Relaxed) as usize;
        for (p, seen) in rt.crew_ps().zip(seen.iter_mut()).filter(|(p, _)| is_of(p, crew)) {
            // SAFETY: Ms live as long as the runtime.
            let Some(m) = (unsafe { p.m.load(Acquire).as_ref() }) else { continue };
            if is_stuck(m, p, now, seen) {
                contends |= m.contends.load(Relaxed);
                stuck += 1;
                stuck_own += u32::from(p.id < width);
                waiting |= !p.is_empty();
            }
        }
        let s = rt.sched.lock();
        let asleep_own = rt.crew_ps().filter(|p| is_of(p, crew) && p.id < width && is_asleep(p)).count() as u32;
        let own = state.members.get().min(width as u32);
        state.helping.store(own > 0 && stuck_own + asleep_own >= own && stuck_own > 0, Relaxed);
        let all_stuck = stuck >= state.awake.get();
        if waiting && all_stuck && !contends {
            // SAFETY: under the lock.
            unsafe { wake_member(rt, s, crew, state) };
        }
    }
}

/// Under the scheduler's lock.
fn is_asleep(p: &P) -> bool {
    // SAFETY: Ms live as long as the runtime.
    unsafe { p.m.load(Relaxed).as_ref() }.is_some_and(|m| m.asleep.get())
}

/// Whether `m` has been in its goroutine's own code for too long.
fn is_stuck(m: &M, p: &P, now: i64, seen: &mut Seen) -> bool {
    let tick = p.tick.get();
    let outside = !m.boundary.is_inside();
    if tick != seen.tick || !outside || m.running.load(Relaxed) == 0 {
        *seen = Seen { tick, since: now, next: 0 };
        return false;
    }
    let for_long = now - seen.since;
    if for_long < STUCK_SLEEPING {
        return false;
    }
    let next = p.peek_next().addr();
    if next != 0 && next == seen.next {
        p.next_is_stuck.store(true, Relaxed);
    }
    seen.next = next;
    // SAFETY: a thread that was started is joined only after sysmon has ended.
    for_long >= STUCK_COMPUTING || unsafe { m.thread.get().as_ref() }.is_some_and(|thread| thread::sleeps(thread.tid()))
}

impl Runtime {
    /// Whether goroutines of crews have yet to be taken for the first time.
    pub(super) fn has_fresh_work(&self, s: &Sched) -> bool {
        // SAFETY: crews in the list have their state.
        s.crews.iter().any(|crew| unsafe { !(*crew.state.load(Acquire)).fresh.is_empty() })
    }

    /// The Ps of all crews.
    pub(crate) fn crew_ps(&self) -> impl Iterator<Item = &P> {
        // SAFETY: as in `ps`.
        self.crew_ps[..self.n_crew_ps.load(Acquire)].iter().map(|p| unsafe { &*p.load(Relaxed) })
    }

    /// Every P there is.
    pub(crate) fn all_ps(&self) -> impl Iterator<Item = &P> {
        self.ps().chain(self.crew_ps())
    }
}

/// Where the Ps of crews are kept.
pub(super) type MemberPs = [AtomicPtr<P>; MAX_MEMBERS];
pub(super) const fn no_members() -> (MemberPs, AtomicUsize) {
    ([const { AtomicPtr::new(ptr::null_mut()) }; MAX_MEMBERS], AtomicUsize::new(0))
}

/// The running goroutine's thread waits for a lock that its whole crew needs: helpers would only
/// wait for it too.
#[inline]
pub fn set_contends(contends: bool) {
    // SAFETY: the calling thread's M lives as long as the thread.
    if let Some(m) = unsafe { super::current::m().as_ref() } {
        m.contends.store(contends, Relaxed);
    }
}
