//! What is used of CPython besides pyo3: functions that may end their thread by unwinding, and a few
//! that are no part of the stable ABI but have kept their signatures since 3.7.
//!
//! Up to 3.13 a thread that wants the GIL while the interpreter ends is unwound (pthread_exit). Rust
//! frames on its way would abort the process. So whatever may take the GIL is called through
//! [`unwinds`]: what comes out of it is caught by parking the thread for ever, as 3.14 does.

use core::ffi::{c_int, c_void};
use pyo3::ffi::{PyInterpreterState, PyObject, PyThreadState};

/// Call `f`, which may be unwound by the end of the interpreter: the thread stops here then.
#[inline(always)]
pub(crate) fn unwinds<R>(f: impl FnOnce() -> R) -> R {
    struct Stop;
    impl Drop for Stop {
        fn drop(&mut self) {
            loop {
                // SAFETY: no arguments.
                unsafe { libc::pause() };
            }
        }
    }
    let stop = Stop;
    let result = f();
    core::mem::forget(stop);
    result
}

unsafe extern "C-unwind" {
    pub(crate) fn PyObject_Call(callable: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> *mut PyObject;
    pub(crate) fn PyEval_RestoreThread(ts: *mut PyThreadState);
    pub(crate) fn Py_DecRef(object: *mut PyObject);
    pub(crate) fn PyContext_Enter(context: *mut PyObject) -> c_int;
    pub(crate) fn PyContext_Exit(context: *mut PyObject) -> c_int;
}

unsafe extern "C" {
    pub(crate) fn PyContext_CopyCurrent() -> *mut PyObject;
    pub(crate) fn PyContext_Copy(context: *mut PyObject) -> *mut PyObject;
    pub(crate) fn PyEval_SaveThread() -> *mut PyThreadState;
    pub(crate) fn PyThreadState_New(interpreter: *mut PyInterpreterState) -> *mut PyThreadState;
    pub(crate) fn PyThreadState_Delete(ts: *mut PyThreadState);
    pub(crate) fn PyThreadState_Swap(ts: *mut PyThreadState) -> *mut PyThreadState;
    pub(crate) fn PyThreadState_GetDict() -> *mut PyObject;
    pub(crate) fn PyGILState_GetThisThreadState() -> *mut PyThreadState;
    pub(crate) fn PyThread_get_thread_ident() -> libc::c_ulong;
}

unsafe extern "C-unwind" {
    pub(crate) fn PyThreadState_Clear(ts: *mut PyThreadState);
}

/// The address of a symbol that not every version has.
pub(crate) fn symbol(name: &core::ffi::CStr) -> *mut c_void {
    // SAFETY: the name is a C string; the default scope is searched.
    unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) }
}
