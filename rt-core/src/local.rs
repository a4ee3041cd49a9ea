//! Goroutine-local storage: values under keys, one set for each goroutine and each plain thread.
//!
//! A key is an index and the count of its uses, so that a value under a deleted key is never seen
//! under the next one of its index. A goroutine's values end on its own stack, after its deferred
//! calls; a plain thread's when it ends. A shutdown forgets those of plain threads, because nothing of
//! the library may be called after it.

use crate::error::{Error, Kind, Result};
use crate::lock::SpinLock;
use crate::sched::g::HAS_LOCALS;
use crate::sched::{Entry, current};
use core::ffi::c_void;
use core::ptr;
use std::alloc::{Layout, alloc_zeroed, dealloc};

/// Keys that may exist at a time.
pub const MAX_KEYS: usize = 256;
/// Destructors may set values again; so often they are called again.
const ROUNDS: usize = 4;

#[derive(Clone, Copy)]
struct Slot {
    /// Odd: in use.
    uses: u32,
    destructor: Option<Entry>,
}

static KEYS: SpinLock<[Slot; MAX_KEYS]> = SpinLock::new([Slot { uses: 0, destructor: None }; MAX_KEYS]);
static THREADS: SpinLock<Threads> = SpinLock::new(Threads { key: None, first: ptr::null_mut() });

/// The values of plain threads.
struct Threads {
    /// Holds a thread's set, and ends it.
    key: Option<libc::pthread_key_t>,
    /// The sets of all threads that have not ended. One store changes the list: it is whole when a fork comes between.
    first: *mut Values,
}

// SAFETY: a set is its thread's; of others' only the memory is freed, once no thread finds them any more.
unsafe impl Send for Threads {}

/// The values of one goroutine or thread; all zero has none.
pub(crate) struct Values {
    of: [(u32, *mut c_void); MAX_KEYS],
    /// Of a thread: the next one's.
    next: *mut Values,
}

fn parts(key: u64) -> (usize, u32) {
    ((key & 0xffff_ffff) as usize, (key >> 32) as u32)
}

fn is_valid(key: u64) -> bool {
    let (index, uses) = parts(key);
    index < MAX_KEYS && uses % 2 == 1 && KEYS.lock()[index].uses == uses
}

/// A new key, never 0; each value that is not null is given to `destructor` in the end.
pub fn create(destructor: Option<Entry>) -> Result<u64> {
    current::touch();
    let mut keys = KEYS.lock();
    let index = keys.iter().position(|slot| slot.uses % 2 == 0);
    let index = index.ok_or(Error::new(Kind::NoMemory, c"there are too many keys of goroutine-local storage"))?;
    let uses = keys[index].uses.wrapping_add(1);
    keys[index] = Slot { uses, destructor };
    Ok(u64::from(uses) << 32 | index as u64)
}

/// Delete the key; the values under it are forgotten, their destructors not called.
pub fn delete(key: u64) -> Result {
    current::touch();
    let (index, uses) = parts(key);
    let mut keys = KEYS.lock();
    match keys.get_mut(index) {
        Some(slot) if slot.uses == uses && uses % 2 == 1 => {
            *slot = Slot { uses: uses.wrapping_add(1), destructor: None };
            Ok(())
        }
        _ => Err(NO_KEY),
    }
}

const NO_KEY: Error = Error::new(Kind::Invalid, c"there is no such key of goroutine-local storage");

/// The caller's values; null: it has set none.
fn values() -> *mut Values {
    // SAFETY: the running goroutine's own field; the key is valid while it is in `THREADS`.
    unsafe {
        match current::g().as_ref() {
            Some(g) => g.cold().locals.get(),
            None => THREADS.lock().key.map_or(ptr::null_mut(), |key| libc::pthread_getspecific(key).cast()),
        }
    }
}

/// The caller's value under the key; null: it has set none, or there is no such key.
pub fn get(key: u64) -> *mut c_void {
    current::touch();
    let (index, uses) = parts(key);
    // SAFETY: the caller's own; whoever deletes a key changes its uses.
    match unsafe { values().as_ref() } {
        Some(values) if index < MAX_KEYS && values.of[index].0 == uses && is_valid(key) => values.of[index].1,
        _ => ptr::null_mut(),
    }
}

