//! Timer and Ticker, with the semantics of Go 1.23: after stop or reset no stale value is received.
//!
//! A timer's lock orders its own calls, but for a stop that finds it armed. The firing side never
//! takes it, so stop and reset may wait under it until firing is over ([`Node::remove`]); what
//! firing has put into the channel by then is thrown away. Lock order: timer, then its channel or
//! a heap.

use super::heap::Node;
use crate::alloc::try_place;
use crate::chan::{self, Chan};
use crate::error::{Error, Kind, Result};
use crate::lock::SpinLock;
use crate::sanitizer::race;
use crate::sched::caller::Caller;
use crate::sched::{Entry, lifecycle, spawn};
use crate::sys::clock;
use crate::waiter::Wait;
use core::ffi::c_void;
use core::ptr::{self, NonNull};

/// How long to wait before a function's goroutine is tried again for which there was no memory.
const RETRY: i64 = 1_000_000;

enum Does {
    /// Sends the time. The timer lies in the channel's own memory, and keeps a reference unless it is `after`'s.
    Send(*mut Chan),
    /// Starts a goroutine.
    Go(Entry, *mut c_void),
}

/// A timer or ticker, behind a pointer of one owner. With its channel it is one block of memory: most live shortly.
pub struct Timer {
    lock: SpinLock<()>,
    node: Node,
    does: Does,
}

/// A ticker is a timer that is due again and again.
pub type Ticker = Timer;

unsafe fn fire(timer: *mut (), now: i64, caller: &Caller) {
    // SAFETY: a timer that may fire is alive: its release waits for us. It is read before what
    // might end it.
    unsafe {
        let timer = &*timer.cast::<Timer>();
        race::acquire(timer);
        match timer.does {
            // A full buffer means that the last tick was not received yet: this one is missed.
            Does::Send(c) => drop(chan::send(c, (&raw const now).cast(), Wait::Try)),
            Does::Go(entry, arg) => {
                if spawn::spawn(caller, entry, arg, 0).is_err() {
                    timer.node.insert(caller, now + RETRY, 0);
                }
            }
        }
    }
}

impl Timer {
    /// A timer that is due after `d`; `place` has memory for it that stays there, and says what it does.
    fn start(d: i64, period: i64, place: impl FnOnce() -> Option<(*mut Timer, Does)>) -> Option<NonNull<Timer>> {
        let when = clock::deadline(d);
        let caller = Caller::enter();
        lifecycle::ensure_started(&caller).ok()?;
        let (at, does) = place()?;
        // SAFETY: memory of our own, as `place` promises; the node is fresh, and its argument the timer's address.
        unsafe {
            at.write(Timer { lock: SpinLock::new(()), node: Node::new(fire, at.cast()), does });
            race::release(at);
            (*at).node.insert(&caller, when, period);
        }
        NonNull::new(at)
    }

    fn with_channel(d: i64, period: i64) -> Option<NonNull<Timer>> {
        Timer::start(d, period, || {
            let (c, at) = chan::new_with_timer().ok()?;
            Some((at, Does::Send(c.as_ptr())))
        })
    }

    fn with_call(d: i64, entry: Entry, arg: *mut c_void) -> Option<NonNull<Timer>> {
        Timer::start(d, 0, || Some((try_place()?.as_ptr(), Does::Go(entry, arg))))
    }

    fn channel(&self) -> *mut Chan {
        match self.does {
            Does::Send(c) => c,
            Does::Go(..) => ptr::null_mut(),
        }
    }

    /// Disarm; true when a value or a call was prevented.
    fn disarm(&self) -> bool {
        let running = self.node.remove();
        let unread = match self.does {
            // SAFETY: the timer keeps its channel.
            Does::Send(c) => unsafe { (*c).drain() },
            Does::Go(..) => false,
        };
        running || unread
    }

    fn stop(&self) -> bool {
        let _order = self.lock.lock();
        self.disarm()
    }

    fn reset(&self, d: i64, period: i64) -> bool {
        let when = clock::deadline(d);
        let caller = Caller::enter();
        let _order = self.lock.lock();
        let was = self.disarm();
        race::release(self);
        // SAFETY: disarmed, and the lock keeps others from arming it.
        unsafe { self.node.insert(&caller, when, period) };
        was
    }

