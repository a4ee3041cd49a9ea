//! Pool: values to be used again, as Go's sync.Pool.
//!
//! Each P keeps one value that only its owner touches, and a shelf of more that the others take from
//! when they have none. So a get after a put on the same P needs no locked instruction: inside the
//! boundary nobody takes the P away. Plain threads and crews share one shelf.
//!
//! Go's pools are emptied by the garbage collector. These are bounded instead: what a full shelf does
//! not take is dropped at once.

use crate::alloc::try_box;
use crate::error::{Error, Result};
use crate::lock::SpinLock;
use crate::sanitizer::race;
use crate::sched::caller::Caller;
use crate::sched::{Entry, MAX_PROCS};
use core::cell::Cell;
use core::ffi::c_void;
use core::ptr::{self, NonNull};
use std::alloc::{Layout, alloc_zeroed};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::*};

/// Makes a value from what the program gave along.
pub type ValueFunc = unsafe extern "C-unwind" fn(*mut c_void) -> *mut c_void;

/// Values that wait on one shelf at most.
const SHELF: usize = 127;

/// A pool, behind a pointer. All-zero bytes but for the first three fields.
pub struct Pool {
    make: Option<ValueFunc>,
    drop: Option<Entry>,
    arg: *mut c_void,
    /// By the id of the P, made when it first puts something.
    shards: [AtomicPtr<Shard>; MAX_PROCS],
    /// Shards beyond this one do not exist.
    n_shards: AtomicUsize,
    outside: Shelf,
}

#[repr(align(128))]
struct Shard {
    /// Null: none. Only the owner of the P touches it.
    own: Cell<*mut c_void>,
    shelf: Shelf,
}

struct Shelf {
    /// Written under the lock.
    len: AtomicUsize,
    values: SpinLock<[*mut c_void; SHELF]>,
}

/// The id of the caller's P. Those of crews have ids of their own kind.
#[inline]
fn p_of(caller: &Caller) -> Option<usize> {
    caller.on_p().and_then(|(_, p)| p.crew.is_none().then_some(p.id))
}

impl Shelf {
    fn push(&self, value: *mut c_void) -> bool {
        let mut values = self.values.lock();
        let len = self.len.load(Relaxed);
        if len == SHELF {
            return false;
        }
        values[len] = value;
        self.len.store(len + 1, Relaxed);
        true
    }

    fn pop(&self) -> Option<*mut c_void> {
        if self.len.load(Relaxed) == 0 {
            return None;
        }
        let values = self.values.lock();
        let len = self.len.load(Relaxed).checked_sub(1)?;
        self.len.store(len, Relaxed);
        Some(values[len])
    }
}

/// Make a pool. `make(arg)` makes a value when there is none, `drop(value)` ends one that is not kept.
///
/// # Safety
/// Both are sound from any goroutine or thread, several at a time.
pub unsafe fn new(make: Option<ValueFunc>, drop: Option<Entry>, arg: *mut c_void) -> Result<NonNull<Pool>> {
    // SAFETY: the layout is not empty; zeroed shards are null, a zeroed shelf is empty and unlocked.
    unsafe {
        let pool = NonNull::new(alloc_zeroed(Layout::new::<Pool>()).cast::<Pool>()).ok_or(Error::NO_MEMORY)?;
        let p = pool.as_ptr();
        (&raw mut (*p).make).write(make);
        (&raw mut (*p).drop).write(drop);
        (&raw mut (*p).arg).write(arg);
        Ok(pool)
    }
}

impl Pool {
    /// A value, made if none is kept here; null when there is no function to make one.
    pub fn get(&self) -> *mut c_void {
        if let Some(value) = self.take(&Caller::enter()) {
            race::acquire(race::part(self, value.addr() as u64 >> 3));
            return value;
        }
        // SAFETY: by contract of `new`; outside the boundary.
        self.make.map_or(ptr::null_mut(), |make| unsafe { make(self.arg) })
    }

    /// Keep `value` for whoever gets one next; null is nothing.
    pub fn put(&self, value: *mut c_void) {
        race::release(race::part(self, value.addr() as u64 >> 3));
        if !value.is_null() && !self.keep(&Caller::enter(), value) {
            self.end(value);
        }
    }

    #[inline]
    fn take(&self, caller: &Caller) -> Option<*mut c_void> {
        let n = self.n_shards.load(Acquire);
        let mut first = 0;
        if let Some(id) = p_of(caller) {
            first = id;
            if let Some(shard) = self.shard(id) {
                let value = shard.own.replace(ptr::null_mut());
                if !value.is_null() {
                    return Some(value);
                }
            }
        }
        (0..n)
            .filter_map(|i| self.shard((first + i) % n))
            .find_map(|shard| shard.shelf.pop())
            .or_else(|| self.outside.pop())
    }

    #[inline]
    fn keep(&self, caller: &Caller, value: *mut c_void) -> bool {
        let Some(id) = p_of(caller) else { return self.outside.push(value) };
        match self.shard(id).or_else(|| self.make_shard(id)) {
            Some(shard) if shard.own.get().is_null() => shard.own.set(value),
            Some(shard) => return shard.shelf.push(value),
            None => return self.outside.push(value),
        }
        true
    }

    #[inline]
    fn shard(&self, id: usize) -> Option<&Shard> {
        // SAFETY: a shard lives as long as the pool.
        unsafe { self.shards[id].load(Acquire).as_ref() }
    }

    /// By the owner of the P, so by one at a time.
    #[cold]
    fn make_shard(&self, id: usize) -> Option<&Shard> {
        let shelf = Shelf { len: AtomicUsize::new(0), values: SpinLock::new([ptr::null_mut(); SHELF]) };
        let shard = try_box(Shard { own: Cell::new(ptr::null_mut()), shelf })?;
        self.shards[id].store(shard.as_ptr(), Release);
        self.n_shards.fetch_max(id + 1, AcqRel);
        self.shard(id)
    }

    fn end(&self, value: *mut c_void) {
        if let Some(drop_value) = self.drop {
            // SAFETY: by contract of `new`; the value is nobody's any more.
            unsafe { drop_value(value) };
        }
    }
}

/// End the pool and every value it keeps. Null is allowed.
///
/// # Safety
/// `pool` is null or a pool nobody uses; it is gone afterwards.
pub unsafe fn release(pool: *mut Pool) {
    let Some(pool) = NonNull::new(pool) else { return };
    // SAFETY: by contract it is ours alone. So no lock is taken: in the child of a fork it may be held
    // by a thread that does not exist there.
    unsafe {
        let pool = Box::from_raw(pool.as_ptr());
        let end_shelf = |shelf: &Shelf| {
            for &value in &(&*shelf.values.as_ptr())[..shelf.len.load(Relaxed)] {
                pool.end(value);
            }
        };
        for shard in &pool.shards[..pool.n_shards.load(Acquire)] {
            let shard = shard.load(Relaxed);
            if !shard.is_null() {
                let shard = Box::from_raw(shard);
                if !shard.own.get().is_null() {
                    pool.end(shard.own.get());
                }
                end_shelf(&shard.shelf);
            }
        }
        end_shelf(&pool.outside);
    }
}
