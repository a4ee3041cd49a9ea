//! A Python goroutine: what it calls, what came of it, and its life on its own stack.
//!
//! A task is a part of the goroutine's handle, to which the goroutine has a reference of its own until it is
//! over. It holds bare references to Python objects: they are taken and dropped only with the interpreter
//! attached, and so is the handle.
//!
//! `stage` belongs to who starts the goroutine, then to the goroutine, and is only read once DONE is set.

use crate::goroutine::Goroutine;
use crate::tstate::State;
use crate::{errors, report, signals, sys, tracing, tstate};
use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::ptr;
use pyo3::exceptions::PyTypeError;
use pyo3::ffi::{self, PyObject};
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
/// Somebody has got its exception.
pub(crate) const OBSERVED: u8 = 2;
/// Somebody waits for its end.
const AWAITED: u8 = 4;

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
    /// The contextvars of its starter, copied; null: there were none.
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
        let context = copied_context().ok_or_else(|| PyErr::fetch(function.py()))?;
        let kwargs = kwargs.map_or(Raw(ptr::null_mut()), Raw::new);
        Ok(Call { function: Raw::new(function), args: Raw::new(args), kwargs, context })
    }
}

/// The caller's context variables, copied; null: there are none. `None`: an exception is set.
pub(crate) fn copied_context() -> Option<Raw> {
    if !tstate::has_context() {
        return Some(Raw(ptr::null_mut()));
    }
    // SAFETY: attached.
    let context = unsafe { sys::PyContext_CopyCurrent() };
    (!context.is_null()).then_some(Raw(context))
}

/// What is to be called, then what came of it.
pub(crate) enum Stage {
    Call(Call),
    /// Also while it runs.
    Nothing,
    Value(Raw),
    /// Type, value, traceback.
    Failed(Raw, Raw, Raw),
}

/// See the module.
pub(crate) struct Task {
    state: AtomicU8,
    /// Counts 1 until it is over and somebody waits for that.
    latch: WaitGroup,
    id: AtomicU64,
    name: Option<Box<str>>,
    stage: UnsafeCell<Stage>,
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
    pub(crate) fn new(name: Option<&str>, call: Call, group: Raw) -> Task {
        Task {
            state: AtomicU8::new(0),
            latch: WaitGroup::with(1),
            id: AtomicU64::new(0),
            name: name.map(Into::into),
            stage: UnsafeCell::new(Stage::Call(call)),
            over: AtomicPtr::new(ptr::null_mut()),
            group,
        }
    }

