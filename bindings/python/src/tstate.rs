//! A thread state for each goroutine, so that exceptions, contexts, threading.local, tracing and the
//! recursion depth are its own.
//!
//! A thread state belongs to the OS thread that made it, and goroutines stay on theirs: so each M
//! keeps the states of goroutines that are over, and gives them to new ones. A new state costs
//! several microseconds and, on a free-threaded build, a hundred.
//!
//! Up to 3.11 a thread that has the interpreter changes its state by storing a pointer. So there an M keeps
//! the interpreter while it goes from one goroutine to the next, and gives it up before it sleeps, and now
//! and then. Later versions can only give it up and take it again, which costs more than all of the rest.
//!
//! What a goroutine leaves behind in its state is cleared by writing to the state's fields. Where they
//! are is known per version, and checked once against what CPython itself writes; when anything does
//! not fit, no state is used twice.

use crate::{report, sys};
use core::cell::{Cell, UnsafeCell};
use core::ffi::{CStr, c_int, c_void};
use core::ptr;
use pyo3::exceptions::PyImportError;
use pyo3::ffi::{self, PyInterpreterState, PyThreadState};
use pyo3::prelude::*;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU64, AtomicUsize, Ordering::*};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Stacks are as large as those of threads: C extensions are written for those.
pub(crate) const STACK_SIZE: usize = 8 << 20;
/// States an M has for new goroutines.
const SPARE: usize = 1024;
/// An M that keeps the interpreter gives it up once in so many parks: C code alone, which may switch too,
/// never looks whether others wait for it. A power of two.
const LET_GO_EVERY: u32 = 256;

/// Whether Ms keep the interpreter from one goroutine to the next.
static KEEPS: AtomicBool = AtomicBool::new(false);
static INTERPRETER: AtomicPtr<PyInterpreterState> = AtomicPtr::new(ptr::null_mut());
/// The key under which CPython up to 3.11 keeps the thread's state for PyGILState; -1: no need.
static GILSTATE_KEY: AtomicI32 = AtomicI32::new(-1);
/// PyUnstable_ThreadState_SetStackProtection, where there is one.
static SET_STACK: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
/// Py_IsFinalizing, which has had two names.
static IS_FINALIZING: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
/// Whether this CPython runs one thread at a time, by its build.
static SERIAL: AtomicBool = AtomicBool::new(false);
/// Index into `LAYOUTS`, plus one; 0: states are not used twice.
static LAYOUT: AtomicUsize = AtomicUsize::new(0);

/// Offsets into PyThreadState, in bytes.
struct Layout {
    minor: u8,
    dict: usize,
    async_exc: usize,
    thread_id: usize,
    context: usize,
    /// Hooks of async generators, tracer, profiler, origin tracking: must be null at the end.
    hooks: [usize; 4],
    tracking: usize,
    /// What 3.13 keeps threading.local in.
    locals: [usize; 2],
}

const fn layout(minor: u8, o: [usize; 9], locals: [usize; 2]) -> Layout {
    Layout {
        minor,
        dict: o[0],
        async_exc: o[1],
        thread_id: o[2],
        context: o[3],
        hooks: [o[4], o[5], o[6], o[7]],
        tracking: o[8],
        locals,
    }
}

#[cfg(target_pointer_width = "64")]
const LAYOUTS: [Layout; 7] = [
    layout(9, [152, 168, 176, 240, 224, 232, 56, 64, 216], [0, 0]),
    layout(10, [152, 168, 176, 240, 224, 232, 56, 64, 216], [0, 0]),
    layout(11, [128, 144, 152, 224, 208, 216, 64, 72, 200], [0, 0]),
    layout(12, [112, 128, 136, 208, 192, 200, 64, 72, 184], [0, 0]),
    layout(13, [128, 144, 152, 224, 208, 216, 80, 88, 200], [288, 296]),
    layout(14, [128, 144, 152, 224, 208, 216, 80, 88, 200], [288, 296]),
    layout(15, [152, 168, 176, 232, 216, 224, 104, 112, 208], [328, 336]),
];
#[cfg(not(target_pointer_width = "64"))]
const LAYOUTS: [Layout; 0] = [];

/// Up to 3.11 asyncio caches a pointer to this entry, and goes by the state's id.
const RUNNING_LOOP: &CStr = c"__asyncio_running_event_loop__";

