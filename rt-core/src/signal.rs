//! Signals as values: Go's os/signal.Notify.
//!
//! A handler is taken only for the signals that were asked for, and given back when the last channel
//! has stopped listening, or somebody else has taken it since. The handler does the one thing it may
//! do, writing the number into a pipe; a thread that exists only while somebody listens reads it and
//! sends it on, without waiting for slow receivers. That thread counts as one that uses the library,
//! so that nobody speaks of a deadlock while a signal may come.
//!
//! What the thread sends may call somebody's callback, which may call this module again. So nobody waits
//! for the thread with a lock held, the thread does not wait for itself, and when nobody listens any more
//! at the end of a round it ends by itself; who comes next joins it.
//!
//! One signal may also be the one that GORTDEBUG names for dumps: then sysmon writes a dump, with no
//! help of the pipe and the thread.

use crate::alloc::Counted;
use crate::chan::{self, Chan};
use crate::error::{Error, Kind, Result};
use crate::lock::SpinLock;
use crate::sanitizer;
use crate::sched::{current, lifecycle};
use crate::sys::library::Pin;
use crate::sys::thread::{self, Blocks};
use crate::sys::{errno, futex, set_errno};
use crate::waiter::Wait;
use core::ffi::{c_int, c_void};
use core::ptr;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, Ordering::*};

struct Listener {
    signal: c_int,
    chan: *mut Chan,
}

struct Taken {
    signal: c_int,
    before: libc::sigaction,
}

struct State {
    listeners: Vec<Listener>,
    taken: Vec<Taken>,
    reader: Option<Counted<Reader>>,
    /// It has ended by itself, or is about to.
    ended: Option<Counted<Reader>>,
}

// SAFETY: used under its lock; the channels are counted references.
unsafe impl Send for State {}

/// The thread that passes signals on, and its pipe.
struct Reader {
    read_end: c_int,
    write_end: c_int,
    thread: AtomicPtr<thread::Record>,
    /// Odd while it sends.
    round: AtomicU32,
    /// 1 once it counts as a thread that uses the library.
    counted: AtomicU32,
}

static STATE: SpinLock<State> =
    SpinLock::new(State { listeners: Vec::new(), taken: Vec::new(), reader: None, ended: None });
/// Serialises changes of who listens.
static CHANGE: SpinLock<()> = SpinLock::new(());
/// Where the handler writes; -1: nowhere.
static PIPE: AtomicI32 = AtomicI32::new(-1);
/// Handlers that may have looked at `PIPE` and not written yet.
static WRITING: AtomicU32 = AtomicU32::new(0);
/// The signal that asks for a dump; 0: none.
static DUMP: AtomicI32 = AtomicI32::new(0);
/// Ends the thread that reads the pipe.
static STOP: c_int = 0;

const NOT_A_SIGNAL: Error = Error::new(Kind::Invalid, c"this signal cannot be listened to");

extern "C" fn handler(signal: c_int) {
    let saved = errno();
    if signal == DUMP.load(Relaxed) {
        lifecycle::dump_from_signal();
    }
    WRITING.fetch_add(1, SeqCst);
    let fd = PIPE.load(SeqCst);
    if fd >= 0 {
        // SAFETY: write is async-signal-safe; a full pipe loses the signal, as a full channel would.
        unsafe { libc::write(fd, (&raw const signal).cast(), size_of::<c_int>()) };
    }
    WRITING.fetch_sub(1, Release);
    set_errno(saved);
}

/// Send `signal` (an int) on `c` each time it comes; a full channel misses it.
///
/// # Safety
/// `c` is null or a channel of ints the caller has a reference to; it is kept until [`stop`].
pub unsafe fn notify(c: *mut Chan, signal: c_int) -> Result {
    if c.is_null() {
        return Err(Error::new(Kind::Invalid, c"notify on a nil channel"));
    }
    // SAFETY: by contract.
    if unsafe { (*c).elem_size() } != size_of::<c_int>() {
        return Err(Error::new(Kind::Invalid, c"a channel of signals carries ints"));
    }
    if !may_listen(signal) {
        return Err(NOT_A_SIGNAL);
    }
    current::touch();
    // Started here: the thread that passes signals on may be the next to need it, by a callback.
    let mask = lifecycle::started()?.signal_mask;
    let (result, unused) = {
        let _change = CHANGE.lock();
        let result = start_reader(&mask).and_then(|()| take(signal)).and_then(|()| listen(c, signal));
        if result.is_err() {
            give_back_unused();
        }
        (result, take_unused_reader())
    };
    end_reader(unused);
    result
}

/// With `CHANGE` held.
fn listen(c: *mut Chan, signal: c_int) -> Result {
    let mut state = STATE.lock();
    if !state.listeners.iter().any(|l| l.signal == signal && l.chan == c) {
        state.listeners.try_reserve(1).map_err(|_| Error::NO_MEMORY)?;
        // SAFETY: the caller has a reference to it; this one is ended by `stop`.
        unsafe { chan::retain(c) };
        state.listeners.push(Listener { signal, chan: c });
    }
    Ok(())
}

