//! Channel operations for those who may not block: event loops, other languages, Rust's wakers.
//!
//! [`start`] begins an operation on one of several channels and returns. Its end is either a call of a
//! function ([`To::Call`]) or an entry in a [`Queue`] ([`To::Queue`]), whose descriptor a loop polls.
//! [`cancel`] takes it back; an operation ends exactly once, delivered or canceled.
//!
//! Where a callback runs: on the thread that completes the operation, which may be the one that starts
//! it, before [`start`] returns; on a thread of the runtime when a timer does. No lock is held, but the
//! goroutine that completed it waits for its end and keeps its P: it must be short and not block. It
//! is no goroutine meanwhile, so that a call which blocks all the same blocks the thread and breaks
//! nothing. What a callback completes is delivered after it has returned, so callbacks do not nest.

pub(crate) mod delivery;
pub(crate) mod queue;

pub use crate::chan::pending::{Callback, Pending, To, cancel, release, start};
pub use queue::{Done, MayAct, Queue};
