//! The execution trace: what ran where and when, who made whom ready, and why goroutines waited.
//!
//! Each P notes events in a ring of its own ([`ring`]), without a locked instruction. A trace to a file
//! is drained by sysmon, a part each round, and at the end; what comes faster than that is lost and
//! counted. A flight recorder drains nothing: its rings are written to a file in a deadlock, on the
//! dump signal and on [`snapshot`]. [`timeline`] makes slices and arrows of events, [`json`] the file.
//!
//! Off, it costs a look at `Runtime::watched` where goroutines are switched to, leave and are made ready,
//! which embedders' hooks share.

mod event;
mod json;
mod record;
mod ring;
mod ticks;
mod timeline;

pub(crate) use event::Kind as Event;
pub(crate) use record::{after, before, event, event_by, looks_around, ready, ready_from_outside};
pub(crate) use ring::Slot;

use crate::error::{Error, Kind, Result};
use crate::lock::SpinLock;
use crate::runtime::dump;
use crate::sched::run::write_all;
use crate::sched::{Runtime, current, lifecycle};
use crate::sys::barrier;
use json::Output;
use ring::{EVENTS, Ring};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::*};
use std::sync::{Mutex, MutexGuard, PoisonError};
use ticks::{Anchor, Scale};
use timeline::Timeline;

/// In `Runtime::watched`: an embedder has set hooks, or somebody looks for pthread mutexes.
pub(crate) const HOOKS: u8 = 1;
/// In `Runtime::watched`: a trace is on.
pub(crate) const TRACE: u8 = 2;

/// Events of a ring that one round takes.
const AT_A_TIME: u64 = 8192;
/// Between rounds of a trace to a file.
const PERIOD: i64 = 2_000_000;
/// Tracks' numbers. Viewers call the one whose number is the process's, 1, its main thread: there is none.
const PS: u32 = 2;
const CREWS: u32 = 2000;
const OUTSIDE: u32 = 3000;
/// What is said of the trace itself.
const TRACE_ITSELF: u32 = 4000;

const OFF: Error = Error::new(Kind::Misuse, c"no trace is on");

/// What a trace is written to.
enum To {
    File {
        output: Output,
        timeline: Box<Timeline>,
        last: Anchor,
    },
    /// A flight recorder; `Some`: where it is dumped without being asked.
    Flight(Option<PathBuf>),
}

struct Session {
    begun: Anchor,
    to: To,
    /// Where each ring was, and how far it has been taken.
    heads: HashMap<u32, u64>,
    cursors: HashMap<u32, u64>,
}

// SAFETY: what it holds belongs to whoever has the lock.
unsafe impl Send for Session {}

/// A runtime's trace, and the ring of threads without a P.
pub(crate) struct Trace {
    session: Mutex<Option<Session>>,
    outside: SpinLock<Slot>,
}

// SAFETY: a ring's own rules say who writes; the slot is written under its lock.
unsafe impl Send for Slot {}

impl Trace {
    pub(crate) fn new() -> Trace {
        Trace { session: Mutex::new(None), outside: SpinLock::new(Slot::new()) }
    }

