//! Goroutines as Python sees them: `go` and its handle, `run`, and what a goroutine can do and ask.

use crate::chan::View;
use crate::task::{self, Call, Raw, Stage, Task};
use crate::wait::Limit;
use crate::{errors, report, signals, tstate, types};
use core::ptr;
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::ffi;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};
use rt_core::goroutine::Running;
use rt_core::{Kind, Wait, goroutine, time};
use std::sync::{Mutex, PoisonError};

/// A goroutine that was started: wait for it, get what it returned or raised.
///
/// >>> import gort
/// >>> g = gort.go(pow, 2, 10)
/// >>> g.join()
/// 1024
/// >>> g.done
/// True
#[pyclass(name = "Goroutine", module = "gort", frozen, weakref)]
pub(crate) struct Goroutine(pub(crate) Task);

impl Goroutine {
    /// A handle with this task. Only at its end a goroutine can become part of a cycle: before, the collector
    /// need not look at it, which may be one of very many, where nobody could drop it meanwhile on another thread.
    pub(crate) fn new(py: Python<'_>, task: Task) -> PyResult<Bound<'_, Goroutine>> {
        let handle = Bound::new(py, Goroutine(task))?;
        if tstate::is_serial() {
            // SAFETY: a new object of a class that the collector knows.
            unsafe { ffi::PyObject_GC_UnTrack(handle.as_ptr().cast()) };
        }
        Ok(handle)
    }

    /// What comes of it is known: show the collector the handle, if that can refer to anything.
    pub(crate) unsafe fn show(handle: *mut ffi::PyObject, outcome: &Stage) {
        // SAFETY: attached; `new` has hidden it.
        unsafe {
            let refers = match outcome {
                Stage::Call(_) | Stage::Nothing => false,
                Stage::Value(value) => ffi::PyType_HasFeature(ffi::Py_TYPE(value.0), ffi::Py_TPFLAGS_HAVE_GC) != 0,
                Stage::Failed(..) => true,
            };
            if refers && tstate::is_serial() {
                ffi::PyObject_GC_Track(handle.cast());
            }
        }
    }

    /// The task of this handle, which is alive as long as that.
    #[inline(always)]
    pub(crate) unsafe fn task<'a>(handle: *mut ffi::PyObject) -> &'a Task {
        // SAFETY: attached, and the object is a handle.
        unsafe {
            let handle = Borrowed::from_ptr(Python::assume_attached(), handle).cast_unchecked::<Goroutine>();
            &*ptr::from_ref(&handle.get().0)
        }
    }
}

impl Drop for Goroutine {
    fn drop(&mut self) {
        if self.0.has_failed_unobserved() {
            report::dropped(&mut self.0);
        }
    }
}

#[pymethods]
impl Goroutine {
    /// The number of the goroutine, which no other has or will have.
    #[getter]
    fn id(&self) -> u64 {
        self.0.id()
    }

    /// Its name, as given to go_named; else empty.
    #[getter]
    fn name(&self) -> &str {
        self.0.name()
    }

    /// Whether it is over.
    #[getter]
    fn done(&self) -> bool {
        self.0.is_done()
    }

    /// Wait until the goroutine is over and return what its function returned. If that raised an
    /// exception, raise it here, with its traceback. Raises Timeout when the timeout passes first.
    ///
    /// >>> import gort
    /// >>> gort.go(sorted, [3, 1, 2]).join()
    /// [1, 2, 3]
    /// >>> gort.go(gort.sleep, 0.1).join(timeout=0.01)
    /// Traceback (most recent call last):
    ///     ...
    /// gort.Timeout: the timeout passed
    #[pyo3(signature = (timeout=None))]
    fn join(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyAny>> {
        let limit = Limit::new(timeout, None)?;
        if !self.0.is_done() {
            limit.call(py, |wait| self.0.wait(wait))?;
        }
        self.0.result(py)
    }

    /// `await goroutine`, in asyncio: as join.
    fn __await__<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let join = this.py().import("gort._aio")?.call_method1("join", (this,))?;
        join.call_method0("__await__")
    }

    /// A channel that is closed when the goroutine is over.
    fn _over<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = this.py();
        let over = this.get().0.over().map_err(|error| errors::raise(py, error))?;
        types::recv_chan(py)?.call1((View::nothing(over, this.clone().into_any().unbind()),))
    }

    fn __repr__(&self) -> String {
        let name = if self.name().is_empty() { String::new() } else { format!(" {:?}", self.name()) };
        format!("<gort.Goroutine {}{name}{}>", self.id(), if self.done() { " done" } else { "" })
    }

