//! Pending operations: send, receive and select for those who may not block. See [`crate::aio`].
//!
//! An operation is one block of memory with its completion, its cases and a waiter for each. One
//! reference is the owner's handle; one belongs to the end: to who claims the completion, then to the
//! callback's call, or to the queue until it is drained. A cancel claims like any other, takes the
//! waiters out, and so ends that reference itself. Locks: channels, then a queue's.

use super::select::{shuffle, sort_locks, try_case, unlock_all};
use super::{Case, OP_SEND, release_waiting as release_chan, retain_waiting as retain_chan};
use crate::aio::queue::Link;
use crate::aio::{Queue, delivery};
use crate::error::{Error, Kind, Result};
use crate::sanitizer::race;
use crate::sched::caller::Caller;
use crate::sched::deadlock;
use crate::waiter::{CANCELED, Completion, Waiter};
use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::ptr::{self, NonNull};
use std::alloc::{Layout, alloc, dealloc};
use std::sync::atomic::{AtomicUsize, Ordering::*};

/// Called once with the operation's `user`, the index of the chosen case, and its status: 0, or
/// `Kind::Closed`. One that unwinds ends the process.
pub type Callback = unsafe extern "C-unwind" fn(*mut c_void, c_int, i32);

/// Where the end of an operation is told.
#[derive(Clone, Copy)]
pub enum To {
    /// By a call; see [`crate::aio`] for where.
    Call(Callback),
    /// By an entry in this queue.
    Queue(NonNull<Queue>),
}

/// An operation that was started; behind a counted pointer, its arrays follow it in memory.
#[repr(C)]
pub struct Pending {
    completion: Completion,
    references: AtomicUsize,
    to: To,
    user: *mut c_void,
    /// The epoch in which it was counted as something that may act; 0: it was not.
    counted: u64,
    n: usize,
    /// In its thread's list of what is to be delivered.
    pub(crate) deferred: Cell<*const Pending>,
    /// In its queue's lists, under that queue's lock.
    pub(crate) link: Link<Pending>,
}

/// What follows a [`Pending`], as offsets into one block.
struct Shape {
    layout: Layout,
    cases: usize,
    waiters: usize,
    locks: usize,
    poll: usize,
}

fn shape(n: usize) -> Option<Shape> {
    let layout = Layout::new::<Pending>();
    let (layout, cases) = layout.extend(Layout::array::<Case>(n).ok()?).ok()?;
    let (layout, waiters) = layout.extend(Layout::array::<Waiter>(n).ok()?).ok()?;
    let (layout, locks) = layout.extend(Layout::array::<*const super::Chan>(n).ok()?).ok()?;
    let (layout, poll) = layout.extend(Layout::array::<u32>(n).ok()?).ok()?;
    Some(Shape { layout, cases, waiters, locks, poll })
}

