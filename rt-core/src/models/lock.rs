//! The runtime's lock itself: [`crate::lock`].

use super::world::spinning::SpinLock;
use super::{Memory, check};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering::*};
use loom::thread;

#[test]
fn loom_lock_excludes() {
    check(3, || {
        let lock = Arc::new(SpinLock::new(Memory::new()));
        let add_twice = |lock: &SpinLock<Memory>| {
            for _ in 0..2 {
                let value = lock.lock();
                value.write(value.read() + 1);
            }
        };
        let other = lock.clone();
        let t = thread::spawn(move || add_twice(&other));
        add_twice(&lock);
        t.join().unwrap();
        assert_eq!(lock.lock().read(), 4);
    });
}

#[test]
fn loom_lock_try_lock_excludes() {
    check(3, || {
        let lock = Arc::new(SpinLock::new(Memory::new()));
        let other = lock.clone();
        let t = thread::spawn(move || {
            if other.raw().try_lock() {
                // SAFETY: locked.
                unsafe {
                    (*other.as_ptr()).write(1);
                    other.raw().unlock();
                }
            }
        });
        lock.lock().write(2);
        t.join().unwrap();
    });
}

/// Whoever finds itself the last under the lock frees what the lock belongs to.
#[test]
fn loom_lock_last_user_frees() {
    check(3, || {
        let object = Arc::new((SpinLock::new(2u32), Memory::new()));
        let leave = |object: &(SpinLock<u32>, Memory)| {
            let last = {
                let mut users = object.0.lock();
                object.1.read();
                *users -= 1;
                *users == 0
            };
            if last {
                object.1.write(0);
            }
        };
        let other = object.clone();
        thread::spawn(move || leave(&other));
        leave(&object);
    });
}

/// Without release in the unlock the next holder would not see what was done.
#[test]
#[should_panic(expected = "Causality violation")]
fn loom_lock_broken_unlock_is_found() {
    check(2, || {
        let object = Arc::new((AtomicBool::new(false), Memory::new()));
        let hold = |object: &(AtomicBool, Memory)| {
            while object.0.compare_exchange(false, true, Acquire, Relaxed).is_err() {
                thread::yield_now();
            }
            object.1.write(1);
            object.0.store(false, Relaxed);
        };
        let other = object.clone();
        let t = thread::spawn(move || hold(&other));
        hold(&object);
        t.join().unwrap();
    });
}
