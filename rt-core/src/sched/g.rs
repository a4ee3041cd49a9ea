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
//!  4. `status`, `reason`, `since`, `bound`: atomics; written by the owner, read by dumps and sysmon.
//!
//! Gs live in slabs that are freed with the runtime, so that a stale look at one by a dump reads
//! valid memory.

use super::current::ErrorSlot;
use super::fpstate::FpState;
use super::m::M;
use super::run::Run;
use super::switch::Context;
use super::{Entry, WaitReason};
use crate::stack::Stack;
use core::cell::{Cell, UnsafeCell};
use core::ffi::{c_char, c_void};
use core::ptr;
use std::sync::atomic::{AtomicI64, AtomicPtr, AtomicU8, AtomicU64, Ordering::*};

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

#[repr(C, align(16))]
pub(crate) struct InlineArg(pub(crate) UnsafeCell<[u8; INLINE_ARG]>);

/// A goroutine.
#[repr(C, align(64))]
pub(crate) struct G {
    /// Link of whichever list holds it.
    pub(crate) next: Cell<*mut G>,
    pub(crate) context: Context,
    pub(crate) entry: Cell<Entry>,
    pub(crate) arg: Cell<*mut c_void>,
    pub(crate) id: u64,
    pub(crate) fp: Cell<FpState>,
    pub(crate) errno: Cell<i32>,
    pub(crate) status: AtomicU8,
    pub(crate) reason: AtomicU8,
    /// It counts against the pool's credits (its stack has the default size).
    pub(crate) has_credit: Cell<bool>,
    pub(crate) defers: Cell<*mut Deferred>,
    /// The only M that may run it; null: any; tagged: any of a crew (see [`super::crew`]).
    pub(crate) bound: AtomicPtr<M>,
    pub(crate) drop: Cell<Option<Entry>>,
    /// Who waits for its end in `run`; null: nobody.
    pub(crate) run: Cell<*const Run>,
    /// Nested lock_os_thread calls.
    pub(crate) lock_depth: Cell<u32>,
    pub(crate) block_depth: Cell<u32>,
    /// A copy of a large argument, from malloc.
    pub(crate) big_arg: Cell<*mut c_void>,
    pub(crate) error: UnsafeCell<ErrorSlot>,
    /// A copy of the name, from malloc; null: none.
    pub(crate) name: AtomicPtr<c_char>,
    /// Coarse time of the last park.
    pub(crate) since: AtomicI64,
    pub(crate) parent: AtomicU64,
    /// Return address of the call that made it; 0: unknown.
    pub(crate) created_at: AtomicU64,
    /// Its stack: from creation on when the size was asked for, else from its first run on.
    pub(crate) stack: Cell<Option<Stack>>,
    pub(crate) inline_arg: InlineArg,
}

extern "C-unwind" fn no_entry(_: *mut c_void) {}

impl G {
    fn blank() -> G {
        G {
            next: Cell::new(ptr::null_mut()),
            context: Context::new(),
            entry: Cell::new(no_entry),
            arg: Cell::new(ptr::null_mut()),
            id: 0,
            fp: Cell::new(FpState::save()),
            errno: Cell::new(0),
            status: AtomicU8::new(Status::Free as u8),
            reason: AtomicU8::new(0),
            has_credit: Cell::new(false),
            defers: Cell::new(ptr::null_mut()),
            bound: AtomicPtr::new(ptr::null_mut()),
            drop: Cell::new(None),
            run: Cell::new(ptr::null()),
            lock_depth: Cell::new(0),
            block_depth: Cell::new(0),
            big_arg: Cell::new(ptr::null_mut()),
            error: UnsafeCell::new(ErrorSlot::NONE),
            name: AtomicPtr::new(ptr::null_mut()),
            since: AtomicI64::new(0),
            parent: AtomicU64::new(0),
            created_at: AtomicU64::new(0),
            stack: Cell::new(None),
            inline_arg: InlineArg(UnsafeCell::new([0; INLINE_ARG])),
        }
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
        unsafe { core::ffi::CStr::from_ptr(name) }.to_bytes()
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

const SLAB: usize = 64;

/// All Gs that were ever made, and those nobody uses.
pub(crate) struct GStore {
    slabs: Vec<*mut [G]>,
    free: *mut G,
}

// SAFETY: the store is only used under its lock.
unsafe impl Send for GStore {}

impl GStore {
    pub(crate) fn new() -> GStore {
        GStore { slabs: Vec::new(), free: ptr::null_mut() }
    }

    /// Take one G, making more when none is free. Null: no memory.
    pub(crate) fn take(&mut self) -> *mut G {
        if self.free.is_null() && !self.grow() {
            return ptr::null_mut();
        }
        let g = self.free;
        // SAFETY: Gs on the free list are alive and ours.
        unsafe { self.free = (*g).next.get() };
        g
    }

    pub(crate) fn put(&mut self, g: *mut G) {
        // SAFETY: the caller hands over a G that is over.
        unsafe { (*g).next.set(self.free) };
        self.free = g;
    }

    fn grow(&mut self) -> bool {
        if self.slabs.try_reserve(1).is_err() {
            return false;
        }
        let layout = core::alloc::Layout::array::<G>(SLAB).expect("the size of a slab is small");
        // SAFETY: the layout is not empty; every G is initialised before use.
        unsafe {
            let slab = std::alloc::alloc(layout).cast::<G>();
            if slab.is_null() {
                return false;
            }
            for i in (0..SLAB).rev() {
                slab.add(i).write(G::blank());
                self.put(slab.add(i));
            }
            self.slabs.push(ptr::slice_from_raw_parts_mut(slab, SLAB));
        }
        true
    }

    /// Every G, in use or not.
    pub(crate) fn all(&self) -> impl Iterator<Item = &G> {
        // SAFETY: slabs live as long as the store.
        self.slabs.iter().flat_map(|&slab| unsafe { &*slab })
    }
}

impl Drop for GStore {
    fn drop(&mut self) {
        for &slab in &self.slabs {
            // SAFETY: allocated in `grow` with this layout; all goroutines are over.
            unsafe {
                ptr::drop_in_place(slab);
                std::alloc::dealloc(slab.cast(), core::alloc::Layout::array::<G>(SLAB).expect("as in grow"));
            }
        }
    }
}
