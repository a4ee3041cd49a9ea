//! How many Ps there are: at first, and when the program changes it while goroutines run.
//!
//! Nothing stops for a change. New Ps are idle Ps; those that are too many are retired when their M
//! next looks around: their queues go to the others, and their timers are run by the others.

use super::p::P;
use super::{MAX_PROCS, Runtime, idle};
use crate::alloc::try_box;
use crate::error::{Error, Result};
use crate::sys::cpu;
use crate::sys::text::environment;
use core::ffi::CStr;
use std::sync::atomic::Ordering::*;

/// The number of Ps to start with: from the environment, else the CPUs this process may use.
pub(crate) fn initial() -> i32 {
    let number = |text: &CStr| text.to_str().ok()?.trim().parse().ok().filter(|&n: &i32| n >= 1);
    [c"GORT_MAXPROCS", c"GOMAXPROCS"]
        .iter()
        .find_map(|name| environment(name, number)?)
        .unwrap_or_else(cpu::usable)
        .min(MAX_PROCS as i32)
}

/// Make it `n`, which is at least 1.
pub(crate) fn set(rt: &Runtime, n: i32) -> Result {
    let n = n.min(MAX_PROCS as i32);
    {
        let mut s = rt.sched.lock();
        let before = rt.procs.load(Relaxed);
        rt.procs.store(n, SeqCst);
        s.idle_ps.retain(|&p| {
            // SAFETY: Ps live as long as the runtime.
            unsafe {
                (*p).retired.set((*p).id >= n as usize);
                !(*p).retired.get()
            }
        });
        for id in before..n {
            let id = id as usize;
            if id >= rt.n_ps() {
                let room = s.idle_ps.try_reserve(id + 1);
                let Some(p) = room.ok().and_then(|()| P::new(id)).and_then(try_box) else {
                    rt.procs.store((id as i32).max(1), SeqCst);
                    break;
                };
                rt.stacks.add_p();
                // SAFETY: fresh.
                unsafe { p.as_ref().retired.set(true) };
                rt.ps[id].store(p.as_ptr(), Relaxed);
                rt.n_ps.store(id + 1, Release);
            }
            // One whose M has not noticed its retirement goes on as if nothing had been.
            if rt.p(id).retired.replace(false) {
                s.idle_ps.push(std::ptr::from_ref(rt.p(id)).cast_mut());
            }
        }
        rt.idle_ps.store(s.idle_ps.len() as u32, SeqCst);
    }
    if rt.n_ps() == 0 {
        return Err(Error::NO_MEMORY);
    }
    idle::wake_for_work(rt);
    Ok(())
}
