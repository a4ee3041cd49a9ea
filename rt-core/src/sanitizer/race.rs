//! The race detector's vocabulary: what happens before what, and which memory of the program the
//! library reads and writes for it.
//!
//! The edges are those of the Go memory model. Most are a [`release`] by the one side and an
//! [`acquire`] by the other on the address of the object that is used. Such an address adds up what
//! was ever released there, which is right for a mutex, a WaitGroup, the close of a channel. What goes
//! through a channel is exact instead: each send and each receive leaves a [`Token`] of its own, which
//! just one partner takes up; so two messages order nothing but their own senders and receivers.
//!
//! All of it does nothing unless the thread sanitizer is there.

use super::{THREAD, is, tsan};
use crate::chan::{self, Chan};
use crate::sched::Entry;
use crate::sched::g::{G, HAS_EXTRAS, INLINE_ARG};
use crate::sys::text::Text;
use crate::waiter::Waiter;
use core::ffi::{c_int, c_ulong, c_void};
use core::ptr;
use std::alloc::{Layout, alloc, dealloc};
use std::collections::VecDeque;
use std::sync::atomic::Ordering::Relaxed;

/// The thread sanitizer is there.
#[inline(always)]
pub(crate) fn on() -> bool {
    is(THREAD)
}

/// What was released at `at` happened before what the caller does from now on.
#[inline(always)]
pub(crate) fn acquire<T: ?Sized>(at: *const T) {
    if on() {
        acquire_now(at.cast_mut().cast());
    }
}

/// What the caller has done up to now happens before whoever acquires `at`.
#[inline(always)]
pub(crate) fn release<T: ?Sized>(at: *const T) {
    if on() {
        release_now(at.cast_mut().cast());
    }
}

#[cold]
#[inline(never)]
fn acquire_now(at: *mut c_void) {
    // SAFETY: the address is one of the process's; nothing is read there.
    unsafe { (tsan().acquire)(at) }
}

#[cold]
#[inline(never)]
fn release_now(at: *mut c_void) {
    // SAFETY: as above.
    unsafe { (tsan().release)(at) }
}

/// One of the addresses of `object`, for what has `number` there.
pub(crate) fn part<T>(object: &T, number: u64) -> *const u8 {
    // SAFETY: below its size.
    unsafe { ptr::from_ref(object).cast::<u8>().add(number as usize % size_of::<T>()) }
}

/// The end of goroutines, which a shutdown waits for.
static ENDED: u8 = 0;

/// The running goroutine has done all that the program sees.
#[inline(always)]
pub(crate) fn goroutine_ends(g: &G) {
    if on() {
        ends_now(g);
    }
}

#[cold]
#[inline(never)]
fn ends_now(g: &G) {
    release(&raw const ENDED);
    release(g.run.get());
}

/// All goroutines are over.
pub(crate) fn all_have_ended() {
    acquire(&raw const ENDED);
}

/// A goroutine was made by the caller, and is about to be made runnable.
#[inline(always)]
pub(crate) fn goroutine_starts(g: &G) {
    if on() {
        go(g);
    }
}

#[cold]
#[inline(never)]
fn go(g: &G) {
    move_inline_arg(g);
    let own = core::str::from_utf8(g.name_bytes()).unwrap_or_default();
    let name = Text::<64>::of(format_args!("goroutine {}{}{own}", g.id, if own.is_empty() { "" } else { " " }));
    let place = match g.created_at.load(Relaxed) {
        0 => Place::of_caller(),
        known => Place { returns_to: known },
    };
    let tsan = tsan();
    // SAFETY: the place is on the sanitizer's stack while the fiber is made; the fiber is the
    // goroutine's until it is over; the name is copied.
    unsafe {
        (tsan.func_entry)(place.pc());
        let fiber = (tsan.create_fiber)(0);
        (tsan.func_exit)();
        (tsan.set_fiber_name)(fiber, name.as_c_str().as_ptr());
        g.cold().shadow.set(fiber);
    }
}

