//! Timers of a P: a 4-ary heap under a small lock.
//!
//! A [`Node`] lives in whatever waits (a stack frame, a timer handle) and is in at most one heap; it
//! knows its place there, so that removing it is eager and leaves nothing behind. When its time has
//! come the node is taken out under the lock, and its function runs without it; `firing` tells a
//! remover to wait until that function has returned.
//!
//! A fired function holds no lock, does not block, and runs no code of the program's.
//!
//! Arming cannot fail: a sleep would have nobody to tell. Nodes for which the heap finds no memory to grow are
//! chained to each other beside it, in no order, and take their places when something is due and there is some.

use crate::aio::delivery;
use crate::lock::SpinLock;
use crate::sched::caller::Caller;
use crate::sched::{Runtime, lifecycle};
use crate::trace;
use core::cell::Cell;
use core::ptr;
use std::sync::atomic::{AtomicI64, AtomicPtr, AtomicU32, AtomicUsize, Ordering::*};

/// Called with the node's argument and the current time.
pub(crate) type Fire = unsafe fn(*mut (), i64, &Caller);

/// The place of a node that is chained.
const CHAINED: usize = usize::MAX;

/// No timer.
pub(crate) const NEVER: i64 = i64::MAX;

/// Something to be done at a time.
pub(crate) struct Node {
    fire: Fire,
    arg: *mut (),
    /// 0: once. Else it is due again this much later.
    period: Cell<i64>,
    index: Cell<usize>,
    /// While it is chained: when it is due, and the next of the chain.
    when: Cell<i64>,
    next: Cell<*const Node>,
    /// The heap it is in; null: none. Changed under that heap's lock.
    heap: AtomicPtr<Timers>,
    /// The process it was armed in, as a count of forks. Atomic: who removes looks while it is armed anew.
    forks: AtomicU32,
    firing: AtomicU32,
}

// SAFETY: the cells are used under the heap's lock, or by the one owner while it is in none.
unsafe impl Sync for Node {}

impl Node {
    pub(crate) fn new(fire: Fire, arg: *mut ()) -> Node {
        Node {
            fire,
            arg,
            period: Cell::new(0),
            index: Cell::new(0),
            when: Cell::new(0),
            next: Cell::new(ptr::null()),
            heap: AtomicPtr::new(ptr::null_mut()),
            forks: AtomicU32::new(0),
            firing: AtomicU32::new(0),
        }
    }

    /// Arm it. It stays where it is until it is removed, or has fired and was removed after that.
    ///
    /// # Safety
    /// It is in no heap, and nobody else arms it.
    pub(crate) unsafe fn insert(&self, caller: &Caller, when: i64, period: i64) {
        self.period.set(period);
        self.forks.store(lifecycle::forks(), Relaxed);
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
    #[inline]
    pub(crate) fn remove(&self) -> bool {
        // In this order, as where it may have to wait: one that fires has left its heap.
        let is_idle = self.heap.load(Acquire).is_null() && self.firing.load(Acquire) == 0;
        !is_idle && self.remove_or_wait()
    }

    #[inline(never)]
    fn remove_or_wait(&self) -> bool {
        loop {
            let heap = self.heap.load(Acquire);
            if heap.is_null() || self.forks.load(Relaxed) != lifecycle::forks() {
                if self.firing.load(Acquire) == 0 || self.forks.load(Relaxed) != lifecycle::forks() {
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

struct Heap {
    entries: Vec<Entry>,
    /// The first of those that are chained; null: none is.
    chained: *const Node,
}

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
        let heap = SpinLock::new(Heap { entries: Vec::new(), chained: ptr::null() });
        Timers { heap, next: AtomicI64::new(NEVER), len: AtomicUsize::new(0) }
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
        node.heap.store(ptr::from_ref(self).cast_mut(), Release);
        heap.insert(node, when);
        self.publish(&heap);
    }

    /// Take `node` out if it is in this heap.
    fn take(&self, node: &Node) -> bool {
        let mut heap = self.heap.lock();
        if node.heap.load(Relaxed) != ptr::from_ref(self).cast_mut() {
            return false;
        }
        heap.remove(node);
        node.heap.store(ptr::null_mut(), Release);
        self.publish(&heap);
        true
    }

    fn publish(&self, heap: &Heap) {
        let (next, len) = heap.next_and_len();
        if next != self.next.load(Relaxed) {
            self.next.store(next, Release);
        }
        self.len.store(len, Relaxed);
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
            heap.unchain();
            let Some(Entry { when, node }) = heap.first() else { return };
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
                    heap.delay(node, when + period * (1 + (now - when) / period));
                } else {
                    heap.remove(node);
                    node.heap.store(ptr::null_mut(), Release);
                }
                self.publish(&heap);
                drop(heap);
                if !busy {
                    trace::event_by(caller, trace::Event::Timer, (now - when) as u64);
                    (node.fire)(node.arg, now, caller);
                    node.firing.fetch_sub(1, Release);
                }
            }
        }
    }

    /// Leave no node behind: the runtime ends.
    pub(crate) fn unlink_all(&self) {
        let mut heap = self.heap.lock();
        while let Some(Entry { node, .. }) = heap.first() {
            // SAFETY: nodes in a heap are alive until their owners see that they are out of it.
            unsafe {
                heap.remove(&*node);
                (*node).heap.store(ptr::null_mut(), Release);
            }
        }
        self.publish(&heap);
    }
}

const WAYS: usize = 4;

impl Heap {
    /// The first that is due.
    fn first(&self) -> Option<Entry> {
        let first = self.entries.first().copied();
        if self.chained.is_null() { first } else { first.into_iter().chain(self.chain()).min_by_key(|e| e.when) }
    }

