//! What is told of goroutines to those who ask or watch: exceptions that nobody has joined, Python
//! frames for dumps, and `threading.settrace`.

use crate::goroutine::Goroutine;
use crate::sys;
use crate::task::{OBSERVED, Outcome, Task};
use core::ffi::c_void;
use core::ptr;
use pyo3::exceptions::PySystemExit;
use pyo3::ffi::{self, PyObject, PyThreadState};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicPtr, Ordering::*};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Goroutines that have failed and whose exception nobody has got.
static FAILED: Mutex<BTreeMap<u64, Weak<Task>>> = Mutex::new(BTreeMap::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A goroutine has ended with an exception. Before anybody can know.
pub(crate) fn failed(task: &Arc<Task>) {
    lock(&FAILED).insert(task.id(), Arc::downgrade(task));
}

/// Somebody gets what came of it.
pub(crate) fn observed(task: &Task) {
    if matches!(task.outcome(), Outcome::Failed(..)) {
        lock(&FAILED).remove(&task.id());
    }
}

/// Call gort.excepthook for a goroutine whose exception nobody will ever get. SystemExit, as in a
/// thread, is no reason to.
pub(crate) fn report(task: &Arc<Task>) {
    let Outcome::Failed(_, value, _) = task.outcome() else { return };
    if task.mark(OBSERVED) & OBSERVED != 0 {
        return;
    }
    lock(&FAILED).remove(&task.id());
    Python::attach(|py| {
        // This may be the middle of anything, with an exception of its own.
        let (mut class, mut set, mut traceback) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        // SAFETY: attached; what is fetched is put back.
        unsafe { ffi::PyErr_Fetch(&mut class, &mut set, &mut traceback) };
        // SAFETY: the reference is the outcome's.
        let value = unsafe { Bound::from_borrowed_ptr(py, value.0) };
        if !value.is_instance_of::<PySystemExit>()
            && let Err(error) = call_hook(py, task, &value)
        {
            error.write_unraisable(py, Some(&value));
        }
        // SAFETY: as above.
        unsafe { ffi::PyErr_Restore(class, set, traceback) };
    });
}

fn call_hook(py: Python<'_>, task: &Arc<Task>, value: &Bound<'_, PyAny>) -> PyResult<()> {
    let handle = Py::new(py, Goroutine::of(task.clone()))?;
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
    let mut live = lock(&LIVE);
    live.free.clear();
    // Places are kept: the goroutine that has forked, if one has, gives its own back.
    let places = live.states.len();
    live.states.clear();
    live.states.resize(places, (0, ptr::null_mut()));
}

/// Report what is left; when the interpreter exits.
#[pyfunction]
pub(crate) fn _report_failed() {
    let left: Vec<_> = lock(&FAILED).values().filter_map(Weak::upgrade).collect();
    for task in left {
        report(&task);
    }
}

/// The thread states of the goroutines that have begun and not ended, by id, and the free places.
struct Live {
    states: Vec<(u64, *mut PyThreadState)>,
    free: Vec<usize>,
}

// SAFETY: a state is in it while its goroutine lives, and looked at with the interpreter attached.
unsafe impl Send for Live {}

static LIVE: Mutex<Live> = Mutex::new(Live { states: Vec::new(), free: Vec::new() });

/// The running goroutine begins with this state; its place, for [`ends`].
pub(crate) fn begins(id: u64, ts: *mut PyThreadState) -> usize {
    let mut live = lock(&LIVE);
    if let Some(place) = live.free.pop() {
        live.states[place] = (id, ts);
        return place;
    }
    live.states.push((id, ts));
    live.states.len() - 1
}

/// It ends.
pub(crate) fn ends(place: usize) {
    let mut live = lock(&LIVE);
    live.states[place] = (0, ptr::null_mut());
    live.free.push(place);
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
        for &(id, ts) in lock(&LIVE).states.iter().filter(|&&(id, _)| id != 0) {
            // SAFETY: no goroutine runs or ends; the frame is a new reference, or null.
            let frame = unsafe { Bound::from_owned_ptr_or_opt(py, sys::PyThreadState_GetFrame(ts)) };
            frames.extend(frame.map(|frame| (id, frame)));
        }
    }
    for (id, frame) in frames {
        dict.set_item(id, frame)?;
    }
    Ok(dict)
}

/// The dict of the module threading.
static THREADING: AtomicPtr<PyObject> = AtomicPtr::new(ptr::null_mut());
static KEYS: [AtomicPtr<PyObject>; 2] = [const { AtomicPtr::new(ptr::null_mut()) }; 2];

/// Remember where `threading` keeps its hooks.
pub(crate) fn init(py: Python<'_>) -> PyResult<()> {
    let threading = py.import("threading")?;
    THREADING.store(threading.dict().into_ptr(), Relaxed);
    for (key, name) in KEYS.iter().zip(["_trace_hook", "_profile_hook"]) {
        key.store(pyo3::types::PyString::intern(py, name).into_ptr(), Relaxed);
    }
    Ok(())
}

/// What threading.settrace and threading.setprofile ask for in new threads holds for goroutines too.
#[inline]
pub(crate) fn begin_tracing() {
    // SAFETY: attached; the dict and the keys live for ever.
    unsafe {
        for (key, name) in KEYS.iter().zip([c"settrace", c"setprofile"]) {
            let hook = ffi::PyDict_GetItem(THREADING.load(Relaxed), key.load(Relaxed));
            if !hook.is_null() && hook != ffi::Py_None() {
                set_hook(name, hook);
            }
        }
    }
}

#[cold]
unsafe fn set_hook(name: &core::ffi::CStr, hook: *mut PyObject) {
    // SAFETY: attached; the references are dropped here.
    unsafe {
        let set = ffi::PySys_GetObject(name.as_ptr());
        let args = ffi::PyTuple_Pack(1, hook);
        let result = sys::unwinds(|| sys::PyObject_Call(set, args, ptr::null_mut()));
        if result.is_null() {
            ffi::PyErr_Clear();
        }
        ffi::Py_XDECREF(result);
        ffi::Py_XDECREF(args);
    }
}
