//! WaitGroup: `WaitGroup::{add, wait_for}` in `sync::waitgroup`. Its memory is freed by who waited.

use super::{Memory, Table, check};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering::*};
use loom::thread;

const COUNTER: u64 = u32::MAX as u64;
const WAITERS: u64 = 1 << 32;
const ROUND: u64 = 1 << 33;

struct WaitGroup {
    state: AtomicU64,
    /// Of the group; read by every access, written to free it.
    memory: Memory,
    /// Static in the original, and so never freed.
    table: Table,
}

impl WaitGroup {
    fn new(counter: u64) -> Arc<WaitGroup> {
        Arc::new(WaitGroup { state: AtomicU64::new(counter), memory: Memory::new(), table: Table::new() })
    }

    fn add(&self, delta: i64) {
        self.memory.read();
        let mut state = self.state.load(Relaxed);
        loop {
            let counter = ((state & COUNTER) as i64 + delta) as u64;
            let mut new = state & !COUNTER | counter;
            let wake = counter == 0 && state & WAITERS != 0;
            if wake {
                new = (new & !WAITERS).wrapping_add(ROUND);
            }
            self.memory.read();
            match self.state.compare_exchange(state, new, AcqRel, Relaxed) {
                Ok(_) if wake => return self.table.unpark(|queue| (queue.drain(..).collect(), true)),
                Ok(_) => return,
                Err(now) => state = now,
            }
        }
    }

    fn wait(&self) {
        self.memory.read();
        let mut state = self.state.load(Acquire);
        let round = state / ROUND;
        let unchanged = |state: u64| state / ROUND == round && state & COUNTER != 0;
        while unchanged(state) {
            self.memory.read();
            if state & WAITERS == 0 {
                if let Err(now) = self.state.compare_exchange(state, state | WAITERS, Relaxed, Acquire) {
                    state = now;
                    continue;
                }
            }
            self.table.park(|| {
                let state = self.state.load(Relaxed);
                unchanged(state) && state & WAITERS != 0
            });
            state = self.state.load(Acquire);
        }
    }
}

#[test]
fn loom_waitgroup_waiter_frees() {
    check(3, || {
        let group = WaitGroup::new(2);
        for _ in 0..2 {
            let group = group.clone();
            thread::spawn(move || group.add(-1));
        }
        group.wait();
        group.memory.write(1);
    });
}

#[test]
fn loom_waitgroup_two_waiters() {
    check(2, || {
        let group = WaitGroup::new(1);
        let (waits, done) = (group.clone(), group.clone());
        let waiter = thread::spawn(move || waits.wait());
        thread::spawn(move || done.add(-1));
        group.wait();
        waiter.join().unwrap();
        group.memory.write(1);
    });
}

/// The next round begins as soon as one waiter has gone on.
#[test]
fn loom_waitgroup_second_round() {
    check(3, || {
        let group = WaitGroup::new(1);
        let other = group.clone();
        let t = thread::spawn(move || other.add(-1));
        group.wait();
        group.add(1);
        let other = group.clone();
        let u = thread::spawn(move || other.add(-1));
        group.wait();
        group.memory.write(1);
        t.join().unwrap();
        u.join().unwrap();
    });
}

/// A `done` that looks at the group after its last change touches what may be freed.
#[test]
#[should_panic(expected = "Causality violation")]
fn loom_waitgroup_broken_late_touch_is_found() {
    check(3, || {
        let group = WaitGroup::new(1);
        let other = group.clone();
        thread::spawn(move || {
            other.add(-1);
            other.memory.read();
        });
        group.wait();
        group.memory.write(1);
    });
}
