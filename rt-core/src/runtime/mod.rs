//! The runtime as a whole: its size, its numbers, its end.

pub(crate) mod debug;
pub(crate) mod dump;
pub(crate) mod leaks;
mod locks;
pub(crate) mod pthreads;
pub(crate) mod schedtrace;

use crate::error::Result;
use crate::sched::caller::Caller;
use crate::sched::{Runtime, lifecycle, procs};
use crate::sys::cpu;
use std::sync::atomic::Ordering::*;

pub use dump::{dump, dump_text};
pub use leaks::leaks;

/// Set the number of Ps to `n` if that is at least 1; the number before.
pub fn gomaxprocs(n: i32) -> i32 {
    let caller = Caller::enter();
    let change = |rt: &Runtime| {
        let before = rt.procs.load(Relaxed);
        if n >= 1 {
            // Too little memory leaves fewer Ps than asked for.
            let _ = procs::set(rt, n);
        }
        before
    };
    match caller.on_p() {
        Some((rt, _)) => change(rt),
        None => lifecycle::started().map_or_else(|_| procs::initial(), |rt| change(&rt)),
    }
}

/// CPUs this process may run on.
pub fn num_cpu() -> i32 {
    cpu::affinity()
}

/// Wait until every goroutine is over, then end every thread and free everything. A negative
/// timeout waits without end.
pub fn shutdown(timeout: i64) -> Result {
    lifecycle::shutdown(timeout)
}

/// What the runtime has done and holds.
#[derive(Clone, Copy, Default, Debug)]
#[repr(C)]
pub struct Stats {
    /// Goroutines started and not over.
    pub goroutines: u64,
    /// Goroutines ever started.
    pub goroutines_created: u64,
    /// OS threads of the runtime.
    pub threads: u64,
    /// Ps.
    pub procs: u64,
    /// Times a goroutine was switched to.
    pub context_switches: u64,
    /// Times a P took work from another's queue.
    pub steals: u64,
    /// Times a P went to another M because its own was blocked.
    pub handoffs: u64,
    /// Times a P was taken from a goroutine that kept it too long.
    pub preemptions: u64,
    /// Stacks that goroutines have, or that lie in a P's cache.
    pub stacks_in_use: u64,
    /// Stacks lying in the pool.
    pub stacks_cached: u64,
    /// Bytes of memory in stacks, as far as the runtime knows: a page for each that may hold any.
    pub stack_bytes_committed: u64,
    /// Timers armed.
    pub timers: u64,
    /// Descriptors known to the poller.
    pub descriptors: u64,
}

/// The numbers now; all zero when the runtime has not started.
pub fn stats() -> Stats {
    let caller = Caller::enter();
    match caller.on_p() {
        Some((rt, _)) => read(rt),
        None => {
            let mut stats = Stats::default();
            lifecycle::with_runtime(|rt| stats = read(rt));
            stats
        }
    }
}

fn read(rt: &Runtime) -> Stats {
    let out = rt.stacks.out.load(Relaxed) as u64;
    Stats {
        goroutines: rt.num_goroutine(),
        goroutines_created: rt.created(),
        threads: rt.sched.lock().all_ms.len() as u64 + 1,
        procs: rt.procs.load(Relaxed) as u64,
        context_switches: rt.all_ps().map(|p| p.tick.get()).sum(),
        steals: rt.all_ps().map(|p| p.steals.get()).sum(),
        handoffs: rt.handoffs.load(Relaxed),
        preemptions: rt.preemptions.load(Relaxed),
        stacks_in_use: out,
        stacks_cached: rt.stacks.cached.load(Relaxed) as u64,
        stack_bytes_committed: (out + rt.stacks.dirty.load(Relaxed) as u64) * crate::sys::memory::PAGE as u64,
        timers: rt.all_ps().map(|p| p.timers.len() as u64).sum(),
        descriptors: rt.descriptors() as u64,
    }
}
