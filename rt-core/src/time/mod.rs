//! Time: the clock, sleeping, timers and tickers.
//!
//! [`heap`] keeps what is to be done when, per P; [`timer`] is the handles of Go's Timer and Ticker.

pub(crate) mod heap;
pub(crate) mod timer;

pub use crate::sys::clock::now;
pub use timer::{
    Ticker, Timer, after, after_func, ticker_chan, ticker_new, ticker_release, ticker_reset, ticker_stop, timer_chan,
    timer_new, timer_release, timer_reset, timer_stop,
};

use crate::chan;
use crate::context::{self, Ctx};
use crate::error::{Error, Kind, Result};
use crate::sched::WaitReason;
use crate::sched::caller::Caller;
use crate::sched::g::G;
use crate::sys::clock;
use crate::waiter::{Completion, Wait, Woken, block};
use core::ptr;
use heap::Node;

/// Sleep for `d` nanoseconds; not at all when it is negative or zero.
pub fn sleep(d: i64) {
    if d <= 0 {
        return;
    }
    let until = clock::deadline(d);
    let mut caller = Caller::enter();
    let g = caller.g();
    if g.is_null() {
        unsafe fn nothing(_: *mut ()) {}
        let wait = Wait::Until(until);
        let completion = Completion::new(&caller, 0, &wait);
        // SAFETY: the completion is this caller's and in no queue, so only the deadline ends it.
        unsafe { block(&mut caller, &completion, WaitReason::Sleep, &wait, nothing, ptr::null_mut()) };
        return;
    }
    // Armed only once the stack is left, so that firing needs no handshake.
    let sleeper = Sleeper { node: Node::new(wake_sleeper, g.cast()), until };
    // SAFETY: the sleeper lives on the stack that is left; it is gone from its heap when woken, and
    // `remove` waits until the firing side has let go of it.
    unsafe {
        caller.park(WaitReason::Sleep, arm_sleeper, (&raw const sleeper) as *mut ());
        sleeper.node.remove();
    }
}

/// Sleep as long as `wait` says; an error when something else than its deadline ends that.
pub fn sleep_as(wait: Wait) -> Result {
    unsafe fn nothing(_: *mut ()) {}
    match wait.over() {
        Some(error) if error.kind() == Kind::DeadlineExceeded => return Ok(()),
        Some(error) => return Err(error),
        None => {}
    }
    let mut caller = Caller::enter();
    let completion = Completion::new(&caller, 0, &wait);
    // SAFETY: the completion is this caller's and in no queue.
    let woken = unsafe { block(&mut caller, &completion, WaitReason::Sleep, &wait, nothing, ptr::null_mut()) };
    if woken == Woken::TimedOut { Ok(()) } else { Err(woken.error(&wait).unwrap_or(Error::INTERRUPTED)) }
}

/// Sleep for `d` nanoseconds, or until the context ends, which is an error.
pub fn sleep_with_context(d: i64, ctx: &Ctx) -> Result {
    context::err_of(ctx)?;
    if d <= 0 {
        return Ok(());
    }
    let done = context::done_of(ctx);
    if done.is_null() {
        sleep(d);
        return Ok(());
    }
    // SAFETY: the caller keeps the context, and it its channel. A close is what is waited for.
    match unsafe { chan::recv(done, ptr::null_mut(), Wait::Until(clock::deadline(d))) } {
        Err(e) if e.kind() == Kind::DeadlineExceeded => Ok(()),
        _ => context::err_of(ctx),
    }
}

struct Sleeper {
    node: Node,
    until: i64,
}

unsafe fn arm_sleeper(sleeper: *mut ()) {
    // SAFETY: see `sleep`. Armed, the goroutine may be woken elsewhere at once; it then waits in
    // `remove` for the heap's lock, which is the last that `insert` touches.
    unsafe {
        let sleeper = &*sleeper.cast::<Sleeper>();
        sleeper.node.insert(&Caller::enter(), sleeper.until, 0);
    }
}

unsafe fn wake_sleeper(g: *mut (), _now: i64, caller: &Caller) {
    // SAFETY: the goroutine is parked, and nobody else wakes it.
    unsafe { caller.ready(g.cast::<G>()) };
}
