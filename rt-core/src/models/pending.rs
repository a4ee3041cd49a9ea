//! The end of a pending operation: `start`, `cancel`, `complete` and `unref` in
//! `chan::pending`, with `WaitQueue::pop` of two channels that a sender comes to each.

use super::{Memory, check};
use loom::sync::atomic::{AtomicU32, AtomicUsize, Ordering::*};
use loom::sync::{Arc, Mutex};
use loom::thread;

const CLAIMED: u32 = 1;

/// A select over two channels, of which this has the locks and the places in the queues.
struct Op {
    state: AtomicU32,
    /// The owner's handle, and the end.
    references: AtomicUsize,
    queued: [Mutex<bool>; 2],
    told: AtomicU32,
    /// Where the element goes: the owner's again after a cancel, and when the end is told.
    elem: Memory,
    /// The operation's own memory; written when it is freed.
    frame: Memory,
}

impl Op {
    fn new() -> Arc<Op> {
        Arc::new(Op {
            state: AtomicU32::new(0),
            references: AtomicUsize::new(2),
            queued: [Mutex::new(true), Mutex::new(true)],
            told: AtomicU32::new(0),
            elem: Memory::new(),
            frame: Memory::new(),
        })
    }

    fn claim(&self) -> bool {
        self.frame.read();
        self.state.fetch_or(CLAIMED, AcqRel) & CLAIMED == 0
    }

    fn unref(&self) {
        self.frame.read();
        if self.references.fetch_sub(1, AcqRel) == 1 {
            self.frame.write(1);
        }
    }

    fn leave(&self, channel: usize) {
        let mut queued = self.queued[channel].lock().unwrap();
        if *queued {
            self.frame.read();
            *queued = false;
        }
    }

    /// A sender on this channel; true when it has found the operation waiting.
    fn send(&self, channel: usize) -> bool {
        let popped = {
            let mut queued = self.queued[channel].lock().unwrap();
            let popped = std::mem::replace(&mut *queued, false) && self.claim();
            if popped {
                self.elem.write(1);
            }
            popped
        };
        if popped {
            self.leave(1 - channel);
            self.frame.read();
            self.told.fetch_add(1, AcqRel);
            self.unref();
        }
        popped
    }

    /// `careful`: the waiters are taken out before the operation goes.
    fn cancel(&self, careful: bool) -> bool {
        if !self.claim() {
            return false;
        }
        if careful {
            self.leave(0);
            self.leave(1);
        }
        self.elem.write(2);
        self.unref();
        true
    }
}

fn senders_against_cancel(careful: bool) {
    check(3, move || {
        let op = Op::new();
        let senders = [0, 1].map(|channel| {
            let op = op.clone();
            thread::spawn(move || op.send(channel))
        });
        let canceled = op.cancel(careful);
        op.unref();
        let sent = senders.map(|s| s.join().unwrap());
        let ends = usize::from(sent[0]) + usize::from(sent[1]) + usize::from(canceled);
        assert_eq!(ends, 1, "it ends once");
        assert_eq!(op.told.load(Acquire), u32::from(!canceled));
        assert_eq!(op.elem.read(), if canceled { 2 } else { 1 });
    });
}

#[test]
fn loom_pending_ends_once() {
    senders_against_cancel(true);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn loom_pending_broken_cancel_leaves_waiters_behind() {
    senders_against_cancel(false);
}

/// A cancel that comes too late: the element's place is not written any more once it has been in the
/// channels' locks, though the end has not been told yet.
fn sender_against_late_cancel(locks: bool) {
    check(3, move || {
        let op = Op::new();
        op.references.fetch_add(1, Relaxed); // a queue's, which cancels as it closes
        let other = op.clone();
        let sender = thread::spawn(move || other.send(0));
        if !op.cancel(true) && locks {
            op.leave(0);
            op.leave(1);
        }
        op.elem.write(3);
        op.unref();
        op.unref();
        sender.join().unwrap();
        assert_eq!(op.elem.read(), 3);
    });
}

#[test]
fn loom_pending_is_not_written_after_cancel() {
    sender_against_late_cancel(true);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn loom_pending_broken_cancel_does_not_wait() {
    sender_against_late_cancel(false);
}
