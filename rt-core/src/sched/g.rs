//! G: a goroutine.
//!
//! | status   | who owns it                         | its stack                          |
//! |----------|-------------------------------------|------------------------------------|
//! | Free     | a free list                         | none                               |
//! | Runnable | the run queue it is in              | none before its first run          |
//! | Running  | the M that runs it                  | in use                             |
//! | Waiting  | whoever will call `ready` on it     | parked; waiters on it are shared   |
//!
//! Access rules, by field group:
//!  1. `id`, `entry`, `arg`, `drop`, `name`, `created_at`, `parent`: written before the G is made
//!     runnable, read by its owner; `id`, `name`, `parent` and `created_at` also by dumps.
//!  2. `context`, `stack`, `fp`, `errno`: by the M that owns it, around switches.
//!  3. `defers`, `error`: by the goroutine itself.
//!  4. `runs`, `status`, `reason`, `since`, `bound`: atomics; written by the owner, read by dumps and sysmon.
//!
//! Gs live in slabs that are freed with the runtime, so that a stale look at one by a dump reads
//! valid memory.

use super::current::ErrorSlot;
use super::debugger;
use super::exceptions::Exceptions;
use super::fpstate::FpState;
use super::m::M;
use super::run::Run;
use super::switch::Context;
use super::{Entry, WaitReason};
use crate::local::Values;
use crate::sanitizer::{self, Shadow};
use crate::stack::Stack;
use crate::sys::cpu;
use crate::sys::memory;
use crate::waiter::Completion;
use core::cell::{Cell, UnsafeCell};
use core::ffi::{c_char, c_void};
use core::ptr;
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering::*};

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Status {
    Free,
    Runnable,
    Running,
    Waiting,
}

/// A call that waits for the end of its goroutine.
pub(crate) struct Deferred {
    pub(crate) entry: Entry,
    pub(crate) arg: *mut c_void,
    pub(crate) next: *mut Deferred,
}

/// Arguments up to this size are copied into the G itself.
pub(crate) const INLINE_ARG: usize = 48;

/// 2^27 ns, about an eighth of a second.
pub(crate) const SINCE_UNIT: u32 = 27;

#[repr(C, align(16))]
pub(crate) struct InlineArg(pub(crate) UnsafeCell<[u8; INLINE_ARG]>);

/// `error`, `lock_depth` or `block_depth` may have been set.
pub(crate) const TOUCHED: u8 = 1;
/// `exceptions` has some.
pub(crate) const HAS_EXCEPTIONS: u8 = 2;

/// `locals` has some.
pub(crate) const HAS_LOCALS: u8 = 4;
/// `run`, `big_arg` or `name` is set.
pub(crate) const HAS_EXTRAS: u8 = 8;

/// A goroutine.
///
/// All zero is a free one: slabs come zeroed and are not written before they are used. What every goroutine
/// needs to be made, to run and to be buried without ever waiting is here, and what others need as well in
/// [`Cold`], elsewhere: of many that only wait to be run, it is not touched, and costs no memory.
#[repr(C, align(64))]
pub(crate) struct G {
    pub(crate) context: Context,
    pub(crate) entry: Cell<Option<Entry>>,
    pub(crate) arg: Cell<*mut c_void>,
    pub(crate) id: u64,
    pub(crate) fp: Cell<FpState>,
    pub(crate) errno: Cell<i32>,
    /// Anything but Running: its stack is left, and complete.
    pub(crate) status: AtomicU8,
    pub(crate) reason: AtomicU8,
    /// It counts against the pool's credits (its stack has the default size).
    pub(crate) has_credit: Cell<bool>,
    /// What may have been set of the fields that are seldom used: [`TOUCHED`] and the others.
    pub(crate) seldom: Cell<u8>,
    /// The only M that may run it; null: any; tagged: any of a crew (see [`super::crew`]).
    pub(crate) bound: AtomicPtr<M>,
    /// Its stack: from creation on when the size was asked for, else from its first run on.
    pub(crate) stack: Cell<Option<Stack>>,

