//! The runtime's errors as Python exceptions. Their classes are in gort/_errors.py.

use pyo3::exceptions::{PyMemoryError, PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use rt_core::{Error, Kind};

macro_rules! classes {
    ($($function:ident $name:literal),*) => {
        $(
            pub(crate) fn $function<'py>(py: Python<'py>) -> PyResult<&'py Bound<'py, PyType>> {
                static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
                CLASS.import(py, "gort._errors", $name)
            }
        )*
    };
}

classes!(
    base "Error", closed "Closed", would_block "WouldBlock", timeout "Timeout", canceled "Canceled", deadlock "Deadlock", misuse "Misuse", exit "GoroutineExit"
);

/// An exception of a class that one of the functions above gives.
pub(crate) fn of<'py>(class: PyResult<&Bound<'py, PyType>>, text: impl ToString) -> PyErr {
    match class {
        Ok(class) => PyErr::from_type(class.clone(), text.to_string()),
        Err(error) => error,
    }
}

/// The exception for an error of the runtime. What ended a wait is told by [`crate::wait::Limit`].
#[cold]
pub(crate) fn raise(py: Python<'_>, error: Error) -> PyErr {
    let class = match error.kind() {
        Kind::Invalid => return PyValueError::new_err(error.to_string()),
        Kind::NoMemory => return PyMemoryError::new_err(error.to_string()),
        Kind::Os => return PyOSError::new_err((error.errno(), error.to_string())),
        Kind::Closed => closed(py),
        Kind::WouldBlock => would_block(py),
        Kind::Canceled => canceled(py),
        Kind::DeadlineExceeded => timeout(py),
        Kind::Deadlock => deadlock(py),
        Kind::Misuse => misuse(py),
        Kind::Interrupted => exit(py),
        Kind::Shutdown => base(py),
    };
    of(class, error)
}
