//! Section "I/O" of the header.

use crate::boundary::{invalid, keep, status, until};
use crate::types::*;
use core::ffi::{c_int, c_void};
use rt_core::{Wait, last_error, net, touch};

/// Park until fd is ready for one of events (GORT_READABLE, GORT_WRITABLE or both), for at most timeout
/// nanoseconds; a negative timeout waits without end. Those it is ready for go to *ready, if not NULL;
/// an error or hang-up makes it ready for all. Changes no flag of the descriptor.
///
/// GORT_DEADLINE_EXCEEDED: the timeout passed. GORT_OS_ERROR: errno, EBADF for one that is or was
/// closed. GORT_INVALID: no events.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_fd_wait(fd: c_int, events: u32, timeout: gort_duration, ready: *mut u32) -> gort_status {
    touch();
    status(|| {
        let wait = if timeout < 0 { Wait::Forever } else { until(timeout) };
        let events = net::wait(fd, events, wait)?;
        // SAFETY: the program gives room or NULL.
        if let Some(out) = unsafe { ready.as_mut() } {
            *out = events;
        }
        Ok(())
    })
}

/// read(2), which parks the goroutine and not the thread. Sockets and pipes are set non-blocking on
/// first use; for regular files the P goes to another thread meanwhile. -1 and errno on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_read(fd: c_int, buf: *mut c_void, n: usize) -> ssize_t {
    touch();
    // SAFETY: the program gives room for n bytes.
    keep(|| unsafe { net::read(fd, buf.cast(), n) }).unwrap_or(-1)
}

/// write(2), as gort_read. It may write less than n.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_write(fd: c_int, buf: *const c_void, n: usize) -> ssize_t {
    touch();
    // SAFETY: the program gives n bytes.
    keep(|| unsafe { net::write(fd, buf.cast(), n) }).unwrap_or(-1)
}

/// accept(2), as gort_read. The new descriptor is non-blocking and closed on exec.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_accept(fd: c_int, addr: *mut sockaddr, len: *mut socklen_t) -> c_int {
    touch();
    // SAFETY: the program gives what accept wants.
    keep(|| unsafe { net::accept(fd, addr, len) }).unwrap_or(-1)
}

/// connect(2), as gort_read: returns when it is connected, or with the reason why not. 0, or -1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_connect(fd: c_int, addr: *const sockaddr, len: socklen_t) -> c_int {
    touch();
    keep(|| {
        if addr.is_null() {
            return Err(invalid(c"the address is NULL"));
        }
        // SAFETY: the program gives an address of len bytes.
        unsafe { net::connect(fd, addr, len) }
    })
    .map_or(-1, |()| 0)
}

/// close(2); whoever waits on fd gets EBADF. 0, or -1.
#[unsafe(no_mangle)]
pub extern "C" fn gort_close(fd: c_int) -> c_int {
    touch();
    keep(|| net::close(fd)).map_or(-1, |()| 0)
}

/// errno of the caller's last failed call of this section, or of its last GORT_OS_ERROR, kept per
/// goroutine; 0 before any.
#[unsafe(no_mangle)]
pub extern "C" fn gort_errno() -> c_int {
    last_error::errno()
}
