//! The Python classes that are built on this module's: told by gort/_chan.py when it is imported.

use crate::shortcut;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyTuple, PyType};

static SEND_CHAN: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static RECV_CHAN: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static CHAN: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static SELECTED: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static ALIAS: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// Tell the classes of channels and of what select returns.
#[pyfunction]
pub(crate) fn _register(
    send: &Bound<'_, PyType>,
    recv: &Bound<'_, PyType>,
    chan: &Bound<'_, PyType>,
    selected: &Bound<'_, PyType>,
) -> PyResult<()> {
    let py = send.py();
    for (place, class) in [(&SEND_CHAN, send), (&RECV_CHAN, recv), (&CHAN, chan), (&SELECTED, selected)] {
        let _ = place.set(py, class.clone().unbind());
    }
    for class in [send, recv, chan] {
        shortcut::install(class)?;
    }
    Ok(())
}

pub(crate) fn send_chan(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    SEND_CHAN.import(py, "gort", "SendChan")
}

pub(crate) fn recv_chan(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    RECV_CHAN.import(py, "gort", "RecvChan")
}

pub(crate) fn chan(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    CHAN.import(py, "gort", "Chan")
}

pub(crate) fn selected(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    SELECTED.import(py, "gort", "Selected")
}

/// `class[item]`, for annotations.
pub(crate) fn alias(class: &Bound<'_, PyType>, item: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let py = class.py();
    let args = PyTuple::new(py, [class.as_any(), item])?;
    Ok(ALIAS.import(py, "types", "GenericAlias")?.call1(args)?.unbind())
}
