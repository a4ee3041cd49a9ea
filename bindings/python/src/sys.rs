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
            stop_thread();
        }
    }
    let stop = Stop;
    let result = f();
    core::mem::forget(stop);
    result
}

/// What becomes of a thread that wants the interpreter when that ends.
pub(crate) fn stop_thread() -> ! {
    loop {
        // SAFETY: no arguments.
        unsafe { libc::pause() };
    }
}

/// Functions that may unwind. pyo3 declares some of them as functions that do not; where both meet, the
/// optimizer would believe that and drop our landing pads, were it not for the pointer it cannot see
/// through.
macro_rules! unwinding {
    ($($name:ident($($arg:ident: $type:ty),*) $(-> $result:ty)?;)*) => {
        $(
            #[allow(non_snake_case)]
            #[inline(always)]
            pub(crate) unsafe fn $name($($arg: $type),*) $(-> $result)? {
                unsafe extern "C-unwind" {
                    fn $name($($arg: $type),*) $(-> $result)?;
                }
                let function: unsafe extern "C-unwind" fn($($type),*) $(-> $result)? = $name;
                // SAFETY: by contract of CPython's function.
                unsafe { core::hint::black_box(function)($($arg),*) }
            }
        )*
    };
}

unwinding! {
    PyObject_Call(callable: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> *mut PyObject;
    PyEval_RestoreThread(ts: *mut PyThreadState);
    PyErr_CheckSignals() -> c_int;
    Py_MakePendingCalls() -> c_int;
    PyErr_Print();
    Py_Exit(status: c_int) -> !;
    Py_DecRef(object: *mut PyObject);
    PyContext_Enter(context: *mut PyObject) -> c_int;
    PyContext_Exit(context: *mut PyObject) -> c_int;
    PyThreadState_Clear(ts: *mut PyThreadState);
}

unsafe extern "C" {
    pub(crate) fn PyContext_CopyCurrent() -> *mut PyObject;
    pub(crate) fn PyContext_Copy(context: *mut PyObject) -> *mut PyObject;
    pub(crate) fn PyEval_SaveThread() -> *mut PyThreadState;
    pub(crate) fn PyThreadState_New(interpreter: *mut PyInterpreterState) -> *mut PyThreadState;
    pub(crate) fn PyThreadState_DeleteCurrent();
    pub(crate) fn PyThreadState_Delete(ts: *mut PyThreadState);
    pub(crate) fn PyThreadState_Swap(ts: *mut PyThreadState) -> *mut PyThreadState;
    pub(crate) fn PyThreadState_GetFrame(ts: *mut PyThreadState) -> *mut PyObject;
    pub(crate) fn PyThreadState_GetDict() -> *mut PyObject;
    pub(crate) fn PyGILState_GetThisThreadState() -> *mut PyThreadState;
    pub(crate) fn PyThread_get_thread_ident() -> libc::c_ulong;
}

/// The address of a symbol that not every version has.
pub(crate) fn symbol(name: &core::ffi::CStr) -> *mut c_void {
    // SAFETY: the name is a C string; the default scope is searched.
    unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) }
}