/// Whether a handler may be set for it: a signal, and none of those the runtime or the kernel keeps.
pub(crate) fn may_listen(signal: c_int) -> bool {
    (1..=libc::SIGRTMAX()).contains(&signal)
        && !matches!(signal, libc::SIGKILL | libc::SIGSTOP | libc::SIGSEGV | libc::SIGBUS)
}

/// Set our handler, unless it is. With `CHANGE` held.
fn take(signal: c_int) -> Result {
    let mut state = STATE.lock();
    if state.taken.iter().any(|t| t.signal == signal) {
        return Ok(());
    }
    state.taken.try_reserve(1).map_err(|_| Error::NO_MEMORY)?;
    // SAFETY: the actions are initialised.
    unsafe {
        let (mut ours, mut before): (libc::sigaction, libc::sigaction) = (core::mem::zeroed(), core::mem::zeroed());
        ours.sa_sigaction = handler as *const () as usize;
        ours.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
        libc::sigfillset(&mut ours.sa_mask);
        if libc::sigaction(signal, &ours, &mut before) < 0 {
            return Err(NOT_A_SIGNAL);
        }
        state.taken.push(Taken { signal, before });
    }
    Ok(())
}

/// Dump when `signal` comes; 0: never. A signal that cannot be had is left alone.
pub(crate) fn set_dump_signal(signal: c_int) {
    if signal != 0 {
        let _change = CHANGE.lock();
        DUMP.store(signal, Relaxed);
        if take(signal).is_err() {
            DUMP.store(0, Relaxed);
        }
    }
}

/// Send no signal on `c` any more. When this returns nothing will be sent.
///
/// # Safety
/// `c` is null or a channel.
pub unsafe fn stop(c: *mut Chan) -> Result {
    if c.is_null() {
        return Err(Error::new(Kind::Invalid, c"stop on a nil channel"));
    }
    stop_those(|l| l.chan == c);
    Ok(())
}

/// As [`stop`] for every channel: the runtime ends. Not by the thread that passes signals on.
pub(crate) fn stop_all() {
    DUMP.store(0, Relaxed);
    stop_those(|_| true);
}

/// Whether the caller is the thread that passes signals on, in somebody's callback.
pub(crate) fn is_own_thread() -> bool {
    current::passes_signals()
}

fn stop_those(which: impl Fn(&Listener) -> bool) {
    let (unused, used) = loop {
        let change = CHANGE.lock();
        let Some(dropped) = take_listener(&which) else {
            give_back_unused();
            break (take_unused_reader(), STATE.lock().reader.clone());
        };
        drop(change);
        // SAFETY: the reference was taken by `notify`. With no lock held: it may be the last.
        unsafe { chan::release(dropped.chan) };
    };
    end_reader(unused);
    // What it is sending now it may have looked up before.
    if let Some(reader) = used.filter(|_| !is_own_thread()) {
        let round = reader.round.load(Acquire);
        while round % 2 == 1 && reader.round.load(Acquire) == round {
            futex::wait(&reader.round, round, futex::FOREVER);
        }
    }
}

fn take_listener(which: impl Fn(&Listener) -> bool) -> Option<Listener> {
    let mut state = STATE.lock();
    let at = state.listeners.iter().position(which)?;
    Some(state.listeners.swap_remove(at))
}

/// The next channel after `last`, by address, that listens to `signal`; with a reference of its own.
fn listener_after(last: *mut Chan, signal: c_int) -> Option<*mut Chan> {
    let state = STATE.lock();
    let next = state.listeners.iter().filter(|l| l.signal == signal && l.chan > last).map(|l| l.chan).min()?;
    // SAFETY: the list's reference keeps it alive.
    unsafe { chan::retain(next) };
    Some(next)
}

/// Give back the handlers nobody listens to, each unless somebody has replaced ours meanwhile.
fn give_back_unused() {
    let mut state = STATE.lock();
    let State { listeners, taken, .. } = &mut *state;
    taken.retain(|t| {
        if t.signal == DUMP.load(Relaxed) || listeners.iter().any(|l| l.signal == t.signal) {
            return true;
        }
        // SAFETY: the actions are initialised.
        unsafe {
            let mut now: libc::sigaction = core::mem::zeroed();
            libc::sigaction(t.signal, ptr::null(), &mut now);
            if now.sa_sigaction == handler as *const () as usize {
                libc::sigaction(t.signal, &t.before, ptr::null_mut());
            } else {
                // Who has taken it after us may put our handler back: its code must stay.
                core::mem::forget(Pin::new());
            }
        }
        false
    });
}

