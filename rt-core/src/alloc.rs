//! The allocator, and allocation that reports failure instead of ending the process.

use crate::sanitizer::ignored;
use core::ptr::NonNull;
use std::alloc::{GlobalAlloc, Layout, System, alloc};

/// The system's allocator. What the runtime allocates and frees is its own affair: the thread sanitizer
/// sees none of what orders the two.
struct Allocator;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

// SAFETY: every call is the system allocator's.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract, as below.
        ignored(|| unsafe { System.alloc(layout) })
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

/// Memory for a `T`, to be freed by `Box::from_raw`. `None`: there is none.
pub(crate) fn try_box<T>(value: T) -> Option<NonNull<T>> {
    const { assert!(size_of::<T>() != 0) };
    // SAFETY: the layout is not empty; written before anybody reads.
    unsafe {
        let p = NonNull::new(alloc(Layout::new::<T>()).cast::<T>())?;
        p.write(value);
        Some(p)
    }
}
