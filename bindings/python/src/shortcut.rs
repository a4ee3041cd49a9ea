//! Shortcuts: methods and functions whose arguments cost more to pass than the work they do.
//!
//! Up to the stable ABI of 3.9 a method gets its arguments as a tuple and a dict, and that is what pyo3
//! makes. METH_FASTCALL joined that ABI with 3.10, but has been what it is since 3.7. So beside some of
//! pyo3's methods there is one of that kind: it does the plain call, with just the arguments that have no
//! default, and leaves any other to pyo3's. From that it also has its text and its signature.
//!
//! Each class has descriptors of its own: CPython's fastest call is for methods of the object's very class.
//!
//! What is here runs without pyo3's bookkeeping, so it drops no `Py` outside of `Python::attach`.

use crate::chan::{Carries, ChanBase};
use crate::goroutine::Goroutine;
use crate::task::{self, Call, Raw, Stage, Task, copied_context};
use crate::wait::Limit;
use crate::{errors, signals, sys, tstate};
use core::ffi::{CStr, c_int};
use core::mem::transmute;
use core::ops::RangeInclusive;
use core::ptr;
use pyo3::ffi::{self, Py_ssize_t, PyMethodDef, PyMethodDefPointer, PyObject};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyModule, PyTuple, PyType};
use rt_core::{Error, Kind, Wait, chan, goroutine};
use std::ffi::CString;
use std::sync::atomic::{AtomicPtr, Ordering::*};

/// Does the plain call on an object of the class, or null for a function, with as many arguments as there
/// may be. Null: an exception is set.
type Plain = unsafe fn(*mut PyObject, *const *mut PyObject, Py_ssize_t) -> *mut PyObject;

/// What CPython calls: the object, the arguments, how many of them are positional, the others' names.
type Called = unsafe extern "C" fn(*mut PyObject, *const *mut PyObject, Py_ssize_t, *mut PyObject) -> *mut PyObject;

const METH_FASTCALL: c_int = 0x80;

struct Shortcut {
    /// Of a class, or a function of the module.
    is_method: bool,
    name: &'static CStr,
    arguments: RangeInclusive<Py_ssize_t>,
    plain: Plain,
    called: Called,
}

static SHORTCUTS: [Shortcut; 4] = [
    Shortcut { is_method: true, name: c"send", arguments: 1..=1, plain: send, called: called::<0> },
    Shortcut { is_method: true, name: c"recv", arguments: 0..=0, plain: recv, called: called::<1> },
    Shortcut { is_method: true, name: c"join", arguments: 0..=0, plain: join, called: called::<2> },
    Shortcut { is_method: false, name: c"go", arguments: 1..=Py_ssize_t::MAX, plain: go, called: called::<3> },
];

/// pyo3's methods and functions.
static FULL: [AtomicPtr<PyObject>; SHORTCUTS.len()] = [const { AtomicPtr::new(ptr::null_mut()) }; SHORTCUTS.len()];

/// Give `class` the shortcuts for those of its methods that have one.
pub(crate) fn install(class: &Bound<'_, PyType>) -> PyResult<()> {
    replace(class, true, |definition| {
        // SAFETY: the definition has the signature its flags ask for.
        unsafe { Bound::from_owned_ptr_or_err(class.py(), ffi::PyDescr_NewMethod(class.as_type_ptr(), definition)) }
    })
}

/// The same for the functions of `module`.
pub(crate) fn install_functions(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let name = module.name()?;
    replace(module, false, |definition| {
        // SAFETY: as above.
        unsafe {
            let function = ffi::PyCFunction_NewEx(definition, ptr::null_mut(), name.as_ptr());
            Bound::from_owned_ptr_or_err(module.py(), function)
        }
    })
}

