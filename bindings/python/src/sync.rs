//! Locks, groups and counters, on the runtime's own.

use crate::goroutine::{self, Goroutine};
use crate::task::Raw;
use crate::wait::Limit;
use crate::{errors, signals, tstate};
use pyo3::exceptions::PyValueError;
use pyo3::ffi::PyObject;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use rt_core::Error;
use rt_core::sync::{self, RwMutex, Sem};
use std::sync::atomic::{AtomicI64, Ordering::*};

/// One of the runtime's types, which are ready when zeroed.
fn zeroed<T>() -> T {
    // SAFETY: only used for those.
    unsafe { core::mem::zeroed() }
}

fn check(py: Python<'_>, result: Result<(), Error>) -> PyResult<()> {
    result.map_err(|error| errors::raise(py, error))
}

/// A mutual exclusion lock. Whoever waits for it parks, also a goroutine of the holder's own thread.
/// It belongs to nobody: another goroutine may unlock it.
///
/// >>> import gort
/// >>> mu = gort.Mutex()
/// >>> with mu:
/// ...     mu.try_lock()
/// False
#[pyclass(name = "Mutex", module = "gort", subclass, frozen, weakref)]
pub(crate) struct Mutex(sync::Mutex);

#[pymethods]
impl Mutex {
    #[new]
    fn new() -> Mutex {
        Mutex(zeroed())
    }

    /// Lock it, waiting if need be.
    ///
    /// >>> import gort
    /// >>> mu = gort.Mutex()
    /// >>> mu.lock()
    /// >>> mu.lock(timeout=0.01)
    /// Traceback (most recent call last):
    ///     ...
    /// gort.Timeout: the timeout passed
    #[pyo3(signature = (*, timeout=None, ctx=None))]
    fn lock(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>, ctx: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let limit = Limit::new(timeout, ctx)?;
        limit.call(py, |wait| self.0.lock_wait(wait))
    }

    /// As lock, but nothing interrupts the wait.
    fn _lock_again(&self) {
        if !self.0.try_lock() {
            tstate::asleep(|| self.0.lock());
        }
    }

    /// Lock it if it is free; whether it was.
    ///
    /// >>> import gort
    /// >>> gort.Mutex().try_lock()
    /// True
    fn try_lock(&self) -> bool {
        self.0.try_lock()
    }

    /// Unlock it. Raises Misuse when it is not locked.
    ///
    /// >>> import gort
    /// >>> gort.Mutex().unlock()
    /// Traceback (most recent call last):
    ///     ...
    /// gort.Misuse: unlock of unlocked mutex
    fn unlock(&self, py: Python<'_>) -> PyResult<()> {
        check(py, self.0.unlock())
    }

    fn __enter__<'py>(this: Bound<'py, Self>) -> PyResult<Bound<'py, Self>> {
        this.get().lock(this.py(), None, None)?;
        Ok(this)
    }

    #[pyo3(signature = (*exc))]
    fn __exit__(&self, exc: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.unlock(exc.py())
    }
}

/// A lock that many readers, or one writer, can hold. A writer that waits keeps new readers out.
///
/// >>> import gort
/// >>> mu = gort.RWMutex()
/// >>> with mu.reader():
/// ...     mu.try_rlock(), mu.try_lock()
/// (True, False)
/// >>> mu.runlock()
/// >>> with mu.writer():
/// ...     mu.try_rlock()
/// False
#[pyclass(name = "RWMutex", module = "gort", subclass, frozen, weakref)]
pub(crate) struct RWMutex(RwMutex);

#[pymethods]
impl RWMutex {
    #[new]
    fn new() -> RWMutex {
        RWMutex(zeroed())
    }

    /// Lock it for writing.
    ///
    /// >>> import gort
    /// >>> mu = gort.RWMutex()
    /// >>> mu.lock()
    /// >>> mu.unlock()
    fn lock(this: &Bound<'_, Self>) -> PyResult<()> {
        if this.get().0.try_lock() { Ok(()) } else { lock_slow(this, true) }
    }

