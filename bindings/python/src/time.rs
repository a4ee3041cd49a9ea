//! Sleeping, timers, tickers.
//!
//! A timer's channel keeps its timer alive, not the other way round: one may hold only the channel, as
//! in `for t in gort.Ticker(1).c`. A function of after_func runs also when its Timer was dropped.

use crate::chan::View;
use crate::task::{Call, Deferred};
use crate::wait::{FOREVER, Limit, nanoseconds};
use crate::{errors, signals, types};
use core::ptr::{self, NonNull};
use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use rt_core::{Error, Kind, Wait, time};
use std::sync::Mutex;

/// Let d seconds pass; at once when d is not above 0.
///
/// >>> import gort
/// >>> gort.sleep(0.001)
#[pyfunction]
#[pyo3(signature = (d, *, ctx=None))]
pub(crate) fn sleep(py: Python<'_>, d: &Bound<'_, PyAny>, ctx: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
    let d = nanoseconds(d)?;
    let limit = Limit::new(None, ctx)?;
    let until = if d == FOREVER { Wait::Forever } else { Wait::Until(time::now().saturating_add(d)) };
    let done = limit.done();
    let slept = if done.is_null() {
        if d == 0 {
            return Ok(());
        }
        signals::blocking(py, until, time::sleep_as)?
    } else {
        // SAFETY: the limit keeps the context, and it the channel; a close is what is waited for.
        match signals::blocking(py, until, |wait| unsafe { rt_core::chan::recv(done, ptr::null_mut(), wait) })? {
            Err(error) if error.kind() == Kind::Closed => Err(Error::new(Kind::Canceled, c"the context has ended")),
            Err(error) if error.kind() != Kind::DeadlineExceeded => Err(error),
            _ => Ok(()),
        }
    };
    slept.map_err(|error| limit.raise(py, error))
}

fn no_memory() -> PyErr {
    PyMemoryError::new_err("no memory for a timer")
}

/// A timer of the runtime; what has its channel keeps this.
#[pyclass(frozen, module = "gort._gort")]
pub(crate) struct Clock(NonNull<time::Timer>);

// SAFETY: timers may be used from any thread.
unsafe impl Send for Clock {}
// SAFETY: as above.
unsafe impl Sync for Clock {}

impl Drop for Clock {
    fn drop(&mut self) {
        // SAFETY: this object's own.
        unsafe { time::timer_release(self.0.as_ptr()) };
    }
}

/// The timer and the receiving side of its channel.
fn with_channel(py: Python<'_>, timer: NonNull<time::Timer>) -> PyResult<(Py<Clock>, Py<PyAny>)> {
    let clock = Py::new(py, Clock(timer))?;
    // SAFETY: the timer is alive.
    let c = unsafe { time::timer_chan(timer.as_ptr()) };
    let side = types::recv_chan(py)?.call1((View::times(c, clock.clone_ref(py).into_any()),))?;
    Ok((clock, side.unbind()))
}

/// A channel that carries time.monotonic() once, d seconds from now.
///
/// >>> import gort, time
/// >>> before = time.monotonic()
/// >>> gort.after(0.001).recv() > before
/// True
#[pyfunction]
pub(crate) fn after(py: Python<'_>, d: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let timer = time::timer_new(nanoseconds(d)?).ok_or_else(no_memory)?;
    Ok(with_channel(py, timer)?.1)
}

/// Go's time.Timer: c carries the time once, d seconds after it was made or reset.
///
/// >>> import gort
/// >>> t = gort.Timer(60)
/// >>> t.stop()
/// True
/// >>> t.reset(0.001)
/// False
/// >>> t.c.recv() > 0
/// True
#[pyclass(name = "Timer", module = "gort", frozen, weakref)]
pub(crate) struct Timer {
    does: Does,
    /// The channel; of after_func the nil channel.
    #[pyo3(get)]
    c: Py<PyAny>,
}

enum Does {
    Sends(Py<Clock>),
    Calls(Function),
}

/// The timer of after_func. Its function has a reference for each firing that may come.
struct Function {
    call: Deferred,
    /// stop and reset, one at a time: each gives or takes back a reference.
    order: Mutex<()>,
}

#[pymethods]
impl Timer {
    #[new]
    fn new(py: Python<'_>, d: &Bound<'_, PyAny>) -> PyResult<Timer> {
        let timer = time::timer_new(nanoseconds(d)?).ok_or_else(no_memory)?;
        let (clock, c) = with_channel(py, timer)?;
        Ok(Timer { does: Does::Sends(clock), c })
    }