/// With `CHANGE` held. Callbacks run on it, too: it blocks what goroutines' threads do.
fn start_reader(mask: &libc::sigset_t) -> Result {
    if STATE.lock().reader.is_some() {
        return Ok(());
    }
    let mut ends = [0; 2];
    // SAFETY: room for two descriptors; the thread has a reference of its own, and ends before the pipe.
    unsafe {
        if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) < 0 {
            return Err(Error::os(c"no pipe for signals could be made", errno()));
        }
        libc::fcntl(ends[1], libc::F_SETFL, libc::O_NONBLOCK);
        let made = Counted::new(Reader {
            read_end: ends[0],
            write_end: ends[1],
            thread: AtomicPtr::new(ptr::null_mut()),
            round: AtomicU32::new(0),
            counted: AtomicU32::new(0),
        });
        let Some(reader) = made else {
            libc::close(ends[0]);
            libc::close(ends[1]);
            return Err(Error::NO_MEMORY);
        };
        let for_thread = reader.clone().into_raw();
        match thread::start(read_signals, for_thread.cast_mut().cast(), Blocks::AsTheProgram(mask)) {
            Ok(t) => {
                reader.thread.store(t, Relaxed);
                while reader.counted.load(Acquire) == 0 {
                    futex::wait(&reader.counted, 0, futex::FOREVER);
                }
                PIPE.store(ends[1], SeqCst);
                STATE.lock().reader = Some(reader);
                Ok(())
            }
            Err(e) => {
                drop(Counted::from_raw(for_thread));
                libc::close(ends[0]);
                libc::close(ends[1]);
                Err(Error::os(c"no thread for signals could be made", e))
            }
        }
    }
}

/// What is for [`end_reader`] when nobody listens; with `CHANGE` held. The thread itself stays, as it looks
/// once more when its round is over.
fn take_unused_reader() -> [Option<Counted<Reader>>; 2] {
    if is_own_thread() {
        return [None, None];
    }
    let mut state = STATE.lock();
    let unused = if state.listeners.is_empty() { state.reader.take() } else { None };
    if unused.is_some() {
        PIPE.store(-1, SeqCst);
    }
    [unused, state.ended.take()]
}

/// Wait until the threads have ended. With no lock held: they may be in callbacks.
fn end_reader(readers: [Option<Counted<Reader>>; 2]) {
    for reader in readers.into_iter().flatten() {
        while WRITING.load(SeqCst) != 0 {
            // SAFETY: no arguments.
            unsafe { libc::sched_yield() };
        }
        // SAFETY: whoever took it out of the state joins it, once; then the pipe is nobody's. The thread
        // ends at STOP, which a blocking write gets through, or has ended.
        unsafe {
            libc::fcntl(reader.write_end, libc::F_SETFL, 0);
            libc::write(reader.write_end, (&raw const STOP).cast(), size_of::<c_int>());
            thread::join(reader.thread.load(Relaxed));
            libc::close(reader.read_end);
            libc::close(reader.write_end);
        }
    }
}

extern "C" fn read_signals(reader: *mut c_void) -> *mut c_void {
    // SAFETY: the reference was made for this thread.
    let reader = unsafe { Counted::from_raw(reader.cast_const().cast::<Reader>()) };
    thread::set_name(c"gort-signal");
    current::touch();
    current::set_passes_signals();
    reader.counted.store(1, Release);
    futex::wake(&reader.counted);
    loop {
        let mut signal: c_int = 0;
        sanitizer::before_read(reader.read_end);
        // SAFETY: room for an int.
        let n = unsafe { libc::read(reader.read_end, (&raw mut signal).cast(), size_of::<c_int>()) };
        if n < 0 && errno() == libc::EINTR {
            continue;
        }
        if n <= 0 || signal == STOP {
            break;
        }
        reader.round.fetch_add(1, SeqCst);
        pass_on(signal);
        reader.round.fetch_add(1, Release);
        futex::wake_all(&reader.round);
        if nobody_listens(&reader) {
            break;
        }
    }
    ptr::null_mut()
}

fn pass_on(signal: c_int) {
    let mut last = ptr::null_mut();
    while let Some(c) = listener_after(last, signal) {
        last = c;
        // SAFETY: the reference is ours. A full or closed channel misses it.
        unsafe {
            let _ = chan::send(c, (&raw const signal).cast(), Wait::Try);
            chan::release(c);
        }
    }
}

/// The last of them has stopped in a callback on this thread, which then has nothing to do any more.
fn nobody_listens(this: &Counted<Reader>) -> bool {
    let mut state = STATE.lock();
    // Another one waits for this thread, and has taken it already.
    let is_current = state.reader.as_ref().is_some_and(|reader| reader.is(this));
    if !is_current || !state.listeners.is_empty() {
        return false;
    }
    PIPE.store(-1, SeqCst);
    state.ended = state.reader.take();
    true
}

/// In the child of fork(2) there is no thread to pass signals on: give the handlers back.
pub(crate) fn reset_after_fork() {
    // SAFETY: whoever held them does not exist here.
    unsafe {
        STATE.raw().unlock();
        CHANGE.raw().unlock();
    }
    let mut state = STATE.lock();
    core::mem::forget(core::mem::take(&mut state.listeners));
    core::mem::forget((state.reader.take(), state.ended.take()));
    drop(state);
    WRITING.store(0, Relaxed);
    DUMP.store(0, Relaxed);
    give_back_unused();
    PIPE.store(-1, Relaxed);
}
