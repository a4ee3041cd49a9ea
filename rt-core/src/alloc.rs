//! The allocator, and allocation that reports failure instead of ending the process.

use crate::sanitizer::{self, ignored};
use crate::sched::current;
use crate::sys::memory;
use core::ptr::NonNull;
use std::alloc::{GlobalAlloc, Layout, System, alloc};
use std::sync::atomic::{AtomicUsize, Ordering::*};

/// The system's allocator, in larger steps. What the runtime allocates and frees is its own affair: the
/// thread sanitizer sees none of what orders the two.
struct Allocator;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

// SAFETY: every call is the system allocator's.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ignored(|| {
            make_room(layout.size());
            // SAFETY: the caller's contract, as below.
            unsafe { System.alloc(layout) }
        })
    }

    #[inline]
    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        // SAFETY: as above.
        ignored(|| unsafe { System.dealloc(p, layout) })
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        ignored(|| unsafe { System.alloc_zeroed(layout) })
    }

    #[inline]
    unsafe fn realloc(&self, p: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        ignored(|| unsafe { System.realloc(p, layout, size) })
    }
}

/// What malloc takes for itself with each block, and for its alignment.
const HEADER: usize = 16;
/// Below what malloc maps by itself.
const ROOM: u32 = 120 << 10;

/// glibc lets the heap of a thread that is not the first grow by a page at a time, with a system call for each: a
/// third of the time that masses of small objects take, and has a page fault for each. So after as many bytes as
/// that, room for many pages is taken, filled with memory if the heap has grown, and given back.
#[inline(always)]
fn make_room(size: usize) {
    if cfg!(target_env = "gnu") && current::note_allocated(size + HEADER) >= ROOM {
        make_room_now();
    }
}

#[cold]
#[inline(never)]
fn make_room_now() {
    current::forget_allocated();
    if sanitizer::any() {
        return; // which has an allocator of its own
    }
    // SAFETY: what is freed is null or was just had. Hidden from the compiler, which would leave out both.
    unsafe {
        let room = core::hint::black_box(libc::malloc(ROOM as usize));
        if !room.is_null() && !current::had_room_at(room.addr()) {
            memory::populate_fresh(room.cast(), ROOM as usize);
        }
        libc::free(room);
    }
}

/// A counted pointer, as [`std::sync::Arc`], whose making may fail.
pub(crate) struct Counted<T>(NonNull<Shared<T>>);

struct Shared<T> {
    references: AtomicUsize,
    value: T,
}

// SAFETY: as for Arc.
unsafe impl<T: Send + Sync> Send for Counted<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Counted<T> {}

impl<T> Counted<T> {
    /// `None`: no memory.
    pub(crate) fn new(value: T) -> Option<Counted<T>> {
        try_box(Shared { references: AtomicUsize::new(1), value }).map(Counted)
    }

    pub(crate) fn is(&self, other: &Counted<T>) -> bool {
        self.0 == other.0
    }

    pub(crate) fn as_ptr(&self) -> *const T {
        // SAFETY: a reference keeps it alive.
        unsafe { &raw const (*self.0.as_ptr()).value }
    }

    /// The reference as a plain pointer; [`Counted::from_raw`] undoes it.
    pub(crate) fn into_raw(self) -> *const T {
        core::mem::ManuallyDrop::new(self).as_ptr()
    }

    /// # Safety
    /// `value` came from [`Counted::into_raw`], and is used up.
    pub(crate) unsafe fn from_raw(value: *const T) -> Counted<T> {
        // SAFETY: by contract it is the value of such a block.
        unsafe {
            let block = value.byte_sub(core::mem::offset_of!(Shared<T>, value)).cast_mut().cast();
            Counted(NonNull::new_unchecked(block))
        }
    }
}

impl<T> core::ops::Deref for Counted<T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: a reference keeps it alive.
        unsafe { &self.0.as_ref().value }
    }
}

impl<T> Clone for Counted<T> {
    fn clone(&self) -> Counted<T> {
        // SAFETY: as above.
        unsafe { self.0.as_ref() }.references.fetch_add(1, Relaxed);
        Counted(self.0)
    }
}

impl<T> Drop for Counted<T> {
    fn drop(&mut self) {
        // SAFETY: as above; the last reference owns it.
        unsafe {
            if self.0.as_ref().references.fetch_sub(1, AcqRel) == 1 {
                drop(Box::from_raw(self.0.as_ptr()));
            }
        }
    }
}

/// Memory for a `T`, to be freed by `Box::from_raw`. `None`: there is none.
pub(crate) fn try_box<T>(value: T) -> Option<NonNull<T>> {
    let p = try_place()?;
    // SAFETY: memory of our own, for a `T`.
    unsafe { p.write(value) };
    Some(p)
}

/// As [`try_box`], for a value that has yet to be written: one that knows its own address.
pub(crate) fn try_place<T>() -> Option<NonNull<T>> {
    const { assert!(size_of::<T>() != 0) };
    // SAFETY: the layout is not empty.
    NonNull::new(unsafe { alloc(Layout::new::<T>()) }.cast())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_reference_drops_the_value() {
        let value = std::sync::Arc::new(());
        let first = Counted::new(value.clone()).expect("there is memory");
        let raw = first.clone().into_raw();
        assert_eq!(raw, first.as_ptr());
        drop(first);
        assert_eq!(std::sync::Arc::strong_count(&value), 2);
        // SAFETY: from `into_raw`.
        drop(unsafe { Counted::from_raw(raw) });
        assert_eq!(std::sync::Arc::strong_count(&value), 1);
    }
}
