//! What is told of goroutines to those who ask: exceptions that nobody has joined, and Python frames for dumps.

use crate::goroutine::Goroutine;
use crate::sys;
use crate::task::{OBSERVED, Stage, Task};
use core::ffi::c_void;
use core::ptr;
use pyo3::exceptions::PySystemExit;
use pyo3::ffi::{self, PyObject, PyThreadState};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyWeakrefMethods, PyWeakrefReference};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::*};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Goroutines that have failed and whose exception nobody has got.
static FAILED: Mutex<BTreeMap<u64, Py<PyWeakrefReference>>> = Mutex::new(BTreeMap::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The goroutine of this handle has ended with an exception. Before anybody can know.
pub(crate) unsafe fn failed(handle: *mut PyObject) {
    Python::attach(|py| {
        // SAFETY: the caller's reference.
        let (handle, task) = unsafe { (Bound::from_borrowed_ptr(py, handle), Goroutine::task(handle)) };
        // Without memory its exception is not reported at exit.
        if let Ok(reference) = PyWeakrefReference::new(&handle) {
            lock(&FAILED).insert(task.id(), reference.unbind());
        }
    });
}

/// Somebody gets its exception.
pub(crate) fn observed(task: &Task) {
    lock(&FAILED).remove(&task.id());
}

/// The handle of a goroutine that has failed is dropped, and nobody has got the exception: report it, with another
/// handle.
#[cold]
pub(crate) fn dropped(task: &mut Task) {
    lock(&FAILED).remove(&task.id());
    let task = task.heir();
    Python::attach(|py| match Goroutine::new(py, task) {
        Ok(handle) => report(&handle),
        Err(error) => error.write_unraisable(py, None),
    });
}

/// Call gort.excepthook for a goroutine whose exception nobody will ever get. SystemExit, as in a
/// thread, is no reason to.
fn report(handle: &Bound<'_, Goroutine>) {
    let py = handle.py();
    let Stage::Failed(_, value, _) = handle.get().0.outcome() else { return };
    // This may be the middle of anything, with an exception of its own.
    let (mut class, mut set, mut traceback) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    // SAFETY: attached; what is fetched is put back.
    unsafe { ffi::PyErr_Fetch(&mut class, &mut set, &mut traceback) };
    // SAFETY: the reference is the outcome's.
    let value = unsafe { Bound::from_borrowed_ptr(py, value.0) };
    if !value.is_instance_of::<PySystemExit>()
        && let Err(error) = call_hook(handle, &value)
    {
        error.write_unraisable(py, Some(&value));
    }
    // SAFETY: as above.
    unsafe { ffi::PyErr_Restore(class, set, traceback) };
}

fn call_hook(handle: &Bound<'_, Goroutine>, value: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = handle.py();
    let hook = py.import("gort")?.getattr(intern!(py, "excepthook"))?;
    let args = (handle, value).into_pyobject(py)?;
    // SAFETY: both are alive; the hook may be unwound by the end of the interpreter.
    let result = unsafe { sys::unwinds(|| sys::PyObject_Call(hook.as_ptr(), args.as_ptr(), ptr::null_mut())) };
    // SAFETY: a new reference, or an exception is set.
    unsafe { Bound::from_owned_ptr_or_err(py, result) }.map(drop)
}

/// In the child of a fork: they are the parent's.
pub(crate) fn reset_after_fork() {
    lock(&FAILED).clear();
    // The goroutine that has forked, if one has, still writes to its own.
    core::mem::forget(core::mem::take(&mut *lock(&STATES)));
}

/// Report what is left; when the interpreter exits.
#[pyfunction]
pub(crate) fn _report_failed(py: Python<'_>) {
    let left = core::mem::take(&mut *lock(&FAILED));
    for reference in left.into_values() {
        if let Some(handle) = reference.bind(py).upgrade_as::<Goroutine>().ok().flatten()
            && handle.get().0.mark(OBSERVED) & OBSERVED == 0
        {
            report(&handle);
        }
    }
}

/// The goroutines' thread states by address, each with the id of the goroutine that has it now, or 0.
static STATES: Mutex<BTreeMap<usize, Box<AtomicU64>>> = Mutex::new(BTreeMap::new());

/// There is a new state: where to write which goroutine has it, while it is attached.
pub(crate) fn begin_state(ts: *mut PyThreadState) -> *const AtomicU64 {
    let id = Box::new(AtomicU64::new(0));
    let place = ptr::from_ref(&*id);
    lock(&STATES).insert(ts as usize, id);
    place
}

/// No goroutine has it any more.
pub(crate) fn end_state(ts: *mut PyThreadState) {
    lock(&STATES).remove(&(ts as usize));
}

/// While it lives, nobody else runs Python code or ends a state.
struct Still(Option<*mut c_void>);

impl Still {
    /// `None`: that cannot be had here.
    fn new(py: Python<'_>) -> Option<Still> {
        if crate::runtime::gil(py) {
            return Some(Still(None));
        }
        let (stop, start) = (sys::symbol(c"_PyEval_StopTheWorld"), sys::symbol(c"_PyEval_StartTheWorld"));
        if stop.is_null() || start.is_null() {
            return None;
        }
        // SAFETY: attached; what was stopped is started again by the drop.
        unsafe { call_with_interpreter(stop) };
        Some(Still(Some(start)))
    }
}

impl Drop for Still {
    fn drop(&mut self) {
        if let Some(start) = self.0 {
            // SAFETY: stopped by `new`.
            unsafe { call_with_interpreter(start) };
        }
    }
}

unsafe fn call_with_interpreter(function: *mut c_void) {
    // SAFETY: the symbol has this signature.
    unsafe {
        let function: unsafe extern "C" fn(*mut ffi::PyInterpreterState) = core::mem::transmute(function);
        function(ffi::PyInterpreterState_Get());
    }
}

/// Where each goroutine is in Python: its frame by its id.
#[pyfunction]
pub(crate) fn _frames(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    let mut frames = Vec::new();
    if let Some(_still) = Still::new(py) {
        for (&ts, id) in lock(&STATES).iter() {
            let id = id.load(Relaxed);
            if id != 0 {
                // SAFETY: no goroutine runs or ends; the frame is a new reference, or null.
                let frame = unsafe { Bound::from_owned_ptr_or_opt(py, sys::PyThreadState_GetFrame(ts as *mut _)) };
                frames.extend(frame.map(|frame| (id, frame)));
            }
        }
    }
    for (id, frame) in frames {
        dict.set_item(id, frame)?;
    }
    Ok(dict)
}
