//! Select: wait until one of several channels can go on.
//!
//! Three steps, the first two without waiting:
//! 1. Look at the cases in random order, locking one channel at a time; the first that can go on is
//!    done. Each order being equally likely, so is each of the cases that are ready.
//! 2. For a select that may not block: all were seen not ready at one moment (see [`super`]). That is
//!    looked at first too: with nothing ready, which is why one does not block, it is all there is to do.
//! 3. Lock all channels, in the order of their addresses; look once more; put a waiter into each
//!    channel's queue; park. Unlocking happens in the same order after the stack is left. Whoever
//!    claims the completion first has chosen the case; the others' waiters are taken out again.

use super::ops::{Tried, finish};
use super::{Chan, release_waiting, retain_waiting};
use crate::error::{Error, Kind, Result};
use crate::facade::{Ordering::*, fence};
use crate::sanitizer::race;
use crate::sched::caller::Caller;
use crate::sched::{WaitReason, current};
use crate::waiter::{Completion, Wait, Waiter, block};
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr;

/// `op` of a case that receives.
pub const OP_RECV: u32 = 0;
/// `op` of a case that sends.
pub const OP_SEND: u32 = 1;

/// One case of a select; the layout is that of the C API's `gort_case`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Case {
    /// The channel; null: never ready.
    pub chan: *mut Chan,
    /// Where the element goes or comes from; may be null.
    pub elem: *mut c_void,
    /// [`OP_RECV`] or [`OP_SEND`].
    pub op: u32,
    /// Set for the chosen case: 0, or `Kind::Closed`.
    pub status: i32,
}

/// Cases that need no memory from the heap.
const INLINE: usize = 8;

/// What a select needs per case: the waiters, and two orders.
struct Scratch {
    waiters: *mut MaybeUninit<Waiter>,
    /// Indexes of the cases that have a channel, in the order they are looked at.
    poll: *mut u32,
    /// The distinct channels by address.
    locks: *mut *const Chan,
    heap: *mut c_void,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.heap.is_null() {
            // SAFETY: from malloc.
            unsafe { libc::free(self.heap) };
        }
    }
}

/// Wait until one case can go on, do it, and return its index.
///
/// # Safety
/// `cases` points to `n` cases whose channels and elements are as in [`super::send`] and
/// [`super::recv`].
#[inline]
pub unsafe fn select(cases: *mut Case, n: usize, wait: Wait) -> Result<usize> {
    // SAFETY: by contract.
    unsafe {
        let cases = if n == 0 { &mut [] } else { core::slice::from_raw_parts_mut(cases, n) };
        if matches!(wait, Wait::Try) {
            current::touch();
            if not_ready_at_once(cases) {
                return Err(Error::WOULD_BLOCK);
            }
        }
        select_one(cases, wait)
    }
}

unsafe fn select_one(cases: &mut [Case], wait: Wait) -> Result<usize> {
    let n = cases.len();
    let mut waiters = [const { MaybeUninit::<Waiter>::uninit() }; INLINE];
    let mut poll = [const { MaybeUninit::<u32>::uninit() }; INLINE];
    let mut locks = [const { MaybeUninit::<*const Chan>::uninit() }; INLINE];
    let mut scratch = Scratch {
        waiters: waiters.as_mut_ptr(),
        poll: poll.as_mut_ptr().cast(),
        locks: locks.as_mut_ptr().cast(),
        heap: ptr::null_mut(),
    };
    if n > INLINE {
        scratch.grow(n)?;
    }
    let caller = Caller::enter();
    // SAFETY: by contract; the scratch has room for n.
    unsafe {
        let poll = core::slice::from_raw_parts(scratch.poll, shuffle(cases, scratch.poll)?);
        let may_block = wait_allows(&wait);
        loop {
            if let Some(i) = try_each(cases, poll, &caller) {
                return Ok(i);
            }
            match may_block {
                Err(_) if !not_ready_at_once(cases) => continue,
                Err(error) => return Err(error),
                Ok(()) => break,
            }
        }
        let locks = sort_locks(cases, scratch.locks);
        for &c in locks {
            (*c).lock.lock();
        }
        for &i in poll {
            let case = &mut cases[i as usize];
            if may_go_on(case)
                && let Some(other) = try_case(case)
            {
                unlock_all(locks);
                finish(other, &caller);
                return Ok(i as usize);
            }
        }
        wait_for_one(caller, cases, poll, locks, &scratch, wait)
    }
}

