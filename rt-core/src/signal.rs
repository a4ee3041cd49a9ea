//! Signals as values: Go's os/signal.Notify.
//!
//! A handler is taken only for the signals that were asked for, and given back when the last channel
//! has stopped listening, or somebody else has taken it since. The handler does the one thing it may
//! do, writing the number into a pipe; a thread that exists only while somebody listens reads it and
//! sends it on, without waiting for slow receivers. That thread counts as one that uses the library,
//! so that nobody speaks of a deadlock while a signal may come.
//!
//! One signal may also be the one that GORTDEBUG names for dumps: then sysmon writes a dump, with no
//! help of the pipe and the thread.

use crate::chan::{self, Chan};
use crate::error::{Error, Kind, Result};
use crate::lock::SpinLock;
use crate::sched::lifecycle;
use crate::sys::thread::{self, Thread};
use crate::sys::{errno, futex, set_errno};
use crate::waiter::Wait;
use core::ffi::{c_int, c_void};
use core::ptr;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering::*};

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
    reader: Option<(c_int, Thread)>,
}

// SAFETY: used under its lock; the channels are counted references.
unsafe impl Send for State {}

static STATE: SpinLock<State> = SpinLock::new(State { listeners: Vec::new(), taken: Vec::new(), reader: None });
/// Serialises notify and stop, which wait for the thread and so must not hold `STATE`.
static CHANGE: SpinLock<()> = SpinLock::new(());
/// Where the handler writes; -1: nowhere.
static PIPE: AtomicI32 = AtomicI32::new(-1);
/// The signal that asks for a dump; 0: none.
static DUMP: AtomicI32 = AtomicI32::new(0);
/// Ends the thread that reads the pipe.
static STOP: c_int = 0;

const NOT_A_SIGNAL: Error = Error::new(Kind::Invalid, c"this signal cannot be listened to");
/// 1 once the thread counts as one that uses the library.
static COUNTED: AtomicU32 = AtomicU32::new(0);

extern "C" fn handler(signal: c_int) {
    let saved = errno();
    if signal == DUMP.load(Relaxed) {
        lifecycle::dump_from_signal();
    }
    let fd = PIPE.load(Relaxed);
    if fd >= 0 {
        // SAFETY: write is async-signal-safe; a full pipe loses the signal, as a full channel would.
        unsafe { libc::write(fd, (&raw const signal).cast(), size_of::<c_int>()) };
    }
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
    crate::sched::current::touch();
    let _change = CHANGE.lock();
    start_reader()?;
    if let Err(error) = take(signal) {
        stop_reader_if_unused();
        return Err(error);
    }
    // SAFETY: the reference is ended by `stop`.
    unsafe {
        let mut state = STATE.lock();
        if !state.listeners.iter().any(|l| l.signal == signal && l.chan == c) {
            chan::retain(c);
            state.listeners.push(Listener { signal, chan: c });
        }
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
    let _change = CHANGE.lock();
    let dropped = drop_listeners(|l| l.chan == c);
    give_back_unused();
    stop_reader_if_unused();
    for l in dropped {
        // SAFETY: the reference was taken by `notify`.
        unsafe { chan::release(l.chan) };
    }
    Ok(())
}

/// As [`stop`] for every channel: the runtime ends.
pub(crate) fn stop_all() {
    let _change = CHANGE.lock();
    DUMP.store(0, Relaxed);
    let dropped = drop_listeners(|_| true);
    give_back_unused();
    stop_reader_if_unused();
    for l in dropped {
        // SAFETY: as in `stop`.
        unsafe { chan::release(l.chan) };
    }
}

fn drop_listeners(which: impl Fn(&Listener) -> bool) -> Vec<Listener> {
    let mut state = STATE.lock();
    let (dropped, kept) = core::mem::take(&mut state.listeners).into_iter().partition(which);
    state.listeners = kept;
    dropped
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
            }
        }
        false
    });
}

fn start_reader() -> Result {
    if STATE.lock().reader.is_some() {
        return Ok(());
    }
    let mut ends = [0; 2];
    // SAFETY: room for two descriptors; the thread owns its end until it is joined.
    unsafe {
        if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) < 0 {
            return Err(Error::os(c"no pipe for signals could be made", errno()));
        }
        libc::fcntl(ends[1], libc::F_SETFL, libc::O_NONBLOCK);
        PIPE.store(ends[1], Release);
        COUNTED.store(0, Relaxed);
        match thread::start(read_signals, ptr::without_provenance_mut(ends[0] as usize)) {
            Ok(t) => {
                STATE.lock().reader = Some((ends[0], t));
                while COUNTED.load(Acquire) == 0 {
                    futex::wait(&COUNTED, 0, futex::FOREVER);
                }
            }
            Err(e) => {
                PIPE.store(-1, Release);
                libc::close(ends[0]);
                libc::close(ends[1]);
                return Err(Error::os(c"no thread for signals could be made", e));
            }
        }
    }
    Ok(())
}

fn stop_reader_if_unused() {
    let reader = {
        let mut state = STATE.lock();
        if !state.listeners.is_empty() {
            return;
        }
        state.reader.take()
    };
    let Some((read_end, t)) = reader else { return };
    let write_end = PIPE.swap(-1, AcqRel);
    // SAFETY: the pipe is ours; the thread ends at STOP. A blocking write gets it through.
    unsafe {
        libc::fcntl(write_end, libc::F_SETFL, 0);
        libc::write(write_end, (&raw const STOP).cast(), size_of::<c_int>());
        thread::join(t);
        libc::close(read_end);
        libc::close(write_end);
    }
}

extern "C" fn read_signals(fd: *mut c_void) -> *mut c_void {
    thread::set_name(c"gort-signal");
    crate::sched::current::touch();
    COUNTED.store(1, Release);
    futex::wake(&COUNTED);
    loop {
        let mut signal: c_int = 0;
        // SAFETY: room for an int.
        let n = unsafe { libc::read(fd.addr() as c_int, (&raw mut signal).cast(), size_of::<c_int>()) };
        if n < 0 && errno() == libc::EINTR {
            continue;
        }
        if n <= 0 || signal == 0 {
            return ptr::null_mut();
        }
        let mut channels: Vec<*mut Chan> = Vec::new();
        for l in STATE.lock().listeners.iter().filter(|l| l.signal == signal) {
            // SAFETY: the list's reference keeps it alive.
            unsafe { chan::retain(l.chan) };
            channels.push(l.chan);
        }
        for c in channels {
            // SAFETY: retained above. A full or closed channel misses it.
            unsafe {
                let _ = chan::send(c, (&raw const signal).cast(), Wait::Try);
                chan::release(c);
            }
        }
    }
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
    state.reader = None;
    drop(state);
    DUMP.store(0, Relaxed);
    give_back_unused();
    PIPE.store(-1, Relaxed);
}
