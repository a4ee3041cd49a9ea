//! Waiting: one waiter for goroutines, plain threads and operations that call back.
//!
//! Whatever blocks makes a [`Completion`] on its stack, puts one [`Waiter`] per thing it waits for
//! into that thing's [`WaitQueue`] (under the thing's lock), and calls [`block`]. Whoever ends the
//! wait takes a waiter out of a queue with [`WaitQueue::pop`], does what is to be done (copies an
//! element, say), unlocks, and calls [`Completion::finish`], which is the last it touches of it.
//!
//! # Who may finish
//! | made with       | in how many queues           | who may finish                              |
//! |-----------------|------------------------------|---------------------------------------------|
//! | `Exclusive`     | one, and no deadline         | who took the waiter out: the lock decides   |
//! | `Shared`        | several, or with a deadline  | who claims it first, one bit of `state`     |
//!
//! # When a goroutine may be made ready
//! Its stack must be left first. Without a deadline that is certain: the queue's lock is released
//! only after the switch. With one, timers and contexts may be early; then both sides set a bit,
//! the finisher DONE and the goroutine's M PARKED, and whoever comes second makes it ready.

use crate::chan::Chan;
use crate::context::{self, Ctx};
use crate::error::{Error, Kind as ErrorKind};
use crate::facade::{AtomicU32, AtomicU64, Cell, Ordering::*};
use crate::interrupt::{self, Pause};
use crate::sched::caller::Caller;
use crate::sched::g::G;
use crate::sched::m::AfterSwitch;
use crate::sched::{WaitReason, deadlock};
use crate::sys::{clock, futex};
use crate::time::heap::Node;
use core::ptr;

/// How long a call may block.
#[derive(Clone, Copy)]
pub enum Wait<'a> {
    /// Without end.
    Forever,
    /// Not at all.
    Try,
    /// Until this time of [`crate::time::now`].
    Until(i64),
    /// Until this context ends.
    Context(&'a Ctx),
    /// As this other one, or until it is interrupted (see [`crate::interrupt`]).
    Interruptible(&'a Wait<'a>),
}

impl Wait<'_> {
    /// What to answer instead of blocking, when the time has passed already. Inlined: most callers' kind of wait is
    /// a constant.
    #[inline(always)]
    pub(crate) fn over(&self) -> Option<Error> {
        match *self {
            Wait::Forever | Wait::Interruptible(Wait::Forever) => None,
            Wait::Try => Some(Error::WOULD_BLOCK),
            _ => self.time_is_over(),
        }
    }

    #[inline(never)]
    fn time_is_over(&self) -> Option<Error> {
        match *self {
            Wait::Until(t) if t <= clock::now() => Some(Error::TIMED_OUT),
            Wait::Context(ctx) => context::err_of(ctx).err(),
            Wait::Interruptible(wait) => wait.over(),
            Wait::Forever | Wait::Try | Wait::Until(_) => None,
        }
    }
}

const CLAIMED: u32 = 1;
const DONE: u32 = 2;
/// A goroutine has left its stack; a thread sleeps.
const PARKED: u32 = 4;

/// How a wait was ended by a timer or a context; other numbers are the case that was chosen.
const TIMED_OUT: u32 = u32::MAX;
pub(crate) const CANCELED: u32 = u32::MAX - 1;
pub(crate) const INTERRUPTED: u32 = u32::MAX - 2;

/// Called by who ends the wait of an operation, with its completion.
pub(crate) type Finished = unsafe fn(*const Completion, &Caller);

enum Kind {
    /// Its stack is left when it is finished.
    Goroutine(*mut G),
    /// Its stack may not be left yet then.
    Handshake(*mut G),
    Thread(Sleeper),
    Callback(Finished),
}

/// A plain thread that waits.
struct Sleeper {
    /// `Some`: it sleeps in a way that signals can interrupt.
    pause: Option<&'static Pause>,
    /// In this epoch it is counted as blocked; 0: it is not.
    counted: AtomicU64,
}

impl Sleeper {
    fn end_blocked(&self) {
        deadlock::unblock(self.counted.swap(0, AcqRel));
    }
}

/// The end of a wait.
pub(crate) struct Completion {
    state: AtomicU32,
    /// Several may want to finish it; see the module.
    shared: bool,
    /// Queues it waits in whose channel the program still has a reference to.
    live: AtomicU32,
    /// The index of the waiter that was chosen; written by who claimed it.
    winner: Cell<u32>,
    kind: Kind,
}

