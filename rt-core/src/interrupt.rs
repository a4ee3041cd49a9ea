//! Ending waits from outside, for those that allow it: [`Wait::Interruptible`](crate::Wait).
//!
//! A **thread** that has a [`Pause`] is interrupted by any signal that is delivered to it while it
//! sleeps. Its owner blocks signals first, looks whether one has come, and lets the sleep unblock them:
//! so none is missed in between. A **goroutine** of a crew is interrupted by [`goroutines`]; its own M
//! does it, between two goroutines, when those that wait have certainly left their stacks. A wait ends
//! once: an interrupt claims it like any other that could end it, and what could not be claimed is not
//! interrupted.

use crate::error::{Error, Result};
use crate::sched::crew::{self, Crew};
use crate::sched::{current, lifecycle};
use crate::sys::{clock, epoll, futex};
use core::cell::UnsafeCell;
use core::ffi::c_int;
use core::ptr;

/// How a thread sleeps when signals may interrupt it.
pub struct Pause {
    /// Written by whoever ends its wait.
    fd: c_int,
    /// The signals blocked while it sleeps.
    mask: UnsafeCell<libc::sigset_t>,
}

// SAFETY: the mask is its thread's own; the descriptor may be written by any.
unsafe impl Sync for Pause {}

impl Pause {
    /// Let the calling thread sleep with a pause from now on. It lives as long as the process.
    pub fn adopt() -> Result<&'static Pause> {
        let fd = epoll::eventfd().map_err(|errno| Error::os(c"no descriptor to wait with", errno))?;
        // SAFETY: all-zero bytes are a set of no signals.
        let pause = Box::leak(Box::new(Pause { fd, mask: UnsafeCell::new(unsafe { core::mem::zeroed() }) }));
        current::set_pause(Some(pause));
        Ok(pause)
    }

    /// Which signals are blocked while it sleeps. On its own thread.
    pub fn set_mask(&self, mask: libc::sigset_t) {
        // SAFETY: its own thread is here, so it does not sleep.
        unsafe { self.mask.get().write(mask) }
    }

    /// Sleep until `deadline` or [`end`](Self::end), or for no reason. True: a signal has come.
    pub(crate) fn sleep(&self, deadline: i64) -> bool {
        let left = (deadline != futex::FOREVER).then(|| clock::timespec((deadline - clock::now()).max(0)));
        let timeout = left.as_ref().map_or(ptr::null(), ptr::from_ref);
        let mut descriptor = libc::pollfd { fd: self.fd, events: libc::POLLIN, revents: 0 };
        // SAFETY: all places are valid for the call; the mask is this thread's own.
        let n = unsafe { libc::ppoll(&mut descriptor, 1, timeout, self.mask.get()) };
        if n > 0 {
            epoll::drain(self.fd);
        }
        n < 0 && crate::sys::errno() == libc::EINTR
    }

    pub(crate) fn end(&self) {
        epoll::notify(self.fd);
    }
}

pub(crate) fn pause() -> Option<&'static Pause> {
    current::pause()
}

/// All goroutines, for [`goroutines`].
pub const ALL: u64 = u64::MAX;

/// Interrupt the wait of the goroutine with this id, or of [`ALL`], if it is one of `crew` and waits.
/// Returns at once; it happens when its thread gets to it.
pub fn goroutines(crew: &'static Crew, id: u64) {
    lifecycle::with_runtime(|rt| crew::interrupt(rt, crew, id));
}
