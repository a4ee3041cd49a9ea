//! A visit against shutdown: `visit`, `Visit::drop` and the end of `shutdown` in `sched::lifecycle`; and the
//! ends of goroutines on two Ps against each other: the counting in `spawn::bury`, and `note_end`.
//!
//! The fences stand for the SeqCst of the operations around them.

use super::{Memory, check};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*, fence};
use loom::thread;

struct Process {
    /// Whether `RUNTIME` is not null.
    runtime: AtomicBool,
    visitors: AtomicUsize,
    memory: Memory,
}

impl Process {
    fn started() -> Arc<Process> {
        Arc::new(Process { runtime: AtomicBool::new(true), visitors: AtomicUsize::new(0), memory: Memory::new() })
    }

    fn with_runtime(&self) {
        self.visitors.fetch_add(1, AcqRel);
        fence(SeqCst);
        if self.runtime.load(Acquire) {
            self.memory.read();
        }
        self.visitors.fetch_sub(1, Release);
    }

    fn shutdown(&self) {
        if !self.runtime.swap(false, AcqRel) {
            return;
        }
        fence(SeqCst);
        while self.visitors.load(Acquire) != 0 {
            thread::yield_now();
        }
        self.memory.write(1);
    }
}

#[test]
fn loom_lifecycle_visits_against_shutdown() {
    check(3, || {
        let process = Process::started();
        for _ in 0..2 {
            let process = process.clone();
            thread::spawn(move || process.with_runtime());
        }
        process.shutdown();
    });
}

#[test]
fn loom_lifecycle_visit_against_two_shutdowns() {
    check(3, || {
        let process = Process::started();
        let (visited, other) = (process.clone(), process.clone());
        thread::spawn(move || visited.with_runtime());
        thread::spawn(move || other.shutdown());
        process.shutdown();
    });
}

/// A visitor that looks first and counts itself then is overlooked.
#[test]
#[should_panic(expected = "Causality violation")]
fn loom_lifecycle_broken_late_count_is_found() {
    check(3, || {
        let process = Process::started();
        let visited = process.clone();
        thread::spawn(move || {
            if visited.runtime.load(Acquire) {
                visited.visitors.fetch_add(1, AcqRel);
                fence(SeqCst);
                visited.memory.read();
                visited.visitors.fetch_sub(1, Release);
            }
        });
        process.shutdown();
    });
}

/// The last goroutines of two Ps end at once: does one of the Ps see that they were the last?
fn last_two_end(fenced: bool) {
    check(3, move || {
        let finished = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let drained = Arc::new(AtomicBool::new(false));
        let end = |p: usize| {
            let (finished, drained) = (finished.clone(), drained.clone());
            move || {
                finished[p].store(1, Release);
                if fenced {
                    fence(SeqCst);
                }
                if finished.iter().all(|count| count.load(Acquire) == 1) {
                    drained.store(true, Release);
                }
            }
        };
        let other = thread::spawn(end(0));
        end(1)();
        other.join().unwrap();
        assert!(drained.load(Acquire), "nobody wakes who waits for the last");
    });
}

#[test]
fn loom_lifecycle_last_two_ends() {
    last_two_end(true);
}

#[test]
#[should_panic(expected = "nobody wakes")]
fn loom_lifecycle_broken_last_two_ends_is_found() {
    last_two_end(false);
}