impl Completion {
    /// For the caller, which is going to wait in `queues` queues.
    pub(crate) fn new(caller: &Caller, queues: usize, wait: &Wait) -> Completion {
        let g = caller.g();
        // An interrupt comes only once the stack is left.
        let interruptible = matches!(wait, Wait::Interruptible(_));
        let timed = !matches!(wait, Wait::Forever | Wait::Interruptible(Wait::Forever));
        Completion {
            state: AtomicU32::new(0),
            shared: timed || interruptible || queues > 1,
            live: AtomicU32::new(queues as u32),
            winner: Cell::new(0),
            kind: match (g.is_null(), timed) {
                (true, _) => Kind::Thread(Sleeper {
                    pause: if interruptible { interrupt::pause() } else { None },
                    counted: AtomicU64::new(0),
                }),
                (false, true) => Kind::Handshake(g),
                (false, false) => Kind::Goroutine(g),
            },
        }
    }

    /// For an operation nobody waits in: its end is a call of `finished`, and a cancel may claim it.
    pub(crate) fn with_callback(finished: Finished) -> Completion {
        Completion {
            state: AtomicU32::new(0),
            shared: true,
            live: AtomicU32::new(0),
            winner: Cell::new(0),
            kind: Kind::Callback(finished),
        }
    }

    /// The index of the waiter that was chosen. After the end of the wait.
    pub(crate) fn winner(&self) -> u32 {
        self.winner.get()
    }

    /// How the wait has ended.
    fn woken(&self) -> Woken {
        match self.winner() {
            TIMED_OUT => Woken::TimedOut,
            CANCELED => Woken::Canceled,
            INTERRUPTED => Woken::Interrupted,
            _ => Woken::Done,
        }
    }

    /// Whoever gets true, and nobody else, must finish it.
    #[inline]
    pub(crate) fn claim(&self, winner: u32) -> bool {
        if self.shared && self.state.fetch_or(CLAIMED, AcqRel) & CLAIMED != 0 {
            return false;
        }
        self.winner.set(winner);
        true
    }

    /// End the wait. Nothing of `this` is touched once the waiting side can see it.
    ///
    /// # Safety
    /// The caller claimed it, and holds no lock that the woken side needs to go on.
    #[inline]
    pub(crate) unsafe fn finish(this: *const Completion, caller: &Caller) {
        // SAFETY: the waiting side keeps it alive until it sees DONE, or is made ready.
        unsafe {
            match (*this).kind {
                Kind::Goroutine(g) => caller.ready(g),
                _ => finish_other(this, &caller.alias()),
            }
        }
    }

    /// Block the calling thread until it is finished (true) or `deadline` passes.
    fn wait_on_thread(&self, deadline: i64) -> bool {
        loop {
            let state = self.state.load(Acquire);
            if state & DONE != 0 {
                return true;
            }
            if deadline != futex::FOREVER && clock::now() >= deadline {
                return false;
            }
            if state & PARKED == 0 && self.state.compare_exchange(state, state | PARKED, AcqRel, Relaxed).is_err() {
                continue;
            }
            let Kind::Thread(Sleeper { pause: Some(pause), .. }) = self.kind else {
                futex::wait(&self.state, self.state.load(Relaxed) & !DONE, deadline);
                continue;
            };
            pause.sleep(deadline);
            if self.state.load(Acquire) & DONE == 0 && pause.interrupts() && self.claim(INTERRUPTED) {
                return true;
            }
        }
    }
}

#[cold]
unsafe fn finish_other(this: *const Completion, caller: &Caller) {
    // SAFETY: as in `finish`; the address alone is used after DONE.
    unsafe {
        let word: *const AtomicU32 = &raw const (*this).state;
        let done = || (*word).fetch_or(DONE, AcqRel) & PARKED != 0;
        match (*this).kind {
            Kind::Goroutine(_) => unreachable!("`finish` makes it ready"),
            Kind::Handshake(g) => {
                if done() {
                    caller.ready(g);
                }
            }
            Kind::Thread(ref sleeper) => {
                sleeper.end_blocked();
                match (sleeper.pause, done()) {
                    (None, true) => futex::wake(word),
                    (Some(pause), true) => pause.end(),
                    (_, false) => {}
                }
            }
            Kind::Callback(finished) => finished(this, caller),
        }
    }
}