    /// Lock it; nothing interrupts the wait.
    fn _lock_patiently(&self, writes: bool) {
        tstate::asleep(|| if writes { self.0.lock() } else { self.0.rlock() });
    }

    /// Unlock it for writing. Raises Misuse when it is not locked for that.
    ///
    /// >>> import gort
    /// >>> gort.RWMutex().unlock()
    /// Traceback (most recent call last):
    ///     ...
    /// gort.Misuse: unlock of unlocked RWMutex
    fn unlock(&self, py: Python<'_>) -> PyResult<()> {
        check(py, self.0.unlock())
    }

    /// Lock it for reading.
    ///
    /// >>> import gort
    /// >>> mu = gort.RWMutex()
    /// >>> mu.rlock(); mu.rlock()
    /// >>> mu.runlock(); mu.runlock()
    fn rlock(this: &Bound<'_, Self>) -> PyResult<()> {
        if this.get().0.try_rlock() { Ok(()) } else { lock_slow(this, false) }
    }

    /// Unlock it for reading. Raises Misuse when it is not locked for that.
    ///
    /// >>> import gort
    /// >>> gort.RWMutex().runlock()
    /// Traceback (most recent call last):
    ///     ...
    /// gort.Misuse: runlock of RWMutex that is not locked for reading
    fn runlock(&self, py: Python<'_>) -> PyResult<()> {
        check(py, self.0.runlock())
    }

    /// Lock it for writing if nobody holds it; whether that was so.
    ///
    /// >>> import gort
    /// >>> gort.RWMutex().try_lock()
    /// True
    fn try_lock(&self) -> bool {
        self.0.try_lock()
    }

    /// Lock it for reading if no writer holds it or waits; whether that was so.
    ///
    /// >>> import gort
    /// >>> gort.RWMutex().try_rlock()
    /// True
    fn try_rlock(&self) -> bool {
        self.0.try_rlock()
    }

    /// A context manager that holds it for writing.
    ///
    /// >>> import gort
    /// >>> with gort.RWMutex().writer():
    /// ...     pass
    fn writer(this: Py<Self>) -> Held {
        Held { mutex: this, writes: true }
    }

    /// A context manager that holds it for reading.
    ///
    /// >>> import gort
    /// >>> with gort.RWMutex().reader():
    /// ...     pass
    fn reader(this: Py<Self>) -> Held {
        Held { mutex: this, writes: false }
    }
}

/// Wait for the lock. The runtime's call cannot be interrupted, but the main thread must hear Ctrl-C, and a
/// goroutine that it is canceled: another locks in its place, and unlocks again if nobody waits any more.
fn lock_slow(this: &Bound<'_, RWMutex>, writes: bool) -> PyResult<()> {
    if rt_core::goroutine::goroutine_id() == 0 && !signals::is_main() {
        this.get()._lock_patiently(writes);
        return Ok(());
    }
    let locks = this.py().import("gort._sync")?.getattr("lock_interruptibly")?;
    locks.call1((this, writes)).map(drop)
}

/// What RWMutex.writer and RWMutex.reader return.
#[pyclass(frozen, module = "gort._gort")]
pub(crate) struct Held {
    mutex: Py<RWMutex>,
    writes: bool,
}

#[pymethods]
impl Held {
    fn __enter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, RWMutex>> {
        let mutex = self.mutex.bind(py).clone();
        if self.writes { RWMutex::lock(&mutex) } else { RWMutex::rlock(&mutex) }?;
        Ok(mutex)
    }

    #[pyo3(signature = (*exc))]
    fn __exit__(&self, exc: &Bound<'_, PyTuple>) -> PyResult<()> {
        if self.writes { self.mutex.get().unlock(exc.py()) } else { self.mutex.get().runlock(exc.py()) }
    }
}

/// Waits for a collection of goroutines to finish.
///
/// >>> import gort
/// >>> wg, n = gort.WaitGroup(), gort.AtomicInt()
/// >>> for i in range(10):
/// ...     g = wg.go(n.add, i)
/// >>> wg.wait()
/// >>> n.load()
/// 45
#[pyclass(name = "WaitGroup", module = "gort", subclass, frozen, weakref)]
pub(crate) struct WaitGroup(sync::WaitGroup);

