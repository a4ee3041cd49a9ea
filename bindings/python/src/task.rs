//! A Python goroutine: what it calls, what came of it, and its life on its own stack.
//!
//! A task is shared by the goroutine and its handle. It holds bare references to Python objects: they
//! are taken and dropped only with the interpreter attached, and so is the task's last reference.
//!
//! `call` belongs to who starts the goroutine, then to the goroutine. `outcome` is written by the
//! goroutine before DONE is set, and only read afterwards.

use crate::{errors, report, signals, sys, tstate};
use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::ptr;
use pyo3::exceptions::PyTypeError;
use pyo3::ffi::{self, PyObject, PyThreadState};
use pyo3::prelude::*;
use rt_core::chan::{self, Chan};
use rt_core::goroutine::{self, Crew, Running, SpawnOptions};
use rt_core::sync::WaitGroup;
use rt_core::time::Timer;
use std::ffi::CString;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU64, Ordering::*};

/// Where the interpreter lets only one thread run, a second M only makes switches slower; helpers run
/// what has not started while the first is stuck.
pub(crate) static CREW: Crew = Crew::new(tstate::STACK_SIZE, 1, 64, tstate::begin_thread, tstate::let_go);

/// It is over.
pub(crate) const DONE: u8 = 1;
/// Its handle is gone.
pub(crate) const DROPPED: u8 = 2;
/// Somebody has got its exception.
pub(crate) const OBSERVED: u8 = 4;

/// An owned reference, or null.
pub(crate) struct Raw(pub(crate) *mut PyObject);

impl Raw {
    pub(crate) fn new(object: &Bound<'_, PyAny>) -> Raw {
        Raw(object.clone().into_ptr())
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: an owned reference; the interpreter is attached, see the module.
            sys::unwinds(|| unsafe { sys::Py_DecRef(self.0) });
        }
    }
}

/// What a goroutine calls: fn(*args, **kwargs) in a context.
pub(crate) struct Call {
    pub(crate) function: Raw,
    pub(crate) args: Raw,
    pub(crate) kwargs: Raw,
    /// The contextvars of its starter, copied.
    pub(crate) context: Raw,
}

impl Call {
    /// With a copy of the caller's context.
    pub(crate) fn checked(
        function: &Bound<'_, PyAny>,
        args: &Bound<'_, PyAny>,
        kwargs: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Call> {
        if !function.is_callable() {
            let class = function.get_type().name()?;
            return Err(PyTypeError::new_err(format!("a goroutine runs a callable, not {class}")));
        }
        // SAFETY: attached.
        let context = Raw(unsafe { sys::PyContext_CopyCurrent() });
        if context.0.is_null() {
            return Err(PyErr::fetch(function.py()));
        }
        let kwargs = kwargs.map_or(Raw(ptr::null_mut()), Raw::new);
        Ok(Call { function: Raw::new(function), args: Raw::new(args), kwargs, context })
    }
}

/// What came of it.
pub(crate) enum Outcome {
    Nothing,
    Value(Raw),
    /// Type, value, traceback.
    Failed(Raw, Raw, Raw),
}

/// See the module.
pub(crate) struct Task {
    state: AtomicU8,
    /// Counts 1 until it is over.
    latch: WaitGroup,
    id: AtomicU64,
    name: Option<Box<str>>,
    call: UnsafeCell<Option<Call>>,
    outcome: UnsafeCell<Outcome>,
    /// Closed at the end; made when first asked for.
    over: AtomicPtr<Chan>,
    /// A gort.WaitGroup to be counted down at the end.
    group: Raw,
}

impl Drop for Task {
    fn drop(&mut self) {
        // SAFETY: null or the task's own.
        unsafe { chan::release(*self.over.get_mut()) };
    }
}

// SAFETY: see the module.
unsafe impl Send for Task {}
// SAFETY: as above.
unsafe impl Sync for Task {}

impl Task {
    pub(crate) fn new(name: Option<&str>, call: Call, group: Raw) -> Arc<Task> {
        // SAFETY: all-zero bytes are a group with counter zero.
        let latch: WaitGroup = unsafe { core::mem::zeroed() };
        // One is in range.
        let _ = latch.add(1);
        Arc::new(Task {
            state: AtomicU8::new(0),
            latch,
            id: AtomicU64::new(0),
            name: name.map(Into::into),
            call: UnsafeCell::new(Some(call)),
            outcome: UnsafeCell::new(Outcome::Nothing),
            over: AtomicPtr::new(ptr::null_mut()),
            group,
        })
    }

    /// Start the goroutine.
    pub(crate) fn start(self: &Arc<Task>) -> Result<(), rt_core::Error> {
        let name = self.c_name();
        // SAFETY: the goroutine takes over one reference.
        unsafe {
            let arg = Arc::into_raw(self.clone());
            match goroutine::spawn_with(&options(name.as_deref()), live, arg.cast_mut().cast()) {
                Ok(id) => {
                    self.id.store(id, Relaxed);
                    Ok(())
                }
                Err(error) => {
                    drop(Arc::from_raw(arg));
                    Err(error)
                }
            }
        }
    }