/// Set the caller's value under the key.
pub fn set(key: u64, value: *mut c_void) -> Result {
    current::touch();
    if !is_valid(key) {
        return Err(NO_KEY);
    }
    let mut own = values();
    if own.is_null() {
        // SAFETY: all zero is a set of no values; the fields are the caller's own.
        unsafe {
            own = alloc_zeroed(Layout::new::<Values>()).cast();
            if own.is_null() {
                return Err(Error::NO_MEMORY);
            }
            match current::g().as_ref() {
                Some(g) => {
                    g.cold().locals.set(own);
                    g.note_seldom(HAS_LOCALS);
                }
                None => {
                    if let Err(error) = keep_for_thread(own) {
                        dealloc(own.cast(), Layout::new::<Values>());
                        return Err(error);
                    }
                }
            }
        }
    }
    let (index, uses) = parts(key);
    // SAFETY: the caller's own.
    unsafe { (*own).of[index] = (uses, value) };
    Ok(())
}

fn keep_for_thread(values: *mut Values) -> Result {
    let mut threads = THREADS.lock();
    // SAFETY: the destructor is sound for what is set here.
    unsafe {
        if threads.key.is_none() {
            let mut new = 0;
            if libc::pthread_key_create(&mut new, Some(thread_ends)) != 0 {
                return Err(Error::NO_MEMORY);
            }
            threads.key = Some(new);
        }
        match threads.key {
            Some(key) if libc::pthread_setspecific(key, values.cast()) == 0 => {
                (*values).next = threads.first;
                threads.first = values;
                Ok(())
            }
            _ => Err(Error::NO_MEMORY),
        }
    }
}

unsafe extern "C" fn thread_ends(values: *mut c_void) {
    let values = values.cast();
    // SAFETY: the thread's own, which it has no more; what destructors set anew comes here again.
    unsafe {
        if take_out(values) {
            end(values);
        }
    }
}

/// False: it is freed already, by a shutdown that was faster.
unsafe fn take_out(values: *mut Values) -> bool {
    let mut threads = THREADS.lock();
    let mut link = &raw mut threads.first;
    // SAFETY: sets are freed once they are out of the list, which the lock keeps as it is.
    unsafe {
        while !(*link).is_null() {
            if *link == values {
                *link = (*values).next;
                return true;
            }
            link = &raw mut (**link).next;
        }
    }
    false
}

/// End a goroutine's values. On its own stack, outside the boundary.
pub(crate) unsafe fn goroutine_ends(g: &crate::sched::g::G) {
    for _ in 0..ROUNDS {
        let values = g.cold().locals.replace(ptr::null_mut());
        if values.is_null() {
            return;
        }
        // SAFETY: it was the goroutine's own. Destructors that set values make a new set.
        unsafe { end(values) };
    }
    let left = g.cold().locals.replace(ptr::null_mut());
    if !left.is_null() {
        // SAFETY: as above.
        unsafe { dealloc(left.cast(), Layout::new::<Values>()) };
    }
}

unsafe fn end(values: *mut Values) {
    // SAFETY: nobody else has the set; the program gave the destructors for such values.
    unsafe {
        for index in 0..MAX_KEYS {
            let (uses, value) = (*values).of[index];
            let Slot { uses: now, destructor } = KEYS.lock()[index];
            if let Some(destructor) = destructor
                && uses == now
                && !value.is_null()
            {
                destructor(value);
            }
        }
        dealloc(values.cast(), Layout::new::<Values>());
    }
}

/// The library may be unloaded: no thread's end may come here any more. Values are forgotten.
pub(crate) fn forget_threads() {
    let mut threads = THREADS.lock();
    if let Some(key) = threads.key.take() {
        // SAFETY: made by `keep_for_thread`.
        unsafe { libc::pthread_key_delete(key) };
    }
    while !threads.first.is_null() {
        let set = threads.first;
        // SAFETY: made by `set`, and without the key no thread has it.
        unsafe {
            threads.first = (*set).next;
            dealloc(set.cast(), Layout::new::<Values>());
        }
    }
}

/// In the child of fork(2) the locks may be held by threads that are not here.
pub(crate) fn reset_after_fork() {
    // SAFETY: nobody else is here.
    unsafe {
        KEYS.raw().unlock();
        THREADS.raw().unlock();
    }
}