#[pymethods]
impl WaitGroup {
    #[new]
    fn new() -> WaitGroup {
        WaitGroup(zeroed())
    }

    /// Add delta, which may be negative, to the counter. Raises Misuse when that would make it negative.
    ///
    /// >>> import gort
    /// >>> gort.WaitGroup().add(-1)
    /// Traceback (most recent call last):
    ///     ...
    /// gort.Misuse: negative WaitGroup counter
    #[pyo3(signature = (delta=1))]
    fn add(&self, py: Python<'_>, delta: i64) -> PyResult<()> {
        check(py, self.0.add(delta))
    }

    /// Take one from the counter.
    ///
    /// >>> import gort
    /// >>> wg = gort.WaitGroup()
    /// >>> wg.add()
    /// >>> wg.done()
    /// >>> wg.wait()
    fn done(&self, py: Python<'_>) -> PyResult<()> {
        check(py, self.0.done())
    }

    /// Wait until the counter is zero.
    ///
    /// >>> import gort
    /// >>> wg = gort.WaitGroup()
    /// >>> wg.add()
    /// >>> wg.wait(timeout=0.01)
    /// Traceback (most recent call last):
    ///     ...
    /// gort.Timeout: the timeout passed
    #[pyo3(signature = (*, timeout=None, ctx=None))]
    fn wait(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>, ctx: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let limit = Limit::new(timeout, ctx)?;
        limit.call(py, |wait| self.0.wait_for(wait))
    }

    /// Add one, call fn(*args, **kwargs) in a goroutine, and take one when that is over.
    ///
    /// >>> import gort
    /// >>> wg = gort.WaitGroup()
    /// >>> g = wg.go(len, "four")
    /// >>> wg.wait()
    /// >>> g.join()
    /// 4
    #[pyo3(signature = (r#fn, /, *args, **kwargs))]
    fn go(
        this: &Bound<'_, Self>,
        r#fn: &Bound<'_, PyAny>,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<Goroutine>> {
        let py = this.py();
        check(py, this.get().0.add(1))?;
        goroutine::start(None, r#fn, args, kwargs, Raw::new(this.as_any())).inspect_err(|_| {
            // The one that was added is still there to be taken.
            let _ = this.get().0.done();
        })
    }
}

/// The goroutine of [`WaitGroup::go`] is over. A counter that the program has made negative meanwhile
/// is its own error.
///
/// # Safety
/// Attached; `group` is a WaitGroup.
pub(crate) unsafe fn group_done(group: *mut PyObject) {
    Python::attach(|py| {
        // SAFETY: by contract.
        let group = unsafe { Bound::from_borrowed_ptr(py, group) };
        if let Ok(group) = group.cast::<WaitGroup>() {
            let _ = group.get().0.done();
        }
    });
}

/// A weighted semaphore: strictly first come, first served.
///
/// >>> import gort
/// >>> sem = gort.Semaphore(2)
/// >>> sem.acquire(2)
/// >>> sem.try_acquire()
/// False
/// >>> sem.release(2)
#[pyclass(name = "Semaphore", module = "gort", subclass, frozen, weakref)]
pub(crate) struct Semaphore(Sem);

#[pymethods]
impl Semaphore {
    #[new]
    fn new(py: Python<'_>, n: i64) -> PyResult<Semaphore> {
        let sem: Sem = zeroed();
        check(py, sem.init(n))?;
        Ok(Semaphore(sem))
    }

    /// Take n, waiting for them if need be.
    ///
    /// >>> import gort
    /// >>> gort.Semaphore(1).acquire(2, timeout=0.01)
    /// Traceback (most recent call last):
    ///     ...
    /// gort.Timeout: the timeout passed
    #[pyo3(signature = (n=1, *, ctx=None, timeout=None))]
    fn acquire(
        &self,
        py: Python<'_>,
        n: i64,
        ctx: Option<&Bound<'_, PyAny>>,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let limit = Limit::new(timeout, ctx)?;
        limit.call(py, |wait| self.0.acquire(wait, n))
    }