    /// When the first is due, and how many there are.
    #[inline(always)]
    fn next_and_len(&self) -> (i64, usize) {
        let next = self.entries.first().map_or(NEVER, |e| e.when);
        let len = self.entries.len();
        if self.chained.is_null() { (next, len) } else { self.next_and_len_of_all(next, len) }
    }

    #[cold]
    fn next_and_len_of_all(&self, next: i64, len: usize) -> (i64, usize) {
        self.chain().fold((next, len), |(next, len), e| (next.min(e.when), len + 1))
    }

    #[inline]
    fn insert(&mut self, node: &Node, when: i64) {
        if self.entries.len() < self.entries.capacity() || self.entries.try_reserve(1).is_ok() {
            self.push(Entry { when, node });
        } else {
            self.link(node, when);
        }
    }

    #[cold]
    fn link(&mut self, node: &Node, when: i64) {
        node.index.set(CHAINED);
        node.when.set(when);
        node.next.set(self.chained);
        self.chained = node;
    }

    fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
        self.up(self.entries.len() - 1);
    }

    fn remove(&mut self, node: &Node) {
        match node.index.get() {
            CHAINED => self.unlink(node),
            at => self.remove_at(at),
        }
    }

    #[cold]
    fn unlink(&mut self, node: &Node) {
        // SAFETY: nodes of the chain are alive, and the lock is held. It is one of them.
        unsafe {
            if ptr::eq(self.chained, node) {
                self.chained = node.next.get();
                return;
            }
            let mut before = self.chained;
            while !ptr::eq((*before).next.get(), node) {
                before = (*before).next.get();
            }
            (*before).next.set(node.next.get());
        }
    }

    /// Let `node` be due at `when`, which is later than before.
    fn delay(&mut self, node: &Node, when: i64) {
        match node.index.get() {
            CHAINED => node.when.set(when),
            at => {
                self.entries[at].when = when;
                self.down(at);
            }
        }
    }

    fn chain(&self) -> impl Iterator<Item = Entry> + use<> {
        let mut next = self.chained;
        core::iter::from_fn(move || {
            // SAFETY: as in `remove`.
            let node = unsafe { next.as_ref() }?;
            next = node.next.get();
            Some(Entry { when: node.when.get(), node })
        })
    }

    /// Give those of the chain a place, as far as there is memory.
    #[inline]
    fn unchain(&mut self) {
        if !self.chained.is_null() {
            self.unchain_now();
        }
    }

    #[cold]
    fn unchain_now(&mut self) {
        while let Some(entry) = self.chain().next()
            && self.entries.try_reserve(1).is_ok()
        {
            // SAFETY: as in `remove`.
            self.chained = unsafe { (*entry.node).next.get() };
            self.push(entry);
        }
    }

    fn put(&mut self, at: usize, entry: Entry) {
        self.entries[at] = entry;
        // SAFETY: nodes in the heap are alive, and its lock is held.
        unsafe { (*entry.node).index.set(at) };
    }

    fn up(&mut self, mut at: usize) {
        let entry = self.entries[at];
        while at > 0 {
            let parent = (at - 1) / WAYS;
            if self.entries[parent].when <= entry.when {
                break;
            }
            self.put(at, self.entries[parent]);
            at = parent;
        }
        self.put(at, entry);
    }

    fn down(&mut self, mut at: usize) {
        let entry = self.entries[at];
        loop {
            let first = at * WAYS + 1;
            if first >= self.entries.len() {
                break;
            }
            let end = (first + WAYS).min(self.entries.len());
            let mut least = first;
            for child in first + 1..end {
                if self.entries[child].when < self.entries[least].when {
                    least = child;
                }
            }
            if self.entries[least].when >= entry.when {
                break;
            }
            self.put(at, self.entries[least]);
            at = least;
        }
        self.put(at, entry);
    }

    fn remove_at(&mut self, at: usize) {
        let last = self.entries.pop().expect("the entry to remove is in the heap");
        if at < self.entries.len() {
            self.entries[at] = last;
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
        let heap = &timers.heap.lock().entries;
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

    /// As if there had been no memory.
    fn chain(timers: &Timers, node: &Node, when: i64) {
        let mut heap = timers.heap.lock();
        node.heap.store(ptr::from_ref(timers).cast_mut(), Release);
        heap.link(node, when);
        timers.publish(&heap);
    }

    #[test]
    fn those_without_a_place_are_due_in_time_and_find_one() {
        let timers = Timers::new();
        let nodes: Vec<Node> = (0..10).map(|_| Node::new(nothing, ptr::null_mut())).collect();
        timers.insert(&nodes[0], 50);
        for (node, when) in nodes[1..6].iter().zip([70, 30, 20, 60, 10]) {
            chain(&timers, node, when);
        }
        assert_eq!((timers.next(), timers.len()), (10, 6));
        assert!(timers.take(&nodes[5]) && timers.take(&nodes[3]) && timers.take(&nodes[1]) && !timers.take(&nodes[3]));
        assert_eq!((timers.next(), timers.len()), (30, 3));
        timers.heap.lock().delay(&nodes[2], 80);
        assert_eq!(timers.heap.lock().first().map(|e| e.when), Some(50));
        timers.insert(&nodes[6], 40);
        timers.heap.lock().unchain();
        assert!(timers.heap.lock().chained.is_null() && is_sound(&timers));
        assert_eq!((timers.next(), timers.len()), (40, 4));
        chain(&timers, &nodes[7], 35);
        timers.unlink_all();
        assert_eq!((timers.next(), timers.len()), (NEVER, 0));
        assert!(nodes.iter().all(|node| node.heap.load(Relaxed).is_null()));
    }
}