/// Give the goroutine its argument in memory of its own: the next goroutine's use of the place in the G
/// would be taken for a race with this one's.
fn move_inline_arg(g: &G) {
    let inline = g.cold().inline_arg.0.get().cast::<c_void>();
    if g.arg.get() != inline {
        return;
    }
    // SAFETY: both are INLINE_ARG bytes; the copy is freed with the goroutine.
    unsafe {
        let own = libc::malloc(INLINE_ARG);
        if !own.is_null() {
            copy(inline.cast(), own.cast(), INLINE_ARG);
            g.big_arg.set(own);
            g.note_seldom(HAS_EXTRAS);
            g.arg.set(own);
        }
    }
}

/// Run a goroutine's function. Not inlined, for it is at the root of each stack that is reported.
#[cold]
#[inline(never)]
pub(crate) unsafe fn goroutine(entry: Entry, arg: *mut c_void) {
    // SAFETY: the caller's contract. After a call in tail position this function would be on no stack.
    unsafe { entry(arg) }
    core::hint::black_box(());
}

/// What happened before one event: a sync object that one side fills and one side takes up.
struct Token(*mut u8);

const TOKEN: Layout = Layout::new::<u64>();

impl Token {
    /// Everything the caller has done up to now. Without memory the edge is missing.
    fn new() -> Token {
        // SAFETY: the layout is not empty.
        let token = Token(unsafe { alloc(TOKEN) });
        if !token.0.is_null() {
            release_now(token.0.cast());
        }
        token
    }

    fn take_up(self) {
        if !self.0.is_null() {
            acquire_now(self.0.cast());
        }
    }

    /// Through the number that a waiter brings along; 0: none.
    fn into_number(self) -> i64 {
        let number = self.0.expose_provenance() as i64;
        core::mem::forget(self);
        number
    }

    fn from_number(number: i64) -> Token {
        Token(ptr::with_exposed_provenance_mut(number as usize))
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: allocated by `new`, owned by this.
            unsafe { dealloc(self.0, TOKEN) };
        }
    }
}

/// The tokens of a channel, under its lock.
///
/// The n-th receive takes up the token of the n-th send. The n-th send takes up that of the receive
/// that made room for it, the (n - capacity)-th: the first ones find room without any.
pub(crate) struct Clocks {
    room: usize,
    sent: VecDeque<Token>,
    received: VecDeque<Token>,
}

impl Clocks {
    /// For a new channel; null when there is no race detector.
    #[inline(always)]
    pub(crate) fn new(capacity: usize) -> *mut Clocks {
        if on() { Clocks::new_now(capacity) } else { ptr::null_mut() }
    }

    #[cold]
    #[inline(never)]
    fn new_now(capacity: usize) -> *mut Clocks {
        Box::into_raw(Box::new(Clocks { room: capacity, sent: VecDeque::new(), received: VecDeque::new() }))
    }