/// Replace what is in `place` and has a shortcut by what `make` makes of a definition, which lives for ever.
fn replace<'py>(
    place: &Bound<'py, PyAny>,
    methods: bool,
    make: impl Fn(*mut PyMethodDef) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<()> {
    for (shortcut, full) in SHORTCUTS.iter().zip(&FULL).filter(|(shortcut, _)| shortcut.is_method == methods) {
        let name = shortcut.name.to_str().expect("a name is ASCII");
        let Some(method) = place.getattr_opt(name)? else { continue };
        let text = |attribute| method.getattr(attribute)?.extract::<String>();
        let doc = format!("{name}{}\n--\n\n{}", text("__text_signature__")?, text("__doc__")?);
        // SAFETY: a function is called as its flags say.
        let called = unsafe { transmute::<Called, ffi::PyCFunctionWithKeywords>(shortcut.called) };
        let definition = Box::leak(Box::new(PyMethodDef {
            ml_name: shortcut.name.as_ptr(),
            ml_meth: PyMethodDefPointer { PyCFunctionWithKeywords: called },
            ml_flags: METH_FASTCALL | ffi::METH_KEYWORDS,
            ml_doc: CString::new(doc)?.into_raw(),
        }));
        place.setattr(name, make(definition)?)?;
        if full.load(Relaxed).is_null() {
            full.store(method.into_ptr(), Relaxed);
        }
    }
    Ok(())
}

unsafe extern "C" fn called<const I: usize>(
    this: *mut PyObject,
    arguments: *const *mut PyObject,
    count: Py_ssize_t,
    names: *mut PyObject,
) -> *mut PyObject {
    let shortcut = &SHORTCUTS[I];
    // SAFETY: the descriptor has checked the class.
    unsafe {
        if shortcut.arguments.contains(&count) && names.is_null() {
            (shortcut.plain)(this, arguments, count)
        } else {
            call_full(FULL[I].load(Relaxed), this, arguments, count, names)
        }
    }
}

/// Call pyo3's method or function with the same arguments.
#[cold]
unsafe fn call_full(
    full: *mut PyObject,
    this: *mut PyObject,
    arguments: *const *mut PyObject,
    count: Py_ssize_t,
    names: *mut PyObject,
) -> *mut PyObject {
    or_null(|py| {
        // SAFETY: CPython gives so many arguments, the named ones last; they live during the call.
        unsafe {
            let argument = |i: usize| Borrowed::from_ptr(py, *arguments.add(i));
            let positional = (0..count as usize).map(argument);
            let this = (!this.is_null()).then(|| Borrowed::from_ptr(py, this));
            let all: Vec<_> = this.into_iter().chain(positional).collect();
            let named = PyDict::new(py);
            if !names.is_null() {
                for (i, name) in Borrowed::from_ptr(py, names).cast_unchecked::<PyTuple>().iter().enumerate() {
                    named.set_item(name, argument(count as usize + i))?;
                }
            }
            let all = PyTuple::new(py, all)?;
            let result = sys::unwinds(|| sys::PyObject_Call(full, all.as_ptr(), named.as_ptr()));
            Bound::from_owned_ptr_or_err(py, result)
        }
    })
}

/// What `f` returns, or null and its exception set.
fn or_null(f: impl for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, PyAny>>) -> *mut PyObject {
    Python::attach(|py| match f(py) {
        Ok(object) => object.into_ptr(),
        Err(error) => {
            error.restore(py);
            ptr::null_mut()
        }
    })
}

/// Do `call`, first without waiting, then for as long as it takes. False: it has failed, and its exception
/// is set.
#[inline(always)]
fn done(mut call: impl FnMut(Wait) -> Result<(), Error>) -> bool {
    let mut result = call(Wait::Try);
    if matches!(&result, Err(error) if error.kind() == Kind::WouldBlock) && goroutine::goroutine_id() != 0 {
        result = tstate::asleep(|| call(Wait::Interruptible(&Wait::Forever)));
    }
    match result {
        Ok(()) => true,
        Err(error) => done_otherwise(error, call),
    }
}

/// As [`done`], where the first try has returned `error`.
#[cold]
fn done_otherwise(error: Error, call: impl FnMut(Wait) -> Result<(), Error>) -> bool {
    Python::attach(|py| {
        let result = match error.kind() {
            Kind::WouldBlock => Limit::Never.call_waiting(py, call),
            Kind::Interrupted => Err(signals::interrupted(py, goroutine::goroutine_id())),
            _ => Err(errors::raise(py, error)),
        };
        result.map_err(|error| error.restore(py)).is_ok()
    })
}