    /// The channel of `after` ends, and its timer with it.
    pub(crate) fn end_with_channel(&self) {
        self.node.remove();
    }
}

/// A channel that gets the time once, `d` nanoseconds from now. `None`: no memory.
pub fn after(d: i64) -> Option<NonNull<Chan>> {
    let timer = Timer::with_channel(d, 0)?;
    // SAFETY: fresh; the caller's reference to the channel is the only one.
    unsafe {
        let c = timer.as_ref().channel();
        (*c).own_timer();
        NonNull::new(c)
    }
}

/// Go's time.NewTimer. `None`: no memory.
pub fn timer_new(d: i64) -> Option<NonNull<Timer>> {
    Timer::with_channel(d, 0)
}

/// Go's time.AfterFunc: `entry(arg)` runs in a new goroutine. `None`: no memory.
///
/// # Safety
/// `entry(arg)` is sound in a goroutine.
pub unsafe fn after_func(d: i64, entry: Entry, arg: *mut c_void) -> Option<NonNull<Timer>> {
    Timer::with_call(d, entry, arg)
}

/// The channel, which stays the timer's; null for [`after_func`].
///
/// # Safety
/// `t` is null or a timer.
pub unsafe fn timer_chan(t: *mut Timer) -> *mut Chan {
    // SAFETY: by contract.
    unsafe { t.as_ref() }.map_or(ptr::null_mut(), Timer::channel)
}

/// Stop; true when it was running, or its value had not been received yet.
///
/// # Safety
/// As [`timer_chan`].
pub unsafe fn timer_stop(t: *mut Timer) -> bool {
    // An armed timer has no value unread: who armed it saw to that. One that is found armed needs no more, and so
    // no lock.
    // SAFETY: by contract.
    unsafe { t.as_ref() }.is_some_and(|t| t.node.remove() || t.stop())
}

/// Start anew; answers as [`timer_stop`].
///
/// # Safety
/// As [`timer_chan`].
pub unsafe fn timer_reset(t: *mut Timer, d: i64) -> bool {
    // SAFETY: by contract.
    unsafe { t.as_ref() }.is_some_and(|t| t.reset(d, 0))
}

/// Stop and free. The channel lives on for whoever holds a reference.
///
/// # Safety
/// As [`timer_chan`]; the timer is gone afterwards.
pub unsafe fn timer_release(t: *mut Timer) {
    // SAFETY: by contract.
    unsafe {
        let Some(timer) = t.as_ref() else { return };
        timer.node.remove();
        match timer.does {
            Does::Send(c) => chan::release(c),
            Does::Go(..) => drop(Box::from_raw(t)), // of `with_call`
        }
    }
}

/// Go's time.NewTicker. `None`: no memory, or the period is not above 0.
pub fn ticker_new(period: i64) -> Option<NonNull<Ticker>> {
    if period <= 0 {
        return None;
    }
    Timer::with_channel(period, period)
}

/// The channel, which stays the ticker's.
///
/// # Safety
/// `t` is null or a ticker.
pub unsafe fn ticker_chan(t: *mut Ticker) -> *mut Chan {
    // SAFETY: by contract.
    unsafe { timer_chan(t) }
}

/// Stop ticking.
///
/// # Safety
/// As [`ticker_chan`].
pub unsafe fn ticker_stop(t: *mut Ticker) {
    // SAFETY: by contract.
    if let Some(t) = unsafe { t.as_ref() } {
        t.stop();
    }
}

/// Tick with this period from now on.
///
/// # Safety
/// As [`ticker_chan`].
pub unsafe fn ticker_reset(t: *mut Ticker, period: i64) -> Result {
    // SAFETY: by contract.
    match unsafe { t.as_ref() } {
        Some(t) if period > 0 => {
            t.reset(period, period);
            Ok(())
        }
        Some(_) => Err(Error::new(Kind::Invalid, c"the period of a ticker must be above 0")),
        None => Err(Error::new(Kind::Invalid, c"the ticker is NULL")),
    }
}

/// Stop and free. The channel lives on for whoever holds a reference.
///
/// # Safety
/// As [`ticker_chan`].
pub unsafe fn ticker_release(t: *mut Ticker) {
    // SAFETY: by contract.
    unsafe { timer_release(t) }
}
