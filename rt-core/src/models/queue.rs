//! The queue of a P: what was put is taken once, in order, by its owner or by thieves.

#[path = "../sched/queue.rs"]
mod original;

use super::{Memory, check};
use loom::sync::Arc;
use loom::thread;
use original::Queue;
use std::ptr;

/// Puts and owns what it puts; what is taken is written, so that a second taker would be found.
struct Shared {
    queue: Queue<Memory>,
    items: Vec<Memory>,
}

fn shared(n: usize) -> Arc<Shared> {
    Arc::new(Shared { queue: Queue::new(), items: (0..n).map(|_| Memory::new()).collect() })
}

impl Shared {
    fn put(&self, i: usize) {
        self.items[i].write(1);
        // SAFETY: only the test's main thread puts.
        assert!(unsafe { self.queue.push(ptr::from_ref(&self.items[i]).cast_mut()) });
    }

    /// Use up what was taken; its number, `None` for nothing.
    fn used(&self, item: *mut Memory) -> Option<usize> {
        // SAFETY: the items live as long as this.
        let memory = unsafe { item.as_ref() }?;
        assert_eq!(memory.read(), 1);
        memory.write(2);
        self.items.iter().position(|m| ptr::eq(m, memory))
    }

    fn take(&self) -> Option<usize> {
        self.used(self.queue.pop())
    }
}

fn all_taken(mut taken: Vec<usize>, n: usize) {
    taken.sort_unstable();
    assert_eq!(taken, (0..n).collect::<Vec<_>>());
}

/// The first ring has room for two, so the third makes it grow while the thief looks.
#[test]
fn loom_queue_gives_each_once() {
    check(3, || {
        let s = shared(3);
        s.put(0);
        let other = s.clone();
        let thief = thread::spawn(move || [other.take(), other.take()]);
        s.put(1);
        s.put(2);
        let mut taken: Vec<usize> = std::iter::from_fn(|| s.take()).collect();
        assert!(taken.is_sorted());
        let stolen = thief.join().unwrap();
        taken.extend(stolen.into_iter().flatten());
        taken.extend(std::iter::from_fn(|| s.take()));
        all_taken(taken, 3);
    });
}

/// A slot that was taken is used again while another thief may still be reading it.
#[test]
fn loom_queue_uses_slots_again() {
    check(2, || {
        let s = shared(4);
        s.put(0);
        s.put(1);
        let thieves = [s.clone(), s.clone()].map(|other| thread::spawn(move || other.take()));
        let mut taken: Vec<usize> = s.take().into_iter().collect();
        s.put(2);
        s.put(3);
        for thief in thieves {
            taken.extend(thief.join().unwrap());
        }
        taken.extend(std::iter::from_fn(|| s.take()));
        all_taken(taken, 4);
    });
}

/// Half of it in one go.
#[test]
fn loom_queue_gives_batches() {
    check(3, || {
        let s = shared(4);
        for i in 0..3 {
            s.put(i);
        }
        let other = s.clone();
        let thief = thread::spawn(move || {
            let own = Queue::new();
            // SAFETY: only this thread puts into it.
            let first = unsafe { other.queue.steal_into(&own) };
            let mut taken: Vec<usize> = other.used(first).into_iter().collect();
            taken.extend(std::iter::from_fn(|| other.used(own.pop())));
            taken
        });
        let mut taken: Vec<usize> = s.take().into_iter().collect();
        s.put(3);
        taken.extend(s.take());
        taken.extend(thief.join().unwrap());
        taken.extend(std::iter::from_fn(|| s.take()));
        all_taken(taken, 4);
    });
}

/// Were `head` stored and not exchanged, two could take the same.
#[test]
#[should_panic(expected = "Causality violation")]
fn loom_queue_broken_taking_is_found() {
    use loom::sync::atomic::{AtomicUsize, Ordering::*};
    check(2, || {
        let s = Arc::new((AtomicUsize::new(0), shared(2)));
        let take = |s: &(AtomicUsize, Arc<Shared>)| {
            let head = s.0.load(Acquire);
            s.0.store(head + 1, Release);
            s.1.items[head].write(1);
        };
        let other = s.clone();
        let thief = thread::spawn(move || take(&other));
        take(&s);
        thief.join().unwrap();
    });
}