/// A thread state for goroutines.
pub(crate) struct State {
    pub(crate) ts: *mut PyThreadState,
    /// Which goroutine has it, for those who ask.
    id: *const AtomicU64,
}

impl State {
    /// The goroutine with this id has it from now on; 0: none. While it is attached.
    pub(crate) fn has(&self, id: u64) {
        // SAFETY: there until the state is not.
        unsafe { (*self.id).store(id, Relaxed) };
    }
}

/// What an M has for its goroutines.
struct Shelf {
    /// For what the thread itself has to do in Python; keeps what CPython knows of the thread.
    home: Cell<*mut PyThreadState>,
    free: UnsafeCell<Vec<State>>,
    /// Still attached, while no goroutine runs: the state of the last that did. Null: none is.
    kept: Cell<*mut PyThreadState>,
    parks: Cell<u32>,
}

impl Shelf {
    const fn empty() -> Shelf {
        Shelf {
            home: Cell::new(ptr::null_mut()),
            free: UnsafeCell::new(Vec::new()),
            kept: Cell::new(ptr::null_mut()),
            parks: Cell::new(0),
        }
    }

    /// The goroutine with the attached state `ts` stops running: keep that attached, or detach it.
    #[inline(always)]
    unsafe fn keep(&self, ts: *mut PyThreadState) {
        let parks = self.parks.get().wrapping_add(1);
        self.parks.set(parks);
        if !KEEPS.load(Relaxed) || parks.is_multiple_of(LET_GO_EVERY) {
            // SAFETY: it is attached.
            unsafe { sys::PyEval_SaveThread() };
        } else {
            self.kept.set(ts);
        }
    }

    /// The goroutine with the state `ts` runs, from now on.
    #[inline(always)]
    unsafe fn attach(&self, ts: *mut PyThreadState) {
        let kept = self.kept.replace(ptr::null_mut());
        // SAFETY: `ts` is this thread's, and none but `kept` is attached.
        unsafe {
            if kept.is_null() {
                restore(ts);
            } else if kept != ts {
                sys::PyThreadState_Swap(ts);
                note_for_gilstate(ts);
            }
        }
    }
}

thread_local! {
    static SHELF: Shelf = const { Shelf::empty() };
}

impl Drop for Shelf {
    /// The thread ends: with a shutdown of the runtime.
    fn drop(&mut self) {
        let home = self.home.get();
        if home.is_null() {
            return;
        }
        // SAFETY: the states are this thread's, and no goroutine has them.
        unsafe {
            restore(home);
            forget_thread();
            for state in core::mem::take(self.free.get_mut()) {
                destroy_other(state, home);
            }
            destroy(home);
        }
    }
}

#[inline(never)]
fn shelf() -> *const Shelf {
    SHELF.with(ptr::from_ref)
}

/// Attach `ts`. The thread has no state attached.
#[inline]
pub(crate) unsafe fn restore(ts: *mut PyThreadState) {
    rt_core::goroutine::set_contends(true);
    // SAFETY: by contract.
    unsafe {
        sys::unwinds(|| sys::PyEval_RestoreThread(ts));
        note_for_gilstate(ts);
    }
    rt_core::goroutine::set_contends(false);
}

/// Let PyGILState know the state of this thread, where attaching it does not.
#[inline(always)]
unsafe fn note_for_gilstate(ts: *mut PyThreadState) {
    let key = GILSTATE_KEY.load(Relaxed);
    if key >= 0 {
        // SAFETY: the key is CPython's own, and the value what it would be for a thread.
        unsafe { libc::pthread_setspecific(key as libc::pthread_key_t, ts.cast()) };
    }
}

/// Do `f`, which may block the thread, without the interpreter.
#[inline]
pub(crate) fn detached<R>(f: impl FnOnce() -> R) -> R {
    // SAFETY: called from Python, so a state is attached; a goroutine comes back on its thread.
    unsafe {
        let ts = sys::PyEval_SaveThread();
        let result = f();
        restore(ts);
        result
    }
}

/// Do `f`, which parks the goroutine or does nothing that takes long, without using the interpreter.
#[inline]
unsafe fn parked<R>(f: impl FnOnce() -> R) -> R {
    // SAFETY: called from Python, so a state is attached; a goroutine comes back on its thread.
    unsafe {
        let ts = ffi::PyThreadState_Get();
        (*shelf()).keep(ts);
        let result = f();
        (*shelf()).attach(ts);
        result
    }
}

