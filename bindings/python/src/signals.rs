//! Ctrl-C, and other ends of a wait from outside.
//!
//! CPython runs signal handlers in the main thread, which runs no goroutines. While it waits here, it is
//! woken by CPython's own handler, through the descriptor that is there for event loops. It then takes
//! the interpreter and runs the handlers; only an exception of one ends the wait.

use crate::{errors, report, sys, tstate};
use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::ptr;
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::ffi::{self, PyThreadState};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::IntoPyDict;
use rt_core::interrupt::{self, Pause};
use rt_core::{Error, Kind, Wait, goroutine};
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering::*};

/// Forks between the first process and this one.
static FORKS: AtomicU32 = AtomicU32::new(0);
/// The main thread, as Python numbers it.
static MAIN: AtomicU64 = AtomicU64::new(0);
/// The goroutine that is to raise KeyboardInterrupt when it is interrupted, and whether it has.
static KEYBOARD: AtomicU64 = AtomicU64::new(0);
static TAKEN: AtomicU64 = AtomicU64::new(0);

/// The main thread's state while it waits.
static WAITING: AtomicPtr<PyThreadState> = AtomicPtr::new(ptr::null_mut());

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
    let is = match (ident() == MAIN.load(Relaxed)).then(|| Pause::adopt(run_handlers)) {
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

/// The main thread was woken in the midst of a wait. True: a handler has raised an exception, which is
/// set in its state.
fn run_handlers() -> bool {
    // SAFETY: the state is that of this thread, which `blocking` has detached.
    unsafe {
        let ts = WAITING.load(Relaxed);
        tstate::restore(ts);
        let raised = sys::unwinds(|| sys::PyErr_CheckSignals()) != 0;
        sys::PyEval_SaveThread();
        WAITING.store(ts, Relaxed);
        raised
    }
}

/// While it lives, a signal wakes the main thread from its pause.
struct Watch {
    restore: bool,
}

impl Watch {
    /// `None`: this is not the main thread. Err: a handler has raised an exception.
    fn new(py: Python<'_>) -> PyResult<Option<Watch>> {
        let Some(pause) = main_pause() else { return Ok(None) };
        let before = wake_up_by(py, pause.descriptor())?;
        let ours = before == pause.descriptor();
        if !ours && before != -1 {
            // An event loop's own. It stays, and a signal interrupts our sleep as far as it can.
            wake_up_by(py, before)?;
        }
        // SAFETY: attached.
        WAITING.store(unsafe { ffi::PyThreadState_Get() }, Relaxed);
        let watch = Watch { restore: !ours && before == -1 };
        // Signals, and what `raise_later` has left.
        // SAFETY: attached.
        if sys::unwinds(|| unsafe { sys::Py_MakePendingCalls() }) != 0 {
            return Err(PyErr::fetch(py));
        }
        Ok(Some(watch))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.restore {
            Python::attach(|py| {
                // An exception of a handler may be set: not for the call, and not to be lost.
                let error = PyErr::take(py);
                let _ = wake_up_by(py, -1);
                if let Some(error) = error {
                    error.restore(py);
                }
            });
        }
    }
}

/// Let CPython's signal handler write to this descriptor; what it wrote to before.
fn wake_up_by(py: Python<'_>, fd: c_int) -> PyResult<c_int> {
    static SET: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let set = SET.get_or_try_init(py, || py.import("_signal")?.getattr("set_wakeup_fd").map(Bound::unbind))?;
    let options = [("warn_on_full_buffer", false)].into_py_dict(py)?;
    set.bind(py).call((fd,), Some(&options))?.extract()
}

/// Do `call`, which waits as it is told, without the interpreter. Signals are handled meanwhile; an
/// exception of a handler, or an interrupt of the goroutine, ends the wait.
pub(crate) fn blocking<R>(
    py: Python<'_>,
    wait: Wait,
    call: impl FnOnce(Wait) -> Result<R, Error>,
) -> PyResult<Result<R, Error>> {
    let wait = Wait::Interruptible(&wait);
    let id = goroutine::goroutine_id();
    let watch = if id == 0 { Watch::new(py)? } else { None };
    let result = tstate::asleep(|| call(wait));
    let handled = watch.is_some();
    drop(watch);
    match result {
        Err(error) if error.kind() == Kind::Interrupted => Err(match id {
            0 => PyErr::fetch(py),
            id => interrupted(py, id),
        }),
        result => {
            if handled && let Some(error) = PyErr::take(py) {
                raise_later(py, error);
            }
            Ok(result)
        }
    }
}

/// The wait of the main thread has ended by itself while a handler raised this exception: let the thread
/// raise it once it is back in Python code, or before it waits again.
#[cold]
fn raise_later(py: Python<'_>, error: PyErr) {
    extern "C" fn raise(error: *mut c_void) -> c_int {
        // SAFETY: made below; CPython calls this once, attached.
        let error = unsafe { Box::from_raw(error.cast::<PyErr>()) };
        Python::attach(|py| error.restore(py));
        -1
    }
    let error = Box::into_raw(Box::new(error));
    // SAFETY: the exception is given away, or taken back.
    unsafe {
        if ffi::Py_AddPendingCall(Some(raise), error.cast()) != 0 {
            // The queue is full; say at least that there was one.
            Box::from_raw(error).write_unraisable(py, None);
        }
    }
}

/// The exception of a goroutine whose wait was interrupted.
pub(crate) fn interrupted(py: Python<'_>, id: u64) -> PyErr {
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
