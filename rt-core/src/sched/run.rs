//! `gort_run`: a plain thread waits for a main goroutine, and hears of a deadlock meanwhile.

use super::caller::Caller;
use super::spawn::{self, SpawnOptions};
use super::{Entry, Runtime, WaitReason, current, lifecycle};
use crate::alloc::Counted;
use crate::error::{Error, Kind, Result};
use crate::lock::SpinLock;
use crate::runtime::dump;
use crate::sanitizer::race;
use crate::trace;
use crate::waiter::{Completion, Wait, block};
use core::ffi::{c_char, c_int, c_void};
use core::ptr;
use std::ffi::CString;
use std::sync::atomic::{AtomicUsize, Ordering::*};

/// What is called with the report of a deadlock.
pub type DeadlockHandler = unsafe extern "C-unwind" fn(*const c_char, *mut c_void);

struct Handler(Option<DeadlockHandler>, *mut c_void);
// SAFETY: the user's pointer goes back to the user only.
unsafe impl Send for Handler {}

static HANDLER: SpinLock<Handler> = SpinLock::new(Handler(None, ptr::null_mut()));
static RUNS: SpinLock<Runs> = SpinLock::new(Runs { waited_for: Vec::new(), started: 0 });

struct Runs {
    /// Goroutines that threads wait for. There is room for all that were started.
    waited_for: Vec<Counted<Run>>,
    started: usize,
}

static ACTIVE: AtomicUsize = AtomicUsize::new(0);

/// A goroutine somebody waits for in [`Running::wait`].
pub(crate) struct Run {
    state: SpinLock<State>,
}

struct State {
    ended: bool,
    /// What the waiting thread waits with; null: none waits.
    waiting: *const Completion,
    /// Handed out with the deadlock that ended the wait.
    report: Option<CString>,
}

// SAFETY: the completion is used under the lock, by who has claimed it.
unsafe impl Send for Run {}
// SAFETY: as above.
unsafe impl Sync for Run {}

/// Call `handler(report, user)` when a deadlock is found; `None`: report it and end the process.
pub fn on_deadlock(handler: Option<DeadlockHandler>, user: *mut c_void) {
    current::touch();
    *HANDLER.lock() = Handler(handler, user);
}

/// In the child of fork(2) no other thread is in [`run`], and the forking one is not either.
pub(super) fn reset_after_fork() {
    // SAFETY: whoever held them does not exist here.
    unsafe {
        RUNS.raw().unlock();
        HANDLER.raw().unlock();
    }
    let mut runs = RUNS.lock();
    core::mem::forget(core::mem::take(&mut runs.waited_for));
    runs.started = 0;
    drop(runs);
    ACTIVE.store(0, SeqCst);
}

/// A thread is in [`run`].
pub(super) fn any() -> bool {
    ACTIVE.load(SeqCst) != 0
}

/// A goroutine that was started to be waited for.
pub struct Running {
    run: Counted<Run>,
    id: u64,
}

/// Who ends the wait.
const ENDED: u32 = 0;
const DEADLOCK: u32 = 1;

impl Running {
    /// Start `entry(arg)` as a goroutine.
    ///
    /// # Safety
    /// `entry(arg)` is sound in a goroutine; so is `options.drop`, which does not run when this fails.
    pub unsafe fn start(options: &SpawnOptions, entry: Entry, arg: *mut c_void) -> Result<Running> {
        let caller = Caller::enter();
        if !caller.g().is_null() {
            return Err(Error::new(Kind::Misuse, c"gort_run from a goroutine"));
        }
        let state = State { ended: false, waiting: ptr::null(), report: None };
        let run = Counted::new(Run { state: SpinLock::new(state) }).ok_or(Error::NO_MEMORY)?;
        {
            let Runs { waited_for, started } = &mut *RUNS.lock();
            waited_for.try_reserve(*started + 1 - waited_for.len()).map_err(|_| Error::NO_MEMORY)?;
            *started += 1;
        }
        // SAFETY: by contract; the goroutine's reference ends in `ended`.
        unsafe {
            let reference = run.clone().into_raw();
            match spawn::try_spawn_with(&caller, options, entry, arg, reference) {
                Ok(id) => Ok(Running { run, id }),
                Err(error) => {
                    drop(Counted::from_raw(reference));
                    one_less();
                    Err(error)
                }
            }
        }
    }

