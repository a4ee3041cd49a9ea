//! Ms going to sleep and being woken, Ps changing hands. All of it under the scheduler's lock.
//!
//! An M sleeps on a word of its own. Who wakes it has put what it shall run with into `next_p` (and
//! maybe `next_g`), and has counted it as awake, under the lock; so what the lock shows is always
//! what will be. Of the idle Ms one is the *poller*: it sleeps only until the next timer is due, and
//! in the poller of descriptors once there are any. Ms are woken last in, first out; the poller last.

use super::crew::{self, Crew};
use super::g::G;
use super::m::M;
use super::p::P;
use super::{Runtime, Sched, deadlock, schedule};
use crate::alloc::try_box;
use crate::lock::SpinGuard;
use crate::sys::thread::{self, Blocks};
use crate::sys::{barrier, clock, futex};
use crate::time::heap::NEVER;
use crate::trace;
use core::ptr;
use std::sync::atomic::{Ordering::*, fence};

/// What an M's word says: it sleeps, it was woken, or (the poller only) it shall look again at what
/// it sleeps for.
const ASLEEP: u32 = 0;
const WOKEN: u32 = 1;
const NUDGED: u32 = 2;

/// How long a new poller waits at a time for the one before it, which is on its way out of epoll.
const UNTIL_LAST_POLLER_LEAVES: i64 = 50_000;

/// An M was woken in vain that sleeps again after no more than this, and this for each goroutine it has
/// run meanwhile: about what a wake-up costs, and what makes a goroutine worth moving. Of many goroutines
/// most came along with others; so then it goes by how often it had to steal. Goroutines that hand something
/// to each other, stolen one by one, make each of them slower.
const WAKE_UP: i64 = 10_000;
const SHORT_RUN: i64 = 2_000;
const MANY_RUNS: u64 = 50;
const WORTH_A_THEFT: i64 = 5_000;
const MOST_RELUCTANT: u32 = 1023;

type Locked<'a> = SpinGuard<'a, Sched>;

impl Sched {
    pub(super) fn take_p(&mut self, rt: &Runtime) -> *mut P {
        let p = self.idle_ps.pop().unwrap_or(ptr::null_mut());
        if !p.is_null() {
            rt.idle_ps.store(self.idle_ps.len() as u32, SeqCst);
        }
        p
    }

    /// Keep a P that nobody holds, unless it is retired.
    fn put_p(&mut self, rt: &Runtime, p: *mut P) {
        // SAFETY: Ps live as long as the runtime; nobody else holds it.
        unsafe {
            (*p).m.store(ptr::null_mut(), Release);
            if (*p).id < rt.procs.load(Relaxed) as usize {
                self.idle_ps.push(p);
                rt.idle_ps.store(self.idle_ps.len() as u32, SeqCst);
            } else {
                (*p).retired.set(true);
            }
        }
    }

    /// Count `m` as asleep; `free`: for anybody to wake.
    unsafe fn enlist(&mut self, rt: &Runtime, m: &M, free: bool) {
        m.word.store(ASLEEP, Relaxed);
        m.asleep.set(true);
        m.running.store(0, Relaxed);
        self.sleeping += 1;
        if free {
            self.idle_ms.push(ptr::from_ref(m).cast_mut());
            self.choose_poller(rt, m);
        }
    }

    /// Count an M of a crew as asleep: it keeps its P, and nobody gives it another.
    pub(super) unsafe fn enlist_member(&mut self, rt: &Runtime, m: &M) {
        // SAFETY: as in `enlist`.
        unsafe { self.enlist(rt, m, false) };
        self.choose_poller(rt, m);
    }

    /// Count `m`, which sleeps, as awake; true when it was the poller.
    pub(super) unsafe fn wake_up(&mut self, rt: &Runtime, m: &M) -> bool {
        let was_poller = ptr::eq(self.poller, m);
        // SAFETY: by contract.
        unsafe { self.delist(rt, m, ptr::null_mut(), ptr::null_mut()) };
        was_poller
    }