/// What an M does before it sleeps.
pub(crate) fn let_go() {
    // SAFETY: the shelf is this thread's, and what is kept is attached.
    unsafe {
        if !(*shelf()).kept.replace(ptr::null_mut()).is_null() {
            sys::PyEval_SaveThread();
        }
    }
}

/// Called first on each thread of the crew: let CPython know it, so that not each goroutine becomes
/// a thread of its own in `threading`.
pub(crate) fn begin_thread() {
    // The runtime's threads block SIGPIPE, which Python ignores: processes that goroutines start would inherit
    // that, and not be ended by it.
    // SAFETY: the set is initialised.
    unsafe {
        let mut pipe: libc::sigset_t = core::mem::zeroed();
        libc::sigemptyset(&mut pipe);
        libc::sigaddset(&mut pipe, libc::SIGPIPE);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &pipe, ptr::null_mut());
    }
    // SAFETY: a new thread without a state.
    unsafe {
        let home = new_state();
        if home.is_null() {
            return;
        }
        restore(home);
        sys::unwinds(|| {
            let empty = ffi::PyTuple_New(0);
            let done = sys::PyObject_Call(REGISTER.load(Relaxed), empty, ptr::null_mut());
            for object in [done, empty] {
                ffi::Py_XDECREF(object);
            }
            ffi::PyErr_Clear();
        });
        lock(&OURS).insert(sys::PyThread_get_thread_ident() as u64);
        sys::PyEval_SaveThread();
        (*shelf()).home.set(home);
    }
}

/// Makes `threading` know the thread that calls it.
static REGISTER: AtomicPtr<ffi::PyObject> = AtomicPtr::new(ptr::null_mut());

/// What `threading.current_thread` does in a thread that it did not start, but for two things. It takes no lock of
/// the module: at the end of the interpreter a thread may be stopped anywhere, for good, and the last one takes that
/// lock. And the thread is not dropped from the list with the state, but by `forget_thread`.
fn find_register(py: Python<'_>) -> PyResult<()> {
    const CODE: &CStr = c"import contextlib, threading, types
def without_lock(cls):
    init = cls.__init__
    module = dict(vars(threading), _active_limbo_lock=contextlib.nullcontext(), _DeleteDummyThreadOnDel=id)
    init = types.FunctionType(init.__code__, module, init.__name__, init.__defaults__, init.__closure__)
    return lambda: init(cls.__new__(cls))
try:
    register = without_lock(threading._DummyThread)
except Exception: # written otherwise in this version
    register = threading.current_thread
";
    let globals = pyo3::types::PyDict::new(py);
    py.run(CODE, Some(&globals), None)?;
    let register = globals.get_item("register")?.expect("just defined");
    REGISTER.store(register.unbind().into_ptr(), Relaxed);
    Ok(())
}

/// Threads that make a state, and whether no more may: the interpreter ends.
static MAKING: AtomicUsize = AtomicUsize::new(0);
static CLOSED: AtomicBool = AtomicBool::new(false);

/// A state of this thread, made without the interpreter, which must not end meanwhile. A thread that had it could
/// be stopped for good with a lock of CPython's in its hands, and others behind that.
unsafe fn new_state() -> *mut PyThreadState {
    MAKING.fetch_add(1, SeqCst);
    let mut ts = ptr::null_mut();
    let mut closed = CLOSED.load(SeqCst) || is_finalizing();
    if !closed {
        // SAFETY: the interpreter lives until `close` has seen this thread leave.
        ts = unsafe { sys::PyThreadState_New(INTERPRETER.load(Relaxed)) };
        // Asked afterwards, too: what is made once CPython has shut the states of others could be attached for ever.
        closed = is_finalizing();
    }
    MAKING.fetch_sub(1, SeqCst);
    if closed {
        sys::stop_thread();
    }
    ts
}

/// Whether the functions at exit have run: no thread but the last may enter the interpreter.
fn is_finalizing() -> bool {
    let function = IS_FINALIZING.load(Relaxed);
    // SAFETY: the symbol has this signature, and needs no state.
    !function.is_null() && unsafe { core::mem::transmute::<*mut c_void, extern "C" fn() -> c_int>(function)() != 0 }
}