    /// Take n if that needs no waiting; whether it was so.
    ///
    /// >>> import gort
    /// >>> gort.Semaphore(1).try_acquire()
    /// True
    #[pyo3(signature = (n=1))]
    fn try_acquire(&self, n: i64) -> PyResult<bool> {
        not_negative(n)?;
        Ok(self.0.try_acquire(n))
    }

    /// Give n back. Raises Misuse when less is held.
    ///
    /// >>> import gort
    /// >>> gort.Semaphore(1).release()
    /// Traceback (most recent call last):
    ///     ...
    /// gort.Misuse: semaphore: released more than held
    #[pyo3(signature = (n=1))]
    fn release(&self, py: Python<'_>, n: i64) -> PyResult<()> {
        not_negative(n)?;
        check(py, self.0.release(n))
    }

    fn __enter__<'py>(this: Bound<'py, Self>) -> PyResult<Bound<'py, Self>> {
        this.get().acquire(this.py(), 1, None, None)?;
        Ok(this)
    }

    #[pyo3(signature = (*exc))]
    fn __exit__(&self, exc: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.release(exc.py(), 1)
    }
}

fn not_negative(n: i64) -> PyResult<()> {
    if n < 0 { Err(PyValueError::new_err("a semaphore's weight must not be negative")) } else { Ok(()) }
}

/// A 64-bit integer that goroutines and threads may change at once. It wraps.
///
/// >>> import gort
/// >>> n = gort.AtomicInt(40)
/// >>> n.add(2)
/// 42
#[pyclass(name = "AtomicInt", module = "gort", subclass, frozen, weakref)]
pub(crate) struct AtomicInt(AtomicI64);

/// The low 64 bits of any int.
struct Wrapped(i64);

impl<'py> FromPyObject<'_, 'py> for Wrapped {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Wrapped> {
        wrapped(&value).map(Wrapped)
    }
}

fn wrapped(value: &Bound<'_, PyAny>) -> PyResult<i64> {
    if let Ok(small) = value.extract::<i64>() {
        return Ok(small);
    }
    let index = value.py().import("operator")?.call_method1("index", (value,))?;
    Ok(index.bitand(u64::MAX)?.extract::<u64>()? as i64)
}

#[pymethods]
impl AtomicInt {
    #[new]
    #[pyo3(signature = (value=Wrapped(0)), text_signature = "(value=0)")]
    fn new(value: Wrapped) -> AtomicInt {
        AtomicInt(AtomicI64::new(value.0))
    }

    /// The value.
    ///
    /// >>> import gort
    /// >>> gort.AtomicInt(3).load()
    /// 3
    fn load(&self) -> i64 {
        self.0.load(SeqCst)
    }

    /// Set the value.
    ///
    /// >>> import gort
    /// >>> n = gort.AtomicInt()
    /// >>> n.store(3)
    /// >>> n.load()
    /// 3
    fn store(&self, value: Wrapped) {
        self.0.store(value.0, SeqCst);
    }

    /// Add delta; the new value.
    ///
    /// >>> import gort
    /// >>> gort.AtomicInt(1).add(2)
    /// 3
    fn add(&self, delta: Wrapped) -> i64 {
        self.0.fetch_add(delta.0, SeqCst).wrapping_add(delta.0)
    }

    /// Set the value; the old one.
    ///
    /// >>> import gort
    /// >>> gort.AtomicInt(1).swap(2)
    /// 1
    fn swap(&self, value: Wrapped) -> i64 {
        self.0.swap(value.0, SeqCst)
    }

    /// Set the value to new if it is old; whether it was.
    ///
    /// >>> import gort
    /// >>> gort.AtomicInt(1).compare_and_swap(1, 2)
    /// True
    fn compare_and_swap(&self, old: Wrapped, new: Wrapped) -> bool {
        self.0.compare_exchange(old.0, new.0, SeqCst, SeqCst).is_ok()
    }

    fn __repr__(&self) -> String {
        format!("gort.AtomicInt({})", self.load())
    }
}
