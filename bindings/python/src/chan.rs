//! Channels. A channel carries references: eight bytes each, taken when a value goes in and dropped
//! when it has come out. What is left in a channel is dropped with its owner.
//!
//! Of one channel there is one *owner*, which frees it, and views: the sender's and receiver's side.
//! Only the owner shows what is in the buffer to the garbage collector, so that each value is shown
//! once. Whoever waits in a channel holds the Python object it was called on, so a channel that is
//! freed has nobody waiting.

use crate::goroutine::visit_raw;
use crate::wait::Limit;
use crate::{errors, types};
use core::ptr;
use pyo3::exceptions::{PyStopIteration, PyTypeError, PyValueError};
use pyo3::ffi::{self, PyObject};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyType};
use rt_core::chan::{self, Chan};
use rt_core::{Kind, Wait};

/// What a channel carries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carries {
    /// References to Python objects.
    Objects,
    /// Times in nanoseconds.
    Times,
    /// Nothing: it is only ever closed.
    Nothing,
}

/// What can be done with a channel through one of its objects.
pub(crate) const SENDS: u8 = 1;
pub(crate) const RECEIVES: u8 = 2;

/// What the base of SendChan, RecvChan and Chan is made of, when it is not a new channel.
#[pyclass(frozen, module = "gort._gort")]
pub(crate) struct View {
    c: *mut Chan,
    carries: Carries,
    /// Keeps alive what has the channel.
    keeps: Py<PyAny>,
}

// SAFETY: channels may be used from any thread.
unsafe impl Send for View {}
// SAFETY: as above.
unsafe impl Sync for View {}

impl View {
    /// A channel that only ever closes, which `keeps` has.
    pub(crate) fn nothing(c: *mut Chan, keeps: Py<PyAny>) -> View {
        View { c, carries: Carries::Nothing, keeps }
    }

    /// A channel that carries times, which `keeps` has.
    pub(crate) fn times(c: *mut Chan, keeps: Py<PyAny>) -> View {
        View { c, carries: Carries::Times, keeps }
    }
}

/// What a channel object is made of.
enum Of<'py> {
    Capacity(isize),
    View(Bound<'py, View>),
}

impl<'py> FromPyObject<'_, 'py> for Of<'py> {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Of<'py>> {
        match value.cast::<View>() {
            Ok(view) => Ok(Of::View(view.to_owned())),
            Err(_) => value.extract().map(Of::Capacity),
        }
    }
}

#[pyclass(name = "ChanBase", module = "gort._gort", subclass, frozen, weakref)]
pub(crate) struct ChanBase {
    /// Null: the nil channel.
    pub(crate) c: *mut Chan,
    pub(crate) carries: Carries,
    pub(crate) can: u8,
    /// `None`: this is the owner.
    keeps: Option<Py<PyAny>>,
}

// SAFETY: channels may be used from any thread.
unsafe impl Send for ChanBase {}
// SAFETY: as above.
unsafe impl Sync for ChanBase {}

impl Drop for ChanBase {
    fn drop(&mut self) {
        if self.keeps.is_some() || self.c.is_null() {
            return;
        }
        // SAFETY: the owner's reference; nobody waits in the channel, and nobody else has it.
        unsafe {
            drain(self.c);
            chan::release(self.c);
        }
    }
}

/// Drop what is in the buffer.
unsafe fn drain(c: *mut Chan) {
    let mut value: *mut PyObject = ptr::null_mut();
    // SAFETY: the channel carries references, and gives each away once.
    unsafe {
        while chan::recv(c, (&raw mut value).cast(), Wait::Try).is_ok() {
            ffi::Py_DECREF(value);
        }
    }
}

impl ChanBase {
    /// Turn what was received into an object. `slot` holds zeroes when the channel was closed.
    ///
    /// # Safety
    /// The slot was filled by a receive from this channel, which returned `Ok`.
    pub(crate) unsafe fn received(&self, py: Python<'_>, slot: *mut PyObject) -> Py<PyAny> {
        match self.carries {
            // SAFETY: by contract the reference is ours now.
            Carries::Objects => unsafe { Bound::from_owned_ptr(py, slot) }.unbind(),
            Carries::Times => PyFloat::new(py, slot.addr() as i64 as f64 / 1e9).into_any().unbind(),
            Carries::Nothing => py.None(),
        }
    }

    #[inline]
    fn receive(&self, py: Python<'_>, limit: &Limit) -> PyResult<Result<Py<PyAny>, rt_core::Error>> {
        let mut slot: *mut PyObject = ptr::null_mut();
        // SAFETY: the channel is alive as long as this object, and the slot has room for an element.
        // Closed is a result here.
        let outcome = limit.call(py, |wait| unsafe {
            match chan::recv(self.c, (&raw mut slot).cast(), wait) {
                Err(e) if e.kind() == Kind::Closed => Ok(Err(e)),
                other => other.map(Ok),
            }
        })?;
        // SAFETY: received just now.
        Ok(outcome.map(|()| unsafe { self.received(py, slot) }))
    }