/// The interpreter is about to be freed: from now on no thread makes a state.
unsafe extern "C" fn close(_: *mut ffi::PyObject) {
    CLOSED.store(true, SeqCst);
    if MAKING.load(SeqCst) != 0 {
        // Detached: on a free-threaded build who makes a state may have to stop all who are not.
        detached(|| {
            while MAKING.load(SeqCst) != 0 {
                std::thread::yield_now();
            }
        });
    }
}

/// Have `close` called when the interpreter drops what it is made of. No function at exit would do: any may start
/// goroutines, and those that were registered before the import run last.
fn close_at_end(py: Python<'_>) -> PyResult<()> {
    const NAME: &CStr = c"gort._gort.close";
    // SAFETY: attached; the dict is borrowed, and the capsule's value is any pointer but null.
    unsafe {
        let dict = ffi::PyInterpreterState_GetDict(ffi::PyInterpreterState_Get());
        let capsule = ffi::PyCapsule_New((&raw const CLOSED).cast_mut().cast(), NAME.as_ptr(), Some(close));
        let capsule = Bound::from_owned_ptr_or_err(py, capsule)?;
        if dict.is_null() || ffi::PyDict_SetItemString(dict, NAME.as_ptr(), capsule.as_ptr()) != 0 {
            return Err(PyErr::fetch(py));
        }
    }
    Ok(())
}

/// Do `f`, which parks the goroutine or blocks the plain thread until others have done something, without
/// the interpreter. The thread is known to be asleep meanwhile.
#[inline]
pub(crate) fn asleep<R>(f: impl FnOnce() -> R) -> R {
    if rt_core::goroutine::goroutine_id() != 0 {
        // SAFETY: a goroutine.
        return unsafe { parked(f) };
    }
    // SAFETY: no arguments.
    let ident = unsafe { sys::PyThread_get_thread_ident() } as u64;
    lock(&OURS).insert(ident);
    let result = detached(f);
    lock(&OURS).remove(&ident);
    result
}

/// The threads of the crew, and those that are asleep in here, as `threading` knows them.
static OURS: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether this is one of them.
pub(crate) fn is_ours(ident: u64) -> bool {
    lock(&OURS).contains(&ident)
}

/// This thread, which is attached, ends: `threading` does not see that by itself before 3.13.
unsafe fn forget_thread() {
    // SAFETY: no arguments.
    let ident = unsafe { sys::PyThread_get_thread_ident() } as u64;
    lock(&OURS).remove(&ident);
    Python::attach(|py| {
        // Only a list of threads is less tidy if this fails.
        let _ = py
            .import("threading")
            .and_then(|t| t.getattr("_active"))
            .and_then(|a| a.call_method1("pop", (ident, py.None())));
    });
}

/// In the child of a fork: CPython has freed every state but the running one.
pub(crate) fn reset_after_fork() {
    lock(&OURS).clear();
    MAKING.store(0, SeqCst);
    CLOSED.store(false, SeqCst);
    // SAFETY: the shelf is this thread's.
    unsafe {
        (*shelf()).home.set(ptr::null_mut());
        core::mem::forget(core::mem::take(&mut *(*shelf()).free.get()));
    }
}

/// A state for the running goroutine, attached.
pub(crate) unsafe fn take() -> State {
    // SAFETY: on the goroutine's own stack; the shelf is its thread's.
    unsafe {
        let shelf = shelf();
        let spare = (*(*shelf).free.get()).pop();
        let state = spare.unwrap_or_else(|| {
            let ts = another_state();
            if ts.is_null() {
                rt_core::goroutine::panic(c"no memory for a Python thread state".as_ptr());
            }
            State { ts, id: report::begin_state(ts) }
        });
        protect_stack(state.ts);
        (*shelf).attach(state.ts);
        state
    }
}

/// One more state of this thread.
unsafe fn another_state() -> *mut PyThreadState {
    // SAFETY: on the goroutine's thread, which has no state attached but the kept one. While that is, the
    // interpreter does not end.
    unsafe {
        let shelf = shelf();
        if (*shelf).home.get().is_null() {
            ptr::null_mut()
        } else if (*shelf).kept.get().is_null() {
            new_state()
        } else {
            sys::PyThreadState_New(INTERPRETER.load(Relaxed))
        }
    }
}

unsafe fn protect_stack(ts: *mut PyThreadState) {
    let set = SET_STACK.load(Relaxed);
    if set.is_null() {
        return;
    }
    if let Some((low, top)) = rt_core::goroutine::stack_bounds() {
        // SAFETY: the symbol has this signature.
        unsafe {
            let set: unsafe extern "C" fn(*mut PyThreadState, *mut c_void, usize) -> c_int =
                core::mem::transmute::<*mut c_void, _>(set);
            set(ts, low as *mut c_void, top - low);
        }
    }
}

