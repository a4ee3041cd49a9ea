//! Send, receive, close.

use super::{Chan, OP_RECV, OP_SEND, release_waiting, retain_waiting};
use crate::error::{Error, Kind, Result};
use crate::facade::Ordering::*;
use crate::sanitizer::race;
use crate::sched::WaitReason;
use crate::sched::caller::Caller;
use crate::waiter::{Completion, Wait, Waiter, Woken, block};
use core::ptr;

/// What one attempt under the lock came to.
pub(super) enum Tried {
    /// Done; the other side, if it waited, must be finished after unlocking.
    Done(*const Completion),
    /// The channel is closed.
    Closed,
    /// The caller would have to wait.
    Blocked,
}

/// Finish the other side of a hand-over.
#[inline(always)]
pub(super) unsafe fn finish(other: *const Completion, caller: &Caller) {
    if !other.is_null() {
        // SAFETY: taken from a queue, and so claimed, by this caller.
        unsafe { Completion::finish(other, caller) };
    }
}

impl Chan {
    /// Send without waiting. Under the lock.
    #[inline(always)]
    pub(super) unsafe fn try_send_locked(&self, elem: *const u8) -> Tried {
        // SAFETY: the caller holds the lock; `elem` is null or an element.
        unsafe {
            if self.closed.load(Relaxed) {
                race::found_closed(self, true, elem.cast_mut());
                return Tried::Closed;
            }
            if let Some(w) = self.pop_receiver() {
                race::sends(self, elem, Some(w));
                self.give(elem, w.elem);
                w.ok.set(true);
                return Tried::Done(w.completion);
            }
            let count = self.count.load(Relaxed);
            if count < self.capacity {
                self.change();
                race::sends(self, elem, None);
                self.give(elem, self.slot(self.tail.get()));
                self.advance(&self.tail);
                self.count.store(count + 1, Release);
                return Tried::Done(ptr::null());
            }
            Tried::Blocked
        }
    }

    /// Receive without waiting. Under the lock.
    #[inline(always)]
    pub(super) unsafe fn try_recv_locked(&self, elem: *mut u8) -> Tried {
        // SAFETY: as above.
        unsafe {
            let count = self.count.load(Relaxed);
            if count > 0 {
                self.change();
                let slot = self.slot(self.head.get());
                self.give(slot, elem);
                self.advance(&self.head);
                // A waiting sender means that the buffer was full: its element takes the free slot.
                if let Some(w) = self.pop_sender() {
                    race::receives(self, elem, Some(w));
                    self.give(w.elem, slot);
                    self.advance(&self.tail);
                    w.ok.set(true);
                    return Tried::Done(w.completion);
                }
                race::receives(self, elem, None);
                self.count.store(count - 1, Release);
                return Tried::Done(ptr::null());
            }
            if let Some(w) = self.pop_sender() {
                race::receives(self, elem, Some(w));
                self.give(w.elem, elem);
                w.ok.set(true);
                return Tried::Done(w.completion);
            }
            if self.closed.load(Relaxed) {
                race::found_closed(self, false, elem);
                self.give(ptr::null(), elem);
                return Tried::Closed;
            }
            Tried::Blocked
        }
    }

    /// Put the caller into a queue and wait. The lock is held, and released here.
    #[inline(always)]
    unsafe fn wait(&self, caller: Caller, op: u32, elem: *mut u8, wait: Wait) -> Result {
        // SAFETY: by contract of both.
        unsafe {
            let no_deadline = matches!(wait, Wait::Forever | Wait::Interruptible(Wait::Forever));
            if no_deadline && !self.has_own_timer() && !caller.g().is_null() && !race::on() {
                self.park(caller, op, elem, wait)
            } else {
                self.wait_otherwise(caller, op, elem, wait)
            }
        }
    }

