//! Sysmon: a thread without a P that watches those with one.
//!
//! Every round it takes the P from goroutines that have kept it too long outside the library,
//! points thieves at goroutines stuck in a runnext, sees that due timers and descriptors find an M,
//! heals a wake-up for which there was no thread, and gives memory of unused stacks back. It also writes
//! what GORTDEBUG asks for. While all Ms sleep it sleeps too.

use super::caller::Caller;
use super::g::G;
use super::p::P;
use super::{Runtime, crew, current, idle};
use crate::runtime::dump;
use crate::runtime::schedtrace::Trace;
use crate::sys::thread::{self, Blocks, Thread};
use crate::sys::{clock, futex};
use crate::trace;
use core::cell::Cell;
use core::ffi::c_void;
use core::ptr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::*};

/// Between rounds, while some P is idle and could help, and while all are busy.
const PERIOD_IDLE: i64 = 1_000_000;
const PERIOD_BUSY: i64 = 5_000_000;
const PERIOD_LEAST: i64 = 100_000;
/// All Ms must have been asleep in so many rounds before it goes to sleep too: else the first of them to
/// wake would each time have to wake it.
const QUIET_ROUNDS: u32 = 10;
/// A goroutine may keep its P this long when others wait for one.
const SLICE: i64 = 10_000_000;
/// Descriptors are polled by somebody at least this often.
const POLL_EVERY: i64 = 10_000_000;
/// Memory of unused stacks goes back this often, so many at a time.
const TRIM_EVERY: i64 = 500_000_000;
const TRIM_STACKS: usize = 512;

pub(crate) struct Sysmon {
    /// 1: it sleeps until woken.
    parked: AtomicU32,
    stop: AtomicBool,
    /// A signal has asked for a dump.
    dump: AtomicBool,
    thread: Cell<Thread>,
}

// SAFETY: `thread` is written at start, under the lifecycle's lock, and read at the end under it.
unsafe impl Sync for Sysmon {}

/// What was seen of a P in the round before.
#[derive(Clone, Copy)]
struct Seen {
    tick: u64,
    since: i64,
    next: *mut G,
}

impl Sysmon {
    pub(super) fn new() -> Sysmon {
        Sysmon {
            parked: AtomicU32::new(0),
            stop: AtomicBool::new(false),
            dump: AtomicBool::new(false),
            thread: Cell::new(ptr::null_mut()),
        }
    }

    /// An M is going to run. Under the scheduler's lock, or before it could be missed.
    #[inline]
    pub(crate) fn wake(&self) {
        if self.parked.load(Relaxed) != 0 {
            self.unpark();
        }
    }

    /// Dump all goroutines to stderr. From a signal handler.
    pub(super) fn ask_for_dump(&self) {
        self.dump.store(true, SeqCst);
        self.unpark();
    }

    #[cold]
    fn unpark(&self) {
        if self.parked.swap(0, AcqRel) != 0 {
            futex::wake(&self.parked);
        }
    }

    pub(super) unsafe fn start(rt: *const Runtime) -> Result<(), i32> {
        // SAFETY: the runtime lives until the thread is joined.
        unsafe {
            (*rt).sysmon.thread.set(thread::start(main, rt.cast_mut().cast(), Blocks::All)?);
        }
        Ok(())
    }

    pub(super) fn stop_and_join(&self) {
        self.stop.store(true, SeqCst);
        self.parked.store(0, SeqCst);
        futex::wake(&self.parked);
        let thread = self.thread.replace(ptr::null_mut());
        if !thread.is_null() {
            // SAFETY: started with the runtime, joined once.
            unsafe { thread::join(thread) };
        }
    }
}

extern "C" fn main(rt: *mut c_void) -> *mut c_void {
    // SAFETY: see `start`.
    let rt = unsafe { &*rt.cast::<Runtime>() };
    thread::set_name(c"gort-sysmon");
    thread::set_timer_slack();
    let (mut seen, mut seen_of_crews) = (Vec::new(), Vec::new());
    let mut last_trim = clock::now();
    let mut quiet = 0;
    let mut lines = Trace::new(last_trim, rt.debug.schedtrace);
    while !rt.sysmon.stop.load(SeqCst) {
        let now = clock::now();
        rt.coarse_now.store(now, Relaxed);
        watch_ps(rt, now, &mut seen);
        crew::watch(rt, now, &mut seen_of_crews);
        help_waiting_work(rt, now);
        if now - last_trim >= TRIM_EVERY {
            last_trim = now;
            rt.stacks.trim(TRIM_STACKS);
        }
        lines.tick(rt, now);
        if rt.sysmon.dump.swap(false, SeqCst) {
            dump::on_signal(rt);
        }
        let next_drain = trace::tick(rt, now);
        pause(rt, now, lines.next().min(next_drain), &mut quiet);
    }
    ptr::null_mut()
}

