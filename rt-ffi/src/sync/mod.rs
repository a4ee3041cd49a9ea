//! Section "sync" of the header: structs in the caller's memory, all-zero when ready.

mod cond;
mod group;
mod mutex;
mod once;
mod rwmutex;
mod sem;
mod waitgroup;

/// A sync object that is NULL where that can be said.
pub(crate) const NO_OBJECT: rt_core::Error = crate::boundary::invalid(c"the sync object is NULL");
