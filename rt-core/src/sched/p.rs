//! P: the right to run goroutines, and everything that is kept per right: run queue, runnext, surplus,
//! timers, free Gs, cached stacks, credits, counters. Whoever holds the P owns all of it; others
//! steal from the queue and the surplus, look at the atomics, and lock the timers.

use super::crew::Crew;
use super::g::G;
use super::list::List;
use super::m::M;
use super::queue::Queue;
use super::surplus::Surplus;
use crate::stack::pool::P_CACHE;
use crate::stack::{DEFAULT_SIZE, Stack};
use crate::time::heap::Timers;
use crate::trace;
use core::cell::{Cell, UnsafeCell};
use core::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering::*};

/// Free Gs a P keeps before it gives half of them back.
const FREE_GS: usize = 256;
/// Ids a P takes from the runtime at a time.
pub(crate) const ID_BATCH: u64 = 16;
/// Times runnext may go before a queue that is not empty: a pair that hands itself back and forth
/// must not starve the others.
const RUNNEXT_STREAK: u32 = 64;
/// Goroutines in the queue from which on those that have not begun wait in the surplus.
const TAKES_TURNS: usize = 256;
/// One in so many comes from the surplus though the queue is not empty; a power of two.
const SURPLUS_EVERY: u64 = 8;

/// Goroutines waiting here from which on a goroutine that makes more of them yields.
const CROWD: usize = 1024;
/// Batches of ids it may take before, without leaving.
const CROWD_BATCHES: u32 = 8;

/// A counter that only the P's owner changes and anybody reads.
#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    #[inline(always)]
    pub(crate) fn add(&self, n: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(n), Relaxed);
    }
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
    /// For counts whose order with others matters: see `Runtime::num_goroutine`.
    #[inline(always)]
    pub(crate) fn add_release(&self, n: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(n), Release);
    }
    pub(crate) fn get_acquire(&self) -> u64 {
        self.0.load(Acquire)
    }
}

#[repr(C, align(128))]
pub(crate) struct P {
    pub(crate) id: usize,
    /// The goroutine to run next, before the queue. Also read, and under a claim taken, by thieves.
    runnext: AtomicPtr<G>,
    queue: Queue<G>,
    surplus: Surplus,
    streak: Cell<u32>,
    /// Occasions to wake an M that were let pass.
    pub(crate) let_pass: Cell<u32>,
    /// When a batch of ids was taken last, and how many since the goroutine came.
    crowd_tick: Cell<u64>,
    crowd_batches: Cell<u32>,
    /// Goroutines run; sysmon sees in it whether the P moves on.
    pub(crate) tick: Counter,
    /// The tick from which on its M looks at more than the queue.
    pub(crate) look_at: Cell<u64>,
    free: UnsafeCell<Vec<*mut G>>,
    /// So many of the last of them come from another P, as far as one knows.
    pub(crate) strange: Cell<usize>,
    pub(crate) stacks: UnsafeCell<Vec<Stack>>,
    pub(crate) credits: Cell<usize>,
    pub(crate) next_id: Cell<u64>,
    pub(crate) last_id: Cell<u64>,
    pub(crate) created: Counter,
    pub(crate) finished: Counter,
    pub(crate) steals: Counter,
    /// Nobody has it and it is not among the idle ones: there are too many. Under the scheduler's
    /// lock.
    pub(crate) retired: Cell<bool>,
    /// The crew whose M has it for good; `None`: it is one of GOMAXPROCS.
    pub(crate) crew: Option<&'static Crew>,
    /// Of the stacks it hands out.
    pub(crate) stack_size: usize,
    /// The M that holds it; null while it is idle or on its way.
    pub(crate) m: AtomicPtr<M>,
    /// Sysmon has seen the same runnext twice: thieves may take it.
    pub(crate) next_is_stuck: AtomicBool,
    /// What the queue had no memory for. The owner's, but for the look whether there is something.
    spilled: UnsafeCell<List>,
    has_spilled: AtomicBool,
    pub(crate) timers: Timers,
    /// What it has noted for a trace.
    pub(crate) trace: trace::Slot,
}

