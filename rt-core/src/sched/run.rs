//! `gort_run`: a plain thread waits for a main goroutine, and hears of a deadlock meanwhile.

use super::caller::Caller;
use super::spawn::{self, SpawnOptions};
use super::{Entry, Runtime, WaitReason, current};
use crate::error::{Error, Kind, Result};
use crate::lock::SpinLock;
use crate::runtime::dump;
use crate::waiter::{Completion, Wait, block};
use core::ffi::{c_char, c_int, c_void};
use core::ptr;
use std::ffi::CString;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};

/// What is called with the report of a deadlock.
pub type DeadlockHandler = unsafe extern "C-unwind" fn(*const c_char, *mut c_void);

struct Handler(Option<DeadlockHandler>, *mut c_void);
// SAFETY: the user's pointer goes back to the user only.
unsafe impl Send for Handler {}

static HANDLER: SpinLock<Handler> = SpinLock::new(Handler(None, ptr::null_mut()));
/// Threads in [`run`], and what they wait with.
static RUNS: SpinLock<Vec<Arc<Run>>> = SpinLock::new(Vec::new());
static ACTIVE: AtomicUsize = AtomicUsize::new(0);

/// One call of [`run`].
pub(crate) struct Run {
    completion: Completion,
    deadlock: SpinLock<Option<CString>>,
    was_deadlock: AtomicBool,
}

// SAFETY: the completion is made for sharing: whoever claims it finishes it.
unsafe impl Send for Run {}
// SAFETY: as above.
unsafe impl Sync for Run {}

/// Call `handler(report, user)` when a deadlock is found; `None`: report it and end the process.
pub fn on_deadlock(handler: Option<DeadlockHandler>, user: *mut c_void) {
    current::touch();
    *HANDLER.lock() = Handler(handler, user);
}

/// In the child of fork(2) no other thread is in [`run`], and the forking one is not either.
pub(super) fn reset_after_fork() {
    // SAFETY: whoever held them does not exist here.
    unsafe {
        RUNS.raw().unlock();
        HANDLER.raw().unlock();
    }
    core::mem::forget(core::mem::take(&mut *RUNS.lock()));
    ACTIVE.store(0, SeqCst);
}

/// A thread is in [`run`].
pub(super) fn any() -> bool {
    ACTIVE.load(SeqCst) != 0
}

/// Run `entry(arg)` as a goroutine, made with `options`, and wait until it is over.
///
/// # Safety
/// `entry(arg)` is sound in a goroutine.
pub(crate) unsafe fn run(options: &SpawnOptions, entry: Entry, arg: *mut c_void) -> Result {
    unsafe fn nothing(_: *mut ()) {}
    let mut caller = Caller::enter();
    if !caller.g().is_null() {
        return Err(Error::new(Kind::Misuse, c"gort_run from a goroutine"));
    }
    // Two may finish it: the end of the goroutine, and a deadlock.
    let run = Arc::new(Run {
        completion: Completion::new(&caller, 2, &Wait::Forever),
        deadlock: SpinLock::new(None),
        was_deadlock: AtomicBool::new(false),
    });
    ACTIVE.fetch_add(1, SeqCst);
    RUNS.lock().push(run.clone());
    // SAFETY: by contract; the goroutine's reference ends in `ended`.
    let started = unsafe {
        let reference = Arc::into_raw(run.clone());
        let started = spawn::try_spawn_with(&caller, options, entry, arg, reference);
        if started.is_err() {
            drop(Arc::from_raw(reference));
        } else {
            block(&mut caller, &run.completion, WaitReason::None, &Wait::Forever, nothing, ptr::null_mut());
        }
        started
    };
    RUNS.lock().retain(|r| !Arc::ptr_eq(r, &run));
    ACTIVE.fetch_sub(1, SeqCst);
    started?;
    if !run.was_deadlock.load(Acquire) {
        return Ok(());
    }
    if let Some(report) = run.deadlock.lock().take() {
        handle(&report);
    }
    Err(Error::new(Kind::Deadlock, c"all goroutines are asleep - deadlock!"))
}

/// The goroutine of `run` is over.
pub(super) unsafe fn ended(run: *const Run, caller: &Caller) {
    // SAFETY: the reference was given to the goroutine at its start.
    unsafe {
        let run = Arc::from_raw(run);
        if run.completion.claim(0) {
            Completion::finish(&run.completion, caller);
        }
    }
}

/// Nothing can go on: let every [`run`] return. The first of them hands out the report.
pub(super) fn declare_deadlock(rt: &Runtime) {
    let runs = RUNS.lock().clone();
    let mut report = Some(dump::deadlock_report(rt));
    for run in runs {
        if run.completion.claim(1) {
            if let Some(report) = report.take() {
                *run.deadlock.lock() = Some(report);
            }
            run.was_deadlock.store(true, Release);
            // SAFETY: claimed; its thread keeps it alive until it has seen this.
            unsafe { Completion::finish(&run.completion, &Caller::outsider()) };
        }
    }
}

fn handle(report: &CString) {
    let Handler(handler, user) = *HANDLER.lock();
    match handler {
        // SAFETY: the user gave both; no lock is held.
        Some(handler) => unsafe { handler(report.as_ptr(), user) },
        None => {
            die_with(report.as_bytes());
        }
    }
}

/// Write all of it, or say with which errno that failed.
pub(crate) fn write_all(fd: c_int, mut bytes: &[u8]) -> core::result::Result<(), c_int> {
    while !bytes.is_empty() {
        // SAFETY: the bytes are valid for their length.
        match unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) } {
            n if n > 0 => bytes = &bytes[n as usize..],
            _ if crate::sys::errno() == libc::EINTR => {}
            _ => return Err(crate::sys::errno()),
        }
    }
    Ok(())
}

/// Write to stderr and end the process with status 2. What the program has printed goes out first,
/// unless a thread is printing now.
pub(crate) fn die_with(text: &[u8]) -> ! {
    unsafe extern "C" {
        static stdout: *mut libc::FILE;
        fn ftrylockfile(file: *mut libc::FILE) -> c_int;
    }
    // SAFETY: stdout is valid for the life of the process; `_exit` does not return.
    unsafe {
        if ftrylockfile(stdout) == 0 {
            libc::fflush(stdout);
        }
        let _ = write_all(2, text);
        libc::_exit(2)
    }
}

/// Run the deferred calls, print the message and the goroutine's trace, and end the process.
///
/// # Safety
/// `message` is null or a C string.
pub unsafe fn panic(message: *const c_char) -> ! {
    let g = current::g();
    // SAFETY: by contract; the deferred calls are the running goroutine's own.
    unsafe {
        if !g.is_null() {
            spawn::run_deferred(g);
        }
        let mut text = b"panic: ".to_vec();
        if !message.is_null() {
            text.extend_from_slice(core::ffi::CStr::from_ptr(message).to_bytes());
        }
        text.extend_from_slice(b"\n\n");
        dump::describe_caller(&mut text);
        die_with(&text)
    }
}