/// Sleep until the next round, which is to be at `latest`.
fn pause(rt: &Runtime, now: i64, latest: i64, quiet: &mut u32) {
    let parked = &rt.sysmon.parked;
    {
        let s = rt.sched.lock();
        let is_quiet = s.sleeping == s.all_ms.len() && !rt.has_queued_work();
        *quiet = if is_quiet { *quiet + 1 } else { 0 };
        if *quiet > QUIET_ROUNDS {
            parked.store(1, SeqCst);
            *quiet = 0;
        }
    }
    if rt.sysmon.stop.load(SeqCst) || rt.sysmon.dump.load(SeqCst) {
        parked.store(0, SeqCst);
        return;
    }
    if parked.load(Acquire) != 0 {
        let trim = if rt.stacks.wants_trim() { now + TRIM_EVERY } else { futex::FOREVER };
        futex::wait(parked, 1, trim.min(latest));
        parked.store(0, SeqCst);
        return;
    }
    let period = if rt.idle_ps.load(Relaxed) != 0 { PERIOD_IDLE } else { PERIOD_BUSY };
    let until_timer = rt.next_timer().saturating_sub(now).max(PERIOD_LEAST);
    futex::wait(parked, 0, (now + period.min(until_timer)).min(latest));
}

fn watch_ps(rt: &Runtime, now: i64, seen: &mut Vec<Seen>) {
    for (i, p) in rt.ps().enumerate() {
        if i == seen.len() {
            if seen.try_reserve(1).is_err() {
                return;
            }
            seen.push(Seen { tick: 0, since: now, next: ptr::null_mut() });
        }
        let s = &mut seen[i];
        let tick = p.tick.get();
        let next = p.peek_next();
        if p.m.load(Acquire).is_null() || tick != s.tick {
            *s = Seen { tick, since: now, next };
            continue;
        }
        if !next.is_null() && next == s.next && rt.idle_ps.load(Relaxed) != 0 {
            p.next_is_stuck.store(true, Relaxed);
            idle::wake_one(rt);
        }
        s.next = next;
        let retired = i >= rt.procs.load(Relaxed) as usize;
        if retired || (now - s.since >= SLICE && others_want(rt, p, now)) {
            retake(rt, p);
        }
    }
}

fn others_want(rt: &Runtime, p: &P, now: i64) -> bool {
    !p.is_empty() || !rt.global.is_empty() || rt.next_timer() <= now || rt.poll_overdue(now, POLL_EVERY)
}

/// Take the P from an M whose goroutine is in its own code; ask one that is in the library to give way.
fn retake(rt: &Runtime, p: &P) {
    // SAFETY: Ms live as long as the runtime.
    let Some(m) = (unsafe { p.m.load(Acquire).as_ref() }) else { return };
    let taken = m.boundary.claim(|| {
        let ours = ptr::eq(m.p.load(Relaxed), p);
        if ours {
            m.p.store(ptr::null_mut(), Relaxed);
            m.blocked.store(true, Relaxed);
            p.m.store(ptr::null_mut(), Relaxed);
        }
        ours
    });
    if taken == Some(true) {
        rt.preemptions.fetch_add(1, Relaxed);
        trace::event(rt, p, trace::Event::Retake, m.running.load(Relaxed));
        // SAFETY: nobody holds the P now.
        unsafe { idle::hand_off(rt, ptr::from_ref(p).cast_mut()) };
    }
}

/// Work that waits although a P is idle: due timers, descriptors, or a wake-up that failed.
fn help_waiting_work(rt: &Runtime, now: i64) {
    if rt.poll_overdue(now, POLL_EVERY) {
        rt.poll(&Caller::outsider());
    }
    if rt.idle_ps.load(Relaxed) != 0 && (rt.has_queued_work() || rt.next_timer() <= now) {
        idle::wake_one(rt);
    }
    debug_assert!(current::m().is_null());
}
