//! Dumps: every goroutine with what it does and where, in the manner of Go's.
//!
//! A dump looks at goroutines that run on. What it says of each is true of one moment, not the same
//! for all; in a deadlock it is. A goroutine that is switched to meanwhile is looked at again
//! ([`look`]); one that runs has no stack that others could read.

mod stack;
mod symbols;
mod unwind;

use super::leaks::is_leaked;
use super::locks::Locks;
use crate::error::{Error, Result};
use crate::sched::g::{G, SINCE_UNIT, Status};
use crate::sched::run::{offer_to_stderr, write_all};
use crate::sched::{Runtime, current, lifecycle};
use crate::sys::thread::{self, Blocks};
use crate::sys::{clock, errno};
use crate::trace;
use core::ffi::{CStr, c_int, c_void};
use core::ptr;
use std::ffi::CString;
use std::io::Write;
use std::sync::atomic::{Ordering::*, fence};
use symbols::Symbols;
pub(crate) use symbols::forget;
use unwind::Unwinder;

const UNWRITABLE: &CStr = c"the dump could not be written";
/// Looks at a goroutine that does not stay as it is, before it is called running.
const LOOKS: usize = 4;

/// Write every goroutine to `fd`.
pub fn dump(fd: c_int) -> Result {
    write(fd, Wanted::All)
}

/// Write the goroutines that can never wake to `fd`.
pub(super) fn write_leaked(fd: c_int) -> Result {
    write(fd, Wanted::Leaked)
}

/// Which goroutines a dump shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    All,
    Leaked,
}

fn write(fd: c_int, wanted: Wanted) -> Result {
    // SAFETY: fcntl on any number.
    if unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0 {
        return Err(Error::os(UNWRITABLE, errno()));
    }
    write_all(fd, &text_of(wanted)).map_err(|e| Error::os(UNWRITABLE, e))
}

/// What [`dump()`] writes.
pub fn dump_text() -> Vec<u8> {
    text_of(Wanted::All)
}

fn text_of(wanted: Wanted) -> Vec<u8> {
    current::touch();
    let mut text = Vec::new();
    let mut describe = || lifecycle::with_runtime(|rt| describe_some(rt, wanted, &mut text));
    if current::m().is_null() {
        describe();
    } else {
        on_another_thread(&mut describe);
    }
    text
}

/// Do it on a thread: looking for symbols may take more stack than a goroutine has. If there is no
/// thread to be had, here.
pub(crate) fn on_another_thread(mut f: &mut dyn FnMut()) {
    extern "C" fn main(f: *mut c_void) -> *mut c_void {
        // SAFETY: the maker waits for this thread.
        unsafe { (*f.cast::<&mut dyn FnMut()>())() };
        ptr::null_mut()
    }
    // SAFETY: the function outlives the thread, which is joined at once.
    match unsafe { thread::start(main, (&raw mut f).cast(), Blocks::All) } {
        // SAFETY: started here.
        Ok(t) => unsafe { thread::join(t) },
        Err(_) => f(),
    }
}

/// Write every goroutine to stderr, because the signal of GORTDEBUG's dumpsig has come.
pub(crate) fn on_signal(rt: &Runtime) {
    let mut text = format!("gort: goroutines, asked for by signal {}:\n\n", rt.debug.dump_signal).into_bytes();
    describe_all(rt, &mut text);
    offer_to_stderr(&text);
    trace::flush(rt, true);
}

/// The report of a deadlock, as the default handler prints it.
pub(crate) fn deadlock_report(rt: &Runtime) -> CString {
    let mut text = b"fatal error: all goroutines are asleep - deadlock!\n\n".to_vec();
    describe_all(rt, &mut text);
    text.retain(|&b| b != 0);
    CString::new(text).unwrap_or_default()
}

/// The running goroutine with its stack, for a panic.
pub(crate) fn describe_caller(out: &mut Vec<u8>) {
    // SAFETY: the running goroutine is alive, and its name with it.
    let Some(g) = (unsafe { current::g().as_ref() }) else { return };
    let seen = Seen { name: g.name_bytes().to_vec(), ..look(g) };
    let mut frames = Vec::new();
    backtrace::trace(|frame| {
        frames.push(frame.ip() as usize);
        frames.len() < unwind::MOST_FRAMES
    });
    on_another_thread(&mut || describe(&seen, clock::now(), &frames, &mut Symbols::new(&Unwinder::new()), out));
    out.push(b'\n');
}

