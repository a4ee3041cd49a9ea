//! Ending waits from outside, for those that allow it: [`Wait::Interruptible`](crate::Wait).
//!
//! A **thread** that has a [`Pause`] sleeps on a pipe. Whoever ends its wait writes to it, and so does
//! the host's signal handler, on whichever thread it runs: so no signal is missed, whenever it comes.
//! What woke the thread for another reason than the end of its wait is for the host to see to, and to
//! decide whether the wait goes on. A **goroutine** of a crew is interrupted by [`goroutines`]; its own M
//! does it, between two goroutines, when those that wait have certainly left their stacks. A wait ends
//! once: an interrupt claims it like any other that could end it, and what could not be claimed is not
//! interrupted.

use crate::alloc::try_box;
use crate::error::{Error, Result};
use crate::sched::crew::{self, Crew};
use crate::sched::{current, lifecycle};
use crate::sys::{clock, futex, pipe};
use core::ffi::c_int;

/// How a thread sleeps when something else than the end of its wait may wake it.
pub struct Pause {
    ends: [c_int; 2],
    /// Called on the thread, without any lock, when it was woken for an unknown reason: whether to end
    /// the wait.
    check: fn() -> bool,
}

impl Pause {
    /// Let the calling thread sleep with a pause from now on. It lives as long as the process.
    pub fn adopt(check: fn() -> bool) -> Result<&'static Pause> {
        let ends = pipe::make().map_err(|errno| Error::os(c"no pipe to wait with", errno))?;
        // SAFETY: never freed.
        let pause = unsafe { try_box(Pause { ends, check }).ok_or(Error::NO_MEMORY)?.as_ref() };
        current::set_pause(Some(pause));
        Ok(pause)
    }

    /// A byte that is written here wakes the thread. Nobody closes it.
    pub fn descriptor(&self) -> c_int {
        self.ends[1]
    }

    /// Sleep until `deadline`, a signal, or a byte.
    pub(crate) fn sleep(&self, deadline: i64) {
        let left = (deadline != futex::FOREVER).then(|| clock::timespec((deadline - clock::now()).max(0)));
        pipe::wait_and_drain(self.ends[0], left);
    }

    /// End the sleep.
    pub(crate) fn end(&self) {
        pipe::notify(self.ends[1]);
    }

    /// Whether to end the wait, of which nothing is known.
    pub(crate) fn interrupts(&self) -> bool {
        (self.check)()
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
