//! The monotonic clock, in nanoseconds.

/// Nanoseconds of `CLOCK_MONOTONIC`.
#[inline]
pub fn now() -> i64 {
    let mut ts = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `ts` is valid for writing; CLOCK_MONOTONIC always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut ts) };
    ts.tv_sec * 1_000_000_000 + ts.tv_nsec
}

/// The absolute time `d` nanoseconds from now, saturating.
pub(crate) fn deadline(d: i64) -> i64 {
    now().saturating_add(d.max(0))
}

pub(crate) fn timespec(ns: i64) -> libc::timespec {
    let ns = ns.max(0);
    libc::timespec { tv_sec: ns / 1_000_000_000, tv_nsec: ns % 1_000_000_000 }
}
