//! Removing a timer against its firing: `Node::remove`, `Timers::{take, run}` in `time::heap`. A stop against a
//! reset: `timer_stop`, `Timer::{stop, reset}` in `time::timer`.

use super::{Memory, check};
use loom::sync::atomic::{AtomicBool, AtomicU32, Ordering::*};
use loom::sync::{Arc, Mutex};
use loom::thread;

/// A node and the heap it is in, which is a lock here.
struct Timer {
    heap: Mutex<()>,
    /// `Node::heap`.
    armed: AtomicBool,
    firing: AtomicU32,
    periodic: bool,
    /// The frame the node lives in; written to free it.
    frame: Memory,
    /// What the fired function does, apart from the frame.
    fired: AtomicU32,
    /// Orders calls of reset, and of stop.
    calls: Mutex<()>,
    /// A value is in the channel.
    full: AtomicBool,
}

impl Timer {
    fn armed(periodic: bool) -> Arc<Timer> {
        Arc::new(Timer {
            heap: Mutex::new(()),
            armed: AtomicBool::new(true),
            firing: AtomicU32::new(0),
            periodic,
            frame: Memory::new(),
            fired: AtomicU32::new(0),
            calls: Mutex::new(()),
            full: AtomicBool::new(false),
        })
    }

    fn run(&self) {
        {
            let _heap = self.heap.lock().unwrap();
            if !self.armed.load(Relaxed) {
                return;
            }
            self.frame.read();
            self.firing.fetch_add(1, Relaxed);
            if !self.periodic {
                self.armed.store(false, Release);
            }
        }
        self.fire();
        self.firing.fetch_sub(1, Release);
    }

    fn fire(&self) {
        self.frame.read();
        self.fired.fetch_add(1, Relaxed);
        self.full.store(true, Relaxed);
    }

    fn take(&self) -> bool {
        let _heap = self.heap.lock().unwrap();
        let armed = self.armed.load(Relaxed);
        if armed {
            self.armed.store(false, Release);
        }
        armed
    }

    fn remove(&self) -> bool {
        loop {
            if !self.armed.load(Acquire) {
                if self.firing.load(Acquire) == 0 {
                    return false;
                }
                thread::yield_now();
                continue;
            }
            if self.take() {
                while self.firing.load(Acquire) != 0 {
                    thread::yield_now();
                }
                return true;
            }
        }
    }
}

impl Timer {
    fn disarm(&self) -> bool {
        let running = self.remove();
        let unread = self.full.swap(false, Relaxed);
        running || unread
    }

    fn stop_locked(&self) -> bool {
        let _calls = self.calls.lock().unwrap();
        self.disarm()
    }

    fn stop(&self) -> bool {
        self.remove() || self.stop_locked()
    }

    fn reset(&self, disarm: fn(&Timer) -> bool) -> bool {
        let _calls = self.calls.lock().unwrap();
        let was = disarm(self);
        let _heap = self.heap.lock().unwrap();
        self.armed.store(true, Release);
        was
    }
}

/// A timer is armed twice, by reset the second time, and fires at any moment. What becomes of each time is told
/// once: by who ended it, or by the value, or it is still armed.
fn stop_against_reset(disarm: fn(&Timer) -> bool) {
    check(2, move || {
        let timer = Timer::armed(false);
        let (heap, other) = (timer.clone(), timer.clone());
        let runs = thread::spawn(move || heap.run());
        let resets = thread::spawn(move || other.reset(disarm));
        let stopped = timer.stop();
        runs.join().unwrap();
        let was = resets.join().unwrap();
        let ends = [stopped, was, timer.full.load(Relaxed), timer.armed.load(Relaxed)];
        assert_eq!(ends.into_iter().filter(|&end| end).count(), 2, "{ends:?}");
    });
}

#[test]
fn loom_timer_stop_against_reset() {
    stop_against_reset(Timer::disarm);
}

/// A reset that leaves a value unread: who finds the timer armed does not look for one.
#[test]
#[should_panic(expected = "right: 2")]
fn loom_timer_broken_reset_without_drain_is_found() {
    stop_against_reset(Timer::remove);
}

#[test]
fn loom_timer_remove_against_fire() {
    check(3, || {
        let timer = Timer::armed(false);
        let heap = timer.clone();
        let t = thread::spawn(move || heap.run());
        let kept = timer.remove();
        timer.frame.write(1);
        assert_eq!(timer.fired.load(Relaxed), u32::from(!kept), "fired once, or kept from it");
        t.join().unwrap();
        assert_eq!(timer.fired.load(Relaxed), u32::from(!kept));
    });
}

/// Two Ms run the timers of one P.
fn remove_against_two_runs(periodic: bool, as_expected: fn(bool, u32) -> bool) {
    check(2, move || {
        let timer = Timer::armed(periodic);
        let runs: Vec<_> = (0..2)
            .map(|_| {
                let heap = timer.clone();
                thread::spawn(move || heap.run())
            })
            .collect();
        let kept = timer.remove();
        timer.frame.write(1);
        runs.into_iter().for_each(|t| t.join().unwrap());
        assert!(as_expected(kept, timer.fired.load(Relaxed)));
    });
}

#[test]
fn loom_timer_remove_against_two_runs() {
    remove_against_two_runs(false, |kept, fired| fired == u32::from(!kept));
}

#[test]
fn loom_timer_remove_periodic_against_two_runs() {
    remove_against_two_runs(true, |kept, fired| kept && fired <= 2);
}

/// A run that counts itself as firing only after unlocking is overlooked.
#[test]
#[should_panic(expected = "Causality violation")]
fn loom_timer_broken_late_count_is_found() {
    check(3, || {
        let timer = Timer::armed(false);
        let heap = timer.clone();
        thread::spawn(move || {
            if heap.take() {
                heap.firing.fetch_add(1, Relaxed);
                heap.fire();
                heap.firing.fetch_sub(1, Release);
            }
        });
        timer.remove();
        timer.frame.write(1);
    });
}
