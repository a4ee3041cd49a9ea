//! The completion queue: any number of operations, one descriptor to poll.
//!
//! The descriptor (an eventfd) is readable exactly while something can be drained: it is written when
//! the list of completed operations is not empty any more, and read when it is empty again, both under
//! the queue's lock, so that the two cannot pass each other. The lock is the last one anybody takes.
//!
//! Every operation has a reference to its queue. The queue knows which are pending, because closing it
//! cancels them.

use crate::alloc::try_box;
use crate::chan::pending::{Pending, unref};
use crate::error::{Error, Kind, Result};
use crate::lock::SpinLock;
use crate::sanitizer::race;
use crate::sched::{current, deadlock, lifecycle};
use crate::sys::epoll;
use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};
use std::sync::atomic::{AtomicUsize, Ordering::*};

const CLOSED: Error = Error::new(Kind::Closed, c"the completion queue is closed");
const FORKED: Error = Error::new(Kind::Misuse, c"a completion queue is of no use in a child of its process");

/// A completed operation; the layout is that of the C API's `gort_completion`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Done {
    /// What the operation was started with.
    pub user: *mut c_void,
    /// The case that was chosen.
    pub index: c_int,
    /// 0, or `Kind::Closed`.
    pub status: i32,
}

/// The place of an operation in one of the lists.
pub(crate) struct Link<T> {
    next: Cell<*const T>,
    prev: Cell<*const T>,
}

impl<T> Link<T> {
    pub(crate) fn new() -> Link<T> {
        Link { next: Cell::new(ptr::null()), prev: Cell::new(ptr::null()) }
    }
}

/// Operations in the order they came; each is in one list at most, and alive in it.
struct List {
    first: *const Pending,
    last: *const Pending,
}

impl List {
    const EMPTY: List = List { first: ptr::null(), last: ptr::null() };

    fn is_empty(&self) -> bool {
        self.first.is_null()
    }

    unsafe fn push(&mut self, op: &Pending) {
        op.link.next.set(ptr::null());
        op.link.prev.set(self.last);
        // SAFETY: operations in the list are alive.
        match unsafe { self.last.as_ref() } {
            Some(last) => last.link.next.set(op),
            None => self.first = op,
        }
        self.last = op;
    }

    fn contains(&self, op: &Pending) -> bool {
        !op.link.prev.get().is_null() || ptr::eq(self.first, op)
    }

    /// Nothing, when it is in no list.
    unsafe fn remove(&mut self, op: &Pending) {
        if !self.contains(op) {
            return;
        }
        let (next, prev) = (op.link.next.replace(ptr::null()), op.link.prev.replace(ptr::null()));
        // SAFETY: as in `push`.
        unsafe {
            match prev.as_ref() {
                Some(prev) => prev.link.next.set(next),
                None => self.first = next,
            }
            match next.as_ref() {
                Some(next) => next.link.prev.set(prev),
                None => self.last = prev,
            }
        }
    }

    unsafe fn pop<'a>(&mut self) -> Option<&'a Pending> {
        // SAFETY: as in `push`.
        unsafe {
            let op = self.first.as_ref()?;
            self.remove(op);
            Some(op)
        }
    }
}

/// When a queue counts as something outside that may act, so that nothing is a deadlock.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum MayAct {
    /// Whoever polls it may be a thread that has never called the library.
    WhileItLives,
    /// Who polls it is known otherwise while nothing was started for it.
    WhileExpecting,
}

struct State {
    /// -1 once the owner has released the queue: what completes now is dropped.
    fd: c_int,
    closed: bool,
    /// Operations started and neither drained nor canceled.
    expected: usize,
    pending: List,
    completed: List,
    may_act: MayAct,
    /// The epoch in which it was counted as something that may act; `None`: it is not.
    counted: Option<u64>,
}

impl State {
    fn expect(&mut self) {
        self.expected += 1;
        self.counted.get_or_insert_with(deadlock::add_outside);
    }

    fn expect_less(&mut self, n: usize) {
        self.expected -= n;
        if self.expected == 0 && self.may_act == MayAct::WhileExpecting {
            self.acts_no_more();
        }
    }

    fn acts_no_more(&mut self) {
        if let Some(counted) = self.counted.take() {
            deadlock::remove_outside(counted);
        }
    }
}

/// See the module. Behind a counted pointer: one reference is the owner's, one each operation's.
pub struct Queue {
    state: SpinLock<State>,
    fd: c_int,
    references: AtomicUsize,
    /// The process it was made in, as a count of forks.
    forks: u32,
}

impl Queue {
    /// Make a queue, which the caller owns.
    pub fn new(may_act: MayAct) -> Result<NonNull<Queue>> {
        current::touch();
        lifecycle::register_fork_handler();
        let fd = epoll::eventfd().map_err(|errno| Error::os(c"no descriptor for a completion queue", errno))?;
        let state = State {
            fd,
            closed: false,
            expected: 0,
            pending: List::EMPTY,
            completed: List::EMPTY,
            may_act,
            counted: None,
        };
        let queue = try_box(Queue {
            state: SpinLock::new(state),
            fd,
            references: AtomicUsize::new(1),
            forks: lifecycle::forks(),
        });
        let Some(queue) = queue else {
            epoll::close(fd);
            return Err(Error::NO_MEMORY);
        };
        if may_act == MayAct::WhileItLives {
            // SAFETY: fresh.
            unsafe { queue.as_ref() }.state.lock().counted = Some(deadlock::add_outside());
        }
        Ok(queue)
    }

