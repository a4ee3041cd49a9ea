//! Timers of a P: a 4-ary heap under a small lock.
//!
//! A [`Node`] lives in whatever waits (a stack frame, a timer handle) and is in at most one heap; it
//! knows its place there, so that removing it is eager and leaves nothing behind. When its time has
//! come the node is taken out under the lock, and its function runs without it; `firing` tells a
//! remover to wait until that function has returned.
//!
//! A fired function holds no lock, does not block, and runs no code of the program's.

use crate::aio::delivery;
use crate::lock::SpinLock;
use crate::sched::caller::Caller;
use crate::sched::{Runtime, lifecycle};
use crate::sys::clock;
use crate::trace;
use core::cell::Cell;
use core::ptr;
use std::sync::atomic::{AtomicI64, AtomicPtr, AtomicU32, AtomicUsize, Ordering::*};

/// Called with the node's argument and the current time.
pub(crate) type Fire = unsafe fn(*mut (), i64, &Caller);

/// Until memory for one more timer is asked for again.
const NO_MEMORY_PAUSE: i64 = 1_000_000;

/// No timer.
pub(crate) const NEVER: i64 = i64::MAX;

/// Something to be done at a time.
pub(crate) struct Node {
    fire: Fire,
    arg: Cell<*mut ()>,
    /// 0: once. Else it is due again this much later.
    period: Cell<i64>,
    index: Cell<usize>,
    /// The heap it is in; null: none. Changed under that heap's lock.
    heap: AtomicPtr<Timers>,
    /// The process it was armed in, as a count of forks.
    forks: Cell<u32>,
    firing: AtomicU32,
}

// SAFETY: the cells are used under the heap's lock, or by the one owner while it is in none.
unsafe impl Sync for Node {}

impl Node {
    pub(crate) fn new(fire: Fire, arg: *mut ()) -> Node {
        Node {
            fire,
            arg: Cell::new(arg),
            period: Cell::new(0),
            index: Cell::new(0),
            heap: AtomicPtr::new(ptr::null_mut()),
            forks: Cell::new(0),
            firing: AtomicU32::new(0),
        }
    }

    /// Set what the function is called with. While it is in no heap.
    pub(crate) fn set_arg(&self, arg: *mut ()) {
        self.arg.set(arg);
    }

    /// Arm it. It stays where it is until it is removed, or has fired and was removed after that.
    ///
    /// # Safety
    /// It is in no heap, and nobody else arms it.
    pub(crate) unsafe fn insert(&self, caller: &Caller, when: i64, period: i64) {
        self.period.set(period);
        self.forks.set(lifecycle::forks());
        match caller.on_p() {
            Some((_, p)) => p.timers.insert(self, when),
            None => lifecycle::with_runtime(|rt| {
                rt.p(0).timers.insert(self, when);
                rt.watch_for_outside();
            }),
        }
    }