    /// Start the goroutine, to be waited for in a way that hears of a deadlock.
    pub(crate) fn start_to_wait(self: &Arc<Task>) -> Result<Running, rt_core::Error> {
        let name = self.c_name();
        // SAFETY: as in `start`.
        unsafe {
            let arg = Arc::into_raw(self.clone());
            Running::start(&options(name.as_deref()), live, arg.cast_mut().cast())
                .inspect(|running| self.id.store(running.id(), Relaxed))
                .inspect_err(|_| drop(Arc::from_raw(arg)))
        }
    }

    /// A channel that is closed when the goroutine is over. It stays the task's.
    pub(crate) fn over(&self) -> Result<*mut Chan, rt_core::Error> {
        let known = self.over.load(SeqCst);
        if !known.is_null() {
            return Ok(known);
        }
        let made = chan::new(0, 0)?.as_ptr();
        // SAFETY: the channel is ours, or the task's.
        unsafe {
            if let Err(other) = self.over.compare_exchange(ptr::null_mut(), made, SeqCst, SeqCst) {
                chan::release(made);
                return Ok(other);
            }
            if self.state.load(SeqCst) & DONE != 0 {
                // Closed twice is closed.
                let _ = chan::close(made);
            }
        }
        Ok(made)
    }

    fn c_name(&self) -> Option<CString> {
        self.name.as_ref().map(|name| CString::new(name.replace('\0', " ")).unwrap_or_default())
    }

    pub(crate) fn id(&self) -> u64 {
        self.id.load(Relaxed)
    }

    pub(crate) fn is_done(&self) -> bool {
        self.state.load(Acquire) & DONE != 0
    }

    /// Its name, for a handle.
    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("")
    }

    /// Set bits of the state; what it was.
    pub(crate) fn mark(&self, bits: u8) -> u8 {
        self.state.fetch_or(bits, SeqCst)
    }

    /// Wait for the end.
    pub(crate) fn wait(&self, wait: rt_core::Wait) -> Result<(), rt_core::Error> {
        self.latch.wait_for(wait)
    }

    /// What came of it. After the end.
    pub(crate) fn outcome(&self) -> &Outcome {
        debug_assert!(self.is_done());
        // SAFETY: not written after DONE.
        unsafe { &*self.outcome.get() }
    }

    /// Its result, or its exception with the traceback it ended with. After the end.
    pub(crate) fn result(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if self.mark(OBSERVED) & OBSERVED == 0 {
            report::observed(self);
        }
        match self.outcome() {
            Outcome::Nothing => Ok(py.None()),
            // SAFETY: the reference is the outcome's.
            Outcome::Value(value) => Ok(unsafe { Bound::from_borrowed_ptr(py, value.0) }.unbind()),
            Outcome::Failed(class, value, traceback) => {
                // SAFETY: references are given to PyErr_Restore; the traceback may be null.
                unsafe {
                    for object in [class, value, traceback] {
                        ffi::Py_XINCREF(object.0);
                    }
                    ffi::PyErr_Restore(class.0, value.0, traceback.0);
                }
                Err(PyErr::fetch(py))
            }
        }
    }
}

fn options(name: Option<&core::ffi::CStr>) -> SpawnOptions<'_> {
    SpawnOptions { name, crew: Some(&CREW), ..Default::default() }
}

/// The goroutine's life. `task` is a reference of its own.
unsafe extern "C-unwind" fn live(task: *mut c_void) {
    // SAFETY: see `Task::start`; attached between `take` and `give_back`.
    unsafe {
        let ts = tstate::take();
        live_attached(Arc::from_raw(task.cast_const().cast::<Task>()), ts);
        tstate::give_back(ts);
    }
}

/// A function that the runtime calls later: of a timer, or when a context ends. The runtime starts an
/// ordinary goroutine for it, which knows nothing of Python and starts the one that calls it.
///
/// It is shared by its handle and by each call that may come. Who drops it last frees its timer.
pub(crate) struct Deferred(Arc<Pending>);

struct Pending {
    call: Call,
    timer: AtomicPtr<Timer>,
}

// SAFETY: its objects are touched with the interpreter attached, and the timer by who drops it last.
unsafe impl Send for Pending {}
// SAFETY: as above.
unsafe impl Sync for Pending {}

impl Drop for Pending {
    fn drop(&mut self) {
        // SAFETY: null or a timer that nobody else has; it is not armed, for what it calls is gone.
        unsafe { rt_core::time::timer_release(*self.timer.get_mut()) };
    }
}

impl Deferred {
    pub(crate) const ENTRY: rt_core::Entry = begin_deferred;

    pub(crate) fn new(call: Call) -> Deferred {
        Deferred(Arc::new(Pending { call, timer: AtomicPtr::new(ptr::null_mut()) }))
    }