    /// One that takes over what came of this one, which is over, and whose exception is going to be observed.
    pub(crate) fn heir(&mut self) -> Task {
        Task {
            state: AtomicU8::new(DONE | OBSERVED),
            latch: WaitGroup::with(0),
            id: AtomicU64::new(self.id()),
            name: self.name.take(),
            stage: UnsafeCell::new(core::mem::replace(self.stage.get_mut(), Stage::Nothing)),
            over: AtomicPtr::new(ptr::null_mut()),
            group: Raw(ptr::null_mut()),
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

    /// Whether it has ended with an exception that nobody has got.
    pub(crate) fn has_failed_unobserved(&self) -> bool {
        self.state.load(Acquire) & (DONE | OBSERVED) == DONE && matches!(self.outcome(), Stage::Failed(..))
    }

    /// Set bits of the state; what it was.
    pub(crate) fn mark(&self, bits: u8) -> u8 {
        self.state.fetch_or(bits, SeqCst)
    }

    /// Wait for the end.
    pub(crate) fn wait(&self, wait: rt_core::Wait) -> Result<(), rt_core::Error> {
        if self.mark(AWAITED) & DONE != 0 {
            return Ok(());
        }
        self.latch.wait_for(wait)
    }

    /// What came of it. After the end.
    pub(crate) fn outcome(&self) -> &Stage {
        debug_assert!(self.is_done());
        // SAFETY: not written after DONE.
        unsafe { &*self.stage.get() }
    }

    /// Its result, or its exception with the traceback it ended with. After the end.
    pub(crate) fn result(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self.outcome() {
            Stage::Call(_) | Stage::Nothing => Ok(py.None()),
            // SAFETY: the reference is the outcome's.
            Stage::Value(value) => Ok(unsafe { Bound::from_borrowed_ptr(py, value.0) }.unbind()),
            Stage::Failed(class, value, traceback) => {
                if self.mark(OBSERVED) & OBSERVED == 0 {
                    report::observed(self);
                }
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

/// Start the goroutine of a new handle.
pub(crate) fn start(handle: &Bound<'_, Goroutine>) -> Result<(), rt_core::Error> {
    let task = &handle.get().0;
    let name = task.c_name();
    // SAFETY: the goroutine takes over one reference.
    unsafe {
        let arg = Raw::new(handle);
        let id = goroutine::spawn_with(&options(name.as_deref()), live, arg.0.cast())?;
        core::mem::forget(arg);
        task.id.store(id, Relaxed);
    }
    Ok(())
}

/// The same, to be waited for in a way that hears of a deadlock.
pub(crate) fn start_to_wait(handle: &Bound<'_, Goroutine>) -> Result<Running, rt_core::Error> {
    let task = &handle.get().0;
    let name = task.c_name();
    // SAFETY: as in `start`.
    unsafe {
        let arg = Raw::new(handle);
        let running = Running::start(&options(name.as_deref()), live, arg.0.cast())?;
        core::mem::forget(arg);
        task.id.store(running.id(), Relaxed);
        Ok(running)
    }
}

/// The goroutine's life. It has a reference to its handle.
unsafe extern "C-unwind" fn live(handle: *mut c_void) {
    // SAFETY: see `start`; attached between `take` and `give_back`.
    unsafe {
        let state = tstate::take();
        live_attached(handle.cast(), &state);
        tstate::give_back(state);
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
        let state = tstate::take();
        {
            let pending = Arc::from_raw(call.cast_const().cast::<Pending>());
            let call = &pending.call;
            let new = |raw: &Raw| {
                ffi::Py_XINCREF(raw.0);
                Raw(raw.0)
            };
            // A function that is called again needs a context of its own: one can be entered once.
            let context = match call.context.0 {
                none if none.is_null() => Raw(none),
                context => Raw(sys::PyContext_Copy(context)),
            };
            let own = Call { function: new(&call.function), args: new(&call.args), kwargs: new(&call.kwargs), context };
            drop(pending);
            let handle = Goroutine::new(Python::assume_attached(), Task::new(None, own, Raw(ptr::null_mut())));
            match handle {
                Ok(handle) => live_attached(handle.into_ptr(), &state),
                Err(error) => Python::attach(|py| error.write_unraisable(py, None)),
            }
        }
        tstate::give_back(state);
    }
}

/// Call what is to be called, keep what comes of it, tell whoever waits. The reference to the handle is dropped.
unsafe fn live_attached(handle: *mut PyObject, state: &State) {
    // SAFETY: the running goroutine has the stage before DONE.
    unsafe {
        let task = Goroutine::task(handle);
        let id = goroutine::goroutine_id();
        task.id.store(id, Relaxed);
        state.has(id);
        let Stage::Call(call) = core::mem::replace(&mut *task.stage.get(), Stage::Nothing) else {
            unreachable!("a goroutine is started once");
        };
        let forks = signals::forks();
        let context = call.context.0;
        if !context.is_null() {
            sys::unwinds(|| sys::PyContext_Enter(context));
        }
        tracing::begin();
        let value = sys::unwinds(|| sys::PyObject_Call(call.function.0, call.args.0, call.kwargs.0));
        *task.stage.get() = if value.is_null() { failure() } else { Stage::Value(Raw(value)) };
        if context.is_null() {
            tstate::drop_context(state.ts);
        } else {
            sys::unwinds(|| sys::PyContext_Exit(context));
        }
        if signals::forks() != forks {
            end_child(task);
        }
        drop(call);
        if !task.group.0.is_null() {
            crate::sync::group_done(task.group.0);
        }
        if matches!(*task.stage.get(), Stage::Failed(..)) {
            report::failed(handle);
        }
        Goroutine::show(handle, &*task.stage.get());
        let before = task.mark(DONE);
        if before & AWAITED != 0 {
            // The counter is 1.
            let _ = task.latch.done();
        }
        let over = task.over.load(SeqCst);
        if !over.is_null() {
            let _ = chan::close(over);
        }
        // Who drops it last reports its exception.
        drop(Raw(handle));
        state.has(0);
    }
}

/// In the child of a fork the goroutine that called it has come to its end. As for a thread that forks
/// and returns from its main function, that is the end of the process.
unsafe fn end_child(task: &Task) -> ! {
    // SAFETY: attached; the outcome is the goroutine's. Nobody waits for it in this process.
    unsafe {
        let status = match &*task.stage.get() {
            Stage::Failed(class, value, traceback) => {
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
unsafe fn failure() -> Stage {
    let (mut class, mut value, mut traceback) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    // SAFETY: attached, with an exception set.
    unsafe {
        ffi::PyErr_Fetch(&mut class, &mut value, &mut traceback);
        ffi::PyErr_NormalizeException(&mut class, &mut value, &mut traceback);
        if !traceback.is_null() {
            ffi::PyException_SetTraceback(value, traceback);
        }
        let failed = Stage::Failed(Raw(class), Raw(value), Raw(traceback));
        let exits = Python::attach(|py| {
            errors::exit(py).is_ok_and(|exit| ffi::PyErr_GivenExceptionMatches(class, exit.as_ptr()) != 0)
        });
        if exits { Stage::Nothing } else { failed }
    }
}
