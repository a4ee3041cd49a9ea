//! The base of gort.context.Context: a reference to one of the runtime's contexts. Values and causes
//! are Python's own and kept in gort/context.py.

use crate::chan;
use crate::task::{Call, Deferred};
use crate::wait::nanoseconds;
use crate::{errors, types};
use core::ptr::NonNull;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};
use rt_core::context::{self, Ctx};
use rt_core::{Kind, time};

#[pyclass(name = "Ctx", module = "gort._gort", subclass, frozen, weakref)]
pub(crate) struct PyCtx(NonNull<Ctx>);

// SAFETY: contexts may be used from any thread; the reference is this object's.
unsafe impl Send for PyCtx {}
// SAFETY: as above.
unsafe impl Sync for PyCtx {}

impl Drop for PyCtx {
    fn drop(&mut self) {
        // SAFETY: this object's reference.
        unsafe { context::release(self.0.as_ptr()) };
    }
}

impl PyCtx {
    pub(crate) fn raw(&self) -> *mut Ctx {
        self.0.as_ptr()
    }

    /// The exception for a wait that this context has ended.
    pub(crate) fn reason(this: &Bound<'_, PyCtx>) -> PyErr {
        match this.call_method0("_reason") {
            Ok(reason) => PyErr::from_value(reason),
            Err(error) => error,
        }
    }
}

#[pymethods]
impl PyCtx {
    /// Ctx(kind, parent=None, when=None): "background", "todo", "cancel", "deadline", "value", "cut".
    #[new]
    #[classmethod]
    #[pyo3(signature = (kind, parent=None, when=None))]
    fn new(
        cls: &Bound<'_, PyType>,
        kind: &str,
        parent: Option<&Bound<'_, PyAny>>,
        when: Option<f64>,
    ) -> PyResult<PyCtx> {
        let py = cls.py();
        let root = match kind {
            "background" => Some(context::background()),
            "todo" => Some(context::todo()),
            _ => None,
        };
        if let Some(root) = root {
            return Ok(PyCtx(root));
        }
        let parent = parent
            .and_then(|p| p.cast::<PyCtx>().ok())
            .ok_or_else(|| PyTypeError::new_err("the parent must be a gort.context.Context"))?
            .get()
            .raw();
        // SAFETY: the parent's object has a reference to it, and lives over this call.
        let made = unsafe {
            match (kind, when) {
                ("cancel", _) => context::with_cancel(parent),
                ("deadline", Some(when)) => context::with_deadline(parent, (when * 1e9) as i64),
                ("value", _) => context::with_value(parent, core::ptr::null(), core::ptr::null_mut(), None),
                ("cut", _) => context::without_cancel(parent),
                _ => return Err(PyTypeError::new_err("no such kind of context")),
            }
        };
        made.map(PyCtx).map_err(|e| errors::raise(py, e))
    }

    /// A channel that is closed when the context ends; one that never is, if it cannot end.
    fn done<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: as above.
        let done = unsafe { context::done(this.get().raw()) };
        let view = chan::View::nothing(done, this.clone().into_any().unbind());
        types::recv_chan(this.py())?.call1((Py::new(this.py(), view)?,))
    }

    /// 0: it has not ended; 1: canceled; 2: its deadline has passed.
    fn _state(&self) -> u8 {
        // SAFETY: as above.
        match unsafe { context::err(self.raw()) } {
            Ok(()) => 0,
            Err(e) if e.kind() == Kind::DeadlineExceeded => 2,
            Err(_) => 1,
        }
    }

    /// The time of time.monotonic() at which the context ends by itself.
    fn deadline(&self) -> Option<f64> {
        // SAFETY: as above.
        unsafe { context::deadline(self.raw()) }.map(|ns| ns as f64 / 1e9)
    }

    /// End it.
    fn _cancel(&self) {
        // SAFETY: as above.
        unsafe { context::cancel(self.raw()) };
    }

    /// Call fn(*args) in a goroutine once the context has ended; a function that prevents it.
    #[pyo3(signature = (r#fn, *args))]
    fn _after_func(&self, r#fn: &Bound<'_, PyAny>, args: &Bound<'_, PyTuple>) -> PyResult<Stop> {
        let py = args.py();
        let call = Deferred::new(Call::checked(r#fn, args, None)?);
        // SAFETY: as above; the call's reference is given away.
        let after = unsafe { context::after_func(self.raw(), Deferred::ENTRY, call.give()) };
        match after {
            Ok(after) => Ok(Stop { after, call }),
            Err(error) => {
                call.take_back();
                Err(errors::raise(py, error))
            }
        }
    }
}

/// What after_func returns: called, it keeps the function from running.
#[pyclass(frozen, module = "gort._gort")]
pub(crate) struct Stop {
    after: NonNull<context::After>,
    call: Deferred,
}

// SAFETY: the handle may be used from any thread.
unsafe impl Send for Stop {}
// SAFETY: as above.
unsafe impl Sync for Stop {}

#[pymethods]
impl Stop {
    /// Keep the function from running; True when that was in time.
    fn __call__(&self) -> bool {
        // SAFETY: released only with this object.
        let stopped = unsafe { context::after_stop(self.after.as_ptr()) };
        if stopped {
            self.call.take_back();
        }
        stopped
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        // SAFETY: this object's own.
        unsafe { context::after_release(self.after.as_ptr()) };
    }
}

/// time.monotonic() + d, where d is a duration.
#[pyfunction]
pub(crate) fn from_now(d: &Bound<'_, PyAny>) -> PyResult<f64> {
    Ok(time::now().saturating_add(nanoseconds(d)?) as f64 / 1e9)
}