    /// Let `m`, which is in the lists, be the poller if one is needed; tell the one there is, unless it would
    /// hear of what there is to wait for.
    fn choose_poller(&mut self, rt: &Runtime, m: &M) {
        let next = rt.next_timer();
        if next == NEVER && !rt.polls() {
            return;
        }
        // SAFETY: Ms live as long as the runtime.
        match unsafe { self.poller.as_ref() } {
            None => {
                rt.poll_until.store(next, SeqCst);
                self.poller = ptr::from_ref(m).cast_mut();
                if let Some(i) = self.idle_ms.iter().position(|&i| ptr::eq(i, m)) {
                    self.idle_ms.swap(0, i);
                }
            }
            Some(poller) if next < rt.poll_until.load(Relaxed) || rt.polls() && !rt.is_polling(poller) => {
                rt.poll_until.store(next.min(rt.poll_until.load(Relaxed)), SeqCst);
                // SAFETY: as above.
                unsafe { nudge(rt, poller) };
            }
            Some(_) => {}
        }
    }

    /// Count `m` as awake, with what it is to run; the caller wakes it after unlocking.
    unsafe fn delist(&mut self, rt: &Runtime, m: &M, p: *mut P, g: *mut G) {
        debug_assert!(m.asleep.get());
        if let Some(i) = self.idle_ms.iter().rposition(|&i| ptr::eq(i, m)) {
            self.idle_ms.remove(i);
        }
        if ptr::eq(self.poller, m) {
            self.poller = ptr::null_mut();
            rt.poll_until.store(NEVER, Relaxed);
        }
        if let Some(crew) = m.crew.get() {
            // SAFETY: under the lock.
            unsafe { crew::left_bed(m, crew) };
        }
        m.asleep.set(false);
        self.sleeping -= 1;
        m.next_p.set(p);
        m.next_g.set(g);
        rt.sysmon.wake();
    }
}

/// End the sleep of an M that was taken from the lists.
pub(super) unsafe fn wake(rt: &Runtime, m: &M, was_poller: bool) {
    m.word.store(WOKEN, SeqCst);
    if was_poller && rt.interrupt_poll(m) {
        return;
    }
    futex::wake(&m.word);
}

/// Wake an M to find that the runtime stops.
pub(super) unsafe fn wake_to_stop(rt: &Runtime, m: &M) {
    let was_poller = {
        let mut s = rt.sched.lock();
        let was_poller = ptr::eq(s.poller, m);
        if m.asleep.get() {
            // SAFETY: Ms live until they are joined.
            unsafe { s.delist(rt, m, ptr::null_mut(), ptr::null_mut()) };
        }
        was_poller
    };
    // SAFETY: as above.
    unsafe { wake(rt, m, was_poller) };
}

/// Make the poller look at its deadline again.
unsafe fn nudge(rt: &Runtime, poller: &M) {
    // Not over a wake-up, which may have come meanwhile.
    if poller.word.compare_exchange(ASLEEP, NUDGED, SeqCst, SeqCst).is_ok() && !rt.interrupt_poll(poller) {
        futex::wake(&poller.word);
    }
}

/// Take the P that was handed over with the wake-up. On the M's own thread.
pub(super) unsafe fn adopt(m: &M) {
    let p = m.next_p.replace(ptr::null_mut());
    if !p.is_null() {
        // SAFETY: the P was handed to this M alone.
        unsafe { hold(m, p) };
    }
}

unsafe fn hold(m: &M, p: *mut P) {
    // SAFETY: the caller gives a P nobody holds.
    unsafe { (*p).m.store(ptr::from_ref(m).cast_mut(), Release) };
    m.p.store(p, Release);
    m.blocked.store(false, Relaxed);
}

/// Sleep until woken, with a P or because the runtime stops (false). The M is in the lists.
pub(super) unsafe fn sleep(rt: &Runtime, m: &M) -> bool {
    // SAFETY: on the M's own thread.
    unsafe {
        loop {
            loop {
                match m.word.load(SeqCst) {
                    WOKEN => break,
                    NUDGED => drop(m.word.compare_exchange(NUDGED, ASLEEP, SeqCst, SeqCst)),
                    _ => {}
                }
                if !ptr::eq(rt.sched.lock().poller, m) {
                    futex::wait(&m.word, ASLEEP, futex::FOREVER);
                    continue;
                }
                if rt.polls() {
                    let word = &m.word;
                    // What was woken went to the global queue: it wakes Ms, this one perhaps.
                    if !rt.poll_in_idle(m, || (word.load(SeqCst) == ASLEEP).then(|| rt.poll_until.load(SeqCst))) {
                        futex::wait(word, ASLEEP, clock::now() + UNTIL_LAST_POLLER_LEAVES);
                    }
                } else {
                    futex::wait(&m.word, ASLEEP, rt.poll_until.load(SeqCst));
                }
                if rt.poll_until.load(SeqCst) <= clock::now() && m.word.load(Acquire) == ASLEEP {
                    poller_wakes(rt, m);
                }
            }
            adopt(m);
            if !m.p().is_null() {
                let now = clock::now();
                rt.coarse_now.store(now, Relaxed);
                if m.spinning.get() {
                    m.woken_at.set(now);
                    m.woken_tick.set((*m.p()).tick.get());
                    m.woken_steals.set((*m.p()).steals.get());
                }
                return true;
            }
            let mut s = rt.sched.lock();
            if s.stopping {
                return false;
            }
            s.enlist(rt, m, true);
        }
    }
}