    /// The base object of a channel, if it can do what is asked.
    pub(crate) fn checked<'py>(object: &Bound<'py, PyAny>, can: u8) -> PyResult<Bound<'py, ChanBase>> {
        match object.cast::<ChanBase>() {
            Ok(c) if c.get().can & can != 0 => Ok(c.clone()),
            _ => {
                let wanted = if can == SENDS { "sent to" } else { "received from" };
                Err(PyTypeError::new_err(format!("{} cannot be {wanted}", object.get_type().name()?)))
            }
        }
    }
}

#[pymethods]
impl ChanBase {
    #[new]
    #[classmethod]
    #[pyo3(signature = (capacity=Of::Capacity(0)), text_signature = "(capacity=0)")]
    fn new(cls: &Bound<'_, PyType>, capacity: Of<'_>) -> PyResult<ChanBase> {
        let py = cls.py();
        let (send, recv) = (types::send_chan(py)?, types::recv_chan(py)?);
        let can = if cls.is_subclass(send)? { SENDS } else { 0 } | if cls.is_subclass(recv)? { RECEIVES } else { 0 };
        let capacity = match capacity {
            Of::Capacity(capacity) => capacity,
            Of::View(view) => {
                let View { c, carries, keeps } = view.get();
                return Ok(ChanBase { c: *c, carries: *carries, can, keeps: Some(keeps.clone_ref(py)) });
            }
        };
        if can != SENDS | RECEIVES {
            return Err(PyTypeError::new_err(format!("{} cannot be made: take it from a Chan", cls.name()?)));
        }
        let capacity =
            usize::try_from(capacity).map_err(|_| PyValueError::new_err("the capacity must not be negative"))?;
        let c = chan::new(size_of::<*mut PyObject>(), capacity).map_err(|e| errors::raise(py, e))?;
        Ok(ChanBase { c: c.as_ptr(), carries: Carries::Objects, can, keeps: None })
    }

    /// Send a value; without room in the buffer wait until somebody receives. Raises Closed when the
    /// channel is closed.
    ///
    /// >>> import gort
    /// >>> ch = gort.Chan(1)
    /// >>> ch.send("a value")
    /// >>> ch.recv()
    /// 'a value'
    #[pyo3(signature = (value, *, timeout=None, ctx=None))]
    fn send(
        &self,
        value: &Bound<'_, PyAny>,
        timeout: Option<&Bound<'_, PyAny>>,
        ctx: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let py = value.py();
        let limit = Limit::new(timeout, ctx)?;
        // The reference that goes into the channel; ours again when the call fails.
        let slot = value.clone().into_ptr();
        // SAFETY: the channel is alive as long as this object; the slot holds an element.
        let sent = limit.call(py, |wait| unsafe { chan::send(self.c, (&raw const slot).cast(), wait) });
        if sent.is_err() {
            // SAFETY: as said.
            unsafe { ffi::Py_DECREF(slot) };
        }
        sent
    }

    /// Send if that needs no waiting; else raise WouldBlock.
    ///
    /// >>> import gort
    /// >>> gort.Chan().try_send(1)
    /// Traceback (most recent call last):
    ///     ...
    /// gort.WouldBlock: nothing is ready
    fn try_send(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let slot = value.clone().into_ptr();
        // SAFETY: as in `send`.
        unsafe { chan::send(self.c, (&raw const slot).cast(), Wait::Try) }.map_err(|error| {
            // SAFETY: as in `send`.
            unsafe { ffi::Py_DECREF(slot) };
            errors::raise(value.py(), error)
        })
    }

