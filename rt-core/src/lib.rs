//! gort's runtime: goroutines on a G/M/P work-stealing scheduler, channels, select, timers, sync.
//!
//! This crate is the whole runtime and knows nothing of C or Python; `rt-ffi` and the bindings carry
//! it there. Read [`sched`] first: it explains how goroutines are run. Everything that blocks does so
//! through [`waiter`].
//!
//! Functions that take raw pointers are `unsafe`: the pointers must be what the C header says they
//! are (a live channel, room for an element, ...). All others may be called from anywhere: from a
//! goroutine, from any OS thread, before and after everything else.
#![cfg_attr(loom, allow(dead_code, unused_imports))]

#[cfg(not(loom))]
pub mod aio;
#[cfg(not(loom))]
mod alloc;
pub mod chan;
pub mod context;
pub mod error;
mod facade;
#[cfg(not(loom))]
pub mod goroutine;
#[cfg(not(loom))]
pub mod group;
#[cfg(not(loom))]
pub mod hooks;
#[cfg(not(loom))]
pub mod interrupt;
#[cfg(not(loom))]
pub mod limits;
#[cfg(not(loom))]
pub mod local;
#[cfg(not(loom))]
mod lock;
#[cfg(loom)]
mod models;
#[cfg(not(loom))]
pub mod net;
#[cfg(not(loom))]
pub mod runtime;
#[cfg(not(loom))]
pub mod sanitizer;
#[cfg(not(loom))]
mod sched;
#[cfg(not(loom))]
pub mod signal;
#[cfg(not(loom))]
mod stack;
pub mod sync;
#[cfg(not(loom))]
mod sys;
#[cfg(not(loom))]
pub mod time;
#[cfg(not(loom))]
pub mod trace;
mod waiter;

/// What the model checker cannot run.
#[cfg(loom)]
use models::world::{alloc, interrupt, lock, sanitizer, sched, sys, time};

#[cfg(not(loom))]
pub use error::{Error, Kind, Result, last_error};
#[cfg(not(loom))]
pub use sched::Entry;
#[cfg(not(loom))]
pub use sched::current::touch;
#[cfg(not(loom))]
pub use waiter::Wait;
