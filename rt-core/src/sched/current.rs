//! Who is running: the M, the goroutine, or the plain thread of the caller.
//!
//! A goroutine may go on on another thread after any switch, so nobody keeps the address of the
//! thread's block over one; [`crate::sys::tls`] sees to it that compilers do not either. The block
//! has no destructor: a registered one would keep a dlclosed library mapped.

use super::deadlock;
use super::g::G;
use super::m::M;
use super::rng::Rng;
use crate::aio::delivery::Delivery;
use crate::interrupt::Pause;
use crate::sys::tls;
use core::cell::{Cell, UnsafeCell};
use core::ffi::c_char;
use core::mem::offset_of;
use core::ptr;

/// The last failure of a goroutine or thread.
pub(crate) struct ErrorSlot {
    /// Null before any failure; else static text.
    pub(crate) message: *const c_char,
    pub(crate) errno: i32,
}

impl ErrorSlot {
    pub(crate) const NONE: ErrorSlot = ErrorSlot { message: ptr::null(), errno: 0 };
}

/// The calling thread's block. All zero is its first state.
struct Tls {
    m: Cell<*mut M>,
    /// The epoch in which this plain thread was counted as a user of the library; 0 before.
    counted_in: Cell<u64>,
    error: UnsafeCell<ErrorSlot>,
    rng: Rng,
    delivery: Delivery,
    /// How this plain thread sleeps in waits that may be interrupted; `None`: as always.
    pause: Cell<Option<&'static Pause>>,
    /// This is the thread that passes signals on.
    passes_signals: Cell<bool>,
    /// See [`note_allocated`].
    allocated: Cell<u32>,
    /// See [`had_room_at`].
    room: Cell<usize>,
}

const _: () = assert!(size_of::<Tls>() <= tls::SIZE && align_of::<Tls>() <= 16);

#[inline(always)]
fn tls() -> *const Tls {
    tls::block().cast()
}

/// The M of the calling thread; null on a plain thread.
#[inline]
pub(crate) fn m() -> *mut M {
    let m = m_if_near();
    if m.is_null() { m_otherwise() } else { m }
}

/// The same, or null where that is not had in one instruction.
#[inline(always)]
fn m_if_near() -> *mut M {
    tls::pointer_if_near::<{ offset_of!(Tls, m) }>().cast()
}

#[inline(never)]
fn m_otherwise() -> *mut M {
    // SAFETY: the block lives as long as the thread, and is used before any switch.
    unsafe { (*tls()).m.get() }
}

/// The running goroutine; null on a plain thread and on an M that is scheduling.
#[inline]
pub(crate) fn g() -> *mut G {
    let m = m();
    if m.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: an M outlives its thread's use of it.
    unsafe { (*m).g.get() }
}

pub(super) fn set_m(m: *mut M) {
    // SAFETY: as in `m`.
    unsafe { (*tls()).m.set(m) }
}

/// Where the caller's last failure is kept.
pub(crate) fn error_slot() -> *mut ErrorSlot {
    let g = g();
    if g.is_null() {
        // SAFETY: as in `m`.
        unsafe { (*tls()).error.get() }
    } else {
        // SAFETY: the running goroutine is alive, and only it touches its slot.
        unsafe {
            (*g).note_seldom(super::g::TOUCHED);
            (*g).cold().error.get()
        }
    }
}

/// What this thread has to deliver. Not to be kept over a switch.
pub(crate) fn delivery<'a>() -> &'a Delivery {
    // SAFETY: as in `m`.
    unsafe { &(*tls()).delivery }
}

/// Note that a plain thread has called the library: while such a thread runs free, nobody can be
/// sure of a deadlock. Costs one look at the thread's block after the first time.
#[inline]
pub fn touch() {
    m_or_count();
}

/// Whether [`touch`] would do nothing, as far as one sees without a call.
#[inline(always)]
pub(crate) fn is_noted() -> bool {
    let counted_in = || tls::pointer_if_near::<{ offset_of!(Tls, counted_in) }>().addr() as u64;
    !m_if_near().is_null() || counted_in() == deadlock::epoch()
}

/// The M of the calling thread; null on a plain thread, which is then noted as in [`touch`].
#[inline]
pub(crate) fn m_or_count() -> *mut M {
    let m = m_if_near();
    if m.is_null() { m_or_count_otherwise() } else { m }
}

#[inline(never)]
fn m_or_count_otherwise() -> *mut M {
    let tls = tls();
    // SAFETY: as in `m`.
    unsafe {
        let m = (*tls).m.get();
        if m.is_null() && (*tls).counted_in.get() != deadlock::epoch() {
            count_thread(tls);
        }
        m
    }
}

#[cold]
unsafe fn count_thread(tls: *const Tls) {
    let epoch = deadlock::add_thread();
    // SAFETY: as in `m`.
    unsafe { (*tls).counted_in.set(epoch) };
}

/// This thread allocates so many bytes; how many since [`forget_allocated`].
#[inline(always)]
pub(crate) fn note_allocated(bytes: usize) -> u32 {
    // SAFETY: as in `m`.
    let allocated = unsafe { &(*tls()).allocated };
    allocated.set(allocated.get().saturating_add(bytes as u32));
    allocated.get()
}

pub(crate) fn forget_allocated() {
    // SAFETY: as in `m`.
    unsafe { (*tls()).allocated.set(0) };
}

/// This thread has found room for what it is going to allocate there; whether it did so last time.
pub(crate) fn had_room_at(address: usize) -> bool {
    // SAFETY: as in `m`.
    unsafe { (*tls()).room.replace(address) == address }
}

/// See [`crate::interrupt`].
pub(crate) fn pause() -> Option<&'static Pause> {
    // SAFETY: as in `m`.
    unsafe { (*tls()).pause.get() }
}

pub(crate) fn set_pause(pause: Option<&'static Pause>) {
    // SAFETY: as in `m`.
    unsafe { (*tls()).pause.set(pause) }
}

/// See [`crate::signal`].
pub(crate) fn passes_signals() -> bool {
    // SAFETY: as in `m`.
    unsafe { (*tls()).passes_signals.get() }
}

pub(crate) fn set_passes_signals() {
    // SAFETY: as in `m`.
    unsafe { (*tls()).passes_signals.set(true) }
}

/// In the child of fork(2): this thread is nobody's M any more and not counted yet.
pub(super) fn reset_after_fork() {
    let tls = tls();
    // SAFETY: as in `m`.
    unsafe {
        (*tls).m.set(ptr::null_mut());
        (*tls).counted_in.set(0);
        (*tls).passes_signals.set(false);
    }
}

/// A random number, from the state of the caller's P or thread.
#[inline]
pub(crate) fn random() -> u64 {
    // SAFETY: as in `m`; the state is this thread's own.
    unsafe { (*tls()).rng.next() }
}

/// A uniformly random number below `n`, from the state of the caller's P or thread.
pub(crate) fn random_below(n: u32) -> u32 {
    // SAFETY: as in `m`; the state is this thread's own.
    unsafe { (*tls()).rng.below(n) }
}