    /// The wait of a goroutine that only the channel or an interrupt can end. It needs no reference to the
    /// channel: who ends the wait through the channel has one, and the woken side does not look at the
    /// channel again; after an interrupt the goroutine is still in the queue, and so the channel not freed.
    #[inline(always)]
    unsafe fn park(&self, mut caller: Caller, op: u32, elem: *mut u8, wait: Wait) -> Result {
        let completion = Completion::new(&caller, 1, &wait);
        let waiter = Waiter::new(&completion, 0, elem);
        // SAFETY: the lock is held, and released once the goroutine's stack is left; whoever ends the
        // wait takes the waiter out of the queue, or else this does.
        unsafe {
            self.enqueue(&waiter, op);
            let this = ptr::from_ref(self).cast_mut().cast();
            if matches!(wait, Wait::Forever) {
                caller.park(reason(op), unlock_chan, this);
            } else if block(&mut caller, &completion, reason(op), &wait, unlock_chan, this) == Woken::Interrupted {
                self.leave(&waiter, op);
                return Err(Error::INTERRUPTED);
            }
        }
        success(&waiter, op)
    }

    #[inline(never)]
    unsafe fn wait_otherwise(&self, mut caller: Caller, op: u32, elem: *mut u8, wait: Wait) -> Result {
        let completion = Completion::new(&caller, 1, &wait);
        let waiter = Waiter::new(&completion, 0, elem);
        let this = ptr::from_ref(self).cast_mut();
        let holds = self.has_own_timer();
        // SAFETY: the lock is held; the waiter leaves the queue before this frame ends, and keeps the channel alive
        // until then; one that the channel has taken out does not look at it again without a reference.
        unsafe {
            race::waits(self, op == OP_SEND, &waiter);
            self.enqueue(&waiter, op);
            if holds {
                retain_waiting(this);
            }
            let woken = block(&mut caller, &completion, reason(op), &wait, unlock_chan, this.cast());
            race::waited(this, op == OP_SEND, &waiter, woken == Woken::Done);
            if woken != Woken::Done {
                (*this).leave(&waiter, op);
            }
            if holds {
                release_waiting(this);
            }
            match woken.error(&wait) {
                None => success(&waiter, op),
                Some(error) => Err(error),
            }
        }
    }
}

/// How a wait came out that the channel has ended.
#[inline(always)]
fn success(waiter: &Waiter, op: u32) -> Result {
    match (waiter.ok.get(), op) {
        (true, _) => Ok(()),
        (false, OP_RECV) => Err(Error::CLOSED_RECV),
        (false, _) => Err(Error::CLOSED_SEND),
    }
}

fn reason(op: u32) -> WaitReason {
    if op == OP_RECV { WaitReason::ChanRecv } else { WaitReason::ChanSend }
}

unsafe fn unlock_chan(c: *mut ()) {
    // SAFETY: the goroutine that parked holds the lock and a reference.
    unsafe { (*c.cast::<Chan>()).lock.unlock() }
}

/// Wait on the nil channel: for what else may end the wait.
#[cold]
unsafe fn wait_on_nil(reason: WaitReason, wait: Wait) -> Error {
    unsafe fn nothing(_: *mut ()) {}
    if let Some(error) = wait.over() {
        return error;
    }
    // What these two say can never end; this one can.
    let reason = match (reason, wait) {
        (_, Wait::Forever) => reason,
        (WaitReason::NilChanSend, _) => WaitReason::ChanSend,
        _ => WaitReason::ChanRecv,
    };
    let mut caller = Caller::enter();
    let completion = Completion::new(&caller, 0, &wait);
    // SAFETY: the completion is for this caller and in no queue.
    let woken = unsafe { block(&mut caller, &completion, reason, &wait, nothing, ptr::null_mut()) };
    woken.error(&wait).unwrap_or(Error::TIMED_OUT)
}

