//! `gort._gort`: the part of the Python package that is written in Rust, on gort's runtime.
//!
//! * [`task`] is a goroutine's life; [`tstate`] gives it a thread state of its own. Read these first.
//! * [`goroutine`], [`chan`], [`select`], [`sync`], [`time`], [`context`] and [`runtime`] are what the
//!   package offers, under the names it has there; [`types`] knows the classes made in Python.
//! * [`shortcut`] has the methods that are called most often, made by hand.
//! * [`wait`] turns `timeout=` and `ctx=` into what the runtime understands, [`errors`] its errors
//!   into exceptions; [`report`] tells of exceptions nobody joins; [`signals`] lets Ctrl-C through;
//!   [`aio`] serves event loops.
//! * [`sys`] is CPython beyond pyo3.
//!
//! # Two rules
//! * Whatever may park or block runs in [`tstate::asleep`]. Before, everything is tried at once: most
//!   calls need not wait, and giving up the interpreter costs more than they do.
//! * No borrow of a pyclass, no lock and nothing that is bound to the interpreter is held over it. All
//!   classes are frozen.

mod aio;
mod chan;
mod context;
mod errors;
mod goroutine;
mod report;
mod runtime;
mod select;
mod shortcut;
mod signals;
mod sync;
mod sys;
mod task;
mod time;
mod tracing;
mod tstate;
mod types;
mod wait;

/// The module `gort._gort`.
#[pyo3::pymodule(gil_used = false)]
mod _gort {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::aio::{Completions, Operation};
    #[pymodule_export]
    use crate::chan::ChanBase;
    #[pymodule_export]
    use crate::context::{PyCtx, from_now};
    #[pymodule_export]
    use crate::goroutine::{
        Goroutine, exit, go, go_named, goroutine_id, lock_os_thread, num_goroutine, run, unlock_os_thread, yield_now,
    };
    #[pymodule_export]
    use crate::report::{_frames, _report_failed};
    #[pymodule_export]
    use crate::runtime::{_dump, _shutdown, gomaxprocs, num_cpu, stats};
    #[pymodule_export]
    use crate::select::{Case, recv, select, send};
    #[pymodule_export]
    use crate::signals::{_after_fork, _interrupt_all};
    #[pymodule_export]
    use crate::sync::{AtomicInt, Mutex, RWMutex, Semaphore, WaitGroup};
    #[pymodule_export]
    use crate::time::{Ticker, Timer, after, after_func, sleep};
    #[pymodule_export]
    use crate::types::_register;

    #[pymodule_init]
    fn init(m: &Bound<'_, PyModule>) -> PyResult<()> {
        m.add("__version__", env!("CARGO_PKG_VERSION"))?;
        crate::tstate::init(m.py())?;
        crate::signals::init(m.py())?;
        crate::tracing::init(m.py())?;
        crate::runtime::init(m.py());
        crate::goroutine::init();
        crate::shortcut::install(&m.py().get_type::<Goroutine>())?;
        crate::shortcut::install_functions(m)?;
        Ok(())
    }
}
