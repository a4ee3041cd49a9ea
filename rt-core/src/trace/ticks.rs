//! The clock of a trace: the CPU's counter where it runs evenly, else the monotonic clock; and what its
//! ticks are in nanoseconds, which is measured while the trace runs.

use crate::sys::clock;
use std::sync::atomic::{AtomicBool, Ordering::*};

/// Ticks are kept without these bits, and with 48 of the others: that lasts for days.
const SHIFT: u32 = 3;
const KEPT: u64 = (1 << 48) - 1;

static COUNTER: AtomicBool = AtomicBool::new(false);

/// Find out what clock there is. Before the first [`now`].
pub(super) fn init() {
    COUNTER.store(counter_is_even(), Relaxed);
}

#[cfg(target_arch = "x86_64")]
fn counter_is_even() -> bool {
    use core::arch::x86_64::__cpuid;
    __cpuid(0x8000_0000).eax >= 0x8000_0007 && __cpuid(0x8000_0007).edx & 1 << 8 != 0
}

#[cfg(not(target_arch = "x86_64"))]
fn counter_is_even() -> bool {
    false
}

/// Never 0, which stands for no time.
#[inline]
pub(super) fn now() -> u64 {
    ((raw() >> SHIFT) & KEPT).max(1)
}

#[inline]
fn raw() -> u64 {
    #[cfg(target_arch = "x86_64")]
    if COUNTER.load(Relaxed) {
        // SAFETY: every x86-64 has the counter, and no kernel of ours forbids it.
        return unsafe { core::arch::x86_64::_rdtsc() };
    }
    clock::now() as u64
}

/// Both clocks at one moment.
#[derive(Clone, Copy)]
pub(super) struct Anchor {
    ticks: u64,
    ns: i64,
}

impl Anchor {
    pub(super) fn now() -> Anchor {
        Anchor { ticks: now(), ns: clock::now() }
    }

    pub(super) fn ns(&self) -> i64 {
        self.ns
    }
}

/// What ticks mean between two anchors, and near them.
pub(super) struct Scale {
    to: Anchor,
    ns_per_tick: f64,
}

impl Scale {
    pub(super) fn between(from: Anchor, to: Anchor) -> Scale {
        let ticks = to.ticks.wrapping_sub(from.ticks) & KEPT;
        let ns_per_tick = if ticks == 0 { 0.0 } else { (to.ns - from.ns) as f64 / ticks as f64 };
        Scale { to, ns_per_tick }
    }

    /// On the monotonic clock.
    pub(super) fn ns(&self, ticks: u64) -> i64 {
        // The event lies before the anchor or a little after it: the nearer of both, as ticks wrap.
        let before = (self.to.ticks.wrapping_sub(ticks) & KEPT) as i64;
        let before = if before as u64 > KEPT / 2 { before - KEPT as i64 - 1 } else { before };
        self.to.ns - (before as f64 * self.ns_per_tick) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_scaled_and_wrap() {
        let (from, to) = (Anchor { ticks: KEPT - 99, ns: 1000 }, Anchor { ticks: 100, ns: 1400 });
        let scale = Scale::between(from, to);
        assert_eq!(scale.ns(KEPT - 99), 1000);
        assert_eq!(scale.ns(0), 1200);
        assert_eq!(scale.ns(100), 1400);
        assert_eq!(scale.ns(150), 1500);
    }
}
