//! The system calls, in the form that parks.

use super::poller::{self, READABLE, WRITABLE};
use crate::error::{Error, Kind, Result};
use crate::goroutine::{block_enter, block_exit};
use crate::sanitizer::ignored;
use crate::sched::caller::Caller;
use crate::sched::lifecycle;
use crate::sys::errno;
use crate::waiter::Wait;
use core::ffi::{CStr, c_int};

/// Park until `fd` is ready for one of `events`, and say for which.
pub fn wait(fd: c_int, events: u32, wait: Wait) -> Result<u32> {
    if events == 0 || events & !(READABLE | WRITABLE) != 0 {
        return Err(Error::new(Kind::Invalid, c"events must be GORT_READABLE, GORT_WRITABLE or both"));
    }
    loop {
        let ready = ready_now(fd, events)?;
        if ready != 0 {
            return Ok(ready);
        }
        if let Some(error) = wait.over() {
            return Err(error);
        }
        park(fd, events, &wait)?;
    }
}

/// What poll(2) says now.
fn ready_now(fd: c_int, events: u32) -> Result<u32> {
    let mut p = libc::pollfd { fd, events: 0, revents: 0 };
    if events & READABLE != 0 {
        p.events |= libc::POLLIN | libc::POLLRDHUP;
    }
    if events & WRITABLE != 0 {
        p.events |= libc::POLLOUT;
    }
    // SAFETY: one valid pollfd. A zero timeout is never interrupted.
    if unsafe { libc::poll(&mut p, 1, 0) } < 0 {
        return Err(Error::os(c"poll failed", errno()));
    }
    if fd < 0 || p.revents & libc::POLLNVAL != 0 {
        return Err(Error::os(c"not an open descriptor", libc::EBADF));
    }
    let ended = p.revents & (libc::POLLERR | libc::POLLHUP) != 0;
    let mut ready = 0;
    if ended || p.revents & (libc::POLLIN | libc::POLLRDHUP) != 0 {
        ready |= READABLE;
    }
    if ended || p.revents & libc::POLLOUT != 0 {
        ready |= WRITABLE;
    }
    Ok(ready & events)
}

fn park(fd: c_int, events: u32, wait: &Wait) -> Result {
    let mut caller = Caller::enter();
    if let Some(m) = caller.m() {
        // SAFETY: an M's runtime outlives it.
        let rt = unsafe { &*m.rt };
        return poller::wait_in(rt, &mut caller, fd, events, wait);
    }
    let rt = lifecycle::started()?;
    poller::wait_in(&rt, &mut caller, fd, events, wait)
}

/// How a descriptor is dealt with.
#[derive(PartialEq, Eq)]
enum Way {
    /// Non-blocking, through the poller.
    Poll,
    /// It never says "not ready": the thread blocks, the P does not.
    Block,
}

/// Find out, and make what can be polled non-blocking. A regular file, a directory, a block device
/// cannot be polled; most character devices can, but stay as they are: their flags belong to others.
fn way(fd: c_int) -> core::result::Result<Way, c_int> {
    // SAFETY: fcntl and fstat on any number; the buffer is valid.
    unsafe {
        let flags = libc::fcntl(fd, libc::F_GETFL);
        if flags < 0 {
            return Err(errno());
        }
        if flags & libc::O_NONBLOCK != 0 {
            return Ok(Way::Poll);
        }
        let mut st: libc::stat = core::mem::zeroed();
        if libc::fstat(fd, &mut st) < 0 {
            return Err(errno());
        }
        if !matches!(st.st_mode & libc::S_IFMT, libc::S_IFSOCK | libc::S_IFIFO) {
            return Ok(Way::Block);
        }
        if libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK) < 0 { Err(errno()) } else { Ok(Way::Poll) }
    }
}

/// Try `call` until it is done, waiting for `events` in between. It returns -1 and errno on failure.
fn io(fd: c_int, events: u32, what: &'static CStr, mut call: impl FnMut() -> isize) -> Result<isize> {
    let fail = |e| Err(Error::os(what, e));
    match way(fd) {
        Err(e) => return fail(e),
        Ok(Way::Block) => {
            block_enter();
            let (n, e) = loop {
                let n = call();
                let e = errno();
                if n >= 0 || e != libc::EINTR {
                    break (n, e);
                }
            };
            block_exit();
            return if n < 0 { fail(e) } else { Ok(n) };
        }
        Ok(Way::Poll) => {}
    }
    loop {
        let n = call();
        if n >= 0 {
            return Ok(n);
        }
        match errno() {
            libc::EINTR => {}
            libc::EAGAIN => match park(fd, events, &Wait::Forever) {
                Ok(()) => {}
                // What epoll refuses never says "not ready" for long.
                Err(e) if e.errno() == libc::EPERM => std::thread::yield_now(),
                Err(e) => return fail(e.errno()),
            },
            e => return fail(e),
        }
    }
}