/// How a wait ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Woken {
    /// Somebody finished it.
    Done,
    /// The deadline passed first.
    TimedOut,
    /// The context ended first.
    Canceled,
    /// It was interrupted first.
    Interrupted,
}

impl Woken {
    /// The error of a wait that did not get what it waited for.
    pub(crate) fn error(self, wait: &Wait) -> Option<Error> {
        match (self, wait) {
            (Woken::Done, _) => None,
            (Woken::Interrupted, _) => Some(Error::INTERRUPTED),
            (woken, Wait::Interruptible(wait)) => woken.error(wait),
            (Woken::Canceled, Wait::Context(ctx)) => {
                Some(context::err_of(ctx).err().unwrap_or(Error::new(ErrorKind::Canceled, c"the context was canceled")))
            }
            _ => Some(Error::TIMED_OUT),
        }
    }
}

/// Wait until `completion` is finished, or `wait` is over. `after(arg)` releases what protects the
/// queues the caller has put itself into.
///
/// Unless it returns [`Woken::Done`], the caller's waiters are still in their queues and it has to
/// take them out.
///
/// # Safety
/// `completion` was made for this caller and `wait`, which is not `Try`; `after` as in
/// [`Caller::park`], and on a plain thread it is called at once.
#[inline(always)]
pub(crate) unsafe fn block(
    caller: &mut Caller,
    completion: &Completion,
    reason: WaitReason,
    wait: &Wait,
    after: AfterSwitch,
    arg: *mut (),
) -> Woken {
    // SAFETY: by contract.
    unsafe {
        // In the caller's own function: `sched::switch` says why.
        match (wait, caller.g().as_ref()) {
            (Wait::Forever, Some(_)) => {
                caller.park(reason, after, arg);
                Woken::Done
            }
            (Wait::Interruptible(Wait::Forever), Some(g)) => {
                // Only its own M looks at `waiting`.
                g.cold().waiting.set(completion);
                caller.park(reason, after, arg);
                g.cold().waiting.set(ptr::null());
                completion.woken()
            }
            _ => block_otherwise(caller, completion, reason, wait, after, arg),
        }
    }
}

/// As [`block`].
#[inline(never)]
unsafe fn block_otherwise(
    caller: &mut Caller,
    completion: &Completion,
    reason: WaitReason,
    wait: &Wait,
    after: AfterSwitch,
    arg: *mut (),
) -> Woken {
    if let Wait::Interruptible(inner) = wait {
        // SAFETY: by contract.
        return unsafe { block_interruptibly(caller, completion, reason, inner, after, arg) };
    }
    // SAFETY: by contract.
    unsafe {
        match *wait {
            Wait::Forever => {
                after_and_sleep(completion, after, arg);
                return Woken::Done;
            }
            Wait::Until(deadline) if caller.g().is_null() => {
                after(arg);
                if !completion.wait_on_thread(deadline) {
                    if completion.claim(TIMED_OUT) {
                        return Woken::TimedOut;
                    }
                    completion.wait_on_thread(futex::FOREVER);
                }
            }
            Wait::Until(deadline) => {
                let node = Node::new(expire, ptr::from_ref(completion) as *mut ());
                node.insert(caller, deadline, 0);
                park_with_handshake(caller, completion, reason, after, arg);
                node.remove();
            }
            Wait::Context(ctx) => block_with_context(caller, completion, reason, ctx, after, arg),
            Wait::Try | Wait::Interruptible(_) => unreachable!("handled before"),
        }
        completion.woken()
    }
}

/// As [`block`], where the wait may also be interrupted.
#[inline(never)]
unsafe fn block_interruptibly(
    caller: &mut Caller,
    completion: &Completion,
    reason: WaitReason,
    wait: &Wait,
    after: AfterSwitch,
    arg: *mut (),
) -> Woken {
    let g = caller.g();
    // SAFETY: by contract; the running goroutine is alive, and only its own M looks at `waiting`.
    unsafe {
        let Some(g) = g.as_ref() else {
            block(caller, completion, reason, wait, after, arg);
            return completion.woken();
        };
        g.cold().waiting.set(completion);
        block(caller, completion, reason, wait, after, arg);
        g.cold().waiting.set(ptr::null());
        completion.woken()
    }
}

