//! The scheduler: goroutines (G) are run by OS threads (M) that hold a right to run (P).
//!
//! * **G**: a goroutine, a small record until it first runs ([`g`]).
//! * **M**: an OS thread ([`m`]). It runs goroutines while it holds a P.
//! * **P**: one of GOMAXPROCS rights to run, with its queue, timers and caches ([`p`]).
//!
//! # The hard problem: who wakes whom
//! A wake-up of an idle M costs a system call and moves work to a cold cache; a missing one leaves a
//! core idle. Three simple designs fail. *Wake at every ready*: a ping-pong pair then bounces between
//! cores, and each message pays a futex call. *Never wake, let idle Ms poll*: burns a core for
//! nothing. *One central queue*: every operation contends.
//!
//! What is done: work goes to the local P. A goroutine made ready goes to **runnext**, where only
//! this P looks: if its maker parks soon, as in hand-overs it does, nobody else was needed. Only what
//! runnext displaces goes to the **queue**, which others can steal from, or where many wait that have not
//! begun to the [`surplus`]; and only then is an M woken, at most one at a time (it *spins*, looking for
//! work, and wakes the next when it has found some).
//! Should the maker compute on instead of parking, sysmon sees the same runnext twice and wakes a
//! thief for it.
//!
//! Goroutines that only hand things to each other are slower on two cores than on one: whoever is
//! woken for them finds one that soon waits for the other side. So the runtime is *reluctant*: each
//! time an M that was woken for work sleeps again at once, or has lived on what it stole bit by bit, twice
//! as many occasions to wake one are let pass; an M that finds work to stay for ends that. What is queued
//! meanwhile is run by the P it is queued at, and sysmon looks every millisecond.
//!
//! # The two patterns that must match
//! * submission: put work into a queue; light barrier; look whether Ps are idle and no M spins; wake.
//! * end of spinning: count itself out; heavy barrier; look into all queues once more: while the runtime is
//!   reluctant, into the global one.
//!
//! Either the submitter sees the spinner gone, or the spinner sees the work
//! ([`crate::sys::barrier`] tells why one of the barriers is free).
//!
//! # Files
//! [`schedule`] is the loop of an M; [`crew`] is about Ms of which goroutines do not move away;
//! [`idle`] puts Ms to sleep and wakes them; [`caller`] is how goroutines wait and are made ready;
//! [`spawn`] makes them; [`switch`] changes stacks; [`boundary`] lets sysmon take a P; [`sysmon`] is
//! the watchman; [`deadlock`] knows when nothing can go on; [`lifecycle`] starts, shuts
//! down, survives fork.
//!
//! # Lock order
//! `Sched` and `GStore`, `Pool`, `Timers` are leaves and never nest, but `Sched` may be held when
//! `Timers`' atomics are read. A channel's, table's or timer's lock may be held when any leaf is taken.

pub(crate) mod boundary;
pub(crate) mod caller;
pub(crate) mod crew;
pub(crate) mod current;
pub(crate) mod deadlock;
mod debugger;
pub(crate) mod exceptions;
pub(crate) mod fpstate;
pub(crate) mod g;
pub(crate) mod idle;
pub(crate) mod lifecycle;
pub(crate) mod list;
pub(crate) mod m;
pub(crate) mod owed;
pub(crate) mod p;
pub(crate) mod procs;
pub(crate) mod queue;
pub(crate) mod reason;
pub(crate) mod rng;
pub(crate) mod run;
pub(crate) mod schedule;
pub(crate) mod spawn;
mod surplus;
pub(crate) mod switch;
pub(crate) mod sysmon;

pub(crate) use reason::WaitReason;

