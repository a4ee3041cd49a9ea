//! Ctrl-C, and other ends of a wait from outside.
//!
//! CPython runs signal handlers in the main thread, which runs no goroutines. While it waits here, the
//! signals are blocked and looked for before the interpreter is given up; its sleep unblocks them. So a
//! signal ends the sleep, whenever it comes, and the handler runs at once.

use crate::{errors, report, sys, tstate};
use core::cell::Cell;
use core::ptr;
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use rt_core::interrupt::{self, Pause};
use rt_core::{Error, Kind, Wait, goroutine};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};

/// Forks between the first process and this one.
static FORKS: AtomicU32 = AtomicU32::new(0);
/// The main thread, as Python numbers it.
static MAIN: AtomicU64 = AtomicU64::new(0);
/// The goroutine that is to raise KeyboardInterrupt when it is interrupted, and whether it has.
static KEYBOARD: AtomicU64 = AtomicU64::new(0);
static TAKEN: AtomicU64 = AtomicU64::new(0);

#[derive(Clone, Copy)]
enum Is {
    Unknown,
    Main(&'static Pause),
    Other,
}

thread_local! {
    /// What this thread is, as found out after so many forks.
    static THREAD: Cell<(u32, Is)> = const { Cell::new((0, Is::Unknown)) };
}

fn ident() -> u64 {
    // SAFETY: no arguments.
    unsafe { sys::PyThread_get_thread_ident() as u64 }
}

/// Remember which thread is the main one.
pub(crate) fn init(py: Python<'_>) -> PyResult<()> {
    let main = py.import("threading")?.call_method0("main_thread")?.getattr("ident")?;
    MAIN.store(main.extract()?, Relaxed);
    Ok(())
}

/// The pause of the main thread, if this is it.
#[inline(never)]
fn main_pause() -> Option<&'static Pause> {
    let forks = FORKS.load(Relaxed);
    match THREAD.get() {
        (then, Is::Main(pause)) if then == forks => return Some(pause),
        (then, Is::Other) if then == forks => return None,
        _ => {}
    }
    // No Python code is run to find out: it would be where an exception of a handler is lost.
    let is = match (ident() == MAIN.load(Relaxed)).then(Pause::adopt) {
        Some(Ok(pause)) => Is::Main(pause),
        _ => Is::Other,
    };
    THREAD.set((forks, is));
    if let Is::Main(pause) = is { Some(pause) } else { None }
}

/// Whether the caller is the main thread.
pub(crate) fn is_main() -> bool {
    goroutine::goroutine_id() == 0 && main_pause().is_some()
}

/// What os.fork calls in the child, where no goroutine is left but, maybe, the one that called it.
#[pyfunction]
pub(crate) fn _after_fork() {
    FORKS.fetch_add(1, Relaxed);
    // The only thread there is.
    MAIN.store(ident(), Relaxed);
    tstate::reset_after_fork();
    report::reset_after_fork();
}

/// See [`FORKS`].
pub(crate) fn forks() -> u32 {
    FORKS.load(Relaxed)
}

/// Signals are blocked in the main thread while this lives.
struct Held(libc::sigset_t);

impl Held {
    fn new(py: Python<'_>) -> PyResult<Option<Held>> {
        let Some(pause) = main_pause() else { return Ok(None) };
        // SAFETY: sets are initialised before use.
        let held = unsafe {
            let (mut blocked, mut before): (libc::sigset_t, libc::sigset_t) =
                (core::mem::zeroed(), core::mem::zeroed());
            libc::sigfillset(&mut blocked);
            // Those of the thread's own doing cannot wait.
            for signal in
                [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP, libc::SIGABRT, libc::SIGSYS]
            {
                libc::sigdelset(&mut blocked, signal);
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, &blocked, &mut before);
            Held(before)
        };
        pause.set_mask(held.0);
        py.check_signals()?;
        Ok(Some(held))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: the set was filled by the system.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.0, ptr::null_mut()) };
    }
}

/// Do `call`, which waits as it is told, without the interpreter. Signals are handled meanwhile; an
/// exception of a handler, or an interrupt of the goroutine, ends the wait.
pub(crate) fn blocking<R>(
    py: Python<'_>,
    wait: Wait,
    mut call: impl FnMut(Wait) -> Result<R, Error>,
) -> PyResult<Result<R, Error>> {
    let wait = Wait::Interruptible(&wait);
    let id = goroutine::goroutine_id();
    loop {
        let held = if id == 0 { Held::new(py)? } else { None };
        let result = tstate::asleep(|| call(wait));
        drop(held);
        match result {
            Err(error) if error.kind == Kind::Interrupted => match id {
                0 => py.check_signals()?,
                id => return Err(interrupted(py, id)),
            },
            result => return Ok(result),
        }
    }
}

fn interrupted(py: Python<'_>, id: u64) -> PyErr {
    if KEYBOARD.load(Acquire) == id {
        TAKEN.store(id, Release);
        return PyKeyboardInterrupt::new_err(());
    }
    errors::of(errors::exit(py), "the goroutine is canceled")
}

/// Let the goroutine raise KeyboardInterrupt if it waits.
pub(crate) fn interrupt_by_keyboard(id: u64) {
    KEYBOARD.store(id, Release);
    interrupt::goroutines(&crate::task::CREW, id);
}

/// Whether it has.
pub(crate) fn has_taken_interrupt(id: u64) -> bool {
    TAKEN.load(Acquire) == id
}

/// End the waits of all goroutines, with what exit() raises.
#[pyfunction]
pub(crate) fn _interrupt_all() {
    interrupt::goroutines(&crate::task::CREW, interrupt::ALL);
}
