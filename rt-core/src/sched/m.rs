//! M: an OS thread of the runtime. It needs a P to run goroutines; without one it sleeps, or runs
//! on the goroutine that lost it (see [`super::boundary`]).

use super::Runtime;
use super::boundary::Boundary;
use super::crew::Crew;
use super::exceptions::Exceptions;
use super::fpstate::FpState;
use super::g::G;
use super::list::List;
use super::owed::Owed;
use super::p::P;
use super::switch::Home;
use crate::sys::thread::Thread;
use core::cell::{Cell, UnsafeCell};
use core::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering::*};

/// Done on the M's own stack once the goroutine has left its own: typically, unlocking what
/// protects the wait queue it has put itself into.
pub(crate) type AfterSwitch = unsafe fn(*mut ());

/// An OS thread of the runtime.
///
/// `g`, `after_*`, `spinning`, `owed`, `next_*`: its own thread's, except that `next_p` and `next_g`
/// are filled by who wakes it, under the scheduler's lock. `p`: its own thread's while it is inside
/// the boundary, the claimer's while there is a claim.
#[repr(C, align(128))]
pub(crate) struct M {
    pub(crate) g: Cell<*mut G>,
    pub(crate) p: AtomicPtr<P>,
    /// Where it goes on when its goroutine leaves.
    pub(crate) home: Home,
    pub(crate) boundary: Boundary,
    pub(crate) spinning: Cell<bool>,
    pub(crate) owed: Owed,
    /// When it was woken to look for work, 0: not for that; and the tick and steals of its P then.
    pub(crate) woken_at: Cell<i64>,
    pub(crate) woken_tick: Cell<u64>,
    pub(crate) woken_steals: Cell<u64>,
    pub(crate) after: Cell<Option<AfterSwitch>>,
    pub(crate) after_arg: Cell<*mut ()>,
    pub(crate) errno: Cell<*mut i32>,
    /// The control words its thread has now, while it schedules.
    pub(crate) fp: Cell<FpState>,
    /// Where its thread's C++ exceptions are kept; never null once it runs.
    pub(crate) exceptions: Cell<*mut Exceptions>,
    pub(crate) rt: *const Runtime,
    pub(crate) id: u64,
    /// The goroutine that has locked itself to this thread; the M runs no other.
    pub(crate) locked_g: Cell<*mut G>,
    /// Handed over with a wake-up.
    pub(crate) next_p: Cell<*mut P>,
    pub(crate) next_g: Cell<*mut G>,
    /// Goroutines bound to this M that another M came upon while this one was busy. Under the
    /// scheduler's lock; the count may be read without it.
    pub(crate) inbox: UnsafeCell<List>,
    pub(crate) inbox_len: AtomicU32,
    /// Goroutines of this M whose waits are to be interrupted; under the scheduler's lock, and in the
    /// inbox's count.
    pub(crate) interrupts: UnsafeCell<Vec<u64>>,
    /// Under the scheduler's lock.
    pub(crate) asleep: Cell<bool>,
    /// What it sleeps on.
    pub(crate) word: AtomicU32,
    pub(crate) thread: Cell<Thread>,
    /// The goroutine it runs, for dumps and sysmon: an id, 0 for none.
    pub(crate) running: AtomicU64,
    /// The crew it belongs to; set before its thread starts.
    pub(crate) crew: Cell<Option<&'static Crew>>,
    /// See [`super::crew::set_contends`].
    pub(crate) contends: AtomicBool,
    /// It is inside gort_block_enter, or has lost its P.
    pub(crate) blocked: AtomicBool,
}

impl M {
    pub(crate) fn new(rt: *const Runtime, id: u64) -> M {
        M {
            g: Cell::new(ptr::null_mut()),
            p: AtomicPtr::new(ptr::null_mut()),
            home: Home::new(),
            boundary: Boundary::new(),
            spinning: Cell::new(false),
            owed: Owed::nothing(),
            woken_at: Cell::new(0),
            woken_tick: Cell::new(0),
            woken_steals: Cell::new(0),
            after: Cell::new(None),
            after_arg: Cell::new(ptr::null_mut()),
            errno: Cell::new(ptr::null_mut()),
            fp: Cell::default(),
            exceptions: Cell::new(ptr::null_mut()),
            rt,
            id,
            locked_g: Cell::new(ptr::null_mut()),
            next_p: Cell::new(ptr::null_mut()),
            next_g: Cell::new(ptr::null_mut()),
            inbox: UnsafeCell::new(List::new()),
            interrupts: UnsafeCell::new(Vec::new()),
            inbox_len: AtomicU32::new(0),
            asleep: Cell::new(false),
            word: AtomicU32::new(0),
            thread: Cell::new(ptr::null_mut()),
            running: AtomicU64::new(0),
            crew: Cell::new(None),
            contends: AtomicBool::new(false),
            blocked: AtomicBool::new(false),
        }
    }

    /// Its P; null when it has none. On the M's own thread, inside the boundary.
    #[inline(always)]
    pub(crate) fn p(&self) -> *mut P {
        self.p.load(Relaxed)
    }
}
