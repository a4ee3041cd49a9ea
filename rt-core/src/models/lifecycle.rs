//! A visit against shutdown: `visit`, `Visit::drop` and the end of `shutdown` in `sched::lifecycle`.
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