    /// The goroutine's id.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Wait until it is over. One thread at a time. An error is a deadlock, or what `wait` says; after
    /// an interrupt one may wait again.
    pub fn wait(&self, wait: Wait) -> Result {
        unsafe fn unlock(run: *mut ()) {
            // SAFETY: the caller of `block` has locked it, and keeps the run.
            unsafe { (*run.cast::<Run>()).state.raw().unlock() }
        }
        let mut caller = Caller::enter();
        let run = &self.run;
        // Two may finish it: the end of the goroutine, and a deadlock.
        let completion = Completion::new(&caller, 2, &wait);
        run.state.raw().lock();
        // SAFETY: locked; unlocked here or by `block`. The completion is taken out before its frame ends.
        unsafe {
            let state = run.state.as_ptr();
            if (*state).ended {
                run.state.raw().unlock();
                race::acquire(run.as_ptr());
                return Ok(());
            }
            (*state).waiting = &completion;
            ACTIVE.fetch_add(1, SeqCst);
            RUNS.lock().waited_for.push(run.clone());
            let arg = run.as_ptr().cast_mut().cast();
            let woken = block(&mut caller, &completion, WaitReason::None, &wait, unlock, arg);
            RUNS.lock().waited_for.retain(|r| !r.is(run));
            ACTIVE.fetch_sub(1, SeqCst);
            run.state.lock().waiting = ptr::null();
            if let Some(error) = woken.error(&wait) {
                return Err(error);
            }
        }
        if completion.winner() == ENDED {
            race::acquire(run.as_ptr());
            return Ok(());
        }
        let report = run.state.lock().report.take();
        if let Some(report) = report {
            handle(&report);
        }
        Err(Error::new(Kind::Deadlock, c"all goroutines are asleep - deadlock!"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        one_less();
    }
}

fn one_less() {
    let mut runs = RUNS.lock();
    runs.started = runs.started.saturating_sub(1); // in the child of a fork there were none
    if runs.started == 0 {
        runs.waited_for = Vec::new();
    }
}

impl Run {
    /// End the wait, if there is one that nobody else has ended.
    unsafe fn end(&self, winner: u32, caller: &Caller, change: impl FnOnce(&mut State)) {
        let claimed = {
            let mut state = self.state.lock();
            // SAFETY: it is taken out under this lock before it dies.
            let claimed = unsafe { state.waiting.as_ref() }.is_some_and(|completion| completion.claim(winner));
            if claimed || winner == ENDED {
                change(&mut state);
            }
            claimed.then_some(state.waiting)
        };
        if let Some(completion) = claimed {
            // SAFETY: claimed just now.
            unsafe { Completion::finish(completion, caller) };
        }
    }
}

/// Run `entry(arg)` as a goroutine and wait until it is over.
///
/// # Safety
/// `entry(arg)` is sound in a goroutine.
pub(crate) unsafe fn run(entry: Entry, arg: *mut c_void) -> Result {
    // SAFETY: by contract.
    unsafe { Running::start(&SpawnOptions::default(), entry, arg) }?.wait(Wait::Forever)
}

/// The goroutine is over.
pub(super) unsafe fn ended(run: *const Run, caller: &Caller) {
    // SAFETY: the reference was given to the goroutine at its start.
    unsafe { Counted::from_raw(run).end(ENDED, caller, |state| state.ended = true) };
}

/// Nothing can go on: let every wait for a goroutine return. The first of them hands out the report.
pub(super) fn declare_deadlock(rt: &Runtime) {
    let runs = RUNS.lock().waited_for.clone();
    trace::flush(rt, true);
    let mut report = Some(dump::deadlock_report(rt));
    for run in runs {
        // SAFETY: no lock is held.
        unsafe { run.end(DEADLOCK, &Caller::outsider(), |state| state.report = report.take()) };
    }
}

fn handle(report: &CString) {
    let Handler(handler, user) = *HANDLER.lock();
    match handler {
        // SAFETY: the user gave both; no lock is held.
        Some(handler) => unsafe { handler(report.as_ptr(), user) },
        None => {
            die_with(report.as_bytes());
        }
    }
}

/// Write all of it, or say with which errno that failed.
pub(crate) fn write_all(fd: c_int, mut bytes: &[u8]) -> core::result::Result<(), c_int> {
    while !bytes.is_empty() {
        // SAFETY: the bytes are valid for their length.
        match unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) } {
            n if n > 0 => bytes = &bytes[n as usize..],
            _ if crate::sys::errno() == libc::EINTR => {}
            _ => return Err(crate::sys::errno()),
        }
    }
    Ok(())
}

/// Write to stderr what it takes without waiting for long, for a thread that others need; the rest is lost.
/// A pipe that is ready takes [`PIECE`] bytes at once, if no one else writes there just now.
pub(crate) fn offer_to_stderr(bytes: &[u8]) {
    const PIECE: usize = 4096;
    const PATIENCE_MS: c_int = 10;
    for piece in bytes.chunks(PIECE) {
        let mut stderr = libc::pollfd { fd: 2, events: libc::POLLOUT, revents: 0 };
        // SAFETY: one descriptor, and it is there.
        let ready = unsafe { libc::poll(&mut stderr, 1, PATIENCE_MS) } == 1;
        // A stderr that is gone is no reason to stop.
        if !ready || write_all(2, piece).is_err() {
            return;
        }
    }
}

/// Write to stderr and end the process with status 2. What the program has printed goes out first,
/// unless a thread is printing now.
pub(crate) fn die_with(text: &[u8]) -> ! {
    unsafe extern "C" {
        static stdout: *mut libc::FILE;
        fn ftrylockfile(file: *mut libc::FILE) -> c_int;
    }
    // SAFETY: stdout is valid for the life of the process; `_exit` does not return.
    unsafe {
        if ftrylockfile(stdout) == 0 {
            libc::fflush(stdout);
        }
        let _ = write_all(2, text);
        libc::_exit(2)
    }
}

/// Run the deferred calls, print the message and the goroutine's trace, and end the process.
///
/// # Safety
/// `message` is null or a C string.
pub unsafe fn panic(message: *const c_char) -> ! {
    let g = current::g();
    // SAFETY: by contract; the deferred calls are the running goroutine's own.
    unsafe {
        if !g.is_null() {
            spawn::run_deferred(g);
        }
        let mut text = b"panic: ".to_vec();
        if !message.is_null() {
            text.extend_from_slice(core::ffi::CStr::from_ptr(message).to_bytes());
        }
        text.extend_from_slice(b"\n\n");
        dump::describe_caller(&mut text);
        dump::on_another_thread(&mut || lifecycle::with_runtime(|rt| trace::flush(rt, true)));
        die_with(&text)
    }
}
