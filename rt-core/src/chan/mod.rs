//! Channels: a lock, a ring buffer, two FIFO queues of waiters, as in Go.
//!
//! Invariants, whenever the lock is free:
//! * if somebody waits to receive, the buffer is empty; if somebody waits to send, it is full;
//! * at least one of the two queues is empty, except for a goroutine that waits in a select both to
//!   send and to receive on the same channel;
//! * a closed channel has nobody waiting on it.
//!
//! A sender that finds a waiting receiver copies its element straight to where the receiver wants
//! it, and the other way round. The lock guards everything but the atomics, which are written under
//! it and may be read without: they let calls that may not block look before they lock.
//!
//! **Looking without the lock.** `version` changes before every change of the state, under the lock.
//! A reader that reads the versions of several channels and then finds each unlocked, finds them not ready, and
//! then their versions unchanged, has seen each unchanged over one common span of time, and so all not ready
//! at one moment.
//!
//! **Its end.** References keep a channel: the program's, those of operations, and of waits for one of `after`, whose
//! timer ends them without having a reference. Other waits need none: to be in a queue, or passed over and not gone
//! yet, keeps the channel too. Then the last reference leaves an orphan behind, which the last to leave frees.

mod ops;
#[cfg(not(loom))]
pub(crate) mod pending;
mod select;

pub use ops::{close, recv, send};
pub use select::{Case, OP_RECV, OP_SEND, select};

use crate::error::{Error, Kind, Result};
use crate::facade::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Cell, Ordering::*, fence};
use crate::lock::RawLock;
use crate::sanitizer::race::{self, Clocks};
use crate::time::timer::Timer;
use crate::waiter::{WaitQueue, Waiter};
use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::ptr::{self, NonNull};
use std::alloc::{Layout, alloc, dealloc};

/// A channel. It lives behind a counted pointer; elements follow it in memory.
#[repr(C, align(16))]
pub struct Chan {
    lock: RawLock,
    closed: AtomicBool,
    /// A timer lies behind the elements.
    has_timer: bool,
    /// It is that of `after`, whose channel is all that is known of it.
    owns_timer: AtomicBool,
    version: AtomicU32,
    /// Elements in the buffer.
    count: AtomicUsize,
    elem_size: usize,
    capacity: usize,
    /// Where the next element is taken from and put to, as indexes.
    head: Cell<usize>,
    tail: Cell<usize>,
    receivers: UnsafeCell<WaitQueue>,
    senders: UnsafeCell<WaitQueue>,
    has_receivers: AtomicBool,
    has_senders: AtomicBool,
    /// The program has no reference any more, and those who wait have been told. Under the lock.
    lost: Cell<bool>,
    /// Nobody has a reference any more: it ends with the last wait. Under the lock.
    orphaned: Cell<bool>,
    /// Waiters that were passed over and whose owners have not left yet.
    passed: AtomicU32,
    references: AtomicU64,
    /// What is done with an element that nobody has received when the channel is freed.
    drop_elem: Option<DropElem>,
    /// The race detector's; null without one.
    pub(crate) clocks: *mut Clocks,
}

/// Is given the place of an element and ends its life.
pub type DropElem = unsafe extern "C-unwind" fn(*mut c_void);

/// That of malloc: more would cost several times as much to allocate.
const ELEM_ALIGN: usize = 16;

fn layout(elem_size: usize, capacity: usize, has_timer: bool) -> Option<Layout> {
    let behind = if has_timer { size_of::<Timer>() } else { 0 };
    let bytes = elem_size.checked_mul(capacity)?.checked_add(size_of::<Chan>() + behind)?;
    Layout::from_size_align(bytes, ELEM_ALIGN).ok()
}

/// Make a channel for `capacity` elements of `elem_size` bytes; the caller owns one reference.
pub fn new(elem_size: usize, capacity: usize) -> Result<NonNull<Chan>> {
    new_with_drop(elem_size, capacity, None)
}

/// As [`new`]; `drop_elem` is called for each element left in the buffer when the channel is freed.
pub fn new_with_drop(elem_size: usize, capacity: usize, drop_elem: Option<DropElem>) -> Result<NonNull<Chan>> {
    make(elem_size, capacity, drop_elem, false)
}

