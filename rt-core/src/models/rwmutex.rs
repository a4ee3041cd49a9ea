//! RWMutex, itself: `sync::rwmutex` on `sync::mutex` and the parking table.

use super::watched::{Fault, break_atomics};
use super::{Memory, check};
use crate::sync::RwMutex;
use loom::thread;
use std::sync::Arc;

#[derive(Default)]
struct Guarded {
    lock: RwMutex,
    value: Memory,
}

impl Guarded {
    fn add(&self) {
        self.lock.lock();
        self.value.write(self.value.read() + 1);
        self.lock.unlock().unwrap();
    }

    fn look(&self) -> u32 {
        self.lock.rlock();
        let value = self.value.read();
        self.lock.runlock().unwrap();
        value
    }
}

fn with<T: Send + 'static>(s: &Arc<Guarded>, f: impl FnOnce(&Guarded) -> T + Send + 'static) -> thread::JoinHandle<T> {
    let s = s.clone();
    thread::spawn(move || f(&s))
}

/// Who locks is alone, who reads is not disturbed, and all come through.
fn writers_and_readers(preemptions: usize, writers: usize, readers: usize) {
    check(preemptions, move || {
        let s = Arc::new(Guarded::default());
        let mut others: Vec<_> = (1..writers).map(|_| with(&s, Guarded::add)).collect();
        others.extend((0..readers).map(|_| {
            with(&s, |s| {
                s.look();
            })
        }));
        s.add();
        others.into_iter().for_each(|t| t.join().unwrap());
        assert_eq!(s.value.read() as usize, writers);
        assert!(s.lock.try_lock(), "nobody is left");
    });
}

#[test]
fn loom_rwmutex_writer_and_reader() {
    writers_and_readers(3, 1, 1);
}

#[test]
fn loom_rwmutex_writer_and_two_readers() {
    writers_and_readers(2, 1, 2);
}

#[test]
fn loom_rwmutex_two_writers_and_reader() {
    writers_and_readers(2, 2, 1);
}

/// A reader that comes while a writer waits comes after it.
#[test]
fn loom_rwmutex_waiting_writer_is_not_overtaken() {
    check(2, || {
        let s = Arc::new(Guarded::default());
        s.lock.rlock();
        let writer = with(&s, Guarded::add);
        let reader = with(&s, |s| {
            if s.lock.try_rlock() {
                s.lock.runlock().unwrap();
            } else {
                assert_eq!(s.look(), 1, "the writer was first");
            }
        });
        s.lock.runlock().unwrap();
        writer.join().unwrap();
        reader.join().unwrap();
    });
}

/// Somebody else unlocks for a writer that has been let in and has not noticed, and a reader comes and
/// stays: the writer does not wait for that one.
fn let_in_and_out_again() {
    check(3, || {
        let s = Arc::new(Guarded::default());
        s.lock.rlock();
        let writer = with(&s, |s| s.lock.lock());
        let other = with(&s, |s| {
            if s.lock.unlock().is_ok() {
                s.lock.rlock();
            }
        });
        s.lock.runlock().unwrap();
        writer.join().unwrap();
        other.join().unwrap();
    });
}

#[test]
fn loom_rwmutex_writer_let_in_and_out_again() {
    let_in_and_out_again();
}

/// Without rounds that writer waits for ever.
#[test]
#[should_panic(expected = "deadlock")]
fn loom_rwmutex_broken_without_rounds_is_found() {
    break_atomics(Fault::Forgets(!0 << 34));
    let_in_and_out_again();
}

#[test]
#[should_panic(expected = "Causality violation")]
fn loom_rwmutex_broken_without_order_is_found() {
    break_atomics(Fault::Relaxed);
    writers_and_readers(3, 1, 1);
}
