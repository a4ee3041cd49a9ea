//! Flight: of calls with the same key at the same time one is made, as golang.org/x/sync/singleflight.
//!
//! A call in flight is a record in the frame of who makes it, its *leader*, and all such records are in
//! one table, hashed by flight and key. The others wait in the record, and the leader hands each of
//! them the value. So a flight is an address only: zeroed memory that needs no destroy.

use super::pool::ValueFunc;
use super::table::finish_all;
use crate::error::{Error, Kind, Result};
use crate::lock::SpinLock;
use crate::sanitizer::{ignored, race};
use crate::sched::caller::Caller;
use crate::sched::{WaitReason, lifecycle, spawn};
use crate::waiter::{Completion, Wait, WaitQueue, Waiter, block};
use core::cell::Cell;
use core::ffi::c_void;
use core::hash::{Hash, Hasher};
use core::ptr;
use std::hash::DefaultHasher;
use std::sync::atomic::AtomicU64;

const BUCKETS: usize = 256;

/// Joins calls with the same key. All-zero bytes are ready to use.
#[repr(C)]
pub struct Flight {
    opaque: AtomicU64,
}

/// A call under way. All of it is under the lock of its bucket, except what never changes.
struct Call {
    flight: *const Flight,
    hash: u64,
    /// The leader's, which is in the call.
    key: *const [u8],
    /// The process it belongs to; see `lifecycle::forks`.
    process: u32,
    /// In the list of its bucket: calls with its key join it.
    listed: Cell<bool>,
    next: Cell<*const Call>,
    waiters: Cell<WaitQueue>,
    shared: Cell<bool>,
}

#[repr(align(64))]
struct Bucket(SpinLock<List>);

/// The first call in it.
struct List(*const Call);

// SAFETY: used under the bucket's lock; the calls live until they are out of it.
unsafe impl Send for List {}

static TABLE: [Bucket; BUCKETS] = [const { Bucket(SpinLock::new(List(ptr::null()))) }; BUCKETS];

fn bucket(hash: u64) -> &'static SpinLock<List> {
    &TABLE[hash as usize % BUCKETS].0
}

/// In the child of fork(2) nobody makes the calls that were in flight.
pub(super) fn reset_after_fork() {
    for Bucket(bucket) in &TABLE {
        // SAFETY: no other thread exists; whoever held it is gone.
        unsafe { bucket.raw().unlock() };
        *bucket.lock() = List(ptr::null());
    }
}

impl List {
    fn find(&self, flight: *const Flight, hash: u64, key: &[u8]) -> Option<&Call> {
        let mut next = self.0;
        loop {
            // SAFETY: calls in the list are alive, and so are their keys.
            unsafe {
                let call = next.as_ref()?;
                if call.hash == hash && call.flight == flight && ignored(|| *call.key == *key) {
                    return Some(call);
                }
                next = call.next.get();
            }
        }
    }

    fn push(&mut self, call: &Call) {
        call.next.set(self.0);
        call.listed.set(true);
        self.0 = call;
    }

    fn remove(&mut self, call: &Call) {
        if !call.listed.replace(false) {
            return;
        }
        let mut link: *mut *const Call = &mut self.0;
        // SAFETY: as in `find`; the call is in the list.
        unsafe {
            while !ptr::eq(*link, call) {
                link = (**link).next.as_ptr();
            }
            *link = call.next.get();
        }
    }
}

