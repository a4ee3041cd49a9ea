//! The ring of a P: the last events there, written by whoever holds the P, read by anybody.
//!
//! * **One writer.** An event is two plain stores and one that publishes it; no locked instruction.
//! * **Readers do not stop it.** What a reader copied counts only if the head, looked at again
//!   afterwards, is not so far on that the slot could have been written over meanwhile. The fence in
//!   `push` keeps the stores to a slot behind the head that says so. What a reader comes too late for is
//!   counted as lost.
//! * **Mostly what is made ready runs next.** In a burst such an event waits for the next one, in `made_ready`,
//!   and is a part of it when that is the goroutine's start. Whatever else is written is written after it.
//! * **A clock costs more than an event.** Where events follow each other within [`DENSE`] ticks for
//!   [`RUN`] of them, only one in [`STRIDE`] looks at the clock; a pause ends that.

use super::event::{Event, Kind, head_word, stamp_bits, subject_word};
use super::ticks;
use core::cell::Cell;
use core::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering::*, fence};

/// Events kept; a power of two.
pub(crate) const EVENTS: u64 = if cfg!(miri) { 1 << 8 } else { 1 << 14 };
/// Some 400 ns.
const DENSE: u64 = 128;
const RUN: u32 = 32;
const STRIDE: u64 = 128;

pub(super) struct Ring {
    /// Events ever written.
    head: AtomicU64,
    /// How the goroutine that left last did, as long as that is not noted. The owner's, as all below.
    left: Cell<u8>,
    /// The second word of an event that is not written yet; 0: none. See the head of the file.
    made_ready: Cell<u64>,
    /// The event from which on the clock is looked at.
    look_at: Cell<u64>,
    /// Looks in a row that found events to be close to each other.
    dense: Cell<u32>,
    /// The last look, and the event it was for.
    last: Cell<u64>,
    last_head: Cell<u64>,
    slots: [[AtomicU64; 2]; EVENTS as usize],
}

impl Ring {
    #[inline(always)]
    fn push_at(&self, head: u64, first: u64, second: u64) {
        let slot = &self.slots[(head % EVENTS) as usize];
        fence(Release);
        slot[0].store(first, Relaxed);
        slot[1].store(second, Relaxed);
        self.head.store(head + 1, Release);
    }

    #[inline(always)]
    fn push(&self, first: u64, second: u64) {
        if self.made_ready.get() != 0 {
            self.push_made_ready();
        }
        let head = self.head.load(Relaxed);
        if head < self.look_at.get() {
            self.push_at(head, first, second);
        } else {
            self.push_exact(first, second);
        }
    }

    /// Look at the clock, and decide how soon to look again.
    #[cold]
    #[inline(never)]
    fn push_exact(&self, first: u64, second: u64) {
        if self.made_ready.get() != 0 {
            self.push_made_ready();
        }
        let head = self.head.load(Relaxed);
        let now = ticks::now();
        let events = head - self.last_head.replace(head);
        let is_dense = now.wrapping_sub(self.last.replace(now)) <= DENSE * events;
        self.dense.set(if is_dense { RUN.min(self.dense.get() + 1) } else { 0 });
        self.look_at.set(if self.dense.get() == RUN { head + STRIDE } else { 0 });
        self.push_at(head, first | stamp_bits(now), second);
    }

    #[cold]
    #[inline(never)]
    fn push_made_ready(&self) {
        self.push_at(self.head.load(Relaxed), head_word(Kind::Ready, 0), self.made_ready.replace(0));
    }

    /// Note that a goroutine was made ready. By the owner, as all below.
    #[inline(always)]
    pub(super) fn note_ready(&self, subject: u64, aux: u16) {
        let second = subject_word(subject, aux);
        if self.made_ready.get() == 0 && self.head.load(Relaxed) < self.look_at.get() {
            self.made_ready.set(second);
        } else {
            self.push(head_word(Kind::Ready, 0), second);
        }
    }

    /// Note an event.
    #[inline(always)]
    pub(super) fn note(&self, kind: Kind, subject: u64, aux: u16) {
        self.push(head_word(kind, 0), subject_word(subject, aux));
    }

    /// Note that a goroutine was switched to, and how the one before has left.
    #[inline(always)]
    pub(super) fn note_start(&self, subject: u64, aux: u16) {
        let second = subject_word(subject, aux);
        let kind = if self.made_ready.get() == second {
            self.made_ready.set(0);
            Kind::Next
        } else {
            Kind::Start
        };
        self.push(head_word(kind, self.left.replace(0)), second);
    }

    /// A goroutine has left; whatever comes next will say so.
    #[inline(always)]
    pub(super) fn set_left(&self, left: u8) {
        self.left.set(left);
    }

    /// Note that the last goroutine has left, if that is not noted; `exact`: with its time, as nothing may
    /// follow for long.
    pub(super) fn note_left(&self, exact: bool) {
        let left = self.left.replace(0);
        match exact {
            _ if left == 0 => {}
            true => self.push_exact(head_word(Kind::Left, left), 0),
            false => self.push(head_word(Kind::Left, left), 0),
        }
        if self.made_ready.get() != 0 {
            self.push_made_ready();
        }
    }

    /// As [`note`](Self::note), with the exact time.
    pub(super) fn note_now(&self, kind: Kind, subject: u64, aux: u16) {
        self.push_exact(head_word(kind, 0), subject_word(subject, aux));
    }