use crate::hooks::{self, Hooks};
use crate::limits::{self, Limits};
use crate::lock::SpinLock;
use crate::net::poller::Netpoll;
use crate::runtime::debug::Debug;
use crate::runtime::pthreads::Pthreads;
use crate::stack::pool::Pool;
use crate::trace::{self, Trace};
use core::ffi::c_void;
use core::ptr;
use g::GStore;
use list::SharedList;
use m::M;
use p::P;
use std::sync::atomic::{
    AtomicI32, AtomicI64, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering::*, fence,
};

/// What a goroutine runs. It may unwind only as far as the goroutine itself.
pub type Entry = unsafe extern "C-unwind" fn(*mut c_void);

/// The greatest GOMAXPROCS.
pub(crate) const MAX_PROCS: usize = 1024;

/// What Ms agree on when they go to sleep and wake.
pub(crate) struct Sched {
    pub(crate) idle_ps: Vec<*mut P>,
    /// Asleep and free to take any P; the poller, if it sleeps, is the first.
    pub(crate) idle_ms: Vec<*mut M>,
    pub(crate) all_ms: Vec<*mut M>,
    /// Ms asleep, the ones that wait for their bound goroutine included.
    pub(crate) sleeping: usize,
    /// The idle M that sleeps until the next timer or descriptor; null: none.
    pub(crate) poller: *mut M,
    /// Crews that have been used in this runtime.
    crews: Vec<&'static crew::Crew>,
    /// All Ms are to end.
    pub(crate) stopping: bool,
    /// The last attempt to make a thread failed.
    pub(crate) no_thread: i32,
}

// SAFETY: only used under its lock.
unsafe impl Send for Sched {}

/// One runtime. There is at most one at a time in a process, from first use to shutdown.
pub(crate) struct Runtime {
    ps: [AtomicPtr<P>; MAX_PROCS],
    /// The Ps that belong to the Ms of crews.
    crew_ps: crew::MemberPs,
    n_crew_ps: AtomicUsize,
    /// Ps that exist; those with an id of `procs` or more are retired.
    n_ps: AtomicUsize,
    pub(crate) procs: AtomicI32,
    pub(crate) idle_ps: AtomicU32,
    pub(crate) spinning: AtomicU32,
    /// Occasions to wake an M that each P lets pass; see the module.
    pub(crate) reluctance: AtomicU32,
    pub(crate) global: SharedList,
    pub(crate) sched: SpinLock<Sched>,
    /// Held while a thread of an M is being made.
    pub(crate) starting: SpinLock<()>,
    pub(crate) gs: SpinLock<GStore>,
    pub(crate) stacks: Pool,
    pub(crate) next_id: AtomicU64,
    /// Goroutines made by threads without a P.
    pub(crate) created_outside: AtomicU64,
    /// Coarse clock: sysmon and waking Ms set it; parks are dated with it.
    pub(crate) coarse_now: AtomicI64,
    /// When the poller will wake by itself.
    pub(crate) poll_until: AtomicI64,
    pub(crate) handoffs: AtomicU64,
    pub(crate) preemptions: AtomicU64,
    /// New goroutines are refused.
    /// Calls of shutdown under way.
    pub(crate) closing: AtomicU32,
    /// Changes with the end of a goroutine while there are such calls.
    pub(crate) drained: AtomicU32,
    pub(crate) debug: Debug,
    /// Of the thread that started the runtime: the program's.
    pub(crate) signal_mask: libc::sigset_t,
    pub(crate) hooks: Option<Hooks>,
    pub(crate) pthreads: Option<Pthreads>,
    /// Who wants to hear of switches: [`trace::HOOKS`], [`trace::TRACE`].
    pub(crate) watched: AtomicU8,
    pub(crate) trace: Trace,
    pub(crate) limits: Limits,
    pub(crate) sysmon: sysmon::Sysmon,
    pub(crate) net: Netpoll,
}

// SAFETY: raw pointers in it are to Ps, Ms and Gs, whose own rules say who may touch what.
unsafe impl Sync for Runtime {}
// SAFETY: as above.
unsafe impl Send for Runtime {}