    #[classmethod]
    fn __class_getitem__(cls: &Bound<'_, PyType>, item: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        crate::types::alias(cls, item)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if self.0.is_done() {
            match self.0.outcome() {
                Stage::Call(_) | Stage::Nothing => {}
                Stage::Value(value) => visit_raw(&visit, value.0)?,
                Stage::Failed(class, value, traceback) => {
                    for object in [class, value, traceback] {
                        visit_raw(&visit, object.0)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Show the collector a reference.
pub(crate) fn visit_raw(visit: &PyVisit<'_>, object: *mut ffi::PyObject) -> Result<(), PyTraverseError> {
    match ptr::NonNull::new(object) {
        // SAFETY: `Py` is a pointer that is not null, and this one is only looked at.
        Some(object) => visit.call(unsafe { &*(&raw const object).cast::<Py<PyAny>>() }),
        None => Ok(()),
    }
}

pub(crate) fn start(
    name: Option<&str>,
    function: &Bound<'_, PyAny>,
    args: &Bound<'_, PyTuple>,
    kwargs: Option<&Bound<'_, PyDict>>,
    group: Raw,
) -> PyResult<Py<Goroutine>> {
    let handle = new_handle(name, function, args, kwargs, group)?;
    task::start(&handle).map_err(|error| errors::raise(function.py(), error))?;
    Ok(handle.unbind())
}

fn new_handle<'py>(
    name: Option<&str>,
    function: &Bound<'py, PyAny>,
    args: &Bound<'_, PyTuple>,
    kwargs: Option<&Bound<'_, PyDict>>,
    group: Raw,
) -> PyResult<Bound<'py, Goroutine>> {
    let call = Call::checked(function, args.as_any(), kwargs.map(|k| k.as_any()))?;
    Goroutine::new(function.py(), Task::new(name, call, group))
}

/// Run fn(*args, **kwargs) in a new goroutine, with a copy of the caller's context variables.
///
/// >>> import gort
/// >>> g = gort.go(int, "101", base=2)
/// >>> g.join()
/// 5
#[pyfunction]
#[pyo3(signature = (r#fn, /, *args, **kwargs))]
pub(crate) fn go(
    r#fn: &Bound<'_, PyAny>,
    args: &Bound<'_, PyTuple>,
    kwargs: Option<&Bound<'_, PyDict>>,
) -> PyResult<Py<Goroutine>> {
    start(None, r#fn, args, kwargs, Raw(ptr::null_mut()))
}

/// As go, with a name that dumps show.
///
/// >>> import gort
/// >>> g = gort.go_named("adder", sum, [1, 2, 3])
/// >>> g.name, g.join()
/// ('adder', 6)
#[pyfunction]
#[pyo3(signature = (name, r#fn, /, *args, **kwargs))]
pub(crate) fn go_named(
    name: &Bound<'_, PyString>,
    r#fn: &Bound<'_, PyAny>,
    args: &Bound<'_, PyTuple>,
    kwargs: Option<&Bound<'_, PyDict>>,
) -> PyResult<Py<Goroutine>> {
    start(Some(&name.to_cow()?), r#fn, args, kwargs, Raw(ptr::null_mut()))
}

/// The report of the last deadlock, from the runtime's handler to who raises it.
static REPORT: Mutex<Option<String>> = Mutex::new(None);

unsafe extern "C-unwind" fn keep_report(report: *const core::ffi::c_char, _: *mut core::ffi::c_void) {
    // SAFETY: the runtime gives a C string.
    let text = unsafe { core::ffi::CStr::from_ptr(report) }.to_string_lossy().into_owned();
    *REPORT.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
}

pub(crate) fn init() {
    goroutine::on_deadlock(Some(keep_report), ptr::null_mut());
}

/// Run main(*args, **kwargs) as the main goroutine and wait for it: its result, or its exception.
/// Other goroutines live on afterwards. Raises Deadlock when every goroutine waits for something that
/// only another of them could do.
///
/// >>> import gort
/// >>> def main(n):
/// ...     ch = gort.Chan()
/// ...     gort.go(ch.send, n + 1)
/// ...     return ch.recv()
/// >>> gort.run(main, 41)
/// 42
#[pyfunction]
#[pyo3(signature = (main, /, *args, **kwargs))]
pub(crate) fn run(
    main: &Bound<'_, PyAny>,
    args: &Bound<'_, PyTuple>,
    kwargs: Option<&Bound<'_, PyDict>>,
) -> PyResult<Py<PyAny>> {
    let py = main.py();
    let handle = new_handle(Some("main"), main, args, kwargs, Raw(ptr::null_mut()))?;
    let task = &handle.get().0;
    if goroutine::goroutine_id() != 0 {
        task::start(&handle).map_err(|error| errors::raise(py, error))?;
        Limit::Never.call(py, |wait| task.wait(wait))?;
        return task.result(py);
    }
    let running = task::start_to_wait(&handle).map_err(|error| errors::raise(py, error))?;
    let mut asleep = None;
    loop {
        match has_ended(py, &running, &mut asleep) {
            Ok(true) => return task.result(py),
            Ok(false) => {}
            Err(error) if error.is_instance_of::<PyKeyboardInterrupt>(py) => return interrupted(py, task, error),
            Err(error) => return Err(error),
        }
    }
}

/// How long a deadlock is not declared because of threads that could still act.
const OTHERS_ACT: i64 = 50_000_000;

/// Wait for the end of the main goroutine. False: perhaps nothing can go on, and `asleep` says since when;
/// this is to be called again. Err: that is certain, or a signal's handler has raised an exception.
///
/// What the runtime tells of may be over before this thread has the interpreter: a thread that the runtime
/// did not know has woken somebody, and main has come to its end. So a deadlock is certain when everybody
/// has slept from one such report to the next, and no other thread could act. That report is true, then.
fn has_ended(py: Python<'_>, running: &Running, asleep: &mut Option<u64>) -> PyResult<bool> {
    let Err(error) = signals::blocking(py, Wait::Forever, |wait| running.wait(wait))? else { return Ok(true) };
    if error.kind() != Kind::Deadlock {
        return Err(errors::raise(py, error));
    }
    let text = REPORT.lock().unwrap_or_else(PoisonError::into_inner).take();
    let now_asleep = goroutine::all_others_sleep();
    if others_may_act(py)? {
        *asleep = None;
        let while_they_act = Wait::Until(time::now() + OTHERS_ACT);
        return signals::blocking(py, while_they_act, |wait| running.wait(wait)).map(|ended| ended.is_ok());
    }
    let before = core::mem::replace(asleep, now_asleep);
    if now_asleep.is_none() || before != now_asleep || goroutine::all_others_sleep() != now_asleep {
        return Ok(false);
    }
    let text = text.unwrap_or_else(|| error.to_string());
    let text = py.import("gort._runtime")?.call_method1("with_frames", (text,))?;
    Err(errors::of(errors::deadlock(py), text))
}

/// Whether there are threads that are not asleep in here. The runtime knows nothing of one that has never
/// called it; it may yet do so, and end what looks like a deadlock.
fn others_may_act(py: Python<'_>) -> PyResult<bool> {
    let threading = py.import("threading")?;
    let this = threading.call_method0("get_ident")?.extract::<u64>()?;
    for thread in threading.call_method0("enumerate")?.try_iter()? {
        let ident = thread?.getattr("ident")?.extract::<Option<u64>>()?;
        if ident.is_none_or(|ident| ident != this && !tstate::is_ours(ident)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Time for the main goroutine to notice a Ctrl-C, if it waits.
const NOTICE: i64 = 5_000_000;

/// Ctrl-C while main runs: if its goroutine waits, it gets the exception, and its end is waited for.
#[cold]
fn interrupted(py: Python<'_>, task: &Task, error: PyErr) -> PyResult<Py<PyAny>> {
    signals::interrupt_by_keyboard(task.id());
    let until = Wait::Until(time::now() + NOTICE);
    if signals::blocking(py, until, |wait| task.wait(wait))?.is_err() {
        if !signals::has_taken_interrupt(task.id()) {
            return Err(error);
        }
        let _ = signals::blocking(py, Wait::Forever, |wait| task.wait(wait))?;
    }
    task.result(py)
}

/// Let other goroutines run first.
///
/// >>> import gort
/// >>> gort.yield_now()
#[pyfunction]
pub(crate) fn yield_now() {
    if goroutine::goroutine_id() == 0 {
        return tstate::detached(goroutine::yield_now);
    }
    tstate::asleep(goroutine::yield_now);
}

/// End this goroutine: finally blocks run, and join returns None.
///
/// >>> import gort
/// >>> def early():
/// ...     gort.exit()
/// >>> gort.go(early).join() is None
/// True
#[pyfunction]
pub(crate) fn exit(py: Python<'_>) -> PyResult<()> {
    if goroutine::goroutine_id() == 0 {
        return Err(errors::of(errors::misuse(py), "exit of a thread that is no goroutine"));
    }
    Err(errors::of(errors::exit(py), "the goroutine ends"))
}

/// The id of the running goroutine; 0 on a plain thread.
///
/// >>> import gort
/// >>> gort.goroutine_id()
/// 0
/// >>> gort.go(gort.goroutine_id).join() > 0
/// True
#[pyfunction]
pub(crate) fn goroutine_id() -> u64 {
    goroutine::goroutine_id()
}

/// Goroutines that were started and are not over.
///
/// >>> import gort
/// >>> gort.go(gort.num_goroutine).join() >= 1
/// True
#[pyfunction]
pub(crate) fn num_goroutine() -> usize {
    goroutine::num_goroutine()
}

/// Keep the running goroutine on its OS thread until the matching unlock. Goroutines never leave their
/// thread here, so this only counts.
///
/// >>> import gort
/// >>> gort.lock_os_thread()
/// >>> gort.unlock_os_thread()
#[pyfunction]
pub(crate) fn lock_os_thread(py: Python<'_>) -> PyResult<()> {
    if goroutine::goroutine_id() == 0 {
        return Ok(()); // a plain thread is on its own in any case
    }
    goroutine::lock_os_thread().map_err(|error| errors::raise(py, error))
}

/// Undo one lock_os_thread; nothing when there is none, as in Go.
///
/// >>> import gort
/// >>> gort.unlock_os_thread()
#[pyfunction]
pub(crate) fn unlock_os_thread(py: Python<'_>) -> PyResult<()> {
    if goroutine::goroutine_id() == 0 {
        return Ok(());
    }
    goroutine::unlock_os_thread().map_err(|error| errors::raise(py, error))
}