impl P {
    /// `None`: no memory.
    pub(crate) fn new(id: usize) -> Option<P> {
        let (mut free, mut stacks) = (Vec::new(), Vec::new());
        free.try_reserve_exact(FREE_GS + 1).ok()?;
        stacks.try_reserve_exact(P_CACHE).ok()?;
        Some(P {
            id,
            runnext: AtomicPtr::new(ptr::null_mut()),
            spilled: UnsafeCell::new(List::new()),
            has_spilled: AtomicBool::new(false),
            queue: Queue::new(),
            surplus: Surplus::new(),
            streak: Cell::new(0),
            let_pass: Cell::new(0),
            crowd_tick: Cell::new(0),
            crowd_batches: Cell::new(0),
            tick: Counter::default(),
            look_at: Cell::new(0),
            free: UnsafeCell::new(free),
            strange: Cell::new(0),
            stacks: UnsafeCell::new(stacks),
            credits: Cell::new(0),
            next_id: Cell::new(0),
            last_id: Cell::new(0),
            created: Counter::default(),
            finished: Counter::default(),
            steals: Counter::default(),
            retired: Cell::new(false),
            crew: None,
            stack_size: DEFAULT_SIZE,
            m: AtomicPtr::new(ptr::null_mut()),
            next_is_stuck: AtomicBool::new(false),
            timers: Timers::new(),
            trace: trace::Slot::new(),
        })
    }

    /// The P of an M of `crew`.
    pub(crate) fn of_crew(id: usize, crew: &'static Crew, stack_size: usize) -> Option<P> {
        Some(P { crew: Some(crew), stack_size, ..P::new(id)? })
    }

    /// Make `g` the next to run here. Returns the one that was, which belongs into the queue now.
    /// Owner only, as are all below unless they say otherwise.
    #[inline(always)]
    pub(crate) fn put_next(&self, g: *mut G) -> *mut G {
        let before = self.runnext.load(Relaxed);
        self.runnext.store(g, Release);
        before
    }

    /// Put `g` at the tail of the queue.
    #[inline]
    pub(crate) fn put_tail(&self, g: *mut G) {
        // SAFETY: the owner calls.
        if !unsafe { self.queue.push(g) } {
            self.spill(g);
        }
    }

    /// Put `g`, which another has displaced from runnext: at the tail, or if it has not begun and there
    /// are many, into the surplus.
    #[inline]
    pub(crate) fn put_displaced(&self, g: *mut G) {
        // SAFETY: the caller owns `g`.
        let crowded =
            unsafe { !(*g).context.is_begun() } && (self.queue.len() >= TAKES_TURNS || !self.surplus.is_empty());
        if !crowded || self.crew.is_some() || !self.surplus.push(g) {
            self.put_tail(g);
        }
    }

    #[cold]
    fn spill(&self, g: *mut G) {
        // SAFETY: the list is the owner's; `g` was given to it.
        unsafe { (*self.spilled.get()).push(g) };
        self.has_spilled.store(true, Release);
    }

    #[cold]
    fn take_spilled(&self) -> *mut G {
        // SAFETY: the list is the owner's.
        let list = unsafe { &mut *self.spilled.get() };
        let g = list.pop();
        self.has_spilled.store(!list.is_empty(), Release);
        g
    }

    /// The next goroutine from runnext or the queue, null when there is none.
    #[inline(always)]
    pub(crate) fn take(&self) -> *mut G {
        let next = self.runnext.load(Relaxed);
        if !next.is_null() {
            let streak = self.streak.get();
            if streak < RUNNEXT_STREAK {
                self.streak.set(streak + 1);
                self.runnext.store(ptr::null_mut(), Relaxed);
                return next;
            }
        } else if self.surplus.is_empty() {
            self.streak.set(0);
            let g = self.queue.pop();
            if !g.is_null() {
                return g;
            }
        }
        self.take_otherwise()
    }

    /// As [`take`](Self::take), in all other cases.
    #[inline(never)]
    fn take_otherwise(&self) -> *mut G {
        let next = self.runnext.load(Relaxed);
        if !next.is_null() {
            self.runnext.store(ptr::null_mut(), Relaxed);
            self.put_tail(next);
        }
        self.streak.set(0);
        if !self.surplus.is_empty() && self.tick.get().is_multiple_of(SURPLUS_EVERY) {
            let g = self.surplus.take_newest();
            if !g.is_null() {
                return g;
            }
        }
        let g = self.queue.pop();
        if g.is_null() { self.take_from_the_rest() } else { g }
    }