/// A channel for one time, with room for a timer that lives as long as it, yet to be written.
pub(crate) fn new_with_timer() -> Result<(NonNull<Chan>, *mut Timer)> {
    const { assert!(size_of::<Chan>().is_multiple_of(ELEM_ALIGN) && align_of::<Timer>() <= align_of::<i64>()) };
    let c = make(size_of::<i64>(), 1, None, true)?;
    // SAFETY: fresh.
    Ok((c, unsafe { c.as_ref() }.timer()))
}

fn make(elem_size: usize, capacity: usize, drop_elem: Option<DropElem>, has_timer: bool) -> Result<NonNull<Chan>> {
    let layout = layout(elem_size, capacity, has_timer)
        .ok_or(Error::new(Kind::NoMemory, c"the sizes of the channel overflow"))?;
    // SAFETY: the layout is not empty, and the header is written before anybody sees it.
    unsafe {
        let c = NonNull::new(alloc(layout).cast::<Chan>()).ok_or(Error::NO_MEMORY)?;
        c.write(Chan {
            lock: RawLock::new(),
            closed: AtomicBool::new(false),
            has_timer,
            owns_timer: AtomicBool::new(false),
            version: AtomicU32::new(0),
            count: AtomicUsize::new(0),
            elem_size,
            capacity,
            head: Cell::new(0),
            tail: Cell::new(0),
            receivers: UnsafeCell::new(WaitQueue::new()),
            senders: UnsafeCell::new(WaitQueue::new()),
            has_receivers: AtomicBool::new(false),
            has_senders: AtomicBool::new(false),
            lost: Cell::new(false),
            orphaned: Cell::new(false),
            passed: AtomicU32::new(0),
            references: AtomicU64::new(1),
            drop_elem,
            clocks: Clocks::new(capacity),
        });
        Ok(c)
    }
}

/// The program's references are counted in the low half, those of calls that wait in the high one.
const WAITS: u64 = 1 << 32;

/// Take one more reference. Null is allowed.
///
/// # Safety
/// `c` is null or a channel the caller has a reference to.
pub unsafe fn retain(c: *mut Chan) {
    // SAFETY: by contract.
    if let Some(c) = unsafe { c.as_ref() } {
        c.references.fetch_add(1, Relaxed);
    }
}

/// End one reference; the last one frees the channel. Null is allowed.
///
/// # Safety
/// As [`retain`]; the caller's reference is gone afterwards.
pub unsafe fn release(c: *mut Chan) {
    // SAFETY: by contract.
    unsafe {
        let Some(chan) = c.as_ref() else { return };
        race::release(&chan.references);
        let mut before = chan.references.load(Acquire);
        // Only who has a reference makes another: with the only one nobody else is there to race with.
        if before == 1 {
            return chan.end();
        }
        loop {
            // The program's last one, and calls that wait have others: it becomes one of those for a look.
            let looks = before % WAITS == 1 && before != 1;
            let after = if looks { before - 1 + WAITS } else { before - 1 };
            match chan.references.compare_exchange_weak(before, after, AcqRel, Relaxed) {
                Ok(_) if looks => {
                    chan.lock.lock();
                    chan.lose_waiters();
                    chan.lock.unlock();
                    return release_waiting(c);
                }
                Ok(1) => return chan.end(),
                Ok(_) => return,
                Err(now) => before = now,
            }
        }
    }
}

/// As [`retain`], for a call that waits.
///
/// # Safety
/// As [`retain`].
pub(crate) unsafe fn retain_waiting(c: *mut Chan) {
    // SAFETY: by contract.
    if let Some(c) = unsafe { c.as_ref() } {
        c.references.fetch_add(WAITS, Relaxed);
    }
}

/// Undo [`retain_waiting`].
///
/// # Safety
/// As [`release`].
pub(crate) unsafe fn release_waiting(c: *mut Chan) {
    // SAFETY: by contract.
    unsafe {
        let Some(chan) = c.as_ref() else { return };
        if chan.references.fetch_sub(WAITS, AcqRel) == WAITS {
            chan.end();
        }
    }
}