/// Put the indexes of the cases that have a channel into `room`, in random order; how many.
#[inline(always)]
pub(super) unsafe fn shuffle(cases: &[Case], room: *mut u32) -> Result<usize> {
    // SAFETY: the room is as long as `cases`.
    unsafe {
        let (mut m, mut random) = (0, 0);
        for (i, case) in cases.iter().enumerate() {
            if case.op > OP_SEND {
                return Err(Error::new(Kind::Invalid, c"a case's op is neither receive nor send"));
            }
            if !case.chan.is_null() {
                // Inside-out shuffle: each order of the cases is equally likely.
                if m == 1 || m > INLINE {
                    random = current::random();
                }
                // What one number leaves behind the point is the next, uniform as long as not too much was taken.
                let product = u128::from(random) * u128::from(m as u64 + 1);
                let j = (product >> 64) as usize;
                random = product as u64;
                room.add(m).write(i as u32);
                room.add(m).write(*room.add(j));
                room.add(j).write(i as u32);
                m += 1;
            }
        }
        Ok(m)
    }
}

/// Whether the caller may block now; else what to answer.
fn wait_allows(wait: &Wait) -> Result {
    wait.over().map_or(Ok(()), Err)
}

/// Step 1: the first case in poll order that can go on, done.
#[inline]
unsafe fn try_each(cases: &mut [Case], poll: &[u32], caller: &Caller) -> Option<usize> {
    for &i in poll {
        let case = &mut cases[i as usize];
        // SAFETY: the channels are alive; each lock is released here.
        unsafe {
            let c = &*case.chan;
            if !may_go_on(case) {
                continue;
            }
            c.lock.lock();
            let done = try_case(case);
            c.lock.unlock();
            if let Some(other) = done {
                finish(other, caller);
                return Some(i as usize);
            }
        }
    }
    None
}

/// Whether the case can go on, as far as one sees without the lock. Its channel is not null.
#[inline(always)]
unsafe fn may_go_on(case: &Case) -> bool {
    // SAFETY: channels are alive.
    let c = unsafe { &*case.chan };
    if case.op == OP_SEND { c.can_send() } else { c.can_recv() }
}

/// Step 2: no case could go on at some one moment. False: one could, or a channel was in use. Also
/// false for an `op` that is none.
unsafe fn not_ready_at_once(cases: &[Case]) -> bool {
    // Versions only grow, so their sum is the same only if each of them is.
    let settled = || {
        cases.iter().try_fold(0u32, |sum, case| {
            // SAFETY: channels that are not null are alive.
            unsafe { case.chan.as_ref() }.map_or(Some(sum), |c| Some(sum.wrapping_add(c.settled_version()?)))
        })
    };
    let several = cases.len() > 1;
    let before = if several { settled() } else { None };
    if several && before.is_none() {
        return false;
    }
    for case in cases {
        // SAFETY: as above.
        let ready = !case.chan.is_null() && unsafe { may_go_on(case) };
        if ready || case.op > OP_SEND {
            return false;
        }
    }
    // Who has seen a change sees its version now: by the fence in `Chan::change`.
    fence(Acquire);
    // SAFETY: as above.
    let versions = || cases.iter().filter_map(|case| unsafe { case.chan.as_ref() }).map(Chan::version);
    !several || before == Some(versions().fold(0, u32::wrapping_add))
}

/// Do the case if it can go on. Its channel is locked. `Some`: done; the other side is to be
/// finished after unlocking.
#[inline]
pub(super) unsafe fn try_case(case: &mut Case) -> Option<*const Completion> {
    // SAFETY: the caller holds the lock.
    let tried = unsafe {
        if case.op == OP_SEND {
            (*case.chan).try_send_locked(case.elem.cast())
        } else {
            (*case.chan).try_recv_locked(case.elem.cast())
        }
    };
    match tried {
        Tried::Done(other) => {
            case.status = 0;
            Some(other)
        }
        Tried::Closed => {
            case.status = Kind::Closed as i32;
            Some(ptr::null())
        }
        Tried::Blocked => None,
    }
}