/// The goroutine is over, and so is its state, unless nothing of the goroutine is left in it.
pub(crate) unsafe fn give_back(state: State) {
    let ts = state.ts;
    // SAFETY: `ts` is attached, and the goroutine runs no Python code any more.
    unsafe {
        let clean = clean(ts);
        let shelf = shelf();
        if clean && (*(*shelf).free.get()).len() < SPARE {
            (*(*shelf).free.get()).push(state);
            (*shelf).keep(ts);
            return;
        }
        report::end_state(ts);
        destroy(ts);
    }
}

/// Free the state that is attached. Not detached first: the end of the interpreter may come in between,
/// which frees it too.
unsafe fn destroy(ts: *mut PyThreadState) {
    // SAFETY: by contract; the last call deletes and detaches in one.
    unsafe {
        sys::unwinds(|| sys::PyThreadState_Clear(ts));
        sys::PyThreadState_DeleteCurrent();
    }
}

unsafe fn destroy_other(state: State, home: *mut PyThreadState) {
    // SAFETY: both are this thread's; `home` is attached. Clearing needs the state to be current on
    // free-threaded builds.
    unsafe {
        sys::PyEval_SaveThread();
        restore(state.ts);
        report::end_state(state.ts);
        destroy(state.ts);
        restore(home);
    }
}

/// Whether one thread at a time runs, whatever happens.
pub(crate) fn is_serial() -> bool {
    SERIAL.load(Relaxed)
}

/// What is known of this CPython's states.
fn known_layout() -> Option<&'static Layout> {
    LAYOUT.load(Relaxed).checked_sub(1).map(|i| &LAYOUTS[i])
}

/// Whether the caller, which is attached, may have context variables.
pub(crate) fn has_context() -> bool {
    // SAFETY: attached; the layout was checked.
    known_layout().is_none_or(|layout| unsafe {
        let context = *word(ffi::PyThreadState_Get(), layout.context);
        !context.is_null() && ffi::PyObject_Size(context) != 0
    })
}

/// The goroutine with the attached state `ts`, which has begun without a context, ends: drop the one that CPython
/// has made when it was first asked for a variable, as if the goroutine left it.
pub(crate) unsafe fn drop_context(ts: *mut PyThreadState) {
    let Some(layout) = known_layout() else { return };
    // SAFETY: the layout was checked.
    unsafe {
        let context = word(ts, layout.context).replace(ptr::null_mut());
        if !context.is_null() {
            *version(ts, layout) += 1;
            sys::unwinds(|| sys::Py_DecRef(context));
        }
    }
}

/// The number of the state's context among all that it has had: variables remember values by that.
unsafe fn version(ts: *mut PyThreadState, layout: &Layout) -> *mut u64 {
    // SAFETY: it follows the context.
    unsafe { word(ts, layout.context).add(1).cast() }
}

unsafe fn word(ts: *mut PyThreadState, offset: usize) -> *mut *mut ffi::PyObject {
    // SAFETY: the offset is that of a field.
    unsafe { ts.cast::<u8>().add(offset).cast() }
}

/// Clear what must not be seen by the next goroutine. False: the state cannot be used again.
unsafe fn clean(ts: *mut PyThreadState) -> bool {
    let Some(layout) = known_layout() else { return false };
    // SAFETY: the layout was checked. What is dropped may run code that stores anew: so twice at most.
    unsafe {
        let dict = *word(ts, layout.dict);
        if !dict.is_null() && !ffi::PyDict_GetItemString(dict, RUNNING_LOOP.as_ptr()).is_null() {
            return false;
        }
        for _ in 0..2 {
            // Of what runs in here, too.
            drop_context(ts);
            let dropped = [layout.dict, layout.locals[0], layout.locals[1]]
                .into_iter()
                .filter(|&offset| offset != 0)
                .map(|offset| word(ts, offset).replace(ptr::null_mut()))
                .filter(|object| !object.is_null())
                .inspect(|&object| sys::unwinds(|| sys::Py_DecRef(object)))
                .count();
            if dropped == 0 {
                break;
            }
        }
        let null = |offset: usize| (*word(ts, offset)).is_null();
        null(layout.dict)
            && null(layout.async_exc)
            && null(layout.context)
            && layout.hooks.iter().all(|&offset| null(offset))
            && *ts.cast::<u8>().add(layout.tracking).cast::<c_int>() == 0
            && layout.locals.iter().all(|&offset| offset == 0 || null(offset))
    }
}

