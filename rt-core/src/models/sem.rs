//! The weighted semaphore, itself: `sync::sem` on the parking table. Its memory is freed by who acquired last.

use super::{Memory, check};
use crate::sync::Sem;
use crate::waiter::Wait;
use loom::sync::atomic::{AtomicUsize, Ordering::*};
use loom::thread;
use std::sync::Arc;

fn held(capacity: i64, n: i64) -> Sem {
    let sem = Sem::default();
    sem.init(capacity).unwrap();
    assert!(sem.try_acquire(n));
    sem
}

/// Somewhere on the stack of a thread that waits.
#[derive(Clone, Copy)]
struct Place(*const Sem);

// SAFETY: loom finds who uses it when it is gone.
unsafe impl Send for Place {}

impl Place {
    fn release(self, n: i64) {
        // SAFETY: alive until all has been released.
        unsafe { (*self.0).release(n).unwrap() };
    }
}

/// Several give back what one waits for, who then frees the semaphore.
fn acquirer_frees(preemptions: usize, releasers: i64) {
    check(preemptions, move || {
        let sem = Box::new(held(releasers, releasers));
        let place = Place(&raw const *sem);
        let others: Vec<_> = (0..releasers).map(|_| thread::spawn(move || { place }.release(1))).collect();
        sem.acquire(Wait::Forever, releasers).unwrap();
        drop(sem);
        others.into_iter().for_each(|t| t.join().unwrap());
    });
}

#[test]
fn loom_sem_acquirer_frees() {
    acquirer_frees(3, 1);
}

#[test]
fn loom_sem_acquirer_frees_after_two() {
    acquirer_frees(2, 2);
}

/// A releaser that looks at the semaphore once more touches what may be freed.
#[test]
#[should_panic(expected = "Causality violation")]
fn loom_sem_broken_late_touch_is_found() {
    check(3, || {
        let sem = Box::new(held(1, 1));
        let place = Place(&raw const *sem);
        let other = thread::spawn(move || {
            let place = { place };
            place.release(1);
            place.release(0);
        });
        sem.acquire(Wait::Forever, 1).unwrap();
        drop(sem);
        other.join().unwrap();
    });
}

/// What a semaphore of one guards is one's at a time.
fn excludes(capacity: i64) {
    check(2, move || {
        let shared = Arc::new((held(capacity, 0), Memory::new()));
        let add = |(sem, value): &(Sem, Memory)| {
            sem.acquire(Wait::Forever, 1).unwrap();
            value.write(value.read() + 1);
            sem.release(1).unwrap();
        };
        let others: Vec<_> = (0..2)
            .map(|_| {
                let shared = shared.clone();
                thread::spawn(move || add(&shared))
            })
            .collect();
        add(&shared);
        others.into_iter().for_each(|t| t.join().unwrap());
        assert_eq!(shared.1.read(), 3);
    });
}

#[test]
fn loom_sem_excludes() {
    excludes(1);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn loom_sem_broken_two_let_in_are_found() {
    excludes(2);
}

/// One that fits does not pass a big one that waits: who comes while somebody waits is served after it.
#[test]
fn loom_sem_first_come_first_served() {
    check(2, || {
        let shared = Arc::new((held(2, 1), AtomicUsize::new(0)));
        let (one, two) = (shared.clone(), shared.clone());
        let big = thread::spawn(move || {
            one.0.acquire(Wait::Forever, 2).unwrap();
            one.1.store(1, Relaxed);
            one.0.release(2).unwrap();
        });
        let small = thread::spawn(move || {
            // There is room for one; only a waiter keeps it from being had.
            if !two.0.try_acquire(1) {
                two.0.acquire(Wait::Forever, 1).unwrap();
                assert_eq!(two.1.load(Relaxed), 1, "the big one was first");
            }
            two.0.release(1).unwrap();
        });
        shared.0.release(1).unwrap();
        big.join().unwrap();
        small.join().unwrap();
    });
}

/// Who gives up lets the next one have what it waited for, and is not served.
#[test]
fn loom_sem_first_gives_up() {
    check(2, || {
        let shared = Arc::new(held(2, 1));
        let one = shared.clone();
        let big = thread::spawn(move || match one.acquire(Wait::Until(1), 2) {
            Ok(()) => one.release(2).unwrap(),
            Err(_) => {}
        });
        shared.acquire(Wait::Forever, 1).unwrap();
        shared.release(2).unwrap();
        big.join().unwrap();
        assert!(shared.try_acquire(2), "all was given back");
    });
}
