//! The runtime's own OS threads.
//!
//! Made with pthread_create directly: std's threads register thread-local destructors in their
//! creator, which would keep a dlclosed library mapped.

use core::ffi::c_void;
use core::ptr;

/// Stack of a thread that only schedules: goroutines run on their own.
const STACK_SIZE: usize = 256 << 10;

/// Start a thread with every asynchronous signal blocked, so that signals sent to the process go
/// to the host's own threads. Returns errno on failure.
///
/// # Safety
/// `main(arg)` must be sound on a new thread.
pub(crate) unsafe fn start(
    main: extern "C" fn(*mut c_void) -> *mut c_void,
    arg: *mut c_void,
) -> Result<libc::pthread_t, i32> {
    // SAFETY: attributes and masks are initialised before use; the mask of this thread is put back.
    unsafe {
        let mut attr: libc::pthread_attr_t = core::mem::zeroed();
        libc::pthread_attr_init(&mut attr);
        libc::pthread_attr_setstacksize(&mut attr, STACK_SIZE);
        let (mut blocked, mut before): (libc::sigset_t, libc::sigset_t) = (core::mem::zeroed(), core::mem::zeroed());
        libc::sigfillset(&mut blocked);
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
        libc::pthread_sigmask(libc::SIG_SETMASK, &blocked, &mut before);
        let mut thread: libc::pthread_t = 0;
        let mut rc = libc::pthread_create(&mut thread, &attr, main, arg);
        if rc == libc::EINVAL {
            // A program with much static thread-local data needs more than our size.
            rc = libc::pthread_create(&mut thread, ptr::null(), main, arg);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, &before, ptr::null_mut());
        libc::pthread_attr_destroy(&mut attr);
        if rc == 0 { Ok(thread) } else { Err(rc) }
    }
}

/// Wait for a thread to end.
///
/// # Safety
/// `thread` came from [`start`] and is joined once.
pub(crate) unsafe fn join(thread: libc::pthread_t) {
    // SAFETY: by contract.
    unsafe { libc::pthread_join(thread, ptr::null_mut()) };
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