    #[inline(never)]
    fn take_from_the_rest(&self) -> *mut G {
        let g = self.surplus.take_newest();
        if g.is_null() && self.has_spilled.load(Relaxed) { self.take_spilled() } else { g }
    }

    /// A goroutine is going to yield to those that it has made: let some come before it.
    pub(crate) fn let_begin(&self) {
        if !self.surplus.is_empty() {
            // SAFETY: the owner calls.
            unsafe { self.surplus.give_newest(TAKES_TURNS, &self.queue) };
        }
    }

    /// Of what waits for the newer ones to be run, the oldest; null: there is none.
    pub(crate) fn take_oldest(&self) -> *mut G {
        self.surplus.take_oldest()
    }

    /// For a thief: half of what waits here, at most a batch. The first is returned, null when there is
    /// nothing; the others are put into `to`.
    ///
    /// # Safety
    /// By the owner of `to`.
    pub(crate) unsafe fn steal_into(&self, to: &P) -> *mut G {
        // SAFETY: by contract.
        unsafe {
            let g = self.queue.steal_into(&to.queue);
            if g.is_null() { self.surplus.steal_into(&to.queue) } else { g }
        }
    }

    /// There is what a thief could take. Anybody may ask; the answer may be old.
    pub(crate) fn has_stealable(&self) -> bool {
        !self.queue.is_empty() || !self.surplus.is_empty()
    }

    /// Nothing to run here. Anybody may ask; the answer may be old.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.runnext.load(Relaxed).is_null() && !self.has_stealable() && !self.has_spilled.load(Relaxed)
    }

    /// Goroutines that wait here. Anybody may ask.
    pub(crate) fn len(&self) -> usize {
        self.queue.len() + self.surplus.len() + usize::from(!self.runnext.load(Relaxed).is_null())
    }

    #[inline]
    pub(crate) fn peek_next(&self) -> *mut G {
        self.runnext.load(Acquire)
    }

    /// Take runnext away. The owner, or a thief that has claimed the owner's boundary.
    pub(crate) fn take_next(&self) -> *mut G {
        self.runnext.swap(ptr::null_mut(), Acquire)
    }

    /// Take `g` if it is the next.
    pub(crate) fn take_if(&self, g: *mut G) -> bool {
        let next = self.take();
        if next.is_null() || next == g {
            return !next.is_null();
        }
        let none = self.put_next(next);
        debug_assert!(none.is_null(), "runnext was empty, or has just been taken");
        false
    }

    /// A goroutine takes a batch of ids: true when it has taken many in one go, and so much waits here
    /// that making more only pushes it out of the caches.
    pub(crate) fn is_crowded(&self) -> bool {
        if self.crowd_tick.replace(self.tick.get()) != self.tick.get() {
            self.crowd_batches.set(0);
        }
        self.crowd_batches.set(self.crowd_batches.get() + 1);
        self.crowd_batches.get() > CROWD_BATCHES && self.len() > CROWD
    }

    /// The queue: for its owner, and for thieves.
    pub(crate) fn queue(&self) -> &Queue<G> {
        &self.queue
    }

    /// The free Gs kept here.
    #[allow(clippy::mut_from_ref)] // the P has one owner
    #[inline(always)]
    pub(crate) fn free(&self) -> &mut Vec<*mut G> {
        // SAFETY: only the owner, which keeps one such reference at a time.
        unsafe { &mut *self.free.get() }
    }

    /// Keep a free G; true when there are too many now and half should go back.
    #[inline(always)]
    pub(crate) fn put_free(&self, g: *mut G) -> bool {
        let free = self.free();
        // SAFETY: there is room for one more than FREE_GS, and who is told of too many gives some back.
        unsafe {
            let len = free.len();
            free.as_mut_ptr().add(len).write(g);
            free.set_len(len + 1);
            len == FREE_GS
        }
    }

    pub(crate) const FREE_BATCH: usize = FREE_GS / 2;
}