    /// Note bytes of the name of the goroutine that was started just now.
    pub(super) fn note_name(&self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.push(head_word(Kind::Name, 0), u64::from_le_bytes(word));
        }
    }

    /// Events ever written. Anybody, as below.
    pub(super) fn head(&self) -> u64 {
        self.head.load(Acquire)
    }

    /// Append at most `most` events from the one numbered `from` on to `out`; the number to go on from,
    /// and how many were lost before the first.
    pub(super) fn read(&self, from: u64, most: u64, out: &mut Vec<Event>) -> (u64, u64) {
        let head = self.head();
        // One less than all, as the oldest may be written over just now.
        let first = from.max(head.saturating_sub(EVENTS - 1));
        let end = head.min(first + most);
        let at = out.len();
        for i in first..end {
            let slot = &self.slots[(i % EVENTS) as usize];
            // Torn words may be anything; they are thrown away below.
            let event = Event::decode(slot[0].load(Relaxed), slot[1].load(Relaxed));
            out.push(event.unwrap_or(Event { kind: Kind::Left, left: 0, stamp: 0, subject: 0, aux: 0, raw: 0 }));
        }
        fence(Acquire);
        let whole = (self.head.load(Relaxed) + 1).saturating_sub(EVENTS).clamp(first, end);
        out.drain(at..at + (whole - first) as usize);
        (end, whole - from.min(whole))
    }
}

/// Where a P keeps its ring, which it makes when it has the first event. Freed with the P.
pub(crate) struct Slot(AtomicPtr<Ring>);

impl Slot {
    pub(crate) const fn new() -> Slot {
        Slot(AtomicPtr::new(ptr::null_mut()))
    }

    /// The ring, made if need be; `None`: no memory, and the event is not noted. By the owner.
    pub(super) fn owned(&self) -> Option<&Ring> {
        match self.ring() {
            None => self.make(),
            ring => ring,
        }
    }

    #[cold]
    #[inline(never)]
    fn make(&self) -> Option<&Ring> {
        // SAFETY: all zero is an empty ring; the pages come when they are written.
        let ring = unsafe { std::alloc::alloc_zeroed(core::alloc::Layout::new::<Ring>()) };
        self.0.store(ring.cast(), Release);
        self.ring()
    }

    /// The ring, if there is one. Anybody.
    #[inline]
    pub(super) fn ring(&self) -> Option<&Ring> {
        // SAFETY: made once, and lives as long as the slot.
        unsafe { self.0.load(Acquire).as_ref() }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let ring = *self.0.get_mut();
        if !ring.is_null() {
            // SAFETY: allocated in `make` with this layout; nothing in it needs a drop.
            unsafe { std::alloc::dealloc(ring.cast(), core::alloc::Layout::new::<Ring>()) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Shared(Slot);
    // SAFETY: in these tests one thread writes, and the others only read.
    unsafe impl Sync for Shared {}

    #[test]
    fn what_is_written_over_is_counted() {
        let slot = Slot::new();
        let ring = slot.owned().unwrap();
        let mut events = Vec::new();
        assert_eq!(ring.read(0, EVENTS, &mut events), (0, 0));
        for i in 0..EVENTS + 10 {
            ring.note(Kind::Ready, i, 1);
        }
        let (end, lost) = ring.read(0, 5, &mut events);
        assert_eq!((end, lost, events.len()), (11 + 5, 11, 5));
        assert_eq!(events[0].subject, 11);
        events.clear();
        assert_eq!(ring.read(end, 2 * EVENTS, &mut events), (EVENTS + 10, 0));
        assert_eq!(events.last().unwrap().subject, EVENTS + 9);
    }

    #[test]
    fn a_reader_beside_the_writer_sees_whole_events_and_counts_the_others() {
        let shared = Shared(Slot::new());
        let total = if cfg!(miri) { 2 * EVENTS } else { 40 * EVENTS };
        shared.0.owned().unwrap();
        std::thread::scope(|scope| {
            let shared = &shared;
            scope.spawn(move || {
                for i in 0..total {
                    shared.0.owned().unwrap().note(Kind::Steal, i, i as u16);
                }
            });
            let (mut from, mut seen, mut missed, mut events) = (0, 0, 0, Vec::new());
            while from < total {
                events.clear();
                let (end, lost) = shared.0.ring().unwrap().read(from, 1000, &mut events);
                missed += lost;
                seen += events.len() as u64;
                for (event, number) in events.iter().zip(end - events.len() as u64..) {
                    assert_eq!(
                        (event.kind, event.subject, u64::from(event.aux)),
                        (Kind::Steal, number, number & 0xffff)
                    );
                }
                from = end;
            }
            assert_eq!(seen + missed, total);
        });
    }

    #[test]
    fn a_burst_begins_and_ends_with_a_look_at_the_clock() {
        let slot = Slot::new();
        let ring = slot.owned().unwrap();
        for i in 0..u64::from(10 * RUN) {
            ring.note(Kind::Ready, i, 0);
        }
        ring.set_left(1);
        ring.note_left(true);
        let mut events = Vec::new();
        ring.read(0, EVENTS, &mut events);
        assert_ne!(events[0].stamp, 0);
        assert_ne!(events.last().unwrap().stamp, 0);
    }
}
