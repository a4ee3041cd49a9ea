//! Mutex with the parking table: `Mutex::{lock, lock_slow, unlock, unlock_slow}` in `sync::mutex`.

use super::{Memory, Table, check};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering::*};
use loom::thread;

const LOCKED: u64 = 1;
const PARKED: u64 = 2;
const WOKEN: u64 = 4;

struct Mutex {
    state: AtomicU64,
    table: Table,
    /// Every waiter has starved: the mutex is handed over.
    starving: bool,
    /// False in the broken twin: who is woken forgets to take WOKEN away.
    keeps_woken: bool,
    value: Memory,
}

impl Mutex {
    fn new(starving: bool) -> Arc<Mutex> {
        Mutex::with(starving, true)
    }

    fn with(starving: bool, keeps_woken: bool) -> Arc<Mutex> {
        Arc::new(Mutex { state: AtomicU64::new(0), table: Table::new(), starving, keeps_woken, value: Memory::new() })
    }

    fn lock(&self) {
        if self.state.compare_exchange(0, LOCKED, Acquire, Relaxed).is_ok() {
            return;
        }
        let mut woken = 0;
        loop {
            let state = self.state.load(Relaxed);
            if state & LOCKED == 0 {
                if self.state.compare_exchange(state, (state | LOCKED) & !woken, Acquire, Relaxed).is_ok() {
                    return;
                }
                continue;
            }
            let parked = |state: u64| (state & LOCKED != 0).then_some((state | PARKED) & !woken);
            match self.table.park(|| self.state.fetch_update(Relaxed, Relaxed, parked).is_ok()) {
                Some(true) => return,
                Some(false) if self.keeps_woken => woken = WOKEN,
                _ => {}
            }
        }
    }

    fn unlock(&self) {
        if self.state.compare_exchange(LOCKED, 0, Release, Relaxed).is_ok() {
            return;
        }
        loop {
            let state = self.state.load(Relaxed);
            assert_ne!(state & LOCKED, 0);
            if state & PARKED != 0 && state & WOKEN == 0 {
                break;
            }
            if self.state.compare_exchange(state, state & !LOCKED, Release, Relaxed).is_ok() {
                return;
            }
        }
        self.table.unpark(|queue| {
            // With one unlock for each lock; the code looks again, for the sake of wrong ones.
            assert_eq!(self.state.load(Relaxed), LOCKED | PARKED);
            let woken: Vec<_> = queue.pop_front().into_iter().collect();
            let starving = self.starving && !woken.is_empty();
            let parked = if queue.is_empty() { 0 } else { PARKED };
            let next = match (woken.is_empty(), starving) {
                (true, _) => 0,
                (false, false) => WOKEN,
                (false, true) => LOCKED,
            };
            self.state.store(next | parked, Release);
            (woken, starving)
        });
    }

    fn add(&self) {
        self.lock();
        self.value.write(self.value.read() + 1);
        self.unlock();
    }
}

fn threads_take_turns(others: usize, preemptions: usize, starving: bool) {
    take_turns(others, preemptions, move || Mutex::new(starving));
}

fn take_turns(others: usize, preemptions: usize, make: impl Fn() -> Arc<Mutex> + Sync + Send + 'static) {
    check(preemptions, move || {
        let mutex = make();
        let threads: Vec<_> = (0..others)
            .map(|_| {
                let mutex = mutex.clone();
                thread::spawn(move || mutex.add())
            })
            .collect();
        mutex.add();
        threads.into_iter().for_each(|t| t.join().unwrap());
        assert_eq!(mutex.value.read() as usize, others + 1);
        assert_eq!(mutex.state.load(Relaxed), 0);
    });
}

#[test]
fn loom_mutex_two_barging() {
    threads_take_turns(1, 3, false);
}

#[test]
fn loom_mutex_two_handed_over() {
    threads_take_turns(1, 3, true);
}

#[test]
fn loom_mutex_three_barging() {
    threads_take_turns(2, 2, false);
}

#[test]
fn loom_mutex_three_handed_over() {
    threads_take_turns(2, 2, true);
}

/// Unlocks that leave it to one who was woken long ago wake nobody.
#[test]
#[should_panic]
fn loom_mutex_broken_woken_for_ever_is_found() {
    take_turns(2, 2, || Mutex::with(false, false));
}

/// Who is woken without being handed the mutex does not hold it.
#[test]
#[should_panic(expected = "Causality violation")]
fn loom_mutex_broken_woken_means_locked_is_found() {
    check(3, || {
        let mutex = Mutex::new(false);
        let other = mutex.clone();
        thread::spawn(move || {
            if other.state.compare_exchange(LOCKED, LOCKED | PARKED, Relaxed, Relaxed).is_ok()
                && other.table.park(|| other.state.load(Relaxed) == LOCKED | PARKED).is_some()
            {
                other.value.write(0);
            }
        });
        mutex.add();
        mutex.add();
    });
}