    pub(crate) parent: AtomicU64,
    /// Return address of the call that made it; 0: unknown.
    pub(crate) created_at: AtomicUsize,
    pub(crate) defers: Cell<*mut Deferred>,
    pub(crate) drop: Cell<Option<Entry>>,
    /// Who waits for its end in `run`; null: nobody.
    pub(crate) run: Cell<*const Run>,
    /// A copy of a large argument, from malloc.
    pub(crate) big_arg: Cell<*mut c_void>,
    /// A copy of the name, from malloc; null: none.
    pub(crate) name: AtomicPtr<c_char>,
    /// Coarse time of the last park, in units of [`SINCE_UNIT`].
    pub(crate) since: AtomicU32,
    /// Times it was switched to: a dump sees in it that it has looked at one moment.
    pub(crate) runs: AtomicU32,
}

/// The other part of a [`G`], which has it by [`G::cold`]. All zero, too, for a free one.
#[repr(C, align(64))]
pub(crate) struct Cold {
    pub(crate) inline_arg: InlineArg,
    pub(crate) error: UnsafeCell<ErrorSlot>,

    /// What it waits for, if the wait may be interrupted. Its own, and its M's while it is parked.
    pub(crate) waiting: Cell<*const Completion>,
    /// Nested lock_os_thread calls.
    pub(crate) lock_depth: Cell<u32>,
    pub(crate) block_depth: Cell<u32>,
    /// Its C++ exceptions, while it is not running.
    pub(crate) exceptions: Cell<Exceptions>,
    /// Its goroutine-local values; null: none.
    pub(crate) locals: Cell<*mut Values>,
    /// What a sanitizer knows it by.
    pub(crate) shadow: Shadow,
    /// Link of the list it is in (see [`super::list`]).
    pub(crate) next: Cell<*mut G>,
}

#[cfg(all(target_arch = "x86_64", not(gort_portable_switch)))]
const _: () = assert!(core::mem::offset_of!(G, parent) == 64 && size_of::<G>() == 128);
const _: () = assert!(size_of::<Cold>() <= size_of::<G>());

impl G {
    /// `g` will soon be made, or run for the first time: it may be in the cache of another processor.
    #[inline(always)]
    pub(crate) fn prefetch(g: *const G) {
        cpu::prefetch_for_write(g);
        cpu::prefetch_for_write(g.cast::<u8>().wrapping_add(64));
        cpu::prefetch_for_write(g.wrapping_add(REGION));
    }

    #[inline(always)]
    pub(crate) fn cold(&self) -> &Cold {
        // SAFETY: every G is in the first half of its region, and what is as far into the second half is its own
        // (see [`GStore`]). Its fields are cells, and the reference ends with the one to the G.
        unsafe { &*ptr::from_ref(self).add(REGION).cast::<Cold>() }
    }

    /// Say that fields of `seldom` may have been set.
    #[inline(always)]
    pub(crate) fn note_seldom(&self, which: u8) {
        self.seldom.set(self.seldom.get() | which);
    }

    /// The stack it runs on, or will.
    pub(crate) fn stack(&self) -> Option<Stack> {
        self.stack.get()
    }

    #[inline]
    pub(crate) fn set_status(&self, status: Status) {
        self.status.store(status as u8, Relaxed);
    }

    pub(crate) fn status(&self) -> Status {
        match self.status.load(Relaxed) {
            1 => Status::Runnable,
            2 => Status::Running,
            3 => Status::Waiting,
            _ => Status::Free,
        }
    }

    pub(crate) fn wait_reason(&self) -> WaitReason {
        WaitReason::from_u8(self.reason.load(Relaxed))
    }

    /// The name's bytes, empty without one. Of the running goroutine, or under the store's lock.
    pub(crate) fn name_bytes(&self) -> &[u8] {
        let name = self.name.load(Acquire);
        if name.is_null() {
            return b"";
        }
        // SAFETY: a nul-terminated copy. For the goroutine itself it lives long enough; others hold the
        // store's lock, under which it is freed.
        unsafe { sanitizer::ignored(|| core::ffi::CStr::from_ptr(name)) }.to_bytes()
    }

    /// Free what a goroutine owned besides its stack. Only when it is over, or was never made.
    pub(crate) fn free_extras(&self) {
        let name = self.name.load(Relaxed);
        if !name.is_null() {
            self.name.store(ptr::null_mut(), Relaxed);
            // SAFETY: it came from malloc and this is its only owner.
            unsafe { libc::free(name.cast()) };
        }
        let big = self.big_arg.replace(ptr::null_mut());
        if !big.is_null() {
            // SAFETY: as above.
            unsafe { libc::free(big) };
        }
    }
}