/// The poller has something to do. Unless it has a P, it takes an idle one; if all Ps are busy, they and
/// sysmon see to the timers.
unsafe fn poller_wakes(rt: &Runtime, m: &M) {
    let mut s = rt.sched.lock();
    if !m.asleep.get() {
        return; // woken meanwhile
    }
    let p = if m.crew.get().is_none() { s.take_p(rt) } else { ptr::null_mut() };
    // SAFETY: on the M's own thread; it is in the lists.
    unsafe {
        if p.is_null() && m.crew.get().is_none() {
            s.poller = ptr::null_mut();
            rt.poll_until.store(NEVER, Relaxed);
            rt.sysmon.wake();
        } else {
            s.delist(rt, m, p, ptr::null_mut());
            m.word.store(WOKEN, Relaxed);
        }
    }
}

/// There is nothing to do: give the P away and sleep. True: with a P again; false: the runtime stops.
pub(super) unsafe fn release_p_and_sleep(rt: &Runtime, m: &M) -> bool {
    judge_wake_up(rt, m);
    let was_spinning = m.spinning.replace(false);
    // SAFETY: on the M's own thread, which holds a P.
    unsafe {
        {
            let mut s = rt.sched.lock();
            if s.stopping {
                return false;
            }
            if !rt.global.is_empty() || m.inbox_len.load(Relaxed) != 0 {
                m.spinning.set(was_spinning);
                return true;
            }
            let p = m.p.swap(ptr::null_mut(), Relaxed);
            s.put_p(rt, p);
            s.enlist(rt, m, true);
        }
        // The end of spinning; see the module `sched` for its other half. An M that did not spin must
        // look once more too: a thread without a P may have seen no idle P a moment ago.
        if was_spinning {
            rt.spinning.fetch_sub(1, SeqCst);
            barrier::heavy();
        } else {
            fence(SeqCst);
        }
        // Was it woken in vain, what a P has queued is left to that P. Should it not get to it, sysmon wakes somebody.
        if !rt.global.is_empty() || rt.reluctance.load(Relaxed) == 0 && rt.has_queued_work() {
            let mut s = rt.sched.lock();
            let p = if m.asleep.get() { s.take_p(rt) } else { ptr::null_mut() };
            if !p.is_null() {
                s.delist(rt, m, p, ptr::null_mut());
                drop(s);
                adopt(m);
                return true;
            }
        }
        deadlock::check_when_all_sleep(rt);
        sleep(rt, m)
    }
}

/// Sleep without having a P.
pub(super) unsafe fn sleep_without_p(rt: &Runtime, m: &M) -> bool {
    // SAFETY: on the M's own thread.
    unsafe {
        if m.spinning.get() {
            stop_spinning(rt, m);
        }
        let requeued = {
            let mut s = rt.sched.lock();
            if s.stopping {
                return false;
            }
            let requeued = requeue_inbox(rt, m);
            // Somebody waits for a P, which may be idle since.
            if !rt.global.is_empty() {
                let p = s.take_p(rt);
                if !p.is_null() {
                    hold(m, p);
                    return true;
                }
            }
            s.enlist(rt, m, m.locked_g.get().is_null());
            requeued
        };
        if requeued {
            wake_for_work(rt);
        }
        deadlock::check_when_all_sleep(rt);
        sleep(rt, m)
    }
}