/// read(2).
///
/// # Safety
/// `buf` has room for `n` bytes.
pub unsafe fn read(fd: c_int, buf: *mut u8, n: usize) -> Result<isize> {
    // SAFETY: by contract.
    io(fd, READABLE, c"read failed", || unsafe { libc::read(fd, buf.cast(), n) })
}

/// write(2): may write less than asked for.
///
/// # Safety
/// `buf` holds `n` bytes.
pub unsafe fn write(fd: c_int, buf: *const u8, n: usize) -> Result<isize> {
    // SAFETY: by contract.
    io(fd, WRITABLE, c"write failed", || unsafe { libc::write(fd, buf.cast(), n) })
}

/// accept(2); the new descriptor is non-blocking and closed on exec.
///
/// # Safety
/// `addr` and `len` are as accept wants them.
pub unsafe fn accept(fd: c_int, addr: *mut libc::sockaddr, len: *mut libc::socklen_t) -> Result<c_int> {
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: by contract.
    io(fd, READABLE, c"accept failed", || unsafe { libc::accept4(fd, addr, len, flags) as isize }).map(|n| n as c_int)
}

/// connect(2), until it is connected or has failed.
///
/// # Safety
/// `addr` holds `len` bytes of an address.
pub unsafe fn connect(fd: c_int, addr: *const libc::sockaddr, len: libc::socklen_t) -> Result {
    let fail = |e| Err(Error::os(c"connect failed", e));
    match way(fd) {
        Err(e) => return fail(e),
        Ok(Way::Block) => return fail(libc::ENOTSOCK),
        Ok(Way::Poll) => {}
    }
    // SAFETY: by contract.
    if unsafe { libc::connect(fd, addr, len) } == 0 {
        return Ok(());
    }
    match errno() {
        // An interrupted connect goes on by itself, like one in progress.
        libc::EINPROGRESS | libc::EINTR => {}
        // A local socket whose listener has no room yet.
        libc::EAGAIN => return connect_when_there_is_room(fd, addr, len),
        e => return fail(e),
    }
    if let Err(e) = wait(fd, WRITABLE, Wait::Forever) {
        return fail(e.errno());
    }
    let mut error: c_int = 0;
    let mut size = size_of::<c_int>() as libc::socklen_t;
    // SAFETY: room for an int.
    let rc = unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_ERROR, (&raw mut error).cast(), &mut size) };
    match (rc, error) {
        // The kernel takes note of the connection at the next call.
        // SAFETY: by contract.
        (0, 0) => match unsafe { libc::connect(fd, addr, len) } {
            0 => Ok(()),
            _ if errno() == libc::EISCONN => Ok(()),
            _ => fail(errno()),
        },
        (0, e) => fail(e),
        _ => fail(errno()),
    }
}

fn connect_when_there_is_room(fd: c_int, addr: *const libc::sockaddr, len: libc::socklen_t) -> Result {
    loop {
        crate::time::sleep(1_000_000);
        // SAFETY: as in `connect`.
        if unsafe { libc::connect(fd, addr, len) } == 0 {
            return Ok(());
        }
        match errno() {
            libc::EAGAIN | libc::EINTR => {}
            e => return Err(Error::os(c"connect failed", e)),
        }
    }
}

/// close(2); whoever waits on `fd` gets EBADF.
pub fn close(fd: c_int) -> Result {
    let caller = Caller::enter();
    // SAFETY: closing is what the caller wants, and no race with those it wakes.
    let close = || ignored(|| unsafe { libc::close(fd) });
    let rc = match caller.m() {
        // SAFETY: an M's runtime outlives it.
        Some(m) => poller::forget(unsafe { &*m.rt }, &caller, fd, close),
        None => {
            let mut rc = None;
            lifecycle::with_runtime(|rt| rc = Some(poller::forget(rt, &caller, fd, close)));
            rc.unwrap_or_else(close)
        }
    };
    // On Linux the descriptor is gone also after EINTR.
    match if rc == 0 { 0 } else { errno() } {
        0 | libc::EINTR => Ok(()),
        e => Err(Error::os(c"close failed", e)),
    }
}