/// A warning that `g` parks, or whatever it `does`, with these pthread mutexes locked at these places. It has left the
/// calling thread, and is nobody else's yet; this is what it will be.
pub(super) fn text_of_left(rt: &Runtime, g: &G, status: Status, does: &str, locked: &[(usize, usize)]) -> Vec<u8> {
    let seen = Seen { status, name: g.name_bytes().to_vec(), ..look(g) };
    let copy = if status == Status::Free { None } else { stack::copy(rt, g, || true) };
    let mut text = Vec::new();
    on_another_thread(&mut || {
        let unwinder = Unwinder::new();
        let symbols = &mut Symbols::new(&unwinder);
        for (mutex, place) in locked {
            let _ = writeln!(text, "gort: a goroutine {does} with the pthread mutex {mutex:#x} locked, at");
            text.extend_from_slice(symbols.of(*place).as_bytes());
        }
        let frames = copy.as_ref().map(|copy| unwinder.walk(copy)).unwrap_or_default();
        describe(&seen, clock::now(), &frames, symbols, &mut text);
        text.push(b'\n');
    });
    text
}

fn describe_all(rt: &Runtime, out: &mut Vec<u8>) {
    describe_some(rt, Wanted::All, out);
}

fn describe_some(rt: &Runtime, wanted: Wanted, out: &mut Vec<u8>) {
    let now = clock::now();
    let locks = Locks::now(rt);
    // Taken once: an id changes when its G is used anew.
    let mut live = rt.gs.lock().live();
    live.sort_unstable_by_key(|&(id, _)| id);
    let unwinder = Unwinder::new();
    let mut symbols = Symbols::new(&unwinder);
    for (id, g) in live {
        // SAFETY: Gs live as long as the runtime.
        let g = unsafe { &*g };
        if wanted == Wanted::Leaked && !is_leaked(g) && !locks.is_stuck(id) {
            continue;
        }
        let (seen, frames) = examine(rt, g, &unwinder);
        // Or it is over, and another one may have its record.
        if seen.id == id && seen.status != Status::Free {
            describe(&seen, now, &frames, &mut symbols, out);
            locks.describe_wait(id, out);
            out.push(b'\n');
        }
    }
    locks.describe_stuck(out);
}

/// What a goroutine was at one moment.
struct Seen {
    runs: u32,
    id: u64,
    status: Status,
    reason: &'static str,
    since: u32,
    parent: u64,
    created_at: usize,
    name: Vec<u8>,
}

fn look(g: &G) -> Seen {
    let runs = g.runs.load(Acquire);
    Seen {
        runs,
        status: g.status(),
        id: g.id,
        reason: g.wait_reason().text(),
        since: g.since.load(Relaxed),
        parent: g.parent.load(Relaxed),
        created_at: g.created_at.load(Relaxed),
        name: Vec::new(),
    }
}

/// One moment of `g`, and where it was then: return addresses, innermost first.
fn examine(rt: &Runtime, g: &G, unwinder: &Unwinder) -> (Seen, Vec<usize>) {
    for _ in 0..LOOKS {
        let mut seen = look(g);
        {
            // Names are freed under this lock.
            let _gs = rt.gs.lock();
            seen.name.extend_from_slice(g.name_bytes());
        }
        let parked = matches!(seen.status, Status::Waiting | Status::Runnable);
        let copy = if parked { stack::copy(rt, g, || unchanged(g, &seen)) } else { None };
        if unchanged(g, &seen) {
            let frames = copy.map(|copy| unwinder.walk(&copy)).unwrap_or_default();
            return (seen, frames);
        }
    }
    let mut seen = look(g);
    seen.status = if seen.status == Status::Free { Status::Free } else { Status::Running };
    (seen, Vec::new())
}

/// It was not switched to since, and is not another goroutine.
fn unchanged(g: &G, seen: &Seen) -> bool {
    fence(Acquire);
    let unchanged = g.runs.load(Relaxed) == seen.runs && g.status() == seen.status && g.id == seen.id;
    fence(Acquire);
    unchanged
}

fn describe(g: &Seen, now: i64, frames: &[usize], symbols: &mut Symbols, out: &mut Vec<u8>) {
    let state = match g.status {
        Status::Runnable => "runnable",
        Status::Running | Status::Free => "running",
        Status::Waiting => g.reason,
    };
    // A Vec takes all that is written to it.
    let _ = write!(out, "goroutine {}", g.id);
    if !g.name.is_empty() {
        let _ = write!(out, " \"{}\"", String::from_utf8_lossy(&g.name));
    }
    let _ = write!(out, " [{state}");
    if g.status == Status::Waiting {
        // It may have begun to wait after `now`.
        let waited = i64::from(((now >> SINCE_UNIT) as u32).wrapping_sub(g.since) as i32) << SINCE_UNIT;
        if waited >= 1_000_000_000 {
            let _ = write!(out, ", {} s", waited / 1_000_000_000);
        }
    }
    let _ = writeln!(out, "]:");
    for &pc in frames {
        out.extend_from_slice(symbols.of(pc).as_bytes());
    }
    if g.created_at != 0 {
        let _ = match g.parent {
            0 => write!(out, "created by a thread at "),
            parent => write!(out, "created by goroutine {parent} at "),
        };
        out.extend_from_slice(symbols.of(g.created_at).as_bytes());
    } else if g.parent != 0 {
        let _ = writeln!(out, "created by goroutine {}", g.parent);
    }
}