    /// The timer that calls it; owned from now on.
    pub(crate) fn own(&self, timer: *mut Timer) {
        self.0.timer.store(timer, Release);
    }

    pub(crate) fn timer(&self) -> *mut Timer {
        self.0.timer.load(Acquire)
    }

    /// The argument of [`ENTRY`](Self::ENTRY), for one call.
    pub(crate) fn give(&self) -> *mut c_void {
        Arc::into_raw(self.0.clone()).cast_mut().cast()
    }

    /// One [`give`](Self::give) was for nothing.
    pub(crate) fn take_back(&self) {
        // SAFETY: given before, and not used.
        drop(unsafe { Arc::from_raw(Arc::as_ptr(&self.0)) });
    }
}

unsafe extern "C-unwind" fn begin_deferred(call: *mut c_void) {
    // SAFETY: `call` is what `give` gave. Without memory the function is not called, and the reference
    // is lost: it cannot be dropped without the interpreter.
    unsafe {
        let _ = goroutine::spawn_with(&options(None), live_deferred, call);
    }
}

unsafe extern "C-unwind" fn live_deferred(call: *mut c_void) {
    // SAFETY: as in `live`.
    unsafe {
        let ts = tstate::take();
        {
            let pending = Arc::from_raw(call.cast_const().cast::<Pending>());
            let call = &pending.call;
            let new = |raw: &Raw| {
                ffi::Py_XINCREF(raw.0);
                Raw(raw.0)
            };
            // A function that is called again needs a context of its own: one can be entered once.
            let context = Raw(sys::PyContext_Copy(call.context.0));
            let own = Call { function: new(&call.function), args: new(&call.args), kwargs: new(&call.kwargs), context };
            drop(pending);
            let task = Task::new(None, own, Raw(ptr::null_mut()));
            task.mark(DROPPED);
            live_attached(task, ts);
        }
        tstate::give_back(ts);
    }
}

/// Call what is to be called, keep what comes of it, tell whoever waits.
unsafe fn live_attached(task: Arc<Task>, ts: *mut PyThreadState) {
    // SAFETY: the running goroutine has the call, and the outcome before DONE.
    unsafe {
        let id = goroutine::goroutine_id();
        task.id.store(id, Relaxed);
        let place = report::begins(id, ts);
        let call = (*task.call.get()).take().expect("a goroutine is started once");
        let forks = signals::forks();
        sys::unwinds(|| sys::PyContext_Enter(call.context.0));
        report::begin_tracing();
        let value = sys::unwinds(|| sys::PyObject_Call(call.function.0, call.args.0, call.kwargs.0));
        *task.outcome.get() = if value.is_null() { failure() } else { Outcome::Value(Raw(value)) };
        sys::unwinds(|| sys::PyContext_Exit(call.context.0));
        if signals::forks() != forks {
            end_child(&task);
        }
        drop(call);
        if !task.group.0.is_null() {
            crate::sync::group_done(task.group.0);
        }
        let failed = matches!(*task.outcome.get(), Outcome::Failed(..));
        if failed {
            report::failed(&task);
        }
        let before = task.mark(DONE);
        // The counter is 1.
        let _ = task.latch.done();
        let over = task.over.load(SeqCst);
        if !over.is_null() {
            let _ = chan::close(over);
        }
        if failed && before & DROPPED != 0 {
            report::report(&task);
        }
        drop(task);
        report::ends(place);
    }
}

/// In the child of a fork the goroutine that called it has come to its end. As for a thread that forks
/// and returns from its main function, that is the end of the process.
unsafe fn end_child(task: &Task) -> ! {
    // SAFETY: attached; the outcome is the goroutine's. Nobody waits for it in this process.
    unsafe {
        let status = match &*task.outcome.get() {
            Outcome::Failed(class, value, traceback) => {
                for object in [class, value, traceback] {
                    ffi::Py_XINCREF(object.0);
                }
                ffi::PyErr_Restore(class.0, value.0, traceback.0);
                // SystemExit ends the process in here, with its status.
                sys::unwinds(|| sys::PyErr_Print());
                1
            }
            _ => 0,
        };
        sys::unwinds(|| sys::Py_Exit(status))
    }
}

/// The exception that has ended the goroutine. `exit` is an end like any other.
unsafe fn failure() -> Outcome {
    let (mut class, mut value, mut traceback) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    // SAFETY: attached, with an exception set.
    unsafe {
        ffi::PyErr_Fetch(&mut class, &mut value, &mut traceback);
        ffi::PyErr_NormalizeException(&mut class, &mut value, &mut traceback);
        if !traceback.is_null() {
            ffi::PyException_SetTraceback(value, traceback);
        }
        let failed = Outcome::Failed(Raw(class), Raw(value), Raw(traceback));
        let exits = Python::attach(|py| {
            errors::exit(py).is_ok_and(|exit| ffi::PyErr_GivenExceptionMatches(class, exit.as_ptr()) != 0)
        });
        if exits { Outcome::Nothing } else { failed }
    }
}
