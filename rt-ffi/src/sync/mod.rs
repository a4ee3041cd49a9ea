//! Section "sync" of the header: structs in the caller's memory, all-zero when ready, and a few handles.

use crate::boundary::invalid;
use core::ffi::c_void;

mod cond;
mod flight;
pub(crate) mod group;
mod map;
mod mutex;
mod once;
mod pool;
mod rwmutex;
mod sem;
pub(crate) mod waitgroup;

/// A sync object that is NULL where that can be said.
pub(crate) const NO_OBJECT: rt_core::Error = invalid(c"the sync object is NULL");

/// A key.
unsafe fn bytes<'a>(key: *const c_void, size: usize) -> rt_core::Result<&'a [u8]> {
    if size == 0 {
        return Ok(&[]);
    }
    if key.is_null() || size > isize::MAX as usize {
        return Err(invalid(c"the key is NULL, or larger than memory"));
    }
    // SAFETY: the program gives size readable bytes.
    Ok(unsafe { core::slice::from_raw_parts(key.cast(), size) })
}