    /// The descriptor, which is readable while something can be drained. It stays the queue's: nobody
    /// else reads, writes or closes it.
    pub fn fd(&self) -> c_int {
        self.fd
    }

    /// Take completed operations out, as many as there is room for, in the order they completed; how
    /// many. In a child of the process the queue was made in always 0.
    pub fn drain(&self, out: &mut [MaybeUninit<Done>]) -> usize {
        current::touch();
        if self.forked() {
            return 0;
        }
        let mut taken = List::EMPTY;
        let mut n = 0;
        {
            let mut state = self.state.lock();
            let had = !state.completed.is_empty();
            while n < out.len() {
                // SAFETY: the list's references keep the operations, and are ours then.
                let Some(op) = (unsafe { state.completed.pop() }) else { break };
                race::acquire(op);
                let (user, index, status) = op.outcome();
                out[n].write(Done { user, index, status });
                n += 1;
                // SAFETY: as above.
                unsafe { taken.push(op) };
            }
            state.expect_less(n);
            if had && state.completed.is_empty() {
                epoll::drain(self.fd);
            }
        }
        // The last reference may free channels and their timers: without the lock.
        // SAFETY: taken above.
        unsafe { end_all(taken) };
        n
    }

    /// Take no new operation, and cancel what is pending: none of them happens any more. What has
    /// completed can still be drained: how many.
    pub fn close(&self) -> usize {
        current::touch();
        if self.forked() {
            return 0;
        }
        loop {
            let op = {
                let mut state = self.state.lock();
                state.closed = true;
                // SAFETY: an operation in the list has the end's reference.
                let Some(op) = (unsafe { state.pending.pop() }) else { return state.expected };
                op.retain();
                op
            };
            // SAFETY: retained above.
            unsafe {
                op.cancel();
                unref(op);
            }
        }
    }

    /// Close the queue and its descriptor, drop what was not drained, and end the owner's reference.
    /// Null is allowed.
    ///
    /// # Safety
    /// `queue` is null or came from [`Queue::new`]; the caller's reference is gone afterwards.
    pub unsafe fn release(queue: *mut Queue) {
        // SAFETY: by contract.
        unsafe {
            let Some(q) = queue.as_ref() else { return };
            if q.forked() {
                // Locks may be held by threads that do not exist here: all but the descriptor stays.
                epoll::close(q.fd);
                return;
            }
            q.close();
            let completed = {
                let mut state = q.state.lock();
                epoll::close(core::mem::replace(&mut state.fd, -1));
                state.acts_no_more();
                core::mem::replace(&mut state.completed, List::EMPTY)
            };
            end_all(completed);
            Queue::unref(NonNull::new_unchecked(queue));
        }
    }

    fn forked(&self) -> bool {
        self.forks != lifecycle::forks()
    }

    /// An operation is going to be started for this queue, and has a reference to it from now on.
    pub(crate) fn expect_one(&self) -> Result {
        if self.forked() {
            return Err(FORKED);
        }
        let mut state = self.state.lock();
        if state.closed {
            return Err(CLOSED);
        }
        state.expect();
        self.references.fetch_add(1, Relaxed);
        Ok(())
    }

    /// It is pending from now on. Fails when the queue was closed meanwhile; it is not expected then.
    ///
    /// # Safety
    /// It was expected, and nobody can complete it yet.
    pub(crate) unsafe fn add(&self, op: &Pending) -> Result {
        let mut state = self.state.lock();
        if state.closed {
            state.expect_less(1);
            return Err(CLOSED);
        }
        // SAFETY: its end's reference keeps it in the list.
        unsafe { state.pending.push(op) };
        Ok(())
    }

    /// It was canceled.
    ///
    /// # Safety
    /// It was added, and the caller has claimed it.
    pub(crate) unsafe fn remove(&self, op: &Pending) {
        let mut state = self.state.lock();
        // SAFETY: by contract.
        unsafe { state.pending.remove(op) };
        state.expect_less(1);
    }

    /// It has happened: its end's reference goes to the list.
    ///
    /// # Safety
    /// It was expected, the caller has claimed it, and no timer fires on this thread.
    pub(crate) unsafe fn push(queue: NonNull<Queue>, op: &Pending) {
        // SAFETY: by contract; with the unlock somebody else may free both.
        unsafe {
            let mut state = queue.as_ref().state.lock();
            state.pending.remove(op);
            if state.fd < 0 {
                drop(state);
                unref(op);
                return;
            }
            let first = state.completed.is_empty();
            state.completed.push(op);
            if first {
                epoll::notify(state.fd);
            }
        }
    }

    /// End a reference.
    ///
    /// # Safety
    /// It is the caller's.
    pub(crate) unsafe fn unref(queue: NonNull<Queue>) {
        // SAFETY: by contract; made by `try_box`, and the descriptor was closed by the owner.
        unsafe {
            if queue.as_ref().references.fetch_sub(1, AcqRel) == 1 {
                drop(Box::from_raw(queue.as_ptr()));
            }
        }
    }
}

unsafe fn end_all(mut ops: List) {
    // SAFETY: the list's references are the caller's.
    while let Some(op) = unsafe { ops.pop() } {
        // SAFETY: as above.
        unsafe { unref(op) };
    }
}
