//! Looking at several channels without their locks: `Chan::{change, settled_version}` in `chan` and
//! `not_ready_at_once` in `chan::select`, against `try_send_locked` and `try_recv_locked`.

use super::check;
use crate::lock::RawLock;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering, Ordering::*, fence};
use loom::thread;

/// A channel with room for one element, that may hold one.
struct Chan {
    lock: RawLock,
    version: AtomicU32,
    count: AtomicU32,
    /// How the version is stored.
    order: Ordering,
}

impl Chan {
    fn holding(count: u32, order: Ordering) -> Chan {
        Chan { lock: RawLock::new(), version: AtomicU32::new(0), count: AtomicU32::new(count), order }
    }

    fn change(&self) {
        self.version.store(self.version.load(Relaxed).wrapping_add(1), self.order);
        fence(Release);
    }

    /// Send (1) or receive (0).
    fn set(&self, count: u32) {
        self.lock.lock();
        self.change();
        self.count.store(count, Release);
        // SAFETY: locked above.
        unsafe { self.lock.unlock() };
    }

    fn settled_version(&self) -> Option<u32> {
        (!self.lock.is_locked()).then(|| self.version.load(Acquire))
    }

    fn can_recv(&self) -> bool {
        self.count.load(Acquire) != 0
    }
}

fn not_ready_at_once(chans: [&Chan; 2]) -> bool {
    let sum = || chans.iter().try_fold(0u32, |sum, c| Some(sum.wrapping_add(c.settled_version()?)));
    let Some(before) = sum() else { return false };
    let ready = chans.iter().any(|c| c.can_recv());
    fence(Acquire);
    !ready && sum() == Some(before)
}

/// One element wanders to and fro, so that one of the two can always be received from.
fn wandering_element_is_seen(steps: usize, first: usize, order: Ordering, look: fn([&Chan; 2]) -> bool) {
    check(3, move || {
        let chans = Arc::new([Chan::holding(1, order), Chan::holding(0, order)]);
        let moved = chans.clone();
        let mover = thread::spawn(move || {
            for step in 0..steps {
                moved[(step + 1) % 2].set(1);
                moved[step % 2].set(0);
            }
        });
        assert!(!look([&chans[first], &chans[1 - first]]), "one of the two was ready all the time");
        mover.join().unwrap();
    });
}

#[test]
fn loom_chan_versions_ready_one_first() {
    wandering_element_is_seen(1, 0, Release, not_ready_at_once);
}

#[test]
fn loom_chan_versions_empty_one_first() {
    wandering_element_is_seen(1, 1, Release, not_ready_at_once);
}

#[test]
fn loom_chan_versions_to_and_fro() {
    wandering_element_is_seen(2, 0, Release, not_ready_at_once);
}

/// Who looks at one after the other only may see neither.
#[test]
#[should_panic(expected = "ready all the time")]
fn loom_chan_broken_without_versions_is_found() {
    wandering_element_is_seen(1, 1, Release, |chans| !chans.iter().any(|c| c.can_recv()));
}

/// A version stored without release may be seen before what the mover did to the other channel, even
/// before the lock that it holds: twice the same, with a change between that goes unnoticed.
#[test]
#[should_panic(expected = "ready all the time")]
fn loom_chan_broken_relaxed_version_is_found() {
    wandering_element_is_seen(1, 1, Relaxed, not_ready_at_once);
}