/// Block with one more waiter, in the queue of the context's done channel.
unsafe fn block_with_context(
    caller: &mut Caller,
    completion: &Completion,
    reason: WaitReason,
    ctx: &Ctx,
    after: AfterSwitch,
    arg: *mut (),
) {
    let waiter = Waiter::new(completion, CANCELED, ptr::null_mut());
    let done = context::done_of(ctx);
    // SAFETY: the context's owner keeps it, and so its channel, alive for the call; the waiter is
    // taken out again before it dies.
    unsafe {
        let queued = done.is_null() || Chan::wait_for_close(done, &waiter);
        if !queued && completion.claim(CANCELED) {
            Completion::finish(completion, caller);
        }
        if caller.g().is_null() {
            after_and_sleep(completion, after, arg);
        } else {
            park_with_handshake(caller, completion, reason, after, arg);
        }
        if !done.is_null() && queued {
            Chan::stop_waiting(done, &waiter);
        }
    }
}

/// A plain thread's wait without a deadline of its own.
unsafe fn after_and_sleep(completion: &Completion, after: AfterSwitch, arg: *mut ()) {
    let Kind::Thread(sleeper) = &completion.kind else { unreachable!("a goroutine parks") };
    // SAFETY: by contract of `block`. Counted as blocked before anybody can finish it.
    unsafe {
        sleeper.counted.store(deadlock::block(), Release);
        after(arg);
    }
    if completion.state.load(Relaxed) & DONE == 0 {
        deadlock::check();
    }
    completion.wait_on_thread(futex::FOREVER);
    // Who finished it before it was counted has left the count to us.
    sleeper.end_blocked();
}

struct Handshake {
    after: AfterSwitch,
    arg: *mut (),
    completion: *const Completion,
    g: *mut G,
}

unsafe fn park_with_handshake(
    caller: &mut Caller,
    completion: &Completion,
    reason: WaitReason,
    after: AfterSwitch,
    arg: *mut (),
) {
    let handshake = Handshake { after, arg, completion, g: caller.g() };
    // SAFETY: by contract of `block`. The handshake lives on the stack that is left, and nobody
    // makes the goroutine ready before PARKED is set.
    unsafe { caller.park(reason, left_stack, (&raw const handshake) as *mut ()) };
}

unsafe fn left_stack(handshake: *mut ()) {
    // SAFETY: see `park_with_handshake`; the fields are read before PARKED is set.
    unsafe {
        let Handshake { after, arg, completion, g } = handshake.cast::<Handshake>().read();
        after(arg);
        if (*completion).state.fetch_or(PARKED, AcqRel) & DONE != 0 {
            Caller::enter().ready(g);
        }
    }
}

/// The deadline of a wait has come.
unsafe fn expire(completion: *mut (), _now: i64, caller: &Caller) {
    // SAFETY: the waiting side removes its timer, and so waits for us, before its frame goes.
    unsafe {
        let completion: *const Completion = completion.cast_const().cast();
        if (*completion).claim(TIMED_OUT) {
            Completion::finish(completion, caller);
        }
    }
}

/// A place in a queue.
pub(crate) struct Waiter {
    pub(crate) completion: *const Completion,
    next: Cell<*const Waiter>,
    prev: Cell<*const Waiter>,
    /// What the queue's owner hands over: where an element is or goes. In the parking table the address waited at.
    pub(crate) elem: *mut u8,
    /// What means what the queue's owner likes.
    pub(crate) number: Cell<i64>,
    /// Which of its completion's waiters it is.
    index: u32,
    stage: Cell<Stage>,
    /// What the queue's owner reports: false for an end without success (a closed channel).
    pub(crate) ok: Cell<bool>,
    /// Its owner has a reference to the channel because of it.
    pub(crate) holds: Cell<bool>,
    /// The race detector has been told of its wait.
    pub(crate) told: Cell<bool>,
}

/// Where a waiter is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// In no queue.
    Out,
    Queued,
    /// Taken out of its queue by one who found the wait ended already. Its owner has yet to come.
    Passed,
}

impl Waiter {
    pub(crate) fn new(completion: &Completion, index: u32, elem: *mut u8) -> Waiter {
        Waiter {
            completion,
            next: Cell::new(ptr::null()),
            prev: Cell::new(ptr::null()),
            elem,
            number: Cell::new(0),
            index,
            stage: Cell::new(Stage::Out),
            ok: Cell::new(false),
            holds: Cell::new(false),
            told: Cell::new(false),
        }
    }

