//! Looking at several channels without their locks, in the code itself: `chan::select` against what senders and
//! receivers do under the locks. Only for what two movers do at once the protocol is stated again, as `Stated`:
//! there one has to come to its change after the other's, with its lock taken before.

use super::check;
use super::watched::{Fault, break_atomics};
use super::world::spinning::RawLock;
use crate::chan::{self, Case, Chan, OP_RECV};
use crate::error::Kind;
use crate::facade::{AtomicU32, AtomicUsize, Ordering::*, fence};
use crate::waiter::Wait;
use loom::thread;
use std::ptr;
use std::sync::Arc;

/// Two channels with room for one element.
struct Two([*mut Chan; 2]);

// SAFETY: channels are for all threads.
unsafe impl Sync for Two {}
// SAFETY: as above.
unsafe impl Send for Two {}

impl Two {
    /// The first holds an element.
    fn new() -> Arc<Two> {
        let two = Arc::new(Two([(); 2].map(|()| chan::new(0, 1).unwrap().as_ptr())));
        two.send(0);
        two
    }

    fn send(&self, i: usize) {
        // SAFETY: alive as long as this; so below.
        unsafe { chan::send(self.0[i], ptr::null(), Wait::Forever).unwrap() };
    }

    fn recv(&self, i: usize) {
        // SAFETY: as above.
        unsafe { chan::recv(self.0[i], ptr::null_mut(), Wait::Forever).unwrap() };
    }

    fn len(&self, i: usize) -> usize {
        // SAFETY: as above.
        unsafe { chan::len(self.0[i]) }
    }

    /// One of them can be received from all the time.
    fn select_finds_one(&self, first: usize) {
        let case = |i: usize| Case { chan: self.0[i], elem: ptr::null_mut(), op: OP_RECV, status: 0 };
        let mut cases = [case(first), case(1 - first)];
        // SAFETY: as above.
        let found = unsafe { chan::select(cases.as_mut_ptr(), 2, Wait::Try) };
        assert!(!matches!(found, Err(e) if e.kind == Kind::WouldBlock), "one of the two was ready all the time");
    }
}

impl Drop for Two {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: nobody uses them any more.
            self.0.iter().for_each(|&c| unsafe { chan::release(c) });
        }
    }
}

/// One element is in the second before it is gone from the first.
fn moved_element_is_seen(first: usize) {
    check(3, move || {
        let two = Two::new();
        let moved = two.clone();
        let mover = thread::spawn(move || {
            moved.send(1);
            if moved.len(0) != 0 {
                // SAFETY: as in `recv`; the look may have been first.
                let _ = unsafe { chan::recv(moved.0[0], ptr::null_mut(), Wait::Try) };
            }
        });
        two.select_finds_one(first);
        mover.join().unwrap();
    });
}

#[test]
fn loom_chan_ready_one_first() {
    moved_element_is_seen(0);
}

#[test]
fn loom_chan_empty_one_first() {
    moved_element_is_seen(1);
}

/// Who looks at one after the other only may see neither.
#[test]
#[should_panic(expected = "ready all the time")]
fn loom_chan_broken_without_versions_is_found() {
    break_atomics(Fault::Lost32);
    moved_element_is_seen(1);
}

/// `Chan::{change, settled_version, can_recv}` and `select::not_ready_at_once`.
struct Stated {
    lock: RawLock,
    version: AtomicU32,
    count: AtomicUsize,
}

impl Stated {
    fn holding(count: usize) -> Stated {
        Stated { lock: RawLock::new(), version: AtomicU32::new(0), count: AtomicUsize::new(count) }
    }

    /// Under the lock, if `may` says so then: a change of the state to this.
    fn change(&self, count: usize, may: impl FnOnce() -> bool) {
        self.lock.lock();
        self.version.store(self.version.load(Relaxed).wrapping_add(1), Release);
        fence(Release);
        if may() {
            self.count.store(count, Release);
        }
        // SAFETY: locked above.
        unsafe { self.lock.unlock() };
    }

    fn settled_version(&self) -> Option<u32> {
        let version = self.version.load(Acquire);
        (!self.lock.is_locked()).then_some(version)
    }

    fn settled_version_lock_first(&self) -> Option<u32> {
        (!self.lock.is_locked()).then(|| self.version.load(Acquire))
    }
}

/// An element comes into the first channel, and only then the second one's is taken, by somebody else.
fn two_movers(version: fn(&Stated) -> Option<u32>) {
    check(3, move || {
        let chans = Arc::new([Stated::holding(0), Stated::holding(1)]);
        let (sends, receives) = (chans.clone(), chans.clone());
        let sender = thread::spawn(move || sends[0].change(1, || true));
        let receiver = thread::spawn(move || receives[1].change(0, || receives[0].count.load(Acquire) == 1));
        let before = chans.iter().try_fold(0u32, |sum, c| Some(sum.wrapping_add(version(c)?)));
        let ready = chans.iter().any(|c| c.count.load(Acquire) != 0);
        fence(Acquire);
        let after = chans.iter().fold(0u32, |sum, c| sum.wrapping_add(c.version.load(Relaxed)));
        let not_ready_at_once = !ready && before == Some(after);
        assert!(!not_ready_at_once, "one of the two was ready all the time");
        sender.join().unwrap();
        receiver.join().unwrap();
    });
}

#[test]
fn loom_chan_two_movers() {
    two_movers(Stated::settled_version);
}

/// The version of a change under way stays the same when the change is made.
#[test]
#[should_panic(expected = "ready all the time")]
fn loom_chan_broken_lock_before_version_is_found() {
    two_movers(Stated::settled_version_lock_first);
}

/// A version stored without release may be seen before the lock that was taken for it.
#[test]
#[should_panic(expected = "ready all the time")]
fn loom_chan_broken_without_order_is_found() {
    break_atomics(Fault::Relaxed32);
    two_movers(Stated::settled_version);
}
