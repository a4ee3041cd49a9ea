//! What threading.settrace and threading.setprofile ask for in new threads holds for goroutines too.

use crate::sys;
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering::*};

/// The dict of the module threading, and where it keeps its hooks.
static THREADING: AtomicPtr<PyObject> = AtomicPtr::new(ptr::null_mut());
static KEYS: [AtomicPtr<PyObject>; 2] = [const { AtomicPtr::new(ptr::null_mut()) }; 2];

/// The version of that dict in which there was no hook: looking both up is a twentieth of what a goroutine costs.
/// `UNKNOWN`: there was one, or dicts have no versions.
static WITHOUT: AtomicU64 = AtomicU64::new(UNKNOWN);
const UNKNOWN: u64 = 0;
/// Whether dicts have them.
static VERSIONS: AtomicBool = AtomicBool::new(false);
/// Where a dict's version is, up to 3.12: no two states of dicts have the same, and none has 0.
const VERSION: usize = 24;

unsafe fn version(dict: *mut PyObject) -> u64 {
    // SAFETY: a dict is larger than that.
    unsafe { *dict.byte_add(VERSION).cast::<u64>() }
}

/// Whether this CPython's dicts have versions: nothing else there changes when a value is replaced by another.
fn dicts_have_versions(py: Python<'_>) -> PyResult<bool> {
    let (dict, other) = (PyDict::new(py), PyDict::new(py));
    let mut seen = Vec::new();
    for value in [None, Some(true), Some(false), None] {
        dict.set_item("hook", value)?;
        other.set_item("hook", value)?;
        // SAFETY: dicts.
        seen.extend(unsafe { [version(dict.as_ptr()), version(other.as_ptr())] });
    }
    Ok(!seen.contains(&UNKNOWN) && seen.is_sorted_by(|a, b| a < b))
}

pub(crate) fn init(py: Python<'_>) -> PyResult<()> {
    let threading = py.import("threading")?;
    THREADING.store(threading.dict().into_ptr(), Relaxed);
    for (key, name) in KEYS.iter().zip(["_trace_hook", "_profile_hook"]) {
        key.store(PyString::intern(py, name).into_ptr(), Relaxed);
    }
    VERSIONS.store(dicts_have_versions(py)?, Relaxed);
    Ok(())
}

/// A goroutine begins: give it the hooks there are.
#[inline(always)]
pub(crate) fn begin() {
    // SAFETY: attached; the dict lives for ever.
    unsafe {
        let version = version(THREADING.load(Relaxed));
        if version != WITHOUT.load(Relaxed) || version == UNKNOWN {
            look(version);
        }
    }
}

#[inline(never)]
unsafe fn look(version: u64) {
    let mut without = VERSIONS.load(Relaxed);
    // SAFETY: attached; the dict and the keys live for ever.
    unsafe {
        for (key, name) in KEYS.iter().zip([c"settrace", c"setprofile"]) {
            let hook = ffi::PyDict_GetItemWithError(THREADING.load(Relaxed), key.load(Relaxed));
            if !hook.is_null() && hook != ffi::Py_None() {
                without = false;
                set_hook(name, hook);
            }
        }
    }
    WITHOUT.store(if without { version } else { UNKNOWN }, Relaxed);
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