    /// Disarm it and wait until it does not fire any more; true when that kept it from firing (for
    /// a periodic one: from firing again).
    pub(crate) fn remove(&self) -> bool {
        loop {
            let heap = self.heap.load(Acquire);
            if heap.is_null() || self.forks.get() != lifecycle::forks() {
                if self.firing.load(Acquire) == 0 || self.forks.get() != lifecycle::forks() {
                    return false;
                }
                core::hint::spin_loop();
                // SAFETY: no arguments. The firing thread may have lost its CPU.
                unsafe { libc::sched_yield() };
                continue;
            }
            // SAFETY: heaps live as long as the runtime, which unlinks all nodes before it ends.
            if unsafe { (*heap).take(self) } {
                while self.firing.load(Acquire) != 0 {
                    // SAFETY: as above.
                    unsafe { libc::sched_yield() };
                }
                return true;
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Entry {
    when: i64,
    node: *const Node,
}

struct Heap(Vec<Entry>);

// SAFETY: used under its lock only.
unsafe impl Send for Heap {}

/// The timers of one P. Any thread may insert and remove.
pub(crate) struct Timers {
    heap: SpinLock<Heap>,
    /// When the first is due; [`NEVER`]: there is none. Written under the lock.
    next: AtomicI64,
    len: AtomicUsize,
}

impl Timers {
    pub(crate) fn new() -> Timers {
        Timers { heap: SpinLock::new(Heap(Vec::new())), next: AtomicI64::new(NEVER), len: AtomicUsize::new(0) }
    }

    /// When the first timer is due.
    #[inline]
    pub(crate) fn next(&self) -> i64 {
        self.next.load(Acquire)
    }

    pub(crate) fn len(&self) -> usize {
        self.len.load(Relaxed)
    }

    fn insert(&self, node: &Node, when: i64) {
        let mut heap = self.heap.lock();
        while heap.0.try_reserve(1).is_err() {
            // It must not fail: a sleep has nobody to tell. Memory is freed by others, if at all.
            drop(heap);
            // SAFETY: the request is a valid timespec.
            unsafe { libc::nanosleep(&clock::timespec(NO_MEMORY_PAUSE), ptr::null_mut()) };
            heap = self.heap.lock();
        }
        node.heap.store(ptr::from_ref(self).cast_mut(), Release);
        heap.0.push(Entry { when, node });
        let last = heap.0.len() - 1;
        heap.up(last);
        self.publish(&heap);
    }

    /// Take `node` out if it is in this heap.
    fn take(&self, node: &Node) -> bool {
        let mut heap = self.heap.lock();
        if node.heap.load(Relaxed) != ptr::from_ref(self).cast_mut() {
            return false;
        }
        heap.remove_at(node.index.get());
        node.heap.store(ptr::null_mut(), Release);
        self.publish(&heap);
        true
    }

    fn publish(&self, heap: &Heap) {
        let next = heap.0.first().map_or(NEVER, |e| e.when);
        if next != self.next.load(Relaxed) {
            self.next.store(next, Release);
        }
        self.len.store(heap.0.len(), Relaxed);
    }

    /// Fire what is due at `now`, then deliver the operations that this completed.
    #[inline]
    pub(crate) fn run(&self, now: i64, caller: &Caller) {
        if self.next() <= now {
            self.fire_due(now, caller);
            delivery::run_deferred(caller);
        }
    }

    fn fire_due(&self, now: i64, caller: &Caller) {
        while self.next() <= now {
            let mut heap = self.heap.lock();
            let Some(&Entry { when, node }) = heap.0.first() else { return };
            if when > now {
                return;
            }
            // SAFETY: a node in a heap is alive, and after `firing` is set until it is 0 again.
            unsafe {
                let node = &*node;
                let period = node.period.get();
                // Two ticks that fire at once could change places: the second is missed.
                let busy = period > 0 && node.firing.load(Acquire) != 0;
                node.firing.fetch_add(u32::from(!busy), Relaxed);
                if period > 0 {
                    // Ticks that were missed are not made up for.
                    heap.0[0].when = when + period * (1 + (now - when) / period);
                    heap.down(0);
                } else {
                    heap.remove_at(0);
                    node.heap.store(ptr::null_mut(), Release);
                }
                self.publish(&heap);
                drop(heap);
                if !busy {
                    trace::event_by(caller, trace::Event::Timer, (now - when) as u64);
                    (node.fire)(node.arg.get(), now, caller);
                    node.firing.fetch_sub(1, Release);
                }
            }
        }
    }

    /// Leave no node behind: the runtime ends.
    pub(crate) fn unlink_all(&self) {
        let mut heap = self.heap.lock();
        for entry in heap.0.drain(..) {
            // SAFETY: nodes in a heap are alive.
            unsafe { (*entry.node).heap.store(ptr::null_mut(), Release) };
        }
        self.publish(&heap);
    }
}

const WAYS: usize = 4;

impl Heap {
    fn put(&mut self, at: usize, entry: Entry) {
        self.0[at] = entry;
        // SAFETY: nodes in the heap are alive, and its lock is held.
        unsafe { (*entry.node).index.set(at) };
    }

    fn up(&mut self, mut at: usize) {
        let entry = self.0[at];
        while at > 0 {
            let parent = (at - 1) / WAYS;
            if self.0[parent].when <= entry.when {
                break;
            }
            self.put(at, self.0[parent]);
            at = parent;
        }
        self.put(at, entry);
    }

    fn down(&mut self, mut at: usize) {
        let entry = self.0[at];
        loop {
            let first = at * WAYS + 1;
            if first >= self.0.len() {
                break;
            }
            let end = (first + WAYS).min(self.0.len());
            let mut least = first;
            for child in first + 1..end {
                if self.0[child].when < self.0[least].when {
                    least = child;
                }
            }
            if self.0[least].when >= entry.when {
                break;
            }
            self.put(at, self.0[least]);
            at = least;
        }
        self.put(at, entry);
    }

    fn remove_at(&mut self, at: usize) {
        let last = self.0.pop().expect("the entry to remove is in the heap");
        if at < self.0.len() {
            self.0[at] = last;
            // The entry from the end may belong below or above its new place.
            self.down(at);
            // SAFETY: as in `put`.
            let now_at = unsafe { (*last.node).index.get() };
            self.up(now_at);
        }
    }
}

impl Runtime {
    /// Fire what is due, whichever P it belongs to. By an M with a P.
    pub(crate) fn run_all_timers(&self, now: i64, caller: &Caller) {
        for p in self.all_ps() {
            if p.timers.next() <= now {
                p.timers.run(now, caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    unsafe fn nothing(_: *mut (), _: i64, _: &Caller) {}

    /// Each entry knows its place, and none is before its parent.
    fn is_sound(timers: &Timers) -> bool {
        let heap = &timers.heap.lock().0;
        heap.iter().enumerate().all(|(at, entry)| {
            // SAFETY: nodes in a heap are alive.
            let index = unsafe { (*entry.node).index.get() };
            index == at && (at == 0 || heap[(at - 1) / WAYS].when <= entry.when)
        })
    }

    #[test]
    fn the_first_is_due_next_whatever_is_inserted_and_removed() {
        let timers = Timers::new();
        let nodes: Vec<(Node, i64)> = (0..100).map(|i| (Node::new(nothing, ptr::null_mut()), i * 37 % 101)).collect();
        let mut armed: Vec<&(Node, i64)> = Vec::new();
        let next = |armed: &[&(Node, i64)]| armed.iter().map(|n| n.1).min().unwrap_or(NEVER);
        for (i, node) in nodes.iter().enumerate() {
            timers.insert(&node.0, node.1);
            armed.push(node);
            if i % 3 == 2 {
                assert!(timers.take(&armed.swap_remove(i * 7 % armed.len()).0));
            }
            assert!(is_sound(&timers));
            assert_eq!((timers.next(), timers.len()), (next(&armed), armed.len()));
        }
        let removed = &nodes.iter().find(|n| n.0.heap.load(Relaxed).is_null()).expect("some were removed").0;
        assert!(!timers.take(removed));
        timers.unlink_all();
        assert_eq!((timers.next(), timers.len()), (NEVER, 0));
        assert!(nodes.iter().all(|n| n.0.heap.load(Relaxed).is_null()));
    }
}