/// The goroutine this M is locked to waits: give the P away and sleep until it is ready.
pub(super) unsafe fn sleep_for_locked(rt: &Runtime, m: &M) -> bool {
    // SAFETY: on the M's own thread, which holds a P.
    unsafe {
        let g = (*m.p()).take_if(m.locked_g.get());
        if g {
            m.next_g.set(m.locked_g.get());
            return true;
        }
        if m.spinning.get() {
            stop_spinning(rt, m);
        }
        let p;
        {
            let mut s = rt.sched.lock();
            if s.stopping {
                return false;
            }
            if m.inbox_len.load(Relaxed) != 0 {
                m.next_g.set(pop_inbox(m));
                return true;
            }
            p = m.p.swap(ptr::null_mut(), Relaxed);
            s.enlist(rt, m, false);
        }
        hand_off(rt, p);
        deadlock::check_when_all_sleep(rt);
        sleep(rt, m)
    }
}

/// `g` may run on `target` only: hand it over, with our P if it sleeps.
pub(super) unsafe fn hand_to(rt: &Runtime, m: &M, target: &M, g: *mut G) {
    // SAFETY: we own `g` and our P.
    unsafe {
        if m.spinning.get() {
            stop_spinning(rt, m);
        }
        let mut s = rt.sched.lock();
        if !target.asleep.get() {
            (*target.inbox.get()).push(g);
            target.inbox_len.fetch_add(1, Relaxed);
            return;
        }
        let p = m.p.swap(ptr::null_mut(), Relaxed);
        let was_poller = ptr::eq(s.poller, target);
        s.delist(rt, target, p, g);
        drop(s);
        wake(rt, target, was_poller);
    }
}

unsafe fn pop_inbox(m: &M) -> *mut G {
    // SAFETY: under the scheduler's lock.
    let g = unsafe { (*m.inbox.get()).pop() };
    if !g.is_null() {
        m.inbox_len.fetch_sub(1, Relaxed);
    }
    g
}

pub(super) unsafe fn take_from_inbox(rt: &Runtime, m: &M) -> *mut G {
    let _lock = rt.sched.lock();
    // SAFETY: locked.
    unsafe { pop_inbox(m) }
}

/// Let whoever comes upon them hand them over again, with a P. Under the scheduler's lock.
unsafe fn requeue_inbox(rt: &Runtime, m: &M) -> bool {
    let mut any = false;
    loop {
        // SAFETY: locked.
        let g = unsafe { pop_inbox(m) };
        if g.is_null() {
            return any;
        }
        // SAFETY: it was in the inbox, and nowhere else.
        unsafe { rt.global.push(g) };
        any = true;
    }
}

/// Put all that waits at `p` into the global queue. By its owner.
fn empty(rt: &Runtime, p: &P) {
    loop {
        let g = p.take();
        if g.is_null() {
            return;
        }
        // SAFETY: just taken.
        unsafe { rt.global.push(g) };
    }
}

/// The M's P is one too many: leave its work to the others.
pub(super) unsafe fn retire_p(rt: &Runtime, m: &M) {
    // SAFETY: the M holds it.
    unsafe {
        let p = &*m.p();
        empty(rt, p);
        m.p.store(ptr::null_mut(), Relaxed);
        rt.sched.lock().put_p(rt, ptr::from_ref(p).cast_mut());
    }
    wake_for_work(rt);
}

/// A goroutine that lost its P is back in the library: take an idle one at once.
pub(super) unsafe fn take_idle_p(rt: &Runtime, m: &M) -> bool {
    if rt.idle_ps.load(Relaxed) == 0 {
        return false;
    }
    let p = rt.sched.lock().take_p(rt);
    if p.is_null() {
        return false;
    }
    // SAFETY: the P was idle and is ours now.
    unsafe { hold(m, p) };
    true
}

/// The goroutine on `m` is going to block outside the library.
pub(crate) unsafe fn give_up_p(rt: &Runtime, m: &M) {
    let p = m.p.swap(ptr::null_mut(), Relaxed);
    m.blocked.store(true, Relaxed);
    // SAFETY: the M held it; the caller is inside the boundary.
    unsafe {
        trace::event(rt, &*p, trace::Event::HandOff, m.running.load(Relaxed));
        hand_off(rt, p);
    }
}

