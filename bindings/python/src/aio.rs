//! Channel operations for event loops: begun here, and finished by the thread that completes them,
//! which puts them into a queue without knowing anything of Python. The loop watches the queue's
//! descriptor. See gort/_aio.py.

use crate::errors;
use crate::select::Cases;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use rt_core::aio::{self, Done, MayAct, Pending, Queue, To};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// An operation that was begun.
#[pyclass(frozen, module = "gort._gort")]
pub(crate) struct Operation {
    state: Mutex<State>,
    /// Who waits for it.
    future: Py<PyAny>,
}

struct State {
    /// What it is about; `None` once its result was taken.
    cases: Option<Cases>,
    pending: Option<NonNull<Pending>>,
    /// The chosen case and its status.
    done: Option<(usize, i32)>,
}

// SAFETY: under the lock, and the runtime's operations may be used from any thread.
unsafe impl Send for State {}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Operation {
    fn drop(&mut self) {
        if let Some(pending) = lock(&self.state).pending.take() {
            // SAFETY: our own reference; the operation has ended, see `Completions`.
            unsafe { aio::release(pending.as_ptr()) };
        }
    }
}

#[pymethods]
impl Operation {
    #[getter]
    fn future(&self, py: Python<'_>) -> Py<PyAny> {
        self.future.clone_ref(py)
    }

    /// The Selected of what was done; once. Raises Closed for a send to a closed channel.
    fn result<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (cases, done) = {
            let mut state = lock(&self.state);
            (state.cases.take(), state.done)
        };
        match (cases, done) {
            (Some(mut cases), Some((index, status))) => {
                cases.set_status(index, status);
                cases.finish(py, Some(index))
            }
            _ => Err(PyRuntimeError::new_err("the operation has no result")),
        }
    }
}

/// The operations of one event loop.
///
/// Each that is begun is kept in `begun` until it has come out of the queue, was canceled, or the queue
/// is closed: until then its places are written to.
#[pyclass(frozen, module = "gort._gort", weakref)]
pub(crate) struct Completions {
    queue: NonNull<Queue>,
    begun: Mutex<(usize, HashMap<usize, Py<Operation>>)>,
}

// SAFETY: queues may be used from any thread.
unsafe impl Send for Completions {}
// SAFETY: as above.
unsafe impl Sync for Completions {}

impl Completions {
    fn queue(&self) -> &Queue {
        // SAFETY: this object's own.
        unsafe { self.queue.as_ref() }
    }

    /// Take out what has completed.
    fn take(&self) -> Vec<Py<Operation>> {
        const AT_ONCE: usize = 64;
        let mut all = Vec::new();
        loop {
            let mut room = [const { MaybeUninit::<Done>::uninit() }; AT_ONCE];
            let n = self.queue().drain(&mut room);
            for done in &room[..n] {
                // SAFETY: the first n are filled.
                let done = unsafe { done.assume_init() };
                if let Some(operation) = lock(&self.begun).1.remove(&done.user.addr()) {
                    lock(&operation.get().state).done = Some((done.index as usize, done.status));
                    all.push(operation);
                }
            }
            if n < AT_ONCE {
                return all;
            }
        }
    }
}

impl Drop for Completions {
    fn drop(&mut self) {
        self.queue().close();
        // SAFETY: this object's own; no place is written to any more.
        unsafe { Queue::release(self.queue.as_ptr()) };
    }
}

#[pymethods]
impl Completions {
    #[new]
    fn new(py: Python<'_>) -> PyResult<Completions> {
        // A loop that is closed may live until the collector finds it.
        let queue = Queue::new(MayAct::WhileExpecting).map_err(|error| errors::raise(py, error))?;
        Ok(Completions { queue, begun: Mutex::new((1, HashMap::new())) })
    }

    /// The descriptor, which is readable while drain would return something.
    fn fileno(&self) -> i32 {
        self.queue().fd()
    }

    /// Begin to wait for one of the cases, for who waits for the future.
    fn begin(&self, cases: &Bound<'_, PyTuple>, future: Py<PyAny>) -> PyResult<(usize, Py<Operation>)> {
        let py = cases.py();
        let cases = Cases::new(cases)?;
        let raw = cases.raw().to_vec();
        let state = State { cases: Some(cases), pending: None, done: None };
        let operation = Py::new(py, Operation { state: Mutex::new(state), future })?;
        let key = {
            let mut begun = lock(&self.begun);
            let key = begun.0;
            begun.0 += 1;
            begun.1.insert(key, operation.clone_ref(py));
            key
        };
        // SAFETY: the channels and places live as long as the operation, which is kept.
        match unsafe { aio::start(&raw, To::Queue(self.queue), core::ptr::without_provenance_mut(key)) } {
            Ok(pending) => {
                lock(&operation.get().state).pending = Some(pending);
                Ok((key, operation))
            }
            Err(error) => {
                lock(&self.begun).1.remove(&key);
                Err(errors::raise(py, error))
            }
        }
    }

    /// Take an operation back; False when it has happened. Then it has a result, and drain does not
    /// return it any more.
    fn cancel(&self, py: Python<'_>, key: usize, operation: &Bound<'_, Operation>) -> bool {
        let Some(pending) = lock(&operation.get().state).pending else { return false };
        // SAFETY: the operation's own reference.
        if unsafe { aio::cancel(pending.as_ptr()) } {
            let kept = lock(&self.begun).1.remove(&key);
            drop(kept);
            return true;
        }
        let is_begun = || lock(&self.begun).1.contains_key(&key);
        while is_begun() {
            // It lies in the queue. The others in there are told now; the loop does not see them again.
            for other in self.take() {
                let future = other.get().future.bind(py);
                let told = future.call_method0("done").and_then(|done| done.extract::<bool>());
                if told.is_ok_and(|done| !done) {
                    let _ = future.call_method1("set_result", (py.None(),));
                }
            }
            if is_begun() {
                // Who has completed it is about to put it there, and may need the interpreter to go on.
                crate::tstate::detached(std::thread::yield_now);
            }
        }
        false
    }

    /// The operations that have completed since the last call.
    fn drain(&self) -> Vec<Py<Operation>> {
        self.take()
    }
}
