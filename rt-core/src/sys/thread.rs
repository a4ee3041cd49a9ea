//! The runtime's own OS threads.
//!
//! Made with pthread_create directly: std's threads register thread-local destructors in their
//! creator, which would keep a dlclosed library mapped.

use super::text::{Text, read_file};
use crate::alloc::try_box;
use crate::sanitizer;
use core::ffi::c_void;
use core::ptr;
use std::sync::atomic::{AtomicI32, Ordering::*};

/// Stack of a thread that only schedules: goroutines run on their own.
const STACK_SIZE: usize = 256 << 10;

/// A thread that was started and not joined.
pub(crate) type Thread = *mut Record;

/// What a thread and its maker share.
pub(crate) struct Record {
    handle: libc::pthread_t,
    tid: AtomicI32,
    main: extern "C" fn(*mut c_void) -> *mut c_void,
    arg: *mut c_void,
}

extern "C" fn begin(record: *mut c_void) -> *mut c_void {
    // SAFETY: the record lives until the thread is joined.
    unsafe {
        let record = record.cast::<Record>();
        (*record).tid.store(libc::gettid(), Relaxed);
        sanitizer::library_thread(|| ((*record).main)((*record).arg))
    }
}

/// The signals a new thread blocks. Never those that a fault sends, or abort, or a profiler.
#[derive(Clone, Copy)]
pub(crate) enum Blocks<'a> {
    /// All: it runs none of the program's code.
    All,
    /// Those of this mask, which is that of a thread of the program's; and SIGPIPE, so that a broken pipe
    /// is an error to goroutines, as in Go. Processes and threads that goroutines start inherit the mask:
    /// with more of it they could not be ended.
    AsTheProgram(&'a libc::sigset_t),
}

/// The calling thread's signal mask.
pub(crate) fn signal_mask() -> libc::sigset_t {
    // SAFETY: room for the mask.
    unsafe {
        let mut mask = core::mem::zeroed();
        libc::pthread_sigmask(libc::SIG_SETMASK, ptr::null(), &mut mask);
        mask
    }
}

fn set_signal_mask(mask: &libc::sigset_t) {
    // SAFETY: a valid mask.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, mask, ptr::null_mut()) };
}

/// Set the calling thread's signal mask by a system call that no sanitizer sees; the mask of before.
pub(crate) fn set_signal_mask_unseen(mask: u64) -> u64 {
    let mut before = 0;
    // SAFETY: two masks of the kernel's size.
    unsafe {
        libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, &raw const mask, &raw mut before, size_of::<u64>())
    };
    before
}

/// For the calling thread, unless the program blocks it: what is left of [`Blocks::AsTheProgram`] is the
/// program's, and what was blocked since then.
pub(crate) fn unblock_sigpipe(program: &libc::sigset_t) {
    // SAFETY: a valid mask.
    if unsafe { libc::sigismember(program, libc::SIGPIPE) } == 0 {
        let mut mask = signal_mask();
        // SAFETY: a valid mask.
        unsafe { libc::sigdelset(&mut mask, libc::SIGPIPE) };
        set_signal_mask(&mask);
    }
}

/// Start a thread. Returns errno on failure.
///
/// # Safety
/// `main(arg)` must be sound on a new thread.
pub(crate) unsafe fn start(
    main: extern "C" fn(*mut c_void) -> *mut c_void,
    arg: *mut c_void,
    blocks: Blocks,
) -> Result<Thread, i32> {
    let record = try_box(Record { handle: 0, tid: AtomicI32::new(0), main, arg }).ok_or(libc::ENOMEM)?.as_ptr();
    // SAFETY: attributes and masks are initialised before use; the mask of this thread is put back.
    unsafe {
        let mut attr: libc::pthread_attr_t = core::mem::zeroed();
        libc::pthread_attr_init(&mut attr);
        libc::pthread_attr_setstacksize(&mut attr, STACK_SIZE);
        let mut blocked: libc::sigset_t = core::mem::zeroed();
        match blocks {
            Blocks::All => libc::sigfillset(&mut blocked),
            Blocks::AsTheProgram(mask) => {
                blocked = *mask;
                libc::sigaddset(&mut blocked, libc::SIGPIPE)
            }
        };
        for signal in [
            libc::SIGSEGV,
            libc::SIGBUS,
            libc::SIGFPE,
            libc::SIGILL,
            libc::SIGTRAP,
            libc::SIGABRT,
            libc::SIGSYS,
            libc::SIGPROF,
        ] {
            libc::sigdelset(&mut blocked, signal);
        }
        let before = signal_mask();
        set_signal_mask(&blocked);
        let mut handle: libc::pthread_t = 0;
        let mut rc = libc::pthread_create(&mut handle, &attr, begin, record.cast());
        if rc == libc::EINVAL {
            // A program with much static thread-local data needs more than our size.
            rc = libc::pthread_create(&mut handle, ptr::null(), begin, record.cast());
        }
        set_signal_mask(&before);
        libc::pthread_attr_destroy(&mut attr);
        if rc != 0 {
            drop(Box::from_raw(record));
            return Err(rc);
        }
        // The thread itself never looks at this one.
        (&raw mut (*record).handle).write(handle);
        Ok(record)
    }
}

/// Wait for a thread to end, and for the kernel to have forgotten it: until then it can still be seen
/// in /proc, and its code must not be unmapped.
///
/// # Safety
/// `thread` came from [`start`] and is joined once.
pub(crate) unsafe fn join(thread: Thread) {
    // SAFETY: by contract.
    unsafe {
        libc::pthread_join((*thread).handle, ptr::null_mut());
        let tid = (*thread).tid();
        drop(Box::from_raw(thread));
        // Bounded, for the number may have gone to a new thread of the host's at once.
        for _ in 0..10_000 {
            if !exists(tid) {
                break;
            }
            libc::sched_yield();
        }
    }
}

/// The process has a thread of this number.
pub(crate) fn exists(tid: i32) -> bool {
    let saved = super::errno();
    // SAFETY: no signal is sent.
    let exists = unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), tid, 0) } == 0;
    super::set_errno(saved);
    exists
}

impl Record {
    /// Its number in the system; 0 before it runs.
    pub(crate) fn tid(&self) -> i32 {
        self.tid.load(Relaxed)
    }
}

/// Whether a thread of the process sleeps in the kernel. False when that cannot be told.
pub(crate) fn sleeps(tid: i32) -> bool {
    let path = Text::<64>::of(format_args!("/proc/self/task/{tid}/stat"));
    // "tid (name) state ...", where the name may hold anything.
    let state = read_file(path.as_c_str(), &mut [0; 128]).and_then(|text| {
        let after_name = text.iter().rposition(|&byte| byte == b')')? + 2;
        text.get(after_name).copied()
    });
    matches!(state, Some(b'S' | b'D'))
}

/// Name the calling thread, as shown by ps and debuggers.
pub(crate) fn set_name(name: &core::ffi::CStr) {
    // SAFETY: the name is nul-terminated.
    unsafe { libc::pthread_setname_np(libc::pthread_self(), name.as_ptr()) };
}

/// Ask for timers of the calling thread to fire without slack.
pub(crate) fn set_timer_slack() {
    // SAFETY: no memory arguments.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1usize, 0usize, 0usize, 0usize) };
}