    /// Nobody may act any more on the channel it waits for. A goroutine that waits for no other, and has
    /// no deadline, will never wake: it is marked. Under the channel's lock.
    pub(crate) fn lose(&self) {
        if self.index == CANCELED {
            return; // the channel is a context's, and not what is waited for
        }
        // SAFETY: a completion lives as long as its waiters are queued.
        let completion = unsafe { &*self.completion };
        if let Kind::Goroutine(g) = completion.kind
            && completion.live.fetch_sub(1, AcqRel) == 1
        {
            // SAFETY: it is parked, as the lock of its queue is free for us, and stays so.
            let g = unsafe { &*g };
            g.reason.store(g.wait_reason().leaked() as u8, Relaxed);
        }
    }

    /// Its owner has come for it: whether it was passed over. Under the queue's lock.
    pub(crate) fn take_passed(&self) -> bool {
        let passed = self.stage.get() == Stage::Passed;
        if passed {
            self.stage.set(Stage::Out);
        }
        passed
    }

    /// Link claimed waiters into a list of the claimer's own.
    pub(crate) fn link(&self, next: *const Waiter) {
        self.next.set(next);
    }

    pub(crate) fn linked(&self) -> *const Waiter {
        self.next.get()
    }
}

/// A FIFO of waiters, which live elsewhere. All of it is under the lock of whatever it belongs to.
pub(crate) struct WaitQueue {
    head: *const Waiter,
    tail: *const Waiter,
}

impl WaitQueue {
    pub(crate) const fn new() -> WaitQueue {
        WaitQueue { head: ptr::null(), tail: ptr::null() }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_null()
    }

    /// # Safety
    /// The waiter stays where it is until it is out of the queue.
    pub(crate) unsafe fn push(&mut self, w: &Waiter) {
        w.next.set(ptr::null());
        w.prev.set(self.tail);
        w.stage.set(Stage::Queued);
        match self.last() {
            Some(tail) => tail.next.set(w),
            None => self.head = w,
        }
        self.tail = w;
    }

    /// As [`push`](Self::push), before all others.
    ///
    /// # Safety
    /// As there.
    pub(crate) unsafe fn push_front(&mut self, w: &Waiter) {
        w.prev.set(ptr::null());
        w.next.set(self.head);
        w.stage.set(Stage::Queued);
        // SAFETY: all in the queue are alive.
        match unsafe { self.head.as_ref() } {
            Some(head) => head.prev.set(w),
            None => self.tail = w,
        }
        self.head = w;
    }

    fn last(&self) -> Option<&Waiter> {
        // SAFETY: by contract of `push` all in the queue are alive.
        unsafe { self.tail.as_ref() }
    }

    /// The waiters in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Waiter> {
        let mut next = self.head;
        core::iter::from_fn(move || {
            // SAFETY: as in `last`.
            let w = unsafe { next.as_ref() }?;
            next = w.next.get();
            Some(w)
        })
    }

    /// Take out one that is in the queue; nothing when it is not.
    pub(crate) fn remove(&mut self, w: &Waiter) {
        if w.stage.get() != Stage::Queued {
            return;
        }
        w.stage.set(Stage::Out);
        let (prev, next) = (w.prev.get(), w.next.get());
        // SAFETY: neighbours in the queue are alive.
        unsafe {
            match prev.as_ref() {
                Some(p) => p.next.set(next),
                None => self.head = next,
            }
            match next.as_ref() {
                Some(n) => n.prev.set(prev),
                None => self.tail = prev,
            }
        }
    }

    /// Take out the first whose wait nobody else has ended, and claim it: the caller must finish it.
    pub(crate) fn pop<'a>(&mut self) -> Option<&'a Waiter> {
        self.pop_past(|| {})
    }

    /// The same; `passed` is told of each one before it, whose owner is still to come for it.
    #[inline]
    pub(crate) fn pop_past<'a>(&mut self, passed: impl Fn()) -> Option<&'a Waiter> {
        loop {
            // SAFETY: alive in the queue, and then until it is finished.
            let w: &'a Waiter = unsafe { self.head.as_ref() }?;
            self.remove(w);
            // SAFETY: the completion lives as long as its waiters.
            if unsafe { (*w.completion).claim(w.index) } {
                return Some(w);
            }
            w.stage.set(Stage::Passed);
            passed();
        }
    }
}