/// Send the element at `elem` (null: zero bytes), waiting as `wait` says.
///
/// # Safety
/// `c` is null or a channel somebody keeps alive; `elem` is null or holds an element.
#[inline(always)]
pub unsafe fn send(c: *mut Chan, elem: *const u8, wait: Wait) -> Result {
    // SAFETY: by contract; the lock is released on every path.
    unsafe {
        let Some(chan) = c.as_ref() else { return Err(wait_on_nil(WaitReason::NilChanSend, wait)) };
        let caller = Caller::enter();
        if matches!(wait, Wait::Try) && !chan.can_send() {
            return Err(Error::WOULD_BLOCK);
        }
        chan.lock.lock();
        match chan.try_send_locked(elem) {
            Tried::Done(receiver) => {
                chan.lock.unlock();
                finish(receiver, &caller);
                Ok(())
            }
            Tried::Closed => {
                chan.lock.unlock();
                Err(Error::CLOSED_SEND)
            }
            Tried::Blocked => {
                if let Some(error) = wait.over() {
                    chan.lock.unlock();
                    return Err(error);
                }
                chan.wait(caller, OP_SEND, elem.cast_mut(), wait)
            }
        }
    }
}

/// Receive an element to `elem` (null: drop it), waiting as `wait` says. When the channel is closed
/// and drained, `elem` is zeroed.
///
/// # Safety
/// As [`send`]; `elem` has room for an element.
#[inline(always)]
pub unsafe fn recv(c: *mut Chan, elem: *mut u8, wait: Wait) -> Result {
    // SAFETY: by contract; the lock is released on every path.
    unsafe {
        let Some(chan) = c.as_ref() else { return Err(wait_on_nil(WaitReason::NilChanRecv, wait)) };
        let caller = Caller::enter();
        if matches!(wait, Wait::Try) && !chan.can_recv() {
            return Err(Error::WOULD_BLOCK);
        }
        chan.lock.lock();
        match chan.try_recv_locked(elem) {
            Tried::Done(sender) => {
                chan.lock.unlock();
                finish(sender, &caller);
                Ok(())
            }
            Tried::Closed => {
                chan.lock.unlock();
                Err(Error::CLOSED_RECV)
            }
            Tried::Blocked => {
                if let Some(error) = wait.over() {
                    chan.lock.unlock();
                    return Err(error);
                }
                chan.wait(caller, OP_RECV, elem, wait)
            }
        }
    }
}

/// Close the channel: receivers get what is left and then zero values, senders an error.
///
/// # Safety
/// As [`send`].
pub unsafe fn close(c: *mut Chan) -> Result {
    // SAFETY: by contract.
    unsafe {
        let Some(chan) = c.as_ref() else { return Err(Error::new(Kind::Invalid, c"close of nil channel")) };
        let caller = Caller::enter();
        chan.lock.lock();
        if chan.closed.load(Relaxed) {
            chan.lock.unlock();
            return Err(Error::new(Kind::Closed, c"close of closed channel"));
        }
        race::closes(chan);
        chan.change();
        chan.closed.store(true, Release);
        // Woken sides take this lock to leave their other queues, or end the last reference: so
        // first all are taken out, then the lock is released, then they are woken.
        let mut woken = WokenList(ptr::null());
        while let Some(w) = chan.pop_receiver() {
            chan.give(ptr::null(), w.elem);
            woken.push(w);
        }
        while let Some(w) = chan.pop_sender() {
            woken.push(w);
        }
        chan.lock.unlock();
        woken.finish_in_order(&caller);
        Ok(())
    }
}

/// Claimed waiters, linked last to first.
struct WokenList(*const Waiter);

impl WokenList {
    unsafe fn push(&mut self, w: &Waiter) {
        w.ok.set(false);
        w.link(self.0);
        self.0 = w;
    }

    unsafe fn finish_in_order(self, caller: &Caller) {
        // SAFETY: each waiter lives until it is finished, so its link is read before.
        unsafe {
            let (mut first, mut rest) = (ptr::null(), self.0);
            while let Some(w) = rest.as_ref() {
                rest = w.linked();
                w.link(first);
                first = w;
            }
            while let Some(w) = first.as_ref() {
                first = w.linked();
                Completion::finish(w.completion, caller);
            }
        }
    }
}