    /// Stop it; True when that kept it from firing. No old value is received afterwards.
    ///
    /// >>> import gort
    /// >>> gort.Timer(60).stop()
    /// True
    fn stop(&self) -> bool {
        // SAFETY: the timer is this object's, and alive.
        unsafe {
            match &self.does {
                Does::Sends(clock) => time::timer_stop(clock.get().0.as_ptr()),
                Does::Calls(f) => {
                    let _order = f.order.lock();
                    let stopped = time::timer_stop(f.call.timer());
                    if stopped {
                        f.call.take_back();
                    }
                    stopped
                }
            }
        }
    }

    /// Start it anew; the answer is as that of stop.
    ///
    /// >>> import gort
    /// >>> t = gort.Timer(60)
    /// >>> t.reset(0.001)
    /// True
    /// >>> t.c.recv() > 0
    /// True
    fn reset(&self, d: &Bound<'_, PyAny>) -> PyResult<bool> {
        let d = nanoseconds(d)?;
        // SAFETY: as in `stop`. The reference for the next firing is there before it can fire.
        Ok(unsafe {
            match &self.does {
                Does::Sends(clock) => time::timer_reset(clock.get().0.as_ptr(), d),
                Does::Calls(f) => {
                    let _order = f.order.lock();
                    f.call.give();
                    let was = time::timer_reset(f.call.timer(), d);
                    if was {
                        f.call.take_back();
                    }
                    was
                }
            }
        })
    }
}

/// Call fn(*args) in a goroutine of its own, d seconds from now; the Timer can stop that.
///
/// >>> import gort
/// >>> ch = gort.Chan()
/// >>> t = gort.after_func(0.001, ch.send, "late")
/// >>> ch.recv()
/// 'late'
#[pyfunction]
#[pyo3(signature = (d, r#fn, /, *args))]
pub(crate) fn after_func(d: &Bound<'_, PyAny>, r#fn: &Bound<'_, PyAny>, args: &Bound<'_, PyTuple>) -> PyResult<Timer> {
    let py = d.py();
    let d = nanoseconds(d)?;
    let call = Deferred::new(Call::checked(r#fn, args, None)?);
    // SAFETY: the reference is given away.
    let Some(timer) = (unsafe { time::after_func(d, Deferred::ENTRY, call.give()) }) else {
        call.take_back();
        return Err(no_memory());
    };
    let c = types::chan(py)?.call_method0("nil")?.call_method0("receiver")?.unbind();
    call.own(timer.as_ptr());
    Ok(Timer { does: Does::Calls(Function { call, order: Mutex::new(()) }), c })
}

/// Go's time.Ticker: c carries the time again and again. A tick that nobody receives in time is lost.
///
/// >>> import gort
/// >>> t = gort.Ticker(0.001)
/// >>> a, b = t.c.recv(), t.c.recv()
/// >>> t.stop()
/// >>> a < b
/// True
#[pyclass(name = "Ticker", module = "gort", frozen, weakref)]
pub(crate) struct Ticker {
    clock: Py<Clock>,
    /// The channel.
    #[pyo3(get)]
    c: Py<PyAny>,
}

fn period(d: &Bound<'_, PyAny>) -> PyResult<i64> {
    match nanoseconds(d)? {
        d if d > 0 => Ok(d),
        _ => Err(PyValueError::new_err("the period of a ticker must be above 0")),
    }
}

#[pymethods]
impl Ticker {
    #[new]
    fn new(py: Python<'_>, period: &Bound<'_, PyAny>) -> PyResult<Ticker> {
        let ticker = time::ticker_new(self::period(period)?).ok_or_else(no_memory)?;
        let (clock, c) = with_channel(py, ticker)?;
        Ok(Ticker { clock, c })
    }

    /// Stop ticking. The channel stays open.
    ///
    /// >>> import gort
    /// >>> gort.Ticker(1).stop()
    fn stop(&self) {
        // SAFETY: the object keeps its timer.
        unsafe { time::ticker_stop(self.clock.get().0.as_ptr()) };
    }

    /// Tick with this period from now on.
    ///
    /// >>> import gort
    /// >>> t = gort.Ticker(60)
    /// >>> t.reset(0.001)
    /// >>> t.c.recv() > 0
    /// True
    fn reset(&self, period: &Bound<'_, PyAny>) -> PyResult<()> {
        let d = self::period(period)?;
        // SAFETY: as above.
        unsafe { time::ticker_reset(self.clock.get().0.as_ptr(), d) }.map_err(|e| errors::raise(period.py(), e))
    }
}