    /// # Safety
    /// `clocks` came from [`Clocks::new`] and is used no more.
    #[inline(always)]
    pub(crate) unsafe fn free(clocks: *mut Clocks) {
        if !clocks.is_null() {
            // SAFETY: by contract.
            unsafe { Clocks::free_now(clocks) };
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn free_now(clocks: *mut Clocks) {
        // SAFETY: the caller's contract.
        drop(unsafe { Box::from_raw(clocks) });
    }

    fn for_next_send(&mut self) -> Token {
        if self.room > 0 {
            self.room -= 1;
            return Token(ptr::null_mut());
        }
        self.received.pop_front().unwrap_or(Token(ptr::null_mut()))
    }

    fn for_next_receive(&mut self) -> Token {
        self.sent.pop_front().unwrap_or(Token(ptr::null_mut()))
    }
}

/// The caller sends `elem`, into the buffer or to a waiting receiver. Under the channel's lock.
#[inline(always)]
pub(crate) unsafe fn sends(c: &Chan, elem: *const u8, to: Option<&Waiter>) {
    if on() {
        // SAFETY: the caller's, as below.
        unsafe { sends_now(c, elem, to) };
    }
}

#[cold]
#[inline(never)]
unsafe fn sends_now(c: &Chan, elem: *const u8, to: Option<&Waiter>) {
    begins_send(c, elem);
    // SAFETY: the lock is held.
    let Some(clocks) = (unsafe { c.clocks.as_mut() }) else { return };
    clocks.sent.push_back(Token::new());
    if let Some(receiver) = to {
        clocks.received.push_back(Token::from_number(receiver.number.get()));
        receiver.number.set(clocks.for_next_receive().into_number());
    }
    clocks.for_next_send().take_up();
}

/// The caller receives to `elem`, from the buffer or a waiting sender; a sender whose element takes
/// the place that gets free is `from` too. Under the channel's lock.
#[inline(always)]
pub(crate) unsafe fn receives(c: &Chan, elem: *mut u8, from: Option<&Waiter>) {
    if on() {
        // SAFETY: the caller's, as below.
        unsafe { receives_now(c, elem, from) };
    }
}

#[cold]
#[inline(never)]
unsafe fn receives_now(c: &Chan, elem: *mut u8, from: Option<&Waiter>) {
    // SAFETY: the lock is held.
    if let Some(clocks) = unsafe { c.clocks.as_mut() } {
        clocks.received.push_back(Token::new());
        if let Some(sender) = from {
            clocks.sent.push_back(Token::from_number(sender.number.get()));
            sender.number.set(clocks.for_next_send().into_number());
        }
        clocks.for_next_receive().take_up();
    }
    Place::of_caller().writes(elem, c.elem_size());
}

/// The caller is about to wait in a queue of `c`.
#[inline(always)]
pub(crate) fn waits(c: &Chan, sends: bool, w: &Waiter) {
    if on() {
        waits_now(c, sends, w);
    }
}

#[cold]
#[inline(never)]
fn waits_now(c: &Chan, sends: bool, w: &Waiter) {
    if sends {
        begins_send(c, w.elem);
    }
    w.number.set(Token::new().into_number());
    w.told.set(true);
    // SAFETY: the caller has a reference; this one is ended by `waited`.
    unsafe { chan::retain_waiting(ptr::from_ref(c).cast_mut()) };
}

/// A wait in a queue of `c` is over: as the one that was chosen, or for another reason. Nothing when
/// it had not begun.
///
/// # Safety
/// As for [`waits`] before.
#[inline(always)]
pub(crate) unsafe fn waited(c: *const Chan, sent: bool, w: &Waiter, chosen: bool) {
    if on() && w.told.replace(false) {
        // SAFETY: `waits` took a reference.
        unsafe { waited_now(c, sent, w, chosen) };
    }
}

#[cold]
#[inline(never)]
unsafe fn waited_now(c: *const Chan, sent: bool, w: &Waiter, chosen: bool) {
    let token = Token::from_number(w.number.replace(0));
    if chosen {
        if w.ok.get() {
            token.take_up();
        } else {
            acquire_now(c.cast_mut().cast());
        }
        if !sent {
            // SAFETY: `waits` took a reference.
            Place::of_caller().writes(w.elem, unsafe { (*c).elem_size() });
        }
    }
    // SAFETY: the reference that `waits` took.
    unsafe { chan::release_waiting(c.cast_mut()) };
}

/// The caller found `c` closed: a receiver gets zero bytes.
#[cold]
#[inline(never)]
pub(crate) fn found_closed(c: &Chan, sends: bool, elem: *mut u8) {
    if !on() {
        return;
    }
    if sends {
        begins_send(c, elem);
    } else {
        acquire_now(ptr::from_ref(c).cast_mut().cast());
        Place::of_caller().writes(elem, c.elem_size());
    }
}

/// What lay in the buffer of `c` is thrown away. Under its lock.
#[inline(always)]
pub(crate) unsafe fn drained(c: &Chan) {
    if on() {
        // SAFETY: the caller's, as below.
        unsafe { drained_now(c) };
    }
}

#[cold]
#[inline(never)]
unsafe fn drained_now(c: &Chan) {
    // SAFETY: the lock is held.
    if let Some(clocks) = unsafe { c.clocks.as_mut() } {
        while let Some(sent) = clocks.sent.pop_front() {
            sent.take_up();
            clocks.received.push_back(Token::new());
        }
    }
}

/// A send and a close that nothing orders are a race, as in Go: the one reads and the other writes
/// the channel.
fn begins_send(c: &Chan, elem: *const u8) {
    let place = Place::of_caller();
    place.reads(ptr::from_ref(c).cast(), 1);
    place.reads(elem, c.elem_size());
}

/// The caller closes `c`.
#[cold]
#[inline(never)]
pub(crate) fn closes(c: &Chan) {
    if on() {
        Place::of_caller().writes(ptr::from_ref(c).cast_mut().cast(), 1);
        release_now(ptr::from_ref(c).cast_mut().cast());
    }
}

/// Copy an element, or zeros when `from` is null, without the sanitizer's noticing: what it means
/// for the program is said elsewhere.
///
/// # Safety
/// Two places of `size` bytes that do not overlap; `from` may be null.
pub(crate) unsafe fn copy(from: *const u8, to: *mut u8, size: usize) {
    super::ignored(|| {
        // SAFETY: by contract.
        unsafe {
            if from.is_null() {
                ptr::write_bytes(to, 0, size);
            } else {
                ptr::copy_nonoverlapping(from, to, size);
            }
        }
    });
}

/// Copy a goroutine's argument to where that finds it: the caller reads it, and nobody sees the place yet.
///
/// # Safety
/// As [`copy`]; `from` is not null.
#[inline(always)]
pub(crate) unsafe fn copy_arg(from: *const u8, to: *mut u8, size: usize) {
    // SAFETY: by contract.
    unsafe {
        if on() {
            Place::of_caller().reads(from, size);
            copy(from, to, size);
        } else {
            ptr::copy_nonoverlapping(from, to, size);
        }
    }
}

/// The call in the program that led into the library: what the sanitizer cannot know, whose stack ends
/// with the function that made that call.
struct Place {
    /// The address it returns to; 0: not known.
    returns_to: usize,
}

/// The functions that the program calls, see [`set_entries`].
static mut ENTRIES: &[usize] = &[];

/// Let reports show where these functions of the C API are called. Sorted here; for a constructor.
///
/// # Safety
/// Nobody uses the library yet.
pub unsafe fn set_entries(entries: &'static mut [usize]) {
    entries.sort_unstable();
    // SAFETY: by contract nobody reads it now.
    unsafe { (&raw mut ENTRIES).write(entries) };
}

type UnwindContext = *mut c_void;

unsafe extern "C" {
    fn _Unwind_Backtrace(step: extern "C" fn(UnwindContext, *mut c_void) -> c_int, arg: *mut c_void) -> c_int;
    fn _Unwind_GetIP(context: UnwindContext) -> usize;
    fn _Unwind_GetRegionStart(context: UnwindContext) -> usize;
}

struct Search {
    entered: bool,
    returns_to: usize,
}

extern "C" fn look_for_entry(context: UnwindContext, search: *mut c_void) -> c_int {
    const GO_ON: c_int = 0;
    const STOP: c_int = 4;
    // SAFETY: called by the unwinder with its context and the argument of `of_caller`.
    unsafe {
        let search = &mut *search.cast::<Search>();
        if search.entered {
            search.returns_to = _Unwind_GetIP(context);
            return STOP;
        }
        let entries = (&raw const ENTRIES).read();
        search.entered = entries.binary_search(&_Unwind_GetRegionStart(context)).is_ok();
        GO_ON
    }
}

/// What reports show where no call of the program led here: a timer that fires.
#[inline(never)]
extern "C" fn the_runtime_itself() {}

impl Place {
    fn of_caller() -> Place {
        let mut search = Search { entered: false, returns_to: 0 };
        // SAFETY: the step function fits; stacks of goroutines end in a frame that says so.
        super::ignored(|| unsafe { _Unwind_Backtrace(look_for_entry, (&raw mut search).cast()) });
        Place { returns_to: search.returns_to }
    }

    fn pc(&self) -> *mut c_void {
        let unknown = the_runtime_itself as *const () as usize + 1;
        ptr::without_provenance_mut(if self.returns_to != 0 { self.returns_to } else { unknown })
    }

    fn reads(&self, from: *const u8, size: usize) {
        if !from.is_null() && size != 0 {
            // SAFETY: a range of the process's memory, of which nothing is read here.
            unsafe { (tsan().read_range)(from.cast_mut().cast(), size as c_ulong, self.pc()) };
        }
    }

    fn writes(&self, to: *mut u8, size: usize) {
        if !to.is_null() && size != 0 {
            // SAFETY: as above.
            unsafe { (tsan().write_range)(to.cast(), size as c_ulong, self.pc()) };
        }
    }
}