/// Gs that are put to use at once.
pub(super) const SLAB: usize = 64;
/// Gs of which the memory is made at once: as many more places follow, for what is cold of them.
const REGION: usize = 8 * SLAB;
const REGION_LAYOUT: Layout = Layout::new::<[G; 2 * REGION]>();

/// All Gs that were ever made, and those nobody uses.
///
/// The free ones are listed beside them and not linked through them: who takes one does not have to
/// wait for its memory, only to write it.
pub(crate) struct GStore {
    /// Each of [`SLAB`] Gs; debuggers are told of them. Those of a region follow each other.
    slabs: Vec<*mut G>,
    /// Has room for every G there is.
    free: Vec<*mut G>,
}

// SAFETY: the store is only used under its lock.
unsafe impl Send for GStore {}

impl GStore {
    pub(crate) fn new() -> GStore {
        GStore { slabs: Vec::new(), free: Vec::new() }
    }

    /// Take one G, making more when none is free. Null: no memory.
    pub(crate) fn take(&mut self) -> *mut G {
        if self.free.is_empty() && !self.grow() {
            return ptr::null_mut();
        }
        self.free.pop().unwrap_or(ptr::null_mut())
    }

    /// Take up to `n` Gs, at least one unless there is no memory.
    pub(crate) fn take_some(&mut self, n: usize, mut put: impl FnMut(*mut G)) {
        if self.free.is_empty() {
            self.grow();
        }
        let from = self.free.len().saturating_sub(n);
        self.free.drain(from..).for_each(&mut put);
    }

    /// Give back a G that is over.
    pub(crate) fn put(&mut self, g: *mut G) {
        debug_assert!(self.free.len() < self.free.capacity());
        self.free.push(g);
    }

    fn grow(&mut self) -> bool {
        let all = (self.slabs.len() + 1) * SLAB;
        let reserved = self.slabs.try_reserve(1);
        // They may have moved.
        debugger::publish(&self.slabs);
        if reserved.is_err() || self.free.try_reserve(all - self.free.len()).is_err() {
            return false;
        }
        let slab = self.slab();
        if slab.is_null() {
            return false;
        }
        self.free.extend((0..SLAB).rev().map(|i| slab.wrapping_add(i)));
        self.slabs.push(slab);
        debugger::publish(&self.slabs);
        true
    }

    /// Memory for one more: zero, which is what a G is at first. Null: there is none.
    fn slab(&mut self) -> *mut G {
        match self.slabs.last() {
            Some(last) if !(self.slabs.len() * SLAB).is_multiple_of(REGION) => last.wrapping_add(SLAB),
            _ => region(self.slabs.is_empty()),
        }
    }

    /// Every G in use with its id, which is another one as soon as the G is.
    pub(crate) fn live(&self) -> Vec<(u64, *const G)> {
        // SAFETY: slabs live as long as the store.
        let all = self.slabs.iter().flat_map(|&slab| unsafe { core::slice::from_raw_parts(slab, SLAB) });
        all.filter(|g| g.status() != Status::Free).map(|g| (g.id, ptr::from_ref(g))).collect()
    }
}

impl Drop for GStore {
    fn drop(&mut self) {
        debugger::publish(&[]);
        for &first in self.slabs.iter().step_by(REGION / SLAB) {
            // SAFETY: all goroutines are over, so that nothing in it owns anything.
            unsafe { give_back(first) };
        }
    }
}

/// Memory of [`REGION_LAYOUT`], zero. Where there are many, page faults are a good part of what it costs to make
/// goroutines: those of Gs that are not the first come at once, and those of what is cold not before it is used.
fn region(first: bool) -> *mut G {
    // A leak checker looks for pointers in malloc's memory only.
    if sanitizer::any() {
        // SAFETY: the layout is not empty.
        return unsafe { alloc_zeroed(REGION_LAYOUT).cast() };
    }
    let Some(region) = memory::reserve(REGION_LAYOUT.size()) else { return ptr::null_mut() };
    if !first {
        memory::populate(region, REGION_LAYOUT.size() / 2);
    }
    region.cast()
}

unsafe fn give_back(region: *mut G) {
    // SAFETY: made by `region`, and used by nobody.
    unsafe {
        if sanitizer::any() {
            dealloc(region.cast(), REGION_LAYOUT);
        } else {
            memory::unreserve(region.cast(), REGION_LAYOUT.size());
        }
    }
}