impl Runtime {
    fn new() -> Runtime {
        let (crew_ps, n_crew_ps) = crew::no_members();
        let limits = limits::next();
        let hooks = hooks::next();
        let debug = Debug::from_environment();
        let pthreads = Pthreads::wanted(&debug);
        Runtime {
            ps: [const { AtomicPtr::new(ptr::null_mut()) }; MAX_PROCS],
            crew_ps,
            n_crew_ps,
            n_ps: AtomicUsize::new(0),
            procs: AtomicI32::new(0),
            idle_ps: AtomicU32::new(0),
            spinning: AtomicU32::new(0),
            reluctance: AtomicU32::new(0),
            global: SharedList::new(),
            sched: SpinLock::new(Sched {
                idle_ps: Vec::new(),
                idle_ms: Vec::new(),
                all_ms: Vec::new(),
                sleeping: 0,
                poller: ptr::null_mut(),
                crews: Vec::new(),
                stopping: false,
                no_thread: 0,
            }),
            starting: SpinLock::new(()),
            gs: SpinLock::new(GStore::new()),
            stacks: Pool::new(limits.stack_bytes),
            next_id: AtomicU64::new(1),
            created_outside: AtomicU64::new(0),
            coarse_now: AtomicI64::new(crate::sys::clock::now()),
            poll_until: AtomicI64::new(i64::MAX),
            handoffs: AtomicU64::new(0),
            preemptions: AtomicU64::new(0),
            closing: AtomicU32::new(0),
            drained: AtomicU32::new(0),
            debug,
            signal_mask: crate::sys::thread::signal_mask(),
            watched: AtomicU8::new(if hooks.is_some() || pthreads.is_some() { trace::HOOKS } else { 0 }),
            hooks,
            pthreads,
            trace: Trace::new(),
            limits,
            sysmon: sysmon::Sysmon::new(),
            net: Netpoll::new(),
        }
    }

    /// Every P that exists, retired ones included: their timers and queues still count.
    pub(crate) fn ps(&self) -> impl ExactSizeIterator<Item = &P> {
        // SAFETY: the first `n_ps` entries are set before the count covers them, and Ps live as
        // long as the runtime.
        self.ps[..self.n_ps.load(Acquire)].iter().map(|p| unsafe { &*p.load(Relaxed) })
    }

    pub(crate) fn p(&self, id: usize) -> &P {
        // SAFETY: as in `ps`; the caller takes the id from its range.
        unsafe { &*self.ps[id].load(Relaxed) }
    }

    pub(crate) fn n_ps(&self) -> usize {
        self.n_ps.load(Acquire)
    }

    /// Goroutines started and not over. Exact when none starts or ends meanwhile; and 0 is never
    /// reported while one lives: ends are counted first, so that no end is seen without its start.
    pub(crate) fn num_goroutine(&self) -> u64 {
        let finished: u64 = self.all_ps().map(|p| p.finished.get_acquire()).sum();
        let created: u64 = self.all_ps().map(|p| p.created.get()).sum::<u64>() + self.created_outside.load(Acquire);
        created.saturating_sub(finished)
    }

    /// Goroutines ever started.
    pub(crate) fn created(&self) -> u64 {
        self.all_ps().map(|p| p.created.get()).sum::<u64>() + self.created_outside.load(Relaxed)
    }

    /// The earliest timer of all Ps.
    pub(crate) fn next_timer(&self) -> i64 {
        self.all_ps().map(|p| p.timers.next()).min().unwrap_or(i64::MAX)
    }

    /// A goroutine is over while somebody waits for all of them to be.
    pub(crate) fn note_end(&self) {
        if self.closing.load(Relaxed) == 0 {
            return;
        }
        // Of two that end on different Ps at the same moment one sees the other's end.
        fence(SeqCst);
        if self.num_goroutine() == 0 {
            self.drained.fetch_add(1, Release);
            crate::sys::futex::wake_all(&self.drained);
        }
    }
}