/// Elements in the buffer; 0 for null.
///
/// # Safety
/// As [`retain`].
pub unsafe fn len(c: *const Chan) -> usize {
    // SAFETY: by contract.
    unsafe { c.as_ref() }.map_or(0, |c| c.count.load(Relaxed))
}

/// Room of the buffer; 0 for null.
///
/// # Safety
/// As [`retain`].
pub unsafe fn cap(c: *const Chan) -> usize {
    // SAFETY: by contract.
    unsafe { c.as_ref() }.map_or(0, |c| c.capacity)
}

/// Whether it was closed; false for null.
///
/// # Safety
/// As [`retain`].
pub unsafe fn is_closed(c: *const Chan) -> bool {
    // SAFETY: by contract.
    unsafe { c.as_ref() }.is_some_and(|c| c.closed.load(Acquire))
}

/// Show `look` each element in the buffer, first in, first shown, until it says false. The channel is
/// locked meanwhile: `look` must not use it.
///
/// # Safety
/// As [`retain`].
pub unsafe fn look_through(c: *const Chan, mut look: impl FnMut(*const u8) -> bool) {
    // SAFETY: by contract; under the lock the buffer does not change.
    unsafe {
        let Some(c) = c.as_ref() else { return };
        c.lock.lock();
        let mut at = c.head.get();
        for _ in 0..c.count.load(Relaxed) {
            if !look(c.slot(at)) {
                break;
            }
            at = if at + 1 == c.capacity { 0 } else { at + 1 };
        }
        c.lock.unlock();
    }
}

/// Copy an element. The sizes of nearly all elements are worth a branch: a call of memcpy for eight
/// bytes costs more than the rest of a hand-over.
#[inline(always)]
unsafe fn copy_elem(from: *const u8, to: *mut u8, size: usize) {
    // SAFETY: the caller gives two places of `size` bytes that do not overlap.
    unsafe {
        match size {
            8 => to.cast::<u64>().write_unaligned(from.cast::<u64>().read_unaligned()),
            4 => to.cast::<u32>().write_unaligned(from.cast::<u32>().read_unaligned()),
            _ if race::on() => race::copy(from, to, size),
            _ => ptr::copy_nonoverlapping(from, to, size),
        }
    }
}

impl Chan {
    pub(crate) fn elem_size(&self) -> usize {
        self.elem_size
    }

    /// Where element `index` of the buffer is.
    #[inline(always)]
    fn slot(&self, index: usize) -> *mut u8 {
        // SAFETY: the index is below the capacity, and the elements follow the header.
        unsafe { ptr::from_ref(self).add(1).cast::<u8>().cast_mut().add(index * self.elem_size) }
    }

    #[inline(always)]
    fn advance(&self, index: &Cell<usize>) {
        let next = index.get() + 1;
        index.set(if next == self.capacity { 0 } else { next });
    }

    /// Give an element to a receiver's place, or take one from a sender's: a null place stands for
    /// zero bytes on the giving side and for nothing on the taking side.
    #[inline(always)]
    unsafe fn give(&self, from: *const u8, to: *mut u8) {
        // SAFETY: places that are not null hold an element.
        unsafe {
            if to.is_null() {
            } else if from.is_null() {
                race::copy(from, to, self.elem_size);
            } else {
                copy_elem(from, to, self.elem_size);
            }
        }
    }

    /// The last reference is gone. Who waits keeps the channel by being in a queue of it, and the last to leave
    /// frees it; nobody can wake those any more, but a select may be woken through another channel.
    #[cold]
    unsafe fn end(&self) {
        // SAFETY: nobody has a reference.
        unsafe {
            // Who has left is seen to have locked for that, and is done with the channel when it has unlocked.
            if !(self.is_waited_for() || self.lock.is_locked()) || !self.orphan() {
                self.free();
            }
        }
    }

    /// Leave it to those who wait, if any do.
    #[cold]
    unsafe fn orphan(&self) -> bool {
        self.lock.lock();
        let waited_for = self.is_waited_for();
        // SAFETY: locked above.
        unsafe {
            if waited_for {
                self.orphaned.set(true);
                self.lose_waiters();
            }
            self.lock.unlock();
        }
        waited_for
    }

