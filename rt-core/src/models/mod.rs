//! Models of the runtime's protocols, run through every interleaving by loom.
//!
//! [`lock`], [`boundary`] and [`queue`] check the code itself, and so do [`rwmutex`], [`sem`], [`context`] and
//! [`chan`]: `chan`, `context`, `sync` and `waiter` are compiled in a [`world`] of stand-ins for what loom cannot
//! run (stacks, threads, timers), with atomics that are [`watched`]. The other protocols are stated again here,
//! step by step, with the names and the memory orders of the original; each file says which functions it
//! mirrors. Whoever changes one of those changes its model too.
//!
//! Where three threads meet at a lock, it is loom's own: a blocked thread is not a choice, a spinning one
//! is one each time. loom has SeqCst for fences only: where the original relies on SeqCst operations, the model puts a
//! fence between the two. Memory that must not be touched any more, or by two at once, is a
//! [`loom::cell::UnsafeCell`]: loom panics where accesses are not ordered. Every lost wake-up is a
//! deadlock, which loom reports. Tests named `broken` leave one step out, or break the
//! atomics, and must fail.

mod boundary;
mod chan;
mod context;
mod idle;
mod lifecycle;
mod lock;
mod mutex;
mod pending;
mod poller;
mod queue;
mod rwmutex;
mod sem;
mod timer;
mod waiter;
mod waitgroup;
pub(crate) mod watched;
pub(crate) mod world;

use loom::cell::UnsafeCell;
use loom::sync::{Arc, Condvar, Mutex};
use std::collections::VecDeque;

/// Run `model` in every interleaving with at most so many switches away from a thread that could
/// have gone on.
fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// Memory with an owner: every access must be ordered against every write.
#[derive(Default)]
struct Memory(UnsafeCell<u32>);

// SAFETY: loom checks the accesses, which is what this is for.
unsafe impl Sync for Memory {}
// SAFETY: as above.
unsafe impl Send for Memory {}

impl Memory {
    fn new() -> Memory {
        Memory(UnsafeCell::new(0))
    }

    /// Use it along with others.
    fn read(&self) -> u32 {
        // SAFETY: loom panics before an unordered access is made.
        self.0.with(|p| unsafe { *p })
    }

    /// Change or free it; nobody else may be using it.
    fn write(&self, value: u32) {
        // SAFETY: as above.
        self.0.with_mut(|p| unsafe { *p = value });
    }
}

/// Something that sleeps until it is woken, once: a parked goroutine, an idle M.
struct Sleeper {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Sleeper {
    fn new() -> Sleeper {
        Sleeper { woken: Mutex::new(false), changed: Condvar::new() }
    }

    fn wake(&self) {
        let was = std::mem::replace(&mut *self.woken.lock().unwrap(), true);
        assert!(!was, "woken twice");
        self.changed.notify_one();
    }

    fn sleep(&self) {
        let mut woken = self.woken.lock().unwrap();
        while !*woken {
            woken = self.changed.wait(woken).unwrap();
        }
    }
}

/// What a waiter learns from its waker.
struct Parked {
    sleeper: Sleeper,
    word: Memory,
}

/// One bucket of the parking table, used for one address. Mirrors `table::park` and `table::unpark`
/// for waits without a deadline: the lock decides who takes a waiter out.
struct Table(Mutex<VecDeque<Arc<Parked>>>);

impl Table {
    fn new() -> Table {
        Table(Mutex::new(VecDeque::new()))
    }

    /// `None`: there was nothing to wait for.
    fn park(&self, valid: impl FnOnce() -> bool) -> Option<bool> {
        let parked = Arc::new(Parked { sleeper: Sleeper::new(), word: Memory::new() });
        {
            let mut queue = self.0.lock().unwrap();
            if !valid() {
                return None;
            }
            queue.push_back(parked.clone());
        }
        parked.sleeper.sleep();
        Some(parked.word.read() != 0)
    }

    /// `choose` takes out those to be woken, and says with which word.
    fn unpark(&self, choose: impl FnOnce(&mut VecDeque<Arc<Parked>>) -> (Vec<Arc<Parked>>, bool)) {
        let (woken, word) = choose(&mut self.0.lock().unwrap());
        for parked in woken {
            parked.word.write(word.into());
            parked.sleeper.wake();
        }
    }
}