    fn session(&self) -> MutexGuard<'_, Option<Session>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Trace into a file from now on, until [`stop`].
pub fn start(path: &Path) -> Result {
    on_own_stack(|rt| {
        begin(rt, || {
            Ok(To::File {
                output: Output::create(path)?,
                timeline: Box::new(Timeline::new(0, HashMap::new())),
                last: Anchor::now(),
            })
        })
    })
}

/// Keep the last events from now on, until [`stop`]; dumped to `path`, if there is one, in a deadlock and on
/// the dump signal.
pub fn flight(path: Option<&Path>) -> Result {
    on_own_stack(|rt| begin(rt, || Ok(To::Flight(path.map(Path::to_path_buf)))))
}

/// End the trace. An error: there is none, or its file could not be written as a whole.
pub fn stop() -> Result {
    on_own_stack(end)
}

/// Write the events that the rings still hold to a file of its own; the trace goes on.
pub fn snapshot(path: &Path) -> Result {
    on_own_stack(|rt| write_snapshot(rt, rt.trace.session().as_ref().ok_or(OFF)?, path))
}

/// What is done here takes more stack than a goroutine may have.
fn on_own_stack(f: impl FnOnce(&Runtime) -> Result) -> Result {
    current::touch();
    let (mut f, mut result) = (Some(f), Ok(()));
    let mut call = || result = lifecycle::started().and_then(|rt| f.take().map_or(Ok(()), |f| f(&rt)));
    match current::m().is_null() {
        true => call(),
        false => dump::on_another_thread(&mut call),
    }
    result
}

/// As GORTDEBUG asks, when the runtime starts.
pub(crate) fn start_from_environment(rt: &Runtime) {
    let to_file = rt.debug.trace.as_deref().map(start);
    let result = to_file.or_else(|| rt.debug.flight.as_deref().map(|path| flight(Some(path))));
    if let Some(Err(error)) = result {
        let line = format!("gort: GORTDEBUG: {}\n", error.message().to_string_lossy());
        let _ = write_all(2, line.as_bytes());
    }
}

fn begin(rt: &Runtime, to: impl FnOnce() -> Result<To>) -> Result {
    ticks::init();
    let mut session = rt.trace.session();
    if session.is_some() {
        return Err(Error::new(Kind::Misuse, c"a trace is on already"));
    }
    let mut to = to()?;
    let begun = Anchor::now();
    if let To::File { timeline, last, .. } = &mut to {
        **timeline = Timeline::new(begun.ns(), names(rt));
        *last = begun;
    }
    let mut heads = HashMap::new();
    each_ring(rt, |tid, _, ring| {
        heads.insert(tid, ring.head());
    });
    *session = Some(Session { begun, to, cursors: heads.clone(), heads });
    drop(session);
    at_exit();
    rt.watched.fetch_or(TRACE, SeqCst);
    rt.sysmon.wake();
    Ok(())
}

/// End the trace, if one is on.
pub(crate) fn end(rt: &Runtime) -> Result {
    let Some(mut session) = rt.trace.session().take() else { return Err(OFF) };
    rt.watched.fetch_and(!TRACE, SeqCst);
    // What was noted before this is seen now, but for what is noted this moment.
    barrier::heavy();
    session.drain(rt, EVENTS);
    if let To::File { output, timeline, .. } = &mut session.to {
        timeline.finish(Anchor::now().ns());
        output.flush(&mut timeline.json);
        return output.result();
    }
    Ok(())
}

/// Sysmon's round: take a part of the events; when the next round should be.
pub(crate) fn tick(rt: &Runtime, now: i64) -> i64 {
    if rt.watched.load(Relaxed) & TRACE == 0 {
        return i64::MAX;
    }
    // Who has it writes a file, and that may take its time.
    let Ok(mut session) = rt.trace.session.try_lock() else { return now + PERIOD };
    let found = session.as_mut().is_some_and(|session| session.drain(rt, AT_A_TIME));
    if found { now + PERIOD } else { i64::MAX }
}

/// Before the process ends, or when its goroutines cannot go on: let the file hold all there is. With
/// `dumps`, a flight recorder's rings are dumped.
pub(crate) fn flush(rt: &Runtime, dumps: bool) {
    if rt.watched.load(Relaxed) & TRACE == 0 {
        return;
    }
    let mut session = rt.trace.session();
    let Some(session) = &mut *session else { return };
    session.drain(rt, EVENTS);
    if let (To::Flight(Some(path)), true) = (&session.to, dumps)
        && write_snapshot(rt, session, path).is_err()
    {
        let _ = write_all(2, b"gort: the trace could not be written\n");
    }
}

/// At the end of the process the last events are not in the file yet.
fn at_exit() {
    extern "C" fn handler() {
        lifecycle::with_runtime(|rt| {
            let mut call = || {
                let _ = end(rt);
            };
            match current::m().is_null() {
                true => call(),
                false => dump::on_another_thread(&mut call),
            }
        });
    }
    static REGISTERED: AtomicU32 = AtomicU32::new(0);
    if REGISTERED.swap(1, Relaxed) == 0 {
        // SAFETY: the C library calls it at the end of the process, or before this library is unloaded.
        unsafe { libc::atexit(handler) };
    }
}

impl Session {
    /// Take at most so many events of each ring; true if there were any.
    fn drain(&mut self, rt: &Runtime, most: u64) -> bool {
        let To::File { output, timeline, last } = &mut self.to else { return false };
        let anchor = Anchor::now();
        let scale = Scale::between(*last, anchor);
        *last = anchor;
        let mut until = anchor.ns();
        let (mut events, mut found) = (Vec::new(), false);
        each_ring(rt, |tid, name, ring| {
            let cursor = self.cursors.entry(tid).or_insert(0);
            events.clear();
            let (end, lost) = ring.read(*cursor, most, &mut events);
            *cursor = end;
            if end < ring.head()
                && let Some(stamp) = events.iter().rev().map(|e| e.stamp).find(|&s| s != 0)
            {
                until = until.min(scale.ns(stamp));
            }
            if lost > 0 || !events.is_empty() {
                timeline.add(tid, name, lost, &events, &scale);
                found = true;
            }
        });
        timeline.advance(until);
        output.flush(&mut timeline.json);
        found
    }
}

/// What the rings hold, in a file of its own.
fn write_snapshot(rt: &Runtime, session: &Session, path: &Path) -> Result {
    let mut output = Output::create(path)?;
    let now = Anchor::now();
    let scale = Scale::between(session.begun, now);
    let mut timeline = Timeline::new(session.begun.ns(), names(rt));
    each_ring(rt, |tid, name, ring| {
        let mut events = Vec::new();
        let from = session.heads.get(&tid).copied().unwrap_or(0);
        let (_, lost) = ring.read(from, EVENTS, &mut events);
        timeline.add(tid, name, lost, &events, &scale);
    });
    timeline.finish(now.ns());
    output.flush(&mut timeline.json);
    output.result()
}

/// The names of the goroutines there are.
fn names(rt: &Runtime) -> HashMap<u64, Vec<u8>> {
    let gs = rt.gs.lock();
    let live = gs.live();
    // SAFETY: Gs live as long as the runtime, and names are freed under this lock.
    let named = live.into_iter().map(|(id, g)| (id, unsafe { (*g).name_bytes() }.to_vec()));
    named.filter(|(_, name)| !name.is_empty()).collect()
}

/// Every ring, with its track's number and name.
fn each_ring(rt: &Runtime, mut f: impl FnMut(u32, &str, &Ring)) {
    for p in rt.ps() {
        if let Some(ring) = p.trace.ring() {
            f(p.id as u32 + PS, &format!("P {}", p.id), ring);
        }
    }
    for (p, tid) in rt.crew_ps().zip(CREWS..) {
        if let Some(ring) = p.trace.ring() {
            f(tid, &format!("crew's P {}", p.id), ring);
        }
    }
    let ring = rt.trace.outside.lock().ring().map(core::ptr::from_ref);
    // SAFETY: it lives as long as the runtime.
    if let Some(ring) = unsafe { ring.and_then(|r| r.as_ref()) } {
        f(OUTSIDE, "threads without a P", ring);
    }
}