/// Look at this CPython; once, at the import.
pub(crate) fn init(py: Python<'_>) -> PyResult<()> {
    // It imports threading, which belongs to the thread state in which that happens first.
    find_register(py)?;
    let version = py.version_info();
    // SAFETY: a state is attached.
    unsafe {
        let this = ffi::PyInterpreterState_Get();
        let first = INTERPRETER.compare_exchange(ptr::null_mut(), this, Relaxed, Relaxed);
        if first.is_err_and(|first| first != this) {
            // Classes, states and threads are the first one's.
            return Err(PyImportError::new_err("gort can be imported by one interpreter of a process only"));
        }
        let is_finalizing = [c"Py_IsFinalizing", c"_Py_IsFinalizing"].map(sys::symbol);
        IS_FINALIZING.store(is_finalizing.into_iter().find(|f| !f.is_null()).unwrap_or(ptr::null_mut()), Relaxed);
        SET_STACK.store(sys::symbol(c"PyUnstable_ThreadState_SetStackProtection"), Relaxed);
    }
    close_at_end(py)?;
    if (version.major, version.minor) <= (3, 11) {
        GILSTATE_KEY.store(find_gilstate_key(), Relaxed);
        KEEPS.store(true, Relaxed);
    }
    let flags = py.import("sys")?.getattr("abiflags")?.extract::<String>()?;
    SERIAL.store(!flags.contains('t'), Relaxed);
    let index = LAYOUTS.iter().position(|l| l.minor == version.minor);
    if let Some(index) = index
        && layout_fits(py, &LAYOUTS[index])?
    {
        LAYOUT.store(index + 1, Relaxed);
    }
    Ok(())
}

/// Among the keys of a fresh thread, the one that has its state.
fn find_gilstate_key() -> i32 {
    const MOST_KEYS: libc::pthread_key_t = 1024;
    unsafe extern "C" {
        fn pthread_getspecific(key: libc::pthread_key_t) -> *mut c_void;
    }
    // SAFETY: a state is attached; keys that are not in use have the value null.
    unsafe {
        let ts = sys::PyGILState_GetThisThreadState();
        let mut hits = (0..MOST_KEYS).filter(|&key| pthread_getspecific(key) == ts.cast());
        match (hits.next(), hits.next()) {
            (Some(key), None) => key as i32,
            _ => -1,
        }
    }
}

/// Compare the layout with what CPython writes into a state of ours.
fn layout_fits(py: Python<'_>, layout: &Layout) -> PyResult<bool> {
    const TRY: &CStr = c"import threading as _t, contextvars as _c
l = _t.local(); l.x = 1
v = _c.ContextVar('v'); v.set(1)
_c.copy_context().run(v.get)
";
    let globals = pyo3::types::PyDict::new(py);
    // SAFETY: the scratch state is this thread's; the old one is put back before anything else runs.
    unsafe {
        let scratch = sys::PyThreadState_New(INTERPRETER.load(Relaxed));
        if scratch.is_null() {
            return Ok(false);
        }
        let fields = [layout.dict, layout.context, layout.locals[0], layout.locals[1]];
        let fields = || fields.into_iter().filter(|&offset| offset != 0);
        let before = fields().all(|offset| (*word(scratch, offset)).is_null());
        let first = *version(scratch, layout);
        let own = sys::PyThreadState_Swap(scratch);
        let result = py.run(TRY, Some(&globals), None);
        let dict = sys::PyThreadState_GetDict();
        let fits = before
            && result.is_ok()
            && *word(scratch, layout.dict) == dict
            && fields().all(|offset| !(*word(scratch, offset)).is_null())
            && *version(scratch, layout) == first + 2
            && *word(scratch, layout.thread_id) as usize == sys::PyThread_get_thread_ident() as usize
            && (*word(scratch, layout.async_exc)).is_null();
        drop(result);
        globals.clear();
        sys::PyThreadState_Clear(scratch);
        sys::PyThreadState_Swap(own);
        sys::PyThreadState_Delete(scratch);
        Ok(fits)
    }
}