#[inline(always)]
unsafe fn channel<'a>(this: *mut PyObject) -> &'a ChanBase {
    // SAFETY: the object is a channel's, and lives during the call.
    unsafe {
        let this = Borrowed::from_ptr(Python::assume_attached(), this).cast_unchecked::<ChanBase>();
        &*ptr::from_ref(this.get())
    }
}

fn none() -> *mut PyObject {
    // SAFETY: attached; None is never freed.
    unsafe {
        let none = ffi::Py_None();
        ffi::Py_INCREF(none);
        none
    }
}

#[inline(always)]
unsafe fn send(this: *mut PyObject, arguments: *const *mut PyObject, _: Py_ssize_t) -> *mut PyObject {
    // SAFETY: the channel is alive as long as its object; the slot holds an element, a reference that is
    // ours again when the call fails.
    unsafe {
        let c = channel(this).c;
        let slot = *arguments;
        ffi::Py_INCREF(slot);
        if done(|wait| chan::send(c, (&raw const slot).cast(), wait)) {
            none()
        } else {
            ffi::Py_DECREF(slot);
            ptr::null_mut()
        }
    }
}

#[inline(always)]
unsafe fn recv(this: *mut PyObject, _: *const *mut PyObject, _: Py_ssize_t) -> *mut PyObject {
    let mut slot: *mut PyObject = ptr::null_mut();
    // SAFETY: as in `send`; the slot has room for an element.
    unsafe {
        let channel = channel(this);
        if !done(|wait| chan::recv(channel.c, (&raw mut slot).cast(), wait)) {
            ptr::null_mut()
        } else if channel.carries == Carries::Objects {
            slot
        } else {
            or_null(|py| Ok(channel.received(py, slot).into_bound(py)))
        }
    }
}

#[inline(always)]
unsafe fn join(this: *mut PyObject, _: *const *mut PyObject, _: Py_ssize_t) -> *mut PyObject {
    // SAFETY: the object is a goroutine's handle, and lives during the call.
    let task = unsafe { Goroutine::task(this) };
    if !task.is_done() && !done(|wait| task.wait(wait)) {
        return ptr::null_mut();
    }
    match task.outcome() {
        // SAFETY: the reference is the outcome's.
        Stage::Value(value) => unsafe { own(value.0) },
        _ => or_null(|py| task.result(py).map(|result| result.into_bound(py))),
    }
}

#[inline(always)]
unsafe fn go(_: *mut PyObject, arguments: *const *mut PyObject, count: Py_ssize_t) -> *mut PyObject {
    // SAFETY: attached; there are so many arguments, and they live during the call.
    unsafe {
        let function = *arguments;
        if ffi::PyCallable_Check(function) == 0 {
            return call_full(FULL[3].load(Relaxed), ptr::null_mut(), arguments, count, ptr::null_mut());
        }
        let args = Raw(ffi::PyTuple_New(count - 1));
        if args.0.is_null() {
            return ptr::null_mut();
        }
        for i in 1..count {
            ffi::PyTuple_SetItem(args.0, i - 1, own(*arguments.offset(i)));
        }
        let Some(context) = copied_context() else { return ptr::null_mut() };
        let none = || Raw(ptr::null_mut());
        let call = Call { function: Raw(own(function)), args, kwargs: none(), context };
        let handle = match Goroutine::new(Python::assume_attached(), Task::new(None, call, none())) {
            Ok(handle) => handle,
            Err(error) => return or_null(|_| Err(error)),
        };
        match task::start(&handle) {
            Ok(()) => handle.into_ptr(),
            Err(error) => or_null(|py| Err(errors::raise(py, error))),
        }
    }
}

/// A reference of one's own.
unsafe fn own(object: *mut PyObject) -> *mut PyObject {
    // SAFETY: attached; the object is alive.
    unsafe { ffi::Py_INCREF(object) };
    object
}