/// The distinct channels in the order of their addresses, in `room`.
pub(super) unsafe fn sort_locks<'a>(cases: &[Case], room: *mut *const Chan) -> &'a [*const Chan] {
    // SAFETY: the room is as long as `cases`.
    unsafe {
        let mut n = 0;
        for c in cases.iter().map(|case| case.chan.cast_const()).filter(|c| !c.is_null()) {
            // Few are sorted as they come; not in poll order, in which no processor could guess the branches.
            let mut at = n;
            while n < INLINE && at > 0 && *room.add(at - 1) > c {
                room.add(at).write(*room.add(at - 1));
                at -= 1;
            }
            room.add(at).write(c);
            n += 1;
        }
        let all = core::slice::from_raw_parts_mut(room, n);
        if n > INLINE {
            all.sort_unstable();
        }
        let mut distinct = 0;
        for k in 0..all.len() {
            if k == 0 || all[k] != all[k - 1] {
                all[distinct] = all[k];
                distinct += 1;
            }
        }
        core::slice::from_raw_parts(room, distinct)
    }
}

pub(super) unsafe fn unlock_all(locks: &[*const Chan]) {
    for &c in locks {
        // SAFETY: the caller holds them all.
        unsafe { (*c).lock.unlock() };
    }
}

/// The locks that are released after the stack is left.
struct Held {
    first: *const *const Chan,
    len: usize,
}

/// A goroutine that is woken through a channel whose lock is released already must still take the
/// locks of the others to leave their queues. So while one is held here, the list on its stack is
/// alive; after the last one is released nothing is read any more.
unsafe fn unlock_after_switch(held: *mut ()) {
    // SAFETY: see above; `next` is read before the lock that protects it goes.
    unsafe {
        let Held { first, len } = held.cast::<Held>().read();
        if len == 0 {
            return;
        }
        let mut c = *first;
        for k in 1..len {
            let next = *first.add(k);
            (*c).lock.unlock();
            c = next;
        }
        (*c).lock.unlock();
    }
}

/// Step 3, with all locks held, which are released here.
#[inline(never)]
unsafe fn wait_for_one(
    mut caller: Caller,
    cases: &mut [Case],
    poll: &[u32],
    locks: &[*const Chan],
    scratch: &Scratch,
    wait: Wait,
) -> Result<usize> {
    let completion = Completion::new(&caller, poll.len(), &wait);
    let held = Held { first: locks.as_ptr(), len: locks.len() };
    let reason =
        if poll.is_empty() && matches!(wait, Wait::Forever) { WaitReason::SelectNoCases } else { WaitReason::Select };
    // SAFETY: the waiters leave their queues before this frame ends, and keep the channels alive until then; the
    // chosen one is out already, and its channel not looked at again.
    unsafe {
        let waiter = |k: usize| (*scratch.waiters.add(k)).assume_init_ref();
        for (k, &i) in poll.iter().enumerate() {
            let case = &cases[i as usize];
            (*scratch.waiters.add(k)).write(Waiter::new(&completion, k as u32, case.elem.cast()));
            race::waits(&*case.chan, case.op == OP_SEND, waiter(k));
            (*case.chan).enqueue(waiter(k), case.op);
            if (*case.chan).has_own_timer() {
                retain_waiting(case.chan);
                waiter(k).holds.set(true);
            }
        }
        let woken = block(&mut caller, &completion, reason, &wait, unlock_after_switch, (&raw const held) as *mut ());
        let error = woken.error(&wait);
        for (k, &i) in poll.iter().enumerate() {
            let case = &cases[i as usize];
            let chosen = error.is_none() && k as u32 == completion.winner();
            race::waited(case.chan, case.op == OP_SEND, waiter(k), chosen);
            if !chosen {
                (*case.chan).leave(waiter(k), case.op);
            }
            if waiter(k).holds.get() {
                release_waiting(case.chan);
            }
        }
        if let Some(error) = error {
            return Err(error);
        }
        let k = completion.winner() as usize;
        let i = poll[k] as usize;
        cases[i].status = if waiter(k).ok.get() { 0 } else { Kind::Closed as i32 };
        Ok(i)
    }
}

impl Scratch {
    #[cold]
    fn grow(&mut self, n: usize) -> Result {
        let bytes = size_of::<Waiter>() + size_of::<*const Chan>() + size_of::<u32>();
        let total = n.checked_mul(bytes).ok_or(Error::NO_MEMORY)?;
        // SAFETY: one block holds the three arrays, largest alignment first; null is checked.
        unsafe {
            self.heap = libc::malloc(total);
            if self.heap.is_null() {
                return Err(Error::NO_MEMORY);
            }
            self.waiters = self.heap.cast();
            self.locks = self.waiters.add(n).cast();
            self.poll = self.locks.add(n).cast();
        }
        Ok(())
    }
}
