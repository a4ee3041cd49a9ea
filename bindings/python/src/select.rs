//! Select: cases, and waiting for one of them.

use crate::chan::{ChanBase, RECEIVES, SENDS};
use crate::wait::Limit;
use crate::{errors, types};
use core::ptr;
use pyo3::exceptions::PyTypeError;
use pyo3::ffi::{self, PyObject};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyTuple, PyType};
use rt_core::chan::{self, OP_RECV, OP_SEND};
use rt_core::{Kind, Wait};

/// One case of a select, made by recv or send.
#[pyclass(name = "Case", module = "gort", frozen)]
pub(crate) struct Case {
    chan: Py<ChanBase>,
    /// What is to be sent; `None`: the case receives.
    value: Option<Py<PyAny>>,
}

#[pymethods]
impl Case {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.chan)?;
        visit.call(&self.value)
    }
}

/// A case that receives from ch.
///
/// >>> import gort
/// >>> ch = gort.Chan(1)
/// >>> ch.send("hi")
/// >>> gort.select(gort.recv(ch))
/// Selected(index=0, value='hi', ok=True)
#[pyfunction]
pub(crate) fn recv(ch: &Bound<'_, PyAny>) -> PyResult<Case> {
    Ok(Case { chan: ChanBase::checked(ch, RECEIVES)?.unbind(), value: None })
}

/// A case that sends value to ch.
///
/// >>> import gort
/// >>> ch = gort.Chan(1)
/// >>> gort.select(gort.send(ch, "hi")).index
/// 0
/// >>> ch.recv()
/// 'hi'
#[pyfunction]
pub(crate) fn send(ch: &Bound<'_, PyAny>, value: Py<PyAny>) -> PyResult<Case> {
    Ok(Case { chan: ChanBase::checked(ch, SENDS)?.unbind(), value: Some(value) })
}

/// Cases that need no memory from the heap.
const INLINE: usize = 8;

/// The cases of one select as the runtime wants them, and a slot for each element. What the sending
/// ones would send is held until it is clear which case was chosen.
pub(crate) struct Cases {
    objects: Vec<Py<Case>>,
    slots: Vec<*mut PyObject>,
    raw: Vec<chan::Case>,
}

impl Cases {
    pub(crate) fn new(cases: &Bound<'_, PyTuple>) -> PyResult<Cases> {
        let n = cases.len();
        let mut this = Cases {
            objects: Vec::with_capacity(n.max(INLINE)),
            slots: Vec::with_capacity(n),
            raw: Vec::with_capacity(n),
        };
        for case in cases.iter() {
            let case = case.cast_into::<Case>().map_err(|_| {
                PyTypeError::new_err("select takes cases, made by gort.recv(ch) and gort.send(ch, value)")
            })?;
            let value = case.get().value.as_ref().map_or(ptr::null_mut(), |v| v.clone_ref(cases.py()).into_ptr());
            this.slots.push(value);
            this.objects.push(case.unbind());
        }
        for (case, slot) in this.objects.iter().zip(&mut this.slots) {
            let case = case.get();
            let op = if case.value.is_some() { OP_SEND } else { OP_RECV };
            this.raw.push(chan::Case { chan: case.chan.get().c, elem: ptr::from_mut(slot).cast(), op, status: 0 });
        }
        Ok(this)
    }

    /// # Safety
    /// As for [`chan::select`]; the channels are alive as long as the cases.
    pub(crate) unsafe fn select(&mut self, wait: Wait) -> Result<usize, rt_core::Error> {
        // SAFETY: by contract.
        unsafe { chan::select(self.raw.as_mut_ptr(), self.raw.len(), wait) }
    }

    pub(crate) fn raw(&self) -> &[chan::Case] {
        &self.raw
    }

    /// How a case was done that an operation of [`crate::aio`] has chosen.
    pub(crate) fn set_status(&mut self, index: usize, status: i32) {
        self.raw[index].status = status;
    }

    /// What was chosen, as a Selected; `None`: the default. Raises Closed for a send to a closed channel.
    pub(crate) fn finish<'py>(mut self, py: Python<'py>, chosen: Option<usize>) -> PyResult<Bound<'py, PyAny>> {
        let Some(i) = chosen else { return selected(py, -1, py.None(), false) };
        let closed = self.raw[i].status == Kind::Closed as i32;
        if self.raw[i].op == OP_SEND {
            if closed {
                return Err(errors::of(errors::closed(py), "send on closed channel"));
            }
            // It has gone into the channel.
            self.slots[i] = ptr::null_mut();
            return selected(py, i as isize, py.None(), true);
        }
        let value = if closed {
            py.None()
        } else {
            // SAFETY: the case has received, and its slot is taken.
            unsafe { self.objects[i].get().chan.get().received(py, core::mem::take(&mut self.slots[i])) }
        };
        selected(py, i as isize, value, !closed)
    }
}

impl Drop for Cases {
    fn drop(&mut self) {
        for (slot, raw) in self.slots.iter().zip(&self.raw) {
            if raw.op == OP_SEND && !slot.is_null() {
                // SAFETY: our reference, which was not sent.
                unsafe { ffi::Py_DECREF(*slot) };
            }
        }
        // Without all raw cases, `new` has failed with values held.
        for slot in self.slots.iter().skip(self.raw.len()).filter(|slot| !slot.is_null()) {
            // SAFETY: as above.
            unsafe { ffi::Py_DECREF(*slot) };
        }
    }
}

/// Selected(index, value, ok), without a Python frame for it.
fn selected<'py>(py: Python<'py>, index: isize, value: Py<PyAny>, ok: bool) -> PyResult<Bound<'py, PyAny>> {
    static NEW: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let new = NEW.get_or_try_init(py, || py.get_type::<PyTuple>().getattr("__new__").map(Bound::unbind))?;
    let class: &Bound<'py, PyType> = types::selected(py)?;
    new.bind(py).call1((class, (index, value, ok)))
}

/// Wait until one of the cases can go on, and do it. Of several, each is as likely. With default=True
/// the answer is Selected(-1, None, False) when none can at once. Raises Closed when a case would send
/// to a closed channel, Timeout when the timeout passes first.
///
/// >>> import gort
/// >>> numbers, words = gort.Chan(1), gort.Chan(1)
/// >>> words.send("one")
/// >>> index, value, ok = gort.select(gort.recv(numbers), gort.recv(words))
/// >>> index, value
/// (1, 'one')
/// >>> gort.select(gort.recv(numbers), default=True)
/// Selected(index=-1, value=None, ok=False)
#[pyfunction]
#[pyo3(signature = (*cases, default=false, timeout=None, ctx=None))]
pub(crate) fn select<'py>(
    cases: &Bound<'py, PyTuple>,
    default: bool,
    timeout: Option<&Bound<'py, PyAny>>,
    ctx: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = cases.py();
    let limit = Limit::new(timeout, ctx)?;
    let mut cases = Cases::new(cases)?;
    // SAFETY: the channels live as long as `cases`.
    let chosen = match unsafe { cases.select(Wait::Try) } {
        Ok(i) => Some(i),
        Err(error) if error.kind() != Kind::WouldBlock => return Err(errors::raise(py, error)),
        Err(_) if default => None,
        // SAFETY: as above.
        Err(_) => Some(limit.call_waiting(py, |wait| unsafe { cases.select(wait) })?),
    };
    cases.finish(py, chosen)
}
