//! The switch between an M's own stack and the stack of the goroutine it runs.
//!
//! A [`Context`] is where a goroutine goes on. The M calls `resume` and gets back, when the
//! goroutine leaves, what it left for; the goroutine calls `suspend` and gets back the M that
//! resumed it, which may be another than before. A goroutine that is over is never resumed: what
//! lies on its stack is abandoned, and `end` makes the context fit for the next one.
//!
//! x86-64 has a switch of its own, of a dozen instructions that are part of the function that
//! suspends ([`x86_64`] says why that matters); all other processors use corosensei.

#[cfg(all(target_arch = "x86_64", not(gort_portable_switch)))]
#[path = "x86_64.rs"]
mod imp;
#[cfg(not(all(target_arch = "x86_64", not(gort_portable_switch))))]
#[path = "portable.rs"]
mod imp;

pub(crate) use imp::{Context, Home, SAVED_REGISTERS};

/// What a goroutine tells its M when it switches away.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Leave {
    /// Parked: somebody will call `ready`. The M first does what `after_switch` says.
    Park,
    /// Goes to the tail of the local run queue.
    Yield,
    /// Has no P and wants one, or has had one too long: goes to the global queue.
    WantP,
    /// Over; the stack holds nothing that matters.
    Exit,
}