impl Flight {
    /// The value of `make(arg)`, or of a call with the same key that is under way; and whether others
    /// got the same one.
    ///
    /// # Safety
    /// `make(arg)` is sound here; `key` stays as it is until this returns.
    pub unsafe fn call(&self, key: &[u8], make: ValueFunc, arg: *mut c_void) -> Result<(*mut c_void, bool)> {
        let hash = self.hash(key);
        let mut caller = Caller::enter();
        let bucket = bucket(hash);
        let call = Call {
            flight: self,
            hash,
            key,
            process: lifecycle::forks(),
            listed: Cell::new(false),
            next: Cell::new(ptr::null()),
            waiters: Cell::new(WaitQueue::new()),
            shared: Cell::new(false),
        };
        // SAFETY: the bucket is locked, and unlocked once the stack is left or right here. The record
        // stays in this frame until `complete` has taken it out and woken all that wait in it.
        unsafe {
            bucket.raw().lock();
            let list = &mut *bucket.as_ptr();
            if let Some(call) = list.find(self, hash, key) {
                return wait_for(call, bucket, &mut caller);
            }
            list.push(&call);
            bucket.raw().unlock();
            drop(caller);
            let record = ptr::from_ref(&call).cast_mut().cast::<c_void>();
            // On a goroutine the end of it is an end of the call too.
            let deferred = spawn::defer(exited, record);
            if let Err(error) = deferred.as_ref()
                && error.kind() == Kind::NoMemory
            {
                complete(&call, Err(*error));
                return Err(*error);
            }
            let value = make(arg);
            if deferred.is_ok() {
                spawn::undefer(exited, record);
            }
            Ok((value, complete(&call, Ok(value))))
        }
    }

    /// Let the next call with `key` be made even if one is under way.
    pub fn forget(&self, key: &[u8]) {
        crate::sched::current::touch();
        let hash = self.hash(key);
        let mut list = bucket(hash).lock();
        let call = list.find(self, hash, key).map(ptr::from_ref);
        // SAFETY: as in `List::find`.
        if let Some(call) = call.and_then(|call| unsafe { call.as_ref() }) {
            list.remove(call);
        }
    }

    fn hash(&self, key: &[u8]) -> u64 {
        let mut hasher = DefaultHasher::new();
        (ptr::from_ref(self).addr(), key).hash(&mut hasher);
        hasher.finish()
    }
}

/// What the leader fills in for one who waits.
struct Outcome(Result<*mut c_void>);

/// Wait for the value of `call`. With the bucket locked; without that afterwards.
unsafe fn wait_for(call: &Call, bucket: &SpinLock<List>, caller: &mut Caller) -> Result<(*mut c_void, bool)> {
    let mut outcome = Outcome(Err(Error::NO_MEMORY));
    call.shared.set(true);
    let completion = Completion::new(caller, 1, &Wait::Forever);
    let waiter = Waiter::new(&completion, 0, (&raw mut outcome).cast());
    // SAFETY: locked; the leader takes the waiter out before it finishes the wait.
    unsafe {
        let mut waiters = call.waiters.replace(WaitQueue::new());
        waiters.push(&waiter);
        call.waiters.set(waiters);
        let bucket = ptr::from_ref(bucket).cast_mut().cast();
        block(caller, &completion, WaitReason::Flight, &Wait::Forever, unlock, bucket);
        race::acquire(&raw const outcome);
    }
    outcome.0.map(|value| (value, true))
}

unsafe fn unlock(bucket: *mut ()) {
    // SAFETY: `wait_for` holds it and leaves it to us.
    unsafe { (*bucket.cast::<SpinLock<List>>()).raw().unlock() }
}

/// The call is over: hand its value to all that wait; whether anybody did.
fn complete(call: &Call, value: Result<*mut c_void>) -> bool {
    if call.process != lifecycle::forks() {
        return false; // who waited does not exist in this process
    }
    let caller = Caller::enter();
    let mut list = bucket(call.hash).lock();
    list.remove(call);
    let mut waiters = call.waiters.replace(WaitQueue::new());
    let (mut first, mut last) = (ptr::null(), ptr::null::<Waiter>());
    while let Some(w) = waiters.pop() {
        w.link(ptr::null());
        // SAFETY: a waiter and its outcome live until it is finished.
        unsafe {
            race::release(w.elem);
            w.elem.cast::<Outcome>().write(Outcome(value));
            match last.as_ref() {
                Some(last) => last.link(w),
                None => first = w,
            }
        }
        last = w;
    }
    let shared = call.shared.get();
    drop(list);
    finish_all(first, &caller);
    shared
}

/// The leader has ended its goroutine within the call.
unsafe extern "C-unwind" fn exited(call: *mut c_void) {
    let error = Error::new(Kind::Canceled, c"the goroutine that made the call has ended in it");
    // SAFETY: the frame is there until the goroutine is over.
    complete(unsafe { &*call.cast::<Call>() }, Err(error));
}