    /// Close the channel: receivers get what is left and then Closed, senders Closed at once.
    ///
    /// >>> import gort
    /// >>> ch = gort.Chan(2)
    /// >>> ch.send(1); ch.send(2); ch.close()
    /// >>> list(ch)
    /// [1, 2]
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        if self.c.is_null() {
            return Err(errors::of(errors::misuse(py), "close of nil channel"));
        }
        // SAFETY: as in `send`.
        unsafe { chan::close(self.c) }.map_err(|error| errors::raise(py, error))
    }

    /// Receive a value, waiting for one if need be. Raises Closed when the channel is closed and
    /// drained.
    ///
    /// >>> import gort
    /// >>> ch = gort.Chan()
    /// >>> g = gort.go(ch.send, "hello")
    /// >>> ch.recv()
    /// 'hello'
    #[pyo3(signature = (*, timeout=None, ctx=None))]
    fn recv(
        &self,
        py: Python<'_>,
        timeout: Option<&Bound<'_, PyAny>>,
        ctx: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let limit = Limit::new(timeout, ctx)?;
        self.receive(py, &limit)?.map_err(|error| errors::raise(py, error))
    }

    /// (value, True), waiting for a value if need be; (None, False) once the channel is closed and
    /// drained.
    ///
    /// >>> import gort
    /// >>> ch = gort.Chan(1)
    /// >>> ch.send("x"); ch.close()
    /// >>> ch.recv_ok(), ch.recv_ok()
    /// (('x', True), (None, False))
    fn recv_ok(&self, py: Python<'_>) -> PyResult<(Py<PyAny>, bool)> {
        Ok(self.receive(py, &Limit::Never)?.map_or_else(|_| (py.None(), false), |value| (value, true)))
    }

    /// Receive if that needs no waiting; else raise WouldBlock.
    ///
    /// >>> import gort
    /// >>> gort.Chan().try_recv()
    /// Traceback (most recent call last):
    ///     ...
    /// gort.WouldBlock: nothing is ready
    fn try_recv(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let mut slot: *mut PyObject = ptr::null_mut();
        // SAFETY: as in `receive`.
        unsafe {
            match chan::recv(self.c, (&raw mut slot).cast(), Wait::Try) {
                Ok(()) => Ok(self.received(py, slot)),
                Err(error) => Err(errors::raise(py, error)),
            }
        }
    }

    fn __len__(&self) -> usize {
        // SAFETY: as in `send`.
        unsafe { chan::len(self.c) }
    }

    fn __bool__(&self) -> bool {
        true
    }

    /// How many values the buffer holds.
    #[getter]
    fn cap(&self) -> usize {
        // SAFETY: as in `send`.
        unsafe { chan::cap(self.c) }
    }

    /// Whether the channel was closed; values may be left in it.
    #[getter]
    fn closed(&self) -> bool {
        // SAFETY: as in `send`.
        unsafe { chan::is_closed(self.c) }
    }

    fn __repr__(this: &Bound<'_, Self>) -> PyResult<String> {
        let c = this.get();
        let name = this.get_type().name()?;
        Ok(format!("<gort.{name} {}/{}{}>", c.__len__(), c.cap(), if c.closed() { " closed" } else { "" }))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if let Some(keeps) = &self.keeps {
            return visit.call(keeps);
        }
        let mut result = Ok(());
        // SAFETY: the channel is this object's; its elements are references.
        unsafe {
            chan::look_through(self.c, |slot| {
                result = visit_raw(&visit, slot.cast::<*mut PyObject>().read());
                result.is_ok()
            });
        }
        result
    }

    fn __clear__(&self) {
        if self.keeps.is_none() && !self.c.is_null() {
            // SAFETY: unreachable, so nobody waits in it.
            unsafe { drain(self.c) };
        }
    }

    // Moved by gort/_chan.py to the classes that can do it.

    /// The sending side alone: it has no recv.
    ///
    /// >>> import gort
    /// >>> ch = gort.Chan(1)
    /// >>> ch.sender().send(1)
    /// >>> ch.recv()
    /// 1
    fn sender<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        types::send_chan(this.py())?.call1((side(this)?,))
    }

    /// The receiving side alone: it has no send and no close.
    ///
    /// >>> import gort
    /// >>> ch = gort.Chan(1)
    /// >>> ch.send(1)
    /// >>> ch.receiver().recv()
    /// 1
    fn receiver<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        types::recv_chan(this.py())?.call1((side(this)?,))
    }

    /// The nil channel: it blocks for ever, is never ready in a select, and cannot be closed.
    ///
    /// >>> import gort
    /// >>> gort.Chan.nil().recv(timeout=0.01)
    /// Traceback (most recent call last):
    ///     ...
    /// gort.Timeout: the timeout passed
    #[staticmethod]
    fn nil(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        let view = View { c: ptr::null_mut(), carries: Carries::Objects, keeps: py.None() };
        types::chan(py)?.call1((view,))
    }

    fn _iter(this: Py<Self>) -> Values {
        Values(this)
    }
}

fn side(this: &Bound<'_, ChanBase>) -> PyResult<View> {
    let c = this.get();
    let keeps = c.keeps.as_ref().map_or_else(|| this.clone().into_any().unbind(), |k| k.clone_ref(this.py()));
    Ok(View { c: c.c, carries: c.carries, keeps })
}

/// The values of a channel until it is closed.
#[pyclass(frozen, module = "gort._gort")]
pub(crate) struct Values(Py<ChanBase>);

#[pymethods]
impl Values {
    fn __iter__(this: Py<Self>) -> Py<Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.0.get().receive(py, &Limit::Never)?.map_err(|_| PyStopIteration::new_err(()))
    }
}