    /// Somebody is in a queue, or was passed over and has not left yet. Acquire: who sees that they have left sees
    /// the lock taken for it.
    #[inline(always)]
    fn is_waited_for(&self) -> bool {
        self.has_receivers.load(Acquire) || self.has_senders.load(Acquire) || self.passed.load(Acquire) != 0
    }

    /// Take a waiter out whose wait the channel has not ended. Afterwards the channel may be gone, unless the
    /// caller has a reference.
    ///
    /// # Safety
    /// The waiter was put into a queue of this channel by the caller.
    #[inline(never)]
    pub(crate) unsafe fn leave(&self, w: &Waiter, op: u32) {
        self.lock.lock();
        // SAFETY: locked just now; by its waiter the caller keeps the channel until then.
        unsafe {
            self.dequeue(w, op);
            let last = self.orphaned.get() && !self.is_waited_for();
            self.lock.unlock();
            if last {
                self.free();
            }
        }
    }

    #[inline(always)]
    unsafe fn free(&self) {
        debug_assert!(!self.lock.is_locked(), "somebody is about to use the channel that is freed");
        // SAFETY: nobody has a reference, and nobody waits.
        unsafe {
            if self.has_own_timer() {
                (*self.timer()).end_with_channel();
            }
            if let Some(drop_elem) = self.drop_elem {
                race::acquire(&self.references);
                for _ in 0..self.count.load(Relaxed) {
                    drop_elem(self.slot(self.head.get()).cast());
                    self.advance(&self.head);
                }
            }
            Clocks::free(self.clocks);
            // It was valid when the channel was made.
            let layout = layout(self.elem_size, self.capacity, self.has_timer).unwrap_unchecked();
            ptr::from_ref(self).cast_mut().drop_in_place();
            dealloc(ptr::from_ref(self).cast_mut().cast(), layout);
        }
    }

    // All below: under the lock.

    /// The program has no reference any more: nobody may act on the channel, so who waits for it waits
    /// in vain, unless a timer of the channel's own ends that. Later nobody begins to wait.
    unsafe fn lose_waiters(&self) {
        // SAFETY: locked.
        unsafe {
            if !self.has_own_timer() && !self.lost.replace(true) {
                (*self.receivers.get()).iter().for_each(Waiter::lose);
                (*self.senders.get()).iter().for_each(Waiter::lose);
            }
        }
    }

    /// Say that the state is going to change. The fence: who sees the change sees the new version;
    /// Release: who sees the new version sees what the changer did before, the lock it took included.
    #[inline(always)]
    fn change(&self) {
        self.version.store(self.version.load(Relaxed).wrapping_add(1), Release);
        fence(Release);
    }

    /// The version, for a look without the lock; `None` while somebody holds it. In this order: who sees a
    /// version sees that the lock was taken for it (Release in `change`), so a lock that is free after that was
    /// released, and the change is whole. The other way round a version may be that of a change under way,
    /// whose state is seen neither before nor after it.
    #[inline(always)]
    fn settled_version(&self) -> Option<u32> {
        let version = self.version.load(Acquire);
        (!self.lock.is_locked()).then_some(version)
    }

    #[allow(clippy::mut_from_ref)] // the lock makes it exclusive
    #[inline(always)]
    unsafe fn receivers(&self) -> &mut WaitQueue {
        // SAFETY: the caller holds the lock and keeps one such reference at a time.
        unsafe { &mut *self.receivers.get() }
    }

    #[allow(clippy::mut_from_ref)]
    #[inline(always)]
    unsafe fn senders(&self) -> &mut WaitQueue {
        // SAFETY: as above.
        unsafe { &mut *self.senders.get() }
    }

    /// Take the receiver that waits longest.
    #[inline(always)]
    unsafe fn pop_receiver<'a>(&self) -> Option<&'a Waiter> {
        if !self.has_receivers.load(Relaxed) {
            return None;
        }
        self.change();
        // SAFETY: under the lock.
        unsafe {
            let w = self.receivers().pop_past(|| self.pass());
            self.has_receivers.store(!self.receivers().is_empty(), Release);
            w
        }
    }

