//! Allocation that reports failure instead of ending the process.

use core::ptr::NonNull;
use std::alloc::{Layout, alloc};

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
