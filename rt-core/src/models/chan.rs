//! Looking at several channels without their locks, in the code itself: `chan::select` against what senders and
//! receivers do under the locks. Only for what two movers do at once the protocol is stated again, as `Stated`:
//! there one has to come to its change after the other's, with its lock taken before.
//!
//! And who frees a channel that is waited for: the last of its references, or the last that leaves it.

use super::check;
use super::watched::{Fault, break_atomics};
use super::world::spinning::RawLock;
use crate::chan::{self, Case, Chan, OP_RECV};
use crate::error::Kind;
use crate::facade::{AtomicU32, AtomicUsize, Ordering::*, fence};
use crate::sched::caller::Caller;
use crate::waiter::{Completion, Wait, Waiter};
use core::ffi::c_void;
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
        assert!(!matches!(found, Err(e) if e.kind() == Kind::WouldBlock), "one of the two was ready all the time");
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

/// The waits of a select, in one channel whose end is counted: it has an element that knows where.
struct Waits {
    chan: *mut Chan,
    completion: Completion,
    waiters: [Waiter; 2],
    ends: AtomicUsize,
}

// SAFETY: the waiters are used under the channel's lock, or before and after all threads.
unsafe impl Sync for Waits {}
// SAFETY: as above.
unsafe impl Send for Waits {}

unsafe extern "C-unwind" fn count_end(elem: *mut c_void) {
    // SAFETY: `Waits::new` has put a pointer there, to what lives longer than its channel.
    unsafe { (**elem.cast::<*const AtomicUsize>()).fetch_add(1, Relaxed) };
}

impl Waits {
    /// So many of them have begun.
    fn new(n: usize) -> Arc<Waits> {
        let waits = Arc::new_cyclic(|own: &std::sync::Weak<Waits>| {
            let completion = Completion::new(&Caller::enter(), 3, &Wait::Forever);
            // SAFETY: the pointer is not followed before the value is there.
            let waiters = [0, 1].map(|i| Waiter::new(unsafe { &(*own.as_ptr()).completion }, i, ptr::null_mut()));
            let chan = chan::new_with_drop(size_of::<*const AtomicUsize>(), 1, Some(count_end)).unwrap().as_ptr();
            Waits { chan, completion, waiters, ends: AtomicUsize::new(0) }
        });
        let ends: *const AtomicUsize = &raw const waits.ends;
        // SAFETY: the channel is new, and the waiters stay where they are.
        unsafe {
            chan::send(waits.chan, (&raw const ends).cast(), Wait::Try).unwrap();
            waits.waiters[..n].iter().for_each(|w| assert!(Chan::wait_for_close(waits.chan, w)));
        }
        waits
    }

    /// As a select that was woken through another channel.
    fn leave(&self, i: usize) {
        // SAFETY: begun in `new`.
        unsafe { (*self.chan).leave(&self.waiters[i], OP_RECV) };
    }

    fn release(&self) {
        // SAFETY: the only reference.
        unsafe { chan::release(self.chan) };
    }
}

/// One thread, or two, leave while the last reference goes, and before that the channel is closed or not.
fn leave_and_release(waits: usize, closed: bool) {
    check(3, move || {
        let all = Waits::new(waits);
        all.completion.claim(2);
        let leavers: Vec<_> = (1..waits)
            .map(|i| {
                let waits = all.clone();
                thread::spawn(move || waits.leave(i))
            })
            .collect();
        let releaser = all.clone();
        let releaser = thread::spawn(move || {
            if closed {
                // SAFETY: the reference is still there.
                unsafe { chan::close(releaser.chan).unwrap() };
            }
            releaser.release();
        });
        all.leave(0);
        releaser.join().unwrap();
        leavers.into_iter().for_each(|leaver| leaver.join().unwrap());
        assert_eq!(all.ends.load(Relaxed), 1, "the channel has ended once");
    });
}

#[test]
fn loom_chan_leave_and_release() {
    leave_and_release(1, false);
}

/// Who closes comes upon waits that have ended, and takes them out: those still keep the channel.
#[test]
fn loom_chan_leave_after_being_passed_over() {
    leave_and_release(1, true);
}

#[test]
fn loom_chan_two_leave_and_release() {
    leave_and_release(2, false);
}

#[test]
fn loom_chan_two_leave_after_being_passed_over() {
    leave_and_release(2, true);
}

/// Who sees that nobody waits must see the lock of the last who left.
#[test]
#[should_panic]
fn loom_chan_broken_without_order_of_leaving_is_found() {
    break_atomics(Fault::Relaxed);
    leave_and_release(1, false);
}