/// Nobody holds `p` any more: find it an M if there is work for one.
pub(super) unsafe fn hand_off(rt: &Runtime, p: *mut P) {
    // SAFETY: the caller owns the P.
    unsafe {
        let retired = (*p).id >= rt.procs.load(Relaxed) as usize;
        if retired {
            empty(rt, &*p);
        }
        let mut s = rt.sched.lock();
        let work = !(*p).is_empty() || !rt.global.is_empty() || (*p).timers.next() <= clock::now();
        if retired || !work || s.stopping {
            s.put_p(rt, p);
            drop(s);
            wake_for_work(rt);
            return;
        }
        (*p).m.store(ptr::null_mut(), Release);
        rt.handoffs.fetch_add(1, Relaxed);
        run_p(rt, s, p, false);
    }
}

/// Work was put where others can take it: wake an M if that helps.
#[inline]
pub(crate) fn wake_for_work(rt: &Runtime) {
    barrier::light();
    if rt.idle_ps.load(Relaxed) != 0 && rt.spinning.load(Relaxed) == 0 {
        wake_one(rt);
    }
}

/// Queue what another goroutine has displaced from the runnext of `p`, whose owner calls this; and wake
/// an M for it, as [`wake_for_work`], or let the occasion pass.
#[inline(never)]
pub(super) fn queue_displaced(rt: &Runtime, p: &P, g: *mut G) {
    p.put_displaced(g);
    if let Some(crew) = p.crew {
        return crew::displaced(crew, p);
    }
    barrier::light();
    if rt.idle_ps.load(Relaxed) != 0 && rt.spinning.load(Relaxed) == 0 {
        let passed = p.let_pass.get();
        if passed < rt.reluctance.load(Relaxed) {
            p.let_pass.set(passed + 1);
        } else {
            p.let_pass.set(0);
            wake_one(rt);
        }
    }
}

/// An M that was woken for work has nothing to do any more. On its own thread, with its P.
fn judge_wake_up(rt: &Runtime, m: &M) {
    let woken_at = m.woken_at.replace(0);
    if woken_at != 0 {
        // SAFETY: the M's own P.
        let p = unsafe { &*m.p() };
        let runs = p.tick.get().wrapping_sub(m.woken_tick.get()).min(MANY_RUNS);
        let steals = p.steals.get().wrapping_sub(m.woken_steals.get());
        let worth = (SHORT_RUN * runs as i64).max(WORTH_A_THEFT.saturating_mul(steals as i64));
        let was_futile = clock::now() - woken_at < WAKE_UP.saturating_add(worth);
        let more = (2 * rt.reluctance.load(Relaxed) + 1).min(MOST_RELUCTANT);
        rt.reluctance.store(if was_futile { more } else { 0 }, Relaxed);
    }
}

/// Wake an M that looks for work, unless one does already.
#[cold]
#[inline(never)]
pub(super) fn wake_one(rt: &Runtime) {
    if rt.spinning.compare_exchange(0, 1, SeqCst, Relaxed).is_err() {
        return;
    }
    let mut s = rt.sched.lock();
    let p = if s.stopping { ptr::null_mut() } else { s.take_p(rt) };
    if p.is_null() {
        rt.spinning.fetch_sub(1, SeqCst);
        return;
    }
    // SAFETY: the P was idle and is ours.
    unsafe { run_p(rt, s, p, true) };
}

/// Find an M for `p`: an idle one, else a new one.
unsafe fn run_p(rt: &Runtime, mut s: Locked, p: *mut P, spinning: bool) {
    // SAFETY: the caller owns the P; Ms live as long as the runtime.
    unsafe {
        if let Some(&m) = s.idle_ms.last() {
            let m = &*m;
            let was_poller = ptr::eq(s.poller, m);
            s.delist(rt, m, p, ptr::null_mut());
            m.spinning.set(spinning);
            drop(s);
            wake(rt, m, was_poller);
            return;
        }
        drop(s);
        if let Err(errno) = start_m(rt, p, spinning, None) {
            // A runnext of an idle P would be seen by nobody. Sysmon tries again for as long as work waits.
            empty(rt, &*p);
            let mut s = rt.sched.lock();
            rt.sysmon.wake();
            s.no_thread = errno;
            s.put_p(rt, p);
            if spinning {
                rt.spinning.fetch_sub(1, SeqCst);
            }
        }
    }
}

