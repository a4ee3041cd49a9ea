//! epoll and eventfd.

use super::{clock, errno, set_errno};
use crate::sanitizer::{self, ignored};
use core::ptr;

type Result<T> = core::result::Result<T, i32>;

fn check(rc: i32) -> Result<i32> {
    if rc < 0 { Err(errno()) } else { Ok(rc) }
}

pub(crate) fn create() -> Result<i32> {
    // SAFETY: no memory arguments.
    ignored(|| check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) }))
}

pub(crate) fn eventfd() -> Result<i32> {
    // SAFETY: no memory arguments.
    ignored(|| check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) }))
}

fn control(epfd: i32, op: i32, fd: i32, events: u32, data: u64) -> Result<()> {
    let mut event = libc::epoll_event { events, u64: data };
    let saved = errno();
    // SAFETY: the event is valid for the call.
    let result = ignored(|| check(unsafe { libc::epoll_ctl(epfd, op, fd, &mut event) }).map(drop));
    set_errno(saved);
    result
}

pub(crate) fn add(epfd: i32, fd: i32, events: u32, data: u64) -> Result<()> {
    control(epfd, libc::EPOLL_CTL_ADD, fd, events, data)
}

pub(crate) fn modify(epfd: i32, fd: i32, events: u32, data: u64) -> Result<()> {
    control(epfd, libc::EPOLL_CTL_MOD, fd, events, data)
}

/// Take `fd` out; nothing when it is not in.
pub(crate) fn remove(epfd: i32, fd: i32) {
    let _ = control(epfd, libc::EPOLL_CTL_DEL, fd, 0, 0);
}

pub(crate) fn close(fd: i32) {
    // SAFETY: a descriptor of our own.
    ignored(|| unsafe { libc::close(fd) });
}

/// Make an eventfd readable.
pub(crate) fn notify(fd: i32) {
    let one = 1u64;
    let saved = errno();
    // SAFETY: eight valid bytes.
    ignored(|| unsafe { libc::write(fd, (&raw const one).cast(), 8) });
    set_errno(saved);
}

/// Make it unreadable again.
pub(crate) fn drain(fd: i32) {
    let mut count = 0u64;
    // SAFETY: room for eight bytes.
    unsafe { libc::read(fd, (&raw mut count).cast(), 8) };
}

/// Wait for events until the absolute time `until`: 0 not at all, `i64::MAX` without end. The number
/// of events; 0 after a signal too.
pub(crate) fn wait(epfd: i32, events: &mut [libc::epoll_event], until: i64) -> usize {
    let until = sanitizer::sleep_at_most(until);
    let relative = match until {
        0 => Some(clock::timespec(0)),
        i64::MAX => None,
        until => Some(clock::timespec(until - clock::now())),
    };
    let timeout = relative.as_ref().map_or(ptr::null(), ptr::from_ref);
    let saved = errno();
    // SAFETY: room for the events, a valid or null timeout, no signal mask.
    let n = unsafe {
        let n = libc::syscall(
            libc::SYS_epoll_pwait2,
            epfd,
            events.as_mut_ptr(),
            events.len(),
            timeout,
            ptr::null::<libc::sigset_t>(),
            0usize,
        );
        if n < 0 && errno() == libc::ENOSYS {
            // Before Linux 5.11: milliseconds, rounded up.
            let ms =
                relative.map_or(-1, |t| (t.tv_sec * 1000 + (t.tv_nsec + 999_999) / 1_000_000).min(i32::MAX as i64));
            i64::from(libc::epoll_wait(epfd, events.as_mut_ptr(), events.len() as i32, ms as i32))
        } else {
            n
        }
    };
    sanitizer::after_sleep();
    set_errno(saved);
    n.max(0) as usize
}
