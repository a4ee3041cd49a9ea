//! A pipe for one thread to sleep on.

use core::ffi::c_int;
use core::ptr;

/// Both ends, which never block and are not inherited: where to read, where to write. Err: errno.
pub(crate) fn make() -> Result<[c_int; 2], i32> {
    let mut ends = [0; 2];
    // SAFETY: room for two descriptors.
    match unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_NONBLOCK | libc::O_CLOEXEC) } {
        0 => Ok(ends),
        _ => Err(super::errno()),
    }
}

/// Wake whoever sleeps at the other end. A full pipe will do that in any case.
pub(crate) fn notify(fd: c_int) {
    let saved = super::errno();
    // SAFETY: one byte is readable.
    unsafe { libc::write(fd, [1u8].as_ptr().cast(), 1) };
    super::set_errno(saved);
}

/// Sleep until something can be read, and read it; or for as long as `timeout`, or until a signal.
pub(crate) fn wait_and_drain(fd: c_int, timeout: Option<libc::timespec>) {
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    let mut descriptor = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let mut bytes = [0u8; 64];
    // SAFETY: all places are valid for their calls.
    unsafe {
        if libc::ppoll(&mut descriptor, 1, timeout, ptr::null()) > 0 {
            while libc::read(fd, bytes.as_mut_ptr().cast(), bytes.len()) == bytes.len() as isize {}
        }
    }
}
