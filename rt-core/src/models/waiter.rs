//! The end of a wait: `Completion::{claim, finish, wait_on_thread}`, `finish_other`, `left_stack`
//! and `expire` in `waiter`, with a queue of one place and a timer.

use super::world::spinning::SpinLock;
use super::{Memory, Sleeper, check};
use loom::sync::atomic::{AtomicBool, AtomicU32, Ordering::*};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

const CLAIMED: u32 = 1;
const DONE: u32 = 2;
const PARKED: u32 = 4;

const SENDER: u32 = 0;
const TIMER: u32 = 1;

/// A goroutine that waits in one queue and for its deadline.
struct Wait {
    state: AtomicU32,
    winner: Memory,
    /// The queue: whether the waiter is in it.
    queue: SpinLock<bool>,
    /// `Node::firing`: removing the timer waits for it.
    firing: AtomicBool,
    /// In use by the goroutine until its stack is left, and after it was made ready.
    stack: Memory,
    /// Where completion and waiter live; written when the wait is over and it is left.
    frame: Memory,
    scheduler: Sleeper,
}

impl Wait {
    fn new() -> Arc<Wait> {
        Arc::new(Wait {
            state: AtomicU32::new(0),
            winner: Memory::new(),
            queue: SpinLock::new(true),
            firing: AtomicBool::new(true),
            stack: Memory::new(),
            frame: Memory::new(),
            scheduler: Sleeper::new(),
        })
    }

    fn claim(&self, winner: u32) -> bool {
        self.frame.read();
        let first = self.state.fetch_or(CLAIMED, AcqRel) & CLAIMED == 0;
        if first {
            self.winner.write(winner);
        }
        first
    }

    fn finish(&self, handshake: bool) {
        self.frame.read();
        if !handshake || self.state.fetch_or(DONE, AcqRel) & PARKED != 0 {
            self.ready();
        }
    }

    /// The goroutine may run from now on: its stack must have been left.
    fn ready(&self) {
        self.stack.write(1);
        self.scheduler.wake();
    }

    /// `WaitQueue::pop` under the lock, and what a sender does then.
    fn send(&self, handshake: bool) -> bool {
        let popped = {
            let mut queued = self.queue.lock();
            std::mem::replace(&mut *queued, false) && self.claim(SENDER)
        };
        if popped {
            self.finish(handshake);
        }
        popped
    }

    /// `expire`, and the end of firing in `Timers::run`.
    fn expire(&self, handshake: bool) -> bool {
        let first = self.claim(TIMER);
        if first {
            self.finish(handshake);
        }
        self.firing.store(false, Release);
        first
    }

    fn left_stack(&self) {
        if self.state.fetch_or(PARKED, AcqRel) & DONE != 0 {
            self.ready();
        }
    }

    /// Run on after `block`: take out what is left of the wait, and leave the frame.
    fn resume(&self) -> u32 {
        self.scheduler.sleep();
        self.stack.write(2);
        while self.firing.load(Acquire) {
            thread::yield_now();
        }
        let winner = self.winner.read();
        if winner != SENDER {
            *self.queue.lock() = false;
        }
        self.frame.write(1);
        winner
    }
}

/// The goroutine parks with the queue's lock held, which is released after its stack is left.
fn sender_against_timer(handshake: bool) {
    check(3, move || {
        let wait = Wait::new();
        wait.queue.raw().lock();
        let (sends, expires) = (wait.clone(), wait.clone());
        let sender = thread::spawn(move || sends.send(handshake));
        let timer = thread::spawn(move || expires.expire(handshake));
        wait.stack.write(0);
        // SAFETY: locked above.
        unsafe { wait.queue.raw().unlock() };
        wait.left_stack();
        let winner = wait.resume();
        assert_eq!(sender.join().unwrap(), winner == SENDER);
        assert_eq!(timer.join().unwrap(), winner == TIMER);
    });
}

#[test]
fn loom_waiter_sender_against_timer() {
    sender_against_timer(true);
}

/// The timer does not know that the stack is not left yet.
#[test]
#[should_panic(expected = "Causality violation")]
fn loom_waiter_broken_without_handshake_is_found() {
    sender_against_timer(false);
}

/// Without a deadline the queue's lock is all that keeps the stack from being used too early.
#[test]
fn loom_waiter_exclusive_needs_no_handshake() {
    check(3, || {
        let wait = Wait::new();
        wait.firing.store(false, Relaxed);
        wait.queue.raw().lock();
        let sends = wait.clone();
        let sender = thread::spawn(move || sends.send(false));
        wait.stack.write(0);
        // SAFETY: locked above.
        unsafe { wait.queue.raw().unlock() };
        assert_eq!(wait.resume(), SENDER);
        assert!(sender.join().unwrap());
    });
}

/// A plain thread's completion, and a futex on its state.
struct ThreadWait {
    state: AtomicU32,
    kernel: Mutex<()>,
    woken: Condvar,
    frame: Memory,
}

impl ThreadWait {
    fn wait_on_thread(&self) {
        loop {
            let state = self.state.load(Acquire);
            if state & DONE != 0 {
                return;
            }
            if state & PARKED == 0 && self.state.compare_exchange(state, state | PARKED, AcqRel, Relaxed).is_err() {
                continue;
            }
            let expected = self.state.load(Relaxed) & !DONE;
            let kernel = self.kernel.lock().unwrap();
            if self.state.load(Relaxed) == expected {
                drop(self.woken.wait(kernel).unwrap());
            }
        }
    }

    /// The address alone is used after DONE: the futex is not of the frame.
    fn finish(&self) {
        self.frame.read();
        if self.state.fetch_or(DONE, AcqRel) & PARKED != 0 {
            let _kernel = self.kernel.lock().unwrap();
            self.woken.notify_all();
        }
    }
}

#[test]
fn loom_waiter_thread_against_finish() {
    check(3, || {
        let wait = Arc::new(ThreadWait {
            state: AtomicU32::new(0),
            kernel: Mutex::new(()),
            woken: Condvar::new(),
            frame: Memory::new(),
        });
        let other = wait.clone();
        let finisher = thread::spawn(move || {
            other.state.fetch_or(CLAIMED, AcqRel);
            other.finish();
        });
        wait.wait_on_thread();
        wait.frame.write(1);
        finisher.join().unwrap();
    });
}