/// Begin to wait for one of the cases, which are copied; what is ready now is done now. The caller
/// owns one reference to the operation, which [`release`] ends.
///
/// On an error nothing was done and nothing will be told.
///
/// # Safety
/// The cases' channels are alive now; their elements' places stay until the operation has ended. The
/// callback is sound on any thread; the queue is alive.
pub unsafe fn start(cases: &[Case], to: To, user: *mut c_void) -> Result<NonNull<Pending>> {
    let caller = Caller::enter();
    // SAFETY: by contract; the block has room for all that is put into it.
    unsafe {
        let shape = shape(cases.len()).filter(|_| cases.len() <= c_int::MAX as usize).ok_or(Error::NO_MEMORY)?;
        let block = NonNull::new(alloc(shape.layout)).ok_or(Error::NO_MEMORY)?;
        let op = block.cast::<Pending>();
        let at = |offset: usize| block.as_ptr().add(offset);
        let poll = at(shape.poll).cast::<u32>();
        let m = shuffle(cases, poll).inspect_err(|_| dealloc(block.as_ptr(), shape.layout))?;
        let poll = core::slice::from_raw_parts(poll, m);
        op.write(Pending {
            completion: Completion::with_callback(completed),
            references: AtomicUsize::new(2),
            to,
            user,
            counted: 0,
            n: cases.len(),
            deferred: Cell::new(ptr::null()),
            link: Link::new(),
        });
        match to {
            To::Call(_) => (*op.as_ptr()).counted = deadlock::add_outside(),
            To::Queue(queue) => {
                queue.as_ref().expect_one().inspect_err(|_| dealloc(block.as_ptr(), shape.layout))?;
            }
        }
        let copies = at(shape.cases).cast::<Case>();
        ptr::copy_nonoverlapping(cases.as_ptr(), copies, cases.len());
        for (i, case) in cases.iter().enumerate() {
            retain_chan(case.chan);
            let waiter = Waiter::new(&op.as_ref().completion, i as u32, case.elem.cast());
            at(shape.waiters).cast::<Waiter>().add(i).write(waiter);
        }
        let locks = sort_locks(cases, at(shape.locks).cast());
        for &c in locks {
            (*c).lock.lock();
        }
        for &i in poll {
            let case = &mut *copies.add(i as usize);
            if let Some(other) = try_case(case) {
                op.as_ref().waiter(i as usize).ok.set(case.status == 0);
                unlock_all(locks);
                super::ops::finish(other, &caller);
                // Nobody else knows it: this is the first claim.
                op.as_ref().completion.claim(i);
                completed(&raw const (*op.as_ptr()).completion, &caller);
                return Ok(op);
            }
        }
        if let To::Queue(queue) = to
            && let Err(error) = queue.as_ref().add(op.as_ref())
        {
            unlock_all(locks);
            unref(op.as_ptr());
            unref(op.as_ptr());
            return Err(error);
        }
        race::release(op.as_ptr());
        for &i in poll {
            let case = &cases[i as usize];
            race::waits(&*case.chan, case.op == OP_SEND, op.as_ref().waiter(i as usize));
            (*cases[i as usize].chan).enqueue(op.as_ref().waiter(i as usize), cases[i as usize].op);
        }
        unlock_all(locks);
        Ok(op)
    }
}

/// Take the operation back. True: it has not happened and will not be told. False: it has been told or
/// will be, or was canceled before. In either case the elements' places are not used any more.
///
/// # Safety
/// `op` is null or came from [`start`] and is not released.
pub unsafe fn cancel(op: *const Pending) -> bool {
    // SAFETY: by contract; its channels are kept by the operation.
    unsafe {
        let Some(op) = op.as_ref() else { return false };
        let _caller = Caller::enter();
        op.cancel()
    }
}

/// End the owner's reference; the operation goes on. Null is allowed.
///
/// # Safety
/// As [`cancel`]; the handle is gone afterwards.
pub unsafe fn release(op: *const Pending) {
    // SAFETY: by contract.
    if let Some(op) = unsafe { op.as_ref() } {
        // SAFETY: as above.
        unsafe { unref(op) };
    }
}

/// The operation was claimed by who calls this, and has happened.
unsafe fn completed(completion: *const Completion, caller: &Caller) {
    // SAFETY: the completion is an operation's first field; who claims it owns a reference.
    unsafe { delivery::deliver(&*completion.cast::<Pending>(), caller) }
}

/// Keeps an unwinding callback from leaving.
unsafe extern "C" fn call(callback: Callback, user: *mut c_void, index: c_int, status: i32) {
    // SAFETY: by contract of `start`.
    unsafe { callback(user, index, status) }
}

impl Pending {
    /// # Safety
    /// `i` is the index of a case.
    unsafe fn waiter(&self, i: usize) -> &Waiter {
        // SAFETY: the arrays were filled by `start`.
        unsafe { &*ptr::from_ref(self).cast::<u8>().add(self.shape().waiters).cast::<Waiter>().add(i) }
    }

    unsafe fn cases(&self) -> &[Case] {
        // SAFETY: as in `waiter`.
        unsafe { core::slice::from_raw_parts(ptr::from_ref(self).cast::<u8>().add(self.shape().cases).cast(), self.n) }
    }