    #[inline(always)]
    unsafe fn pop_sender<'a>(&self) -> Option<&'a Waiter> {
        if !self.has_senders.load(Relaxed) {
            return None;
        }
        self.change();
        // SAFETY: under the lock.
        unsafe {
            let w = self.senders().pop_past(|| self.pass());
            self.has_senders.store(!self.senders().is_empty(), Release);
            w
        }
    }

    #[inline]
    unsafe fn enqueue(&self, w: &Waiter, op: u32) {
        // SAFETY: under the lock. The queue itself nobody looks at without it.
        unsafe {
            if op == OP_RECV {
                self.receivers().push(w);
                self.change();
                self.has_receivers.store(true, Relaxed);
            } else {
                self.senders().push(w);
                self.change();
                self.has_senders.store(true, Relaxed);
            }
        }
    }

    #[cold]
    fn pass(&self) {
        self.passed.store(self.passed.load(Relaxed) + 1, Relaxed);
    }

    unsafe fn dequeue(&self, w: &Waiter, op: u32) {
        if w.take_passed() {
            self.passed.store(self.passed.load(Relaxed) - 1, Release);
            return;
        }
        self.change();
        // SAFETY: under the lock.
        unsafe {
            if op == OP_RECV {
                self.receivers().remove(w);
                self.has_receivers.store(!self.receivers().is_empty(), Release);
            } else {
                self.senders().remove(w);
                self.has_senders.store(!self.senders().is_empty(), Release);
            }
        }
    }

    // Without the lock.

    /// The version, by itself: nothing has changed since a look at which it was the same.
    #[inline(always)]
    fn version(&self) -> u32 {
        self.version.load(Relaxed)
    }

    /// A receive could go on now. In this order: an element, or a waiter, may have made way for what is looked
    /// at next, and by Acquire that is seen then.
    #[inline(always)]
    fn can_recv(&self) -> bool {
        self.count.load(Acquire) != 0 || self.has_senders.load(Acquire) || self.closed.load(Relaxed)
    }

    /// A send could go on now, or fail.
    #[inline(always)]
    fn can_send(&self) -> bool {
        self.count.load(Acquire) < self.capacity || self.has_receivers.load(Acquire) || self.closed.load(Relaxed)
    }

    /// Put a waiter among the receivers, for the close of a channel that carries nothing. False when
    /// it is closed already.
    ///
    /// # Safety
    /// `c` is alive, and the waiter until it is taken out by [`Chan::stop_waiting`] or the close.
    pub(crate) unsafe fn wait_for_close(c: *mut Chan, w: &Waiter) -> bool {
        // SAFETY: by contract; the lock is released before returning.
        unsafe {
            let c = &*c;
            c.lock.lock();
            let open = !c.closed.load(Relaxed);
            if open {
                c.enqueue(w, OP_RECV);
            }
            c.lock.unlock();
            open
        }
    }

    /// Take such a waiter out, if the close has not.
    ///
    /// # Safety
    /// As [`Chan::wait_for_close`].
    pub(crate) unsafe fn stop_waiting(c: *mut Chan, w: &Waiter) {
        // SAFETY: by contract.
        unsafe { (*c).leave(w, OP_RECV) };
    }

    /// Make this the channel of `after`: the last release ends the timer too.
    pub(crate) fn own_timer(&self) {
        self.owns_timer.store(true, Relaxed);
    }

    /// Where the timer is, if it has one: behind the one element.
    fn timer(&self) -> *mut Timer {
        // SAFETY: inside the block, and aligned as the element is.
        unsafe { self.slot(0).add(size_of::<i64>()).cast() }
    }

    /// It has such a timer, which ends waits without having a reference: they need one.
    #[inline(always)]
    fn has_own_timer(&self) -> bool {
        self.owns_timer.load(Relaxed)
    }

    /// Throw away what the timer has put into the buffer, which puts nothing more there; true when there was
    /// something.
    pub(crate) fn drain(&self) -> bool {
        if self.count.load(Acquire) == 0 {
            return false;
        }
        self.lock.lock();
        let had = self.count.load(Relaxed) != 0;
        self.change();
        self.count.store(0, Relaxed);
        self.head.set(self.tail.get());
        // SAFETY: locked above.
        unsafe {
            race::drained(self);
            self.lock.unlock();
        }
        had
    }
}
