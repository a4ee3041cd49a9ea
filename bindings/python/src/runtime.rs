//! The runtime as a whole: its size, its numbers, its end.

use crate::task::CREW;
use crate::wait::{FOREVER, nanoseconds};
use crate::{errors, tstate};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use rt_core::{Kind, runtime, time};

/// CPUs this process may run on.
///
/// >>> import gort
/// >>> gort.num_cpu() >= 1
/// True
#[pyfunction]
pub(crate) fn num_cpu() -> i32 {
    runtime::num_cpu()
}

/// How many threads run goroutines at once: sets it when n >= 1, and returns what it was. While the
/// interpreter lets only one thread run Python, one of them does.
///
/// >>> import gort
/// >>> gort.gomaxprocs() >= 1
/// True
#[pyfunction]
#[pyo3(signature = (n=0))]
pub(crate) fn gomaxprocs(py: Python<'_>, n: i64) -> i32 {
    let n = n.clamp(0, i64::from(i32::MAX)) as i32;
    let before = runtime::gomaxprocs(n);
    if n >= 1 && !gil(py) {
        CREW.set_width(n as u32);
    }
    before
}

/// Whether the interpreter lets only one thread run at a time.
pub(crate) fn gil(py: Python<'_>) -> bool {
    let enabled = || py.import("sys")?.getattr("_is_gil_enabled")?.call0()?.extract::<bool>();
    enabled().unwrap_or(true)
}

pub(crate) fn init(py: Python<'_>) {
    if !gil(py) {
        CREW.set_width(runtime::gomaxprocs(0).max(1) as u32);
    }
}

/// What the runtime has done and holds, as numbers by name.
///
/// >>> import gort
/// >>> gort.go(int).join()
/// 0
/// >>> gort.stats()["goroutines_created"] >= 1
/// True
#[pyfunction]
pub(crate) fn stats(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let s = runtime::stats();
    let dict = PyDict::new(py);
    for (name, value) in [
        ("goroutines", s.goroutines),
        ("goroutines_created", s.goroutines_created),
        ("threads", s.threads),
        ("procs", s.procs),
        ("context_switches", s.context_switches),
        ("steals", s.steals),
        ("handoffs", s.handoffs),
        ("preemptions", s.preemptions),
        ("stacks_in_use", s.stacks_in_use),
        ("stacks_cached", s.stacks_cached),
        ("stack_bytes_committed", s.stack_bytes_committed),
        ("timers", s.timers),
        ("descriptors", s.descriptors),
    ] {
        dict.set_item(name, value)?;
    }
    Ok(dict)
}

/// Between two looks at signals.
const SLICE: i64 = 50_000_000;

/// Wait until every goroutine is over, then end every thread of the runtime. False: the timeout
/// passed first.
#[pyfunction]
#[pyo3(signature = (timeout=None))]
pub(crate) fn _shutdown(py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
    let timeout = timeout.map_or(Ok(FOREVER), nanoseconds)?;
    let until = time::now().saturating_add(timeout);
    loop {
        let left = (until - time::now()).max(0);
        match tstate::detached(|| runtime::shutdown(left.min(SLICE))) {
            Ok(()) => return Ok(true),
            Err(error) if error.kind() != Kind::DeadlineExceeded => return Err(errors::raise(py, error)),
            Err(_) if left <= SLICE => return Ok(false),
            Err(_) => py.check_signals()?,
        }
    }
}

/// What every goroutine does.
#[pyfunction]
pub(crate) fn _dump() -> String {
    String::from_utf8_lossy(&runtime::dump_text()).into_owned()
}
