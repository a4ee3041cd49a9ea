//! Dumps: every goroutine with what it does, in the manner of Go's.
//!
//! A dump looks at goroutines that run on. Each line is true of some moment, not all of the same
//! one; in a deadlock they are.

use crate::error::{Error, Result};
use crate::sched::caller::Caller;
use crate::sched::g::{G, Status};
use crate::sched::run::write_all;
use crate::sched::{Runtime, current, lifecycle};
use crate::sys::{clock, errno};
use core::ffi::{CStr, c_int};
use std::ffi::CString;
use std::io::Write;
use std::sync::atomic::Ordering::*;

const UNWRITABLE: &CStr = c"the dump could not be written";

/// Write every goroutine to `fd`.
pub fn dump(fd: c_int) -> Result {
    // SAFETY: fcntl on any number.
    if unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0 {
        return Err(Error::os(UNWRITABLE, errno()));
    }
    write_all(fd, &dump_text()).map_err(|e| Error::os(UNWRITABLE, e))
}

/// What [`dump`] writes.
pub fn dump_text() -> Vec<u8> {
    let caller = Caller::enter();
    let mut text = Vec::new();
    match caller.on_p() {
        Some((rt, _)) => describe_all(rt, &mut text),
        None => lifecycle::with_runtime(|rt| describe_all(rt, &mut text)),
    }
    text
}

/// Write every goroutine to stderr, because the signal of GORTDEBUG's dumpsig has come.
pub(crate) fn on_signal(rt: &Runtime) {
    let mut text = format!("gort: goroutines, asked for by signal {}:\n\n", rt.debug.dump_signal).into_bytes();
    describe_all(rt, &mut text);
    // Nobody is there to hear that stderr is gone.
    let _ = write_all(2, &text);
}

/// The report of a deadlock, as the default handler prints it.
pub(crate) fn deadlock_report(rt: &Runtime) -> CString {
    let mut text = b"fatal error: all goroutines are asleep - deadlock!\n\n".to_vec();
    describe_all(rt, &mut text);
    text.retain(|&b| b != 0);
    CString::new(text).unwrap_or_default()
}

/// The running goroutine, for a panic.
pub(crate) fn describe_caller(out: &mut Vec<u8>) {
    // SAFETY: the running goroutine is alive.
    if let Some(g) = unsafe { current::g().as_ref() } {
        describe(g, clock::now(), out);
    }
}

fn describe_all(rt: &Runtime, out: &mut Vec<u8>) {
    let now = clock::now();
    let gs = rt.gs.lock();
    // Taken once: an id changes when its G is used anew.
    let mut live: Vec<(u64, &G)> = gs.all().filter(|g| g.status() != Status::Free).map(|g| (g.id, g)).collect();
    live.sort_unstable_by_key(|&(id, _)| id);
    for (_, g) in live {
        describe(g, now, out);
    }
}

fn describe(g: &G, now: i64, out: &mut Vec<u8>) {
    let state = match g.status() {
        Status::Runnable => "runnable",
        Status::Running | Status::Free => "running",
        Status::Waiting => g.wait_reason().text(),
    };
    // A Vec takes all that is written to it.
    let _ = write!(out, "goroutine {}", g.id);
    if !g.name_bytes().is_empty() {
        let _ = write!(out, " \"{}\"", String::from_utf8_lossy(g.name_bytes()));
    }
    let _ = write!(out, " [{state}");
    if g.status() == Status::Waiting {
        let waited = now - g.since.load(Relaxed);
        if waited >= 1_000_000_000 {
            let _ = write!(out, ", {} s", waited / 1_000_000_000);
        }
    }
    let _ = writeln!(out, "]:");
    if g.parent.load(Relaxed) != 0 {
        let _ = writeln!(out, "created by goroutine {}", g.parent.load(Relaxed));
    }
    out.push(b'\n');
}