/// Make an M and its thread.
pub(super) unsafe fn start_m(rt: &Runtime, p: *mut P, spinning: bool, crew: Option<&'static Crew>) -> Result<(), i32> {
    // SAFETY: the M is freed with the runtime, after its thread was joined.
    unsafe {
        let m = {
            let mut s = rt.sched.lock();
            if s.stopping {
                return Err(libc::EAGAIN);
            }
            // One thread is sysmon's.
            if rt.limits.threads != 0 && s.all_ms.len() + 1 >= rt.limits.threads {
                return Err(libc::EAGAIN);
            }
            let id = s.all_ms.len() as u64;
            // Room to list it, and to list all of them as idle.
            let Sched { all_ms, idle_ms, .. } = &mut *s;
            let room = all_ms.try_reserve(1).is_ok() && idle_ms.try_reserve(all_ms.len() + 1).is_ok();
            let Some(m) = room.then(|| try_box(M::new(rt, id))).flatten() else { return Err(libc::ENOMEM) };
            s.all_ms.push(m.as_ptr());
            m.as_ptr()
        };
        (*m).next_p.set(p);
        (*m).spinning.set(spinning);
        (*m).crew.set(crew);
        rt.sysmon.wake();
        // The lock keeps shutdown from joining a thread whose handle is not there yet.
        let _starting = rt.starting.lock();
        match thread::start(schedule::m_main, m.cast(), Blocks::AsTheProgram(&rt.signal_mask)) {
            Ok(t) => {
                (*m).thread.set(t);
                Ok(())
            }
            Err(errno) => {
                rt.sched.lock().all_ms.retain(|&other| other != m);
                drop(Box::from_raw(m));
                Err(errno)
            }
        }
    }
}

/// Whether `m` may look for work at the others' expense: at most half as many Ms as are busy.
pub(super) unsafe fn may_spin(rt: &Runtime, m: &M) -> bool {
    if m.spinning.get() {
        return true;
    }
    let busy = (rt.procs.load(Relaxed) as u32).saturating_sub(rt.idle_ps.load(Relaxed));
    if 2 * rt.spinning.load(Relaxed) < busy {
        m.spinning.set(true);
        rt.spinning.fetch_add(1, SeqCst);
    }
    m.spinning.get()
}

/// A spinning M has found something to run: if it was the last that looked, another shall look on,
/// for there may be more. What is submitted at this very moment and not seen here is run by the P it
/// was queued at, by this M when it is done, or by whom sysmon wakes for it.
#[cold]
pub(super) unsafe fn stop_spinning(rt: &Runtime, m: &M) {
    m.spinning.set(false);
    if rt.spinning.fetch_sub(1, SeqCst) == 1 && rt.has_queued_work() {
        wake_for_work(rt);
    }
}

/// Take a runnext that sysmon found waiting for too long behind a goroutine that does not come back.
pub(super) fn take_stuck_next(victim: &P) -> *mut G {
    if !victim.next_is_stuck.swap(false, Relaxed) {
        return ptr::null_mut();
    }
    // SAFETY: Ms live as long as the runtime.
    let Some(m) = (unsafe { victim.m.load(Acquire).as_ref() }) else { return ptr::null_mut() };
    m.boundary
        .claim(|| if ptr::eq(m.p.load(Relaxed), victim) { victim.take_next() } else { ptr::null_mut() })
        .unwrap_or(ptr::null_mut())
}

impl Runtime {
    /// Work that any M can take.
    pub(crate) fn has_queued_work(&self) -> bool {
        !self.global.is_empty() || self.ps().any(|p| p.has_stealable())
    }

    /// A thread without a P has armed a timer, or is going to wait for a descriptor: somebody must see to it.
    pub(crate) fn watch_for_outside(&self) {
        let mut s = self.sched.lock();
        if s.poller.is_null() {
            // Under the lock: who goes to sleep after this sees what was armed, and who has gone before
            // is here. To wake one as for work would not do: an M that still counts as spinning, but has
            // looked already, would be taken for the one that finds it.
            s.poller = s.idle_ms.first().copied().unwrap_or(ptr::null_mut());
        }
        // SAFETY: Ms live as long as the runtime.
        match unsafe { s.poller.as_ref() } {
            Some(poller) => s.choose_poller(self, poller),
            // All Ms are awake. They, and sysmon, see to it.
            None => {
                drop(s);
                self.sysmon.wake();
            }
        }
    }
}