    fn shape(&self) -> Shape {
        shape(self.n).expect("it was valid when the operation was started")
    }

    /// What became of it, once it has happened.
    pub(crate) fn outcome(&self) -> (*mut c_void, c_int, i32) {
        let winner = self.completion.winner();
        // SAFETY: the winner is the index of the case that was chosen.
        let ok = unsafe { self.waiter(winner as usize).ok.get() };
        (self.user, winner as c_int, if ok { 0 } else { Kind::Closed as i32 })
    }

    /// Take the waiters out of the queues, but the one that was chosen. Afterwards nobody who has
    /// come upon one of them still looks at it.
    unsafe fn leave_queues(&self, but: Option<u32>) {
        // SAFETY: the operation keeps its channels alive; each lock is released here.
        unsafe {
            for (i, case) in self.cases().iter().enumerate() {
                if let Some(c) = case.chan.as_ref()
                    && Some(i as u32) != but
                {
                    c.lock.lock();
                    c.dequeue(self.waiter(i), case.op);
                    race::waited(c, case.op == OP_SEND, self.waiter(i), false);
                    c.lock.unlock();
                }
            }
        }
    }

    /// Its case has been done by another goroutine, and is going to be told.
    #[cold]
    unsafe fn order_for_race_detector(&self) {
        // SAFETY: as in `leave_queues`.
        unsafe {
            let winner = self.completion.winner() as usize;
            let case = &self.cases()[winner];
            race::acquire(self);
            (*case.chan).lock.lock();
            race::waited(case.chan, case.op == OP_SEND, self.waiter(winner), true);
            (*case.chan).lock.unlock();
            race::release(self);
        }
    }

    /// Claimed by a cancel: undo the start, and end the end's reference.
    unsafe fn canceled(&self) {
        // SAFETY: by contract of `cancel`.
        unsafe {
            self.leave_queues(None);
            self.not_outside();
            if let To::Queue(queue) = self.to {
                queue.as_ref().remove(self);
            }
            unref(self);
        }
    }

    /// See [`cancel`].
    ///
    /// # Safety
    /// The caller has a reference.
    pub(crate) unsafe fn cancel(&self) -> bool {
        // SAFETY: by contract. Whoever was faster uses the place under its channel's lock.
        unsafe {
            let first = self.completion.claim(CANCELED);
            if first {
                self.canceled();
            } else {
                self.leave_queues(None);
            }
            first
        }
    }

    fn not_outside(&self) {
        if self.counted != 0 {
            deadlock::remove_outside(self.counted);
        }
    }

    /// Tell of its end. By who claimed it, once; this ends the end's reference, or gives it to the queue.
    ///
    /// # Safety
    /// No lock is held, and no timer fires on this thread.
    pub(crate) unsafe fn complete(&self) {
        // SAFETY: by contract.
        unsafe {
            self.leave_queues(Some(self.completion.winner()));
            if race::on() {
                self.order_for_race_detector();
            }
            self.not_outside();
            match self.to {
                To::Call(callback) => {
                    let (user, index, status) = self.outcome();
                    call(callback, user, index, status);
                    unref(self);
                }
                To::Queue(queue) => Queue::push(queue, self),
            }
        }
    }

    pub(crate) fn retain(&self) {
        self.references.fetch_add(1, Relaxed);
    }
}

/// End a reference; with the last one the operation is freed.
///
/// # Safety
/// The reference is the caller's; no timer fires on this thread.
pub(crate) unsafe fn unref(op: *const Pending) {
    // SAFETY: by contract; the last reference owns everything.
    unsafe {
        if (*op).references.fetch_sub(1, AcqRel) != 1 {
            return;
        }
        for case in (*op).cases() {
            release_chan(case.chan);
        }
        if let To::Queue(queue) = (*op).to {
            Queue::unref(queue);
        }
        let layout = (*op).shape().layout;
        dealloc(op.cast_mut().cast(), layout);
    }
}
