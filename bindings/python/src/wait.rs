//! How long a call may wait: `timeout=` and `ctx=`, as the runtime wants to know it, and which
//! exception it is when that has ended a wait.

use crate::context::PyCtx;
use crate::{errors, signals};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDelta, PyFloat, PyInt};
use rt_core::context::{self, Ctx};
use rt_core::{Error, Kind, Wait, chan, time};

/// More than 200 years: for ever.
pub(crate) const FOREVER: i64 = i64::MAX;

/// A duration in nanoseconds: of a number of seconds or a timedelta. Negative ones are 0.
pub(crate) fn nanoseconds(value: &Bound<'_, PyAny>) -> PyResult<i64> {
    let seconds = if let Ok(value) = value.cast::<PyFloat>() {
        value.extract::<f64>()?
    } else if value.is_instance_of::<PyInt>() {
        value.extract::<f64>().unwrap_or(if value.lt(0)? { 0.0 } else { f64::INFINITY })
    } else if value.is_instance_of::<PyDelta>() {
        value.call_method0("total_seconds")?.extract::<f64>()?
    } else {
        let class = value.get_type().name()?;
        return Err(PyTypeError::new_err(format!("a duration is a number of seconds or a timedelta, not {class}")));
    };
    if seconds.is_nan() {
        return Err(PyValueError::new_err("a duration must not be NaN"));
    }
    // The conversion saturates.
    Ok((seconds.max(0.0) * 1e9) as i64)
}

/// What ends a wait early.
pub(crate) enum Limit<'py> {
    Never,
    At {
        when: i64,
        at_once: bool,
    },
    Context(Bound<'py, PyCtx>),
    /// A context made of both; the reference is ours.
    Both(Bound<'py, PyCtx>, *mut Ctx),
}

impl<'py> Limit<'py> {
    #[inline]
    pub(crate) fn new(timeout: Option<&Bound<'py, PyAny>>, ctx: Option<&Bound<'py, PyAny>>) -> PyResult<Limit<'py>> {
        match (timeout, ctx) {
            (None, None) => Ok(Limit::Never),
            (timeout, ctx) => Limit::of(timeout, ctx),
        }
    }

    fn of(timeout: Option<&Bound<'py, PyAny>>, ctx: Option<&Bound<'py, PyAny>>) -> PyResult<Limit<'py>> {
        let duration = timeout.map(nanoseconds).transpose()?.filter(|&d| d != FOREVER);
        let when = duration.map(|d| time::now().saturating_add(d));
        let Some(ctx) = ctx else {
            let at_once = duration == Some(0);
            return Ok(when.map_or(Limit::Never, |when| Limit::At { when, at_once }));
        };
        let ctx = ctx.cast::<PyCtx>().map_err(|_| PyTypeError::new_err("ctx must be a gort.context.Context"))?.clone();
        let Some(when) = when else { return Ok(Limit::Context(ctx)) };
        let py = ctx.py();
        // SAFETY: the Python object has a reference to its context.
        let both = unsafe { context::with_deadline(ctx.get().raw(), when) }.map_err(|e| errors::raise(py, e))?;
        Ok(Limit::Both(ctx, both.as_ptr()))
    }

    pub(crate) fn wait(&self) -> Wait<'_> {
        match self {
            Limit::Never => Wait::Forever,
            Limit::At { when, .. } => Wait::Until(*when),
            // SAFETY: alive as long as the Python object, or our own reference.
            Limit::Context(ctx) => Wait::Context(unsafe { &*ctx.get().raw() }),
            // SAFETY: as above.
            Limit::Both(_, ctx) => Wait::Context(unsafe { &**ctx }),
        }
    }

    /// The channel that is closed when the context ends; null: there is none, or it never does.
    pub(crate) fn done(&self) -> *mut chan::Chan {
        match self {
            // SAFETY: the Python object has a reference to its context.
            Limit::Context(ctx) => unsafe { context::done(ctx.get().raw()) },
            _ => core::ptr::null_mut(),
        }
    }

    /// Do `call`, first without waiting, then as long as the limit allows, without the interpreter.
    #[inline]
    pub(crate) fn call<R>(&self, py: Python<'_>, mut call: impl FnMut(Wait) -> Result<R, Error>) -> PyResult<R> {
        match call(Wait::Try) {
            Ok(result) => Ok(result),
            Err(error) if error.kind() == Kind::WouldBlock => self.call_waiting(py, call),
            Err(error) => Err(errors::raise(py, error)),
        }
    }

    /// As [`call`](Self::call), for what was tried already.
    pub(crate) fn call_waiting<R>(&self, py: Python<'_>, call: impl FnMut(Wait) -> Result<R, Error>) -> PyResult<R> {
        if let Limit::At { at_once: true, .. } = self {
            return Err(errors::of(errors::timeout(py), "the timeout passed"));
        }
        signals::blocking(py, self.wait(), call)?.map_err(|error| self.raise(py, error))
    }

    /// The exception for an error that a call with this limit has returned.
    #[cold]
    pub(crate) fn raise(&self, py: Python<'_>, error: Error) -> PyErr {
        let ended = matches!(error.kind(), Kind::Canceled | Kind::DeadlineExceeded);
        match self {
            Limit::Context(ctx) if ended => PyCtx::reason(ctx),
            // SAFETY: the Python object has a reference to its context.
            Limit::Both(ctx, _) if ended && unsafe { context::err(ctx.get().raw()) }.is_err() => PyCtx::reason(ctx),
            _ => errors::raise(py, error),
        }
    }
}

impl Drop for Limit<'_> {
    fn drop(&mut self) {
        if let Limit::Both(_, ctx) = *self {
            // SAFETY: our own reference.
            unsafe { context::release(ctx) };
        }
    }
}
