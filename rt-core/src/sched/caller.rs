//! Who calls the library: a goroutine on its M, inside the boundary and with a P, or a plain thread.
//!
//! Every entry point that may touch the scheduler makes a [`Caller`] first and passes it down. What
//! the caller is stays true over switches: [`Caller::park`] writes the new M into it.

use super::boundary::Entry;
use super::g::{G, SINCE_UNIT, Status};
use super::m::{AfterSwitch, M};
use super::p::P;
use super::switch::Leave;
use super::{Runtime, WaitReason, current, idle, lifecycle};
use crate::trace;
use core::mem::ManuallyDrop;
use std::sync::atomic::Ordering::*;

/// The caller of the library; see the module.
pub(crate) struct Caller {
    /// Null: a plain thread.
    m: *mut M,
    /// It came in from outside, and goes out when dropped.
    entered: bool,
}

impl Caller {
    /// Go into the library. A goroutine has its P afterwards, if need be by waiting for one.
    #[inline(always)]
    pub(crate) fn enter() -> Caller {
        let m = current::m_or_count();
        if m.is_null() {
            return Caller { m, entered: false };
        }
        // SAFETY: the calling thread's M lives as long as the thread runs it.
        unsafe {
            match (*m).boundary.enter() {
                Entry::Nested => Caller { m, entered: false },
                Entry::Came if !(*m).p().is_null() => Caller { m, entered: true },
                entry => Caller::enter_otherwise(m, entry),
            }
        }
    }

    /// It came in, but without a P, or was asked to give it up.
    #[cold]
    #[inline(never)]
    unsafe fn enter_otherwise(m: *mut M, entry: Entry) -> Caller {
        let mut caller = Caller { m, entered: true };
        // SAFETY: as in `enter`.
        unsafe {
            if (*m).p().is_null() {
                caller.want_p();
            } else if entry == Entry::CameAsked {
                caller.give_way();
            }
        }
        caller
    }

    /// An M that schedules and has a P.
    pub(super) fn scheduler(m: *mut M) -> Caller {
        Caller { m, entered: false }
    }

    /// A thread that holds no P: sysmon, or any that must not count as a user of the library.
    pub(crate) fn outsider() -> Caller {
        Caller { m: core::ptr::null_mut(), entered: false }
    }

    /// The same caller, for a call out of line that does not switch: one whose address has been given away is kept
    /// in memory, on the paths without such a call, too.
    #[inline(always)]
    pub(crate) fn alias(&self) -> ManuallyDrop<Caller> {
        ManuallyDrop::new(Caller { m: self.m, entered: self.entered })
    }

    /// The caller's M; `None` for a plain thread.
    #[inline(always)]
    pub(crate) fn m(&self) -> Option<&M> {
        // SAFETY: as in `enter`.
        unsafe { self.m.as_ref() }
    }

    /// The running goroutine; null on a plain thread and on an M that schedules.
    #[inline(always)]
    pub(crate) fn g(&self) -> *mut G {
        self.m().map_or(core::ptr::null_mut(), |m| m.g.get())
    }

    /// The caller's runtime and P; `None` for a plain thread.
    #[inline(always)]
    pub(crate) fn on_p(&self) -> Option<(&Runtime, &P)> {
        let m = self.m()?;
        // SAFETY: an M's runtime outlives it; inside the boundary nobody takes the P away.
        unsafe {
            core::hint::assert_unchecked(!m.rt.is_null());
            Some((&*m.rt, m.p().as_ref()?))
        }
    }

    /// Leave the running goroutine. It goes on, maybe on another M, when somebody makes it ready.
    ///
    /// `after(arg)` runs once its stack is left: only then may others get hold of it. Typically it
    /// unlocks what protects the queue the goroutine is in.
    ///
    /// # Safety
    /// The caller is a goroutine; `after(arg)` is sound on the M's stack at that moment and does not
    /// touch the goroutine's stack once another thread could have made it ready.
    pub(crate) unsafe fn park(&mut self, reason: WaitReason, after: AfterSwitch, arg: *mut ()) {
        // SAFETY: a goroutine runs on `m`, which is ours until the switch.
        unsafe {
            let m = &*self.m;
            let g = &*m.g.get();
            g.reason.store(reason as u8, Relaxed);
            g.since.store(((*m.rt).coarse_now.load(Relaxed) >> SINCE_UNIT) as u32, Relaxed);
            m.after.set(Some(after));
            m.after_arg.set(arg);
            self.m = g.context.suspend(&m.home, Leave::Park);
        }
    }

    /// Let others run first.
    ///
    /// # Safety
    /// The caller is a goroutine.
    #[inline]
    pub(crate) unsafe fn yield_now(&mut self) {
        // SAFETY: as in `park`.
        unsafe {
            let m = &*self.m;
            let g = &*m.g.get();
            self.m = g.context.suspend(&m.home, Leave::Yield);
        }
    }

    /// The goroutine has kept its P too long and nobody could take it: let the others run first.
    ///
    /// Not one of a crew, which must be left only where it parks: what it holds of its thread, like an
    /// interpreter, is given up there. Who wanted something of its P looks for it again.
    #[cold]
    unsafe fn give_way(&mut self) {
        // SAFETY: as in `park`.
        unsafe {
            let m = &*self.m;
            if m.crew.get().is_some() {
                return;
            }
            let Some(g) = m.g.get().as_ref() else { return };
            (*m.rt).preemptions.fetch_add(1, Relaxed);
            self.m = g.context.suspend(&m.home, Leave::WantP);
        }
    }

    /// The M lost its P while the goroutine was outside: take an idle one, else queue for one.
    #[cold]
    unsafe fn want_p(&mut self) {
        // SAFETY: as in `park`; without a P the M still owns its goroutine.
        unsafe {
            let m = &*self.m;
            let Some(g) = m.g.get().as_ref() else { return };
            if idle::take_idle_p(&*m.rt, m) {
                trace::event(&*m.rt, &*m.p(), trace::Event::Resume, g.id);
                return;
            }
            self.m = g.context.suspend(&m.home, Leave::WantP);
        }
    }

    /// Make a waiting goroutine runnable.
    ///
    /// # Safety
    /// `g` is parked (its stack is left) and the caller alone was chosen to wake it.
    #[inline(always)]
    pub(crate) unsafe fn ready(&self, g: *mut G) {
        // SAFETY: by contract the caller owns `g` now.
        unsafe { (*g).set_status(Status::Runnable) };
        match self.on_p() {
            Some((rt, p)) => {
                if rt.watched.load(Relaxed) & trace::TRACE != 0 {
                    // SAFETY: as above.
                    trace::ready(p, unsafe { &*g });
                }
                let displaced = p.put_next(g);
                if !displaced.is_null() {
                    idle::queue_displaced(rt, p, displaced);
                }
            }
            None => lifecycle::ready_from_outside(g),
        }
    }
}

impl Drop for Caller {
    #[inline(always)]
    fn drop(&mut self) {
        if self.entered {
            // SAFETY: as in `enter`; after a switch `m` is the M we came back on.
            unsafe { (*self.m).boundary.leave() };
        }
    }
}
