//! What the sanitizers and valgrind must be told about goroutines. Nothing else in the library knows
//! that they exist.
//!
//! A program that is built with `-fsanitize=thread` or `-fsanitize=address` brings the sanitizer's
//! functions along; they are looked up by name when the library is loaded. Where they are missing,
//! which is the normal case, each hook is one branch on [`KIND`] that is never taken.
//!
//! * **Thread sanitizer.** Each goroutine is a fiber of its own, made at the go statement. Switches
//!   order nothing; what does, says so in the words of [`race`].
//! * **Address sanitizer.** It is told of each switch which stack is in use; a stack that is given
//!   back is whole again, whatever was abandoned on it. Stacks are roots of its leak detector.
//! * **Valgrind** learns of each stack when it is made.
//!
//! The library's own accesses are not instrumented, but what it asks of the C library is seen. So the
//! runtime's threads are told to be ignored for good, and everybody while the library allocates.

pub mod race;
mod valgrind;

use crate::stack::{GUARD, Stack};
use crate::sync::owners;
use crate::sys::library::look_up;
use crate::sys::{clock, memory, thread};
use core::cell::Cell;
use core::ffi::{c_char, c_int, c_uint, c_ulong, c_void};
use core::mem::{MaybeUninit, transmute_copy};
use core::ptr;
use std::sync::atomic::{AtomicU8, Ordering::*};

const NONE: u8 = 0;
const THREAD: u8 = 1;
const ADDRESS: u8 = 2;

/// The sanitizer that is there. Set before anybody can use the library.
static KIND: AtomicU8 = AtomicU8::new(NONE);

/// Some sanitizer is there.
#[inline(always)]
pub(crate) fn any() -> bool {
    KIND.load(Relaxed) != NONE
}

#[inline(always)]
fn is(kind: u8) -> bool {
    KIND.load(Relaxed) == kind
}

/// A table of functions that are all found by their names, or none is used.
macro_rules! functions {
    ($table:ident { $($field:ident: $name:literal as fn($($arg:ty),*) $(-> $result:ty)?;)* }) => {
        struct $table { $($field: unsafe extern "C" fn($($arg),*) $(-> $result)?,)* }

        impl $table {
            fn find() -> Option<$table> {
                $(let $field = look_up($name)?;)*
                // SAFETY: the sanitizer defines each name as a function of this type.
                Some(unsafe { $table { $($field: transmute_copy(&$field),)* } })
            }
        }
    };
}

functions!(Tsan {
    current_fiber: c"__tsan_get_current_fiber" as fn() -> *mut c_void;
    create_fiber: c"__tsan_create_fiber" as fn(c_uint) -> *mut c_void;
    destroy_fiber: c"__tsan_destroy_fiber" as fn(*mut c_void);
    switch_to_fiber: c"__tsan_switch_to_fiber" as fn(*mut c_void, c_uint);
    set_fiber_name: c"__tsan_set_fiber_name" as fn(*mut c_void, *const c_char);
    acquire: c"__tsan_acquire" as fn(*mut c_void);
    release: c"__tsan_release" as fn(*mut c_void);
    func_entry: c"__tsan_func_entry" as fn(*mut c_void);
    func_exit: c"__tsan_func_exit" as fn();
    read_range: c"__tsan_read_range_pc" as fn(*mut c_void, c_ulong, *mut c_void);
    write_range: c"__tsan_write_range_pc" as fn(*mut c_void, c_ulong, *mut c_void);
    ignore_begin: c"AnnotateIgnoreReadsBegin" as fn(*const c_char, c_int);
    ignore_end: c"AnnotateIgnoreReadsEnd" as fn(*const c_char, c_int);
    benign_race: c"AnnotateBenignRaceSized" as fn(*const c_char, c_int, *mut c_void, c_ulong, *const c_char);
});

functions!(Asan {
    start_switch: c"__sanitizer_start_switch_fiber" as fn(*mut *mut c_void, *const c_void, usize);
    finish_switch: c"__sanitizer_finish_switch_fiber" as fn(*mut c_void, *mut *const c_void, *mut usize);
    unpoison: c"__asan_unpoison_memory_region" as fn(*const c_void, usize);
    add_root: c"__lsan_register_root_region" as fn(*const c_void, usize);
    remove_root: c"__lsan_unregister_root_region" as fn(*const c_void, usize);
});

static mut TSAN: MaybeUninit<Tsan> = MaybeUninit::uninit();
static mut ASAN: MaybeUninit<Asan> = MaybeUninit::uninit();

/// Runs when the library is loaded, before the constructors of the program it may be linked into.
#[used]
#[unsafe(link_section = ".init_array.00099")]
static FIND: extern "C" fn() = find;

extern "C" fn find() {
    // SAFETY: nobody uses the library yet, so nobody reads the tables.
    unsafe {
        if let Some(tsan) = Tsan::find() {
            (&raw mut TSAN).write(MaybeUninit::new(tsan));
            KIND.store(THREAD, Relaxed);
            owners::watch_for_races();
        } else if look_up(c"__asan_init").is_some()
            && let Some(asan) = Asan::find()
        {
            (&raw mut ASAN).write(MaybeUninit::new(asan));
            KIND.store(ADDRESS, Relaxed);
        }
    }
}

/// Only when the thread sanitizer is there.
#[inline]
fn tsan() -> &'static Tsan {
    debug_assert!(is(THREAD));
    // SAFETY: written before KIND, and then never again.
    unsafe { &*(&raw const TSAN).cast() }
}

/// Only when the address sanitizer is there.
#[inline]
fn asan() -> &'static Asan {
    debug_assert!(is(ADDRESS));
    // SAFETY: as above.
    unsafe { &*(&raw const ASAN).cast() }
}

/// What a sanitizer keeps for a goroutine: a fiber, or the address sanitizer's fake stack.
pub(crate) type Shadow = Cell<*mut c_void>;

/// Do `switch`, which runs the goroutine of this shadow and stack until it leaves; `over` says of
/// its result whether the goroutine is then over.
#[cold]
#[inline(never)]
pub(crate) fn switched<R>(shadow: &Shadow, stack: Stack, switch: impl FnOnce() -> R, over: fn(&R) -> bool) -> R {
    // SAFETY: the shadow belongs to the goroutine that runs in between; what is between the calls
    // and the switches proper is not instrumented.
    unsafe {
        if is(THREAD) {
            let tsan = tsan();
            const NO_SYNC: c_uint = 1;
            let own = (tsan.current_fiber)();
            (tsan.switch_to_fiber)(shadow.get(), NO_SYNC);
            let result = switch();
            // A signal that is kept back for the goroutine would not come before the goroutine goes on.
            let mask = thread::set_signal_mask_unseen(ALL_SIGNALS);
            deliver_signals();
            (tsan.switch_to_fiber)(own, NO_SYNC);
            thread::set_signal_mask_unseen(mask);
            result
        } else {
            let asan = asan();
            let (bottom, size) = usable(stack);
            let (mut own, mut own_bottom, mut own_size) = (ptr::null_mut(), ptr::null(), 0);
            (asan.start_switch)(&mut own, bottom, size);
            (asan.finish_switch)(shadow.get(), &mut own_bottom, &mut own_size);
            let result = switch();
            let mut left = ptr::null_mut();
            // Without a place to keep it, the fake stack is freed.
            let keep = if over(&result) { ptr::null_mut() } else { &raw mut left };
            (asan.start_switch)(keep, own_bottom, own_size);
            (asan.finish_switch)(own, ptr::null_mut(), ptr::null_mut());
            shadow.set(left);
            result
        }
    }
}

fn usable(stack: Stack) -> (*const c_void, usize) {
    (ptr::without_provenance(stack.limit() + GUARD), stack.size() - GUARD)
}

/// A goroutine is over: what was kept for it goes, and its stack is as new. On the M.
#[cold]
#[inline(never)]
pub(crate) fn bury(shadow: &Shadow, stack: Option<Stack>) {
    let shadow = shadow.replace(ptr::null_mut());
    // SAFETY: nobody runs on the stack or as the fiber any more.
    unsafe {
        if is(THREAD) {
            // What one goroutine did with the stack must not be held against the next, nor order
            // the two: a fresh mapping makes the sanitizer forget.
            if let Some(stack) = stack {
                let (bottom, size) = usable(stack);
                memory::renew(bottom.cast_mut().cast(), size);
            }
            if !shadow.is_null() {
                (tsan().destroy_fiber)(shadow);
            }
        } else if let Some(stack) = stack {
            let (bottom, size) = usable(stack);
            (asan().unpoison)(bottom, size);
        }
    }
}

/// A stack was made.
pub(crate) fn stack_made(stack: Stack) {
    let (bottom, size) = usable(stack);
    valgrind::register_stack(bottom.addr(), bottom.addr() + size);
    if is(ADDRESS) {
        // SAFETY: the range stays mapped until `stack_gone`.
        unsafe { (asan().add_root)(bottom, size) };
    }
}

/// A stack is about to be unmapped.
pub(crate) fn stack_gone(stack: Stack) {
    let (bottom, size) = usable(stack);
    // SAFETY: registered by `stack_made`.
    unsafe { (asan().remove_root)(bottom, size) };
}

/// Stacks must be reported by [`stack_gone`].
pub(crate) fn counts_stacks() -> bool {
    is(ADDRESS)
}

/// Run the main function of one of the library's own threads.
pub(crate) fn library_thread<R>(main: impl FnOnce() -> R) -> R {
    ignored(|| {
        let result = main();
        if is(THREAD) {
            // Or those that are kept back for it would be lost.
            thread::set_signal_mask_unseen(ALL_SIGNALS);
            deliver_signals();
        }
        result
    })
}

/// Do `f`, of which the thread sanitizer sees nothing but its synchronisation.
#[inline(always)]
pub(crate) fn ignored<R>(f: impl FnOnce() -> R) -> R {
    if is(THREAD) { ignored_now(f) } else { f() }
}

#[cold]
#[inline(never)]
fn ignored_now<R>(f: impl FnOnce() -> R) -> R {
    // SAFETY: begin and end come in pairs on one thread or fiber.
    unsafe {
        (tsan().ignore_begin)(c"gort".as_ptr(), 0);
        let result = f();
        (tsan().ignore_end)(c"gort".as_ptr(), 0);
        result
    }
}

/// Goroutines share the errno of their thread, each with a value of its own.
pub(crate) fn shared_errno(errno: *mut c_int) {
    if is(THREAD) {
        // SAFETY: the strings are static.
        unsafe {
            let text = c"errno is saved for each goroutine".as_ptr();
            (tsan().benign_race)(c"gort".as_ptr(), 0, errno.cast(), size_of::<c_int>() as c_ulong, text);
        }
    }
}

const ALL_SIGNALS: u64 = u64::MAX;
const OFTEN_MS: c_int = 10;

/// How long a thread may sleep in the kernel: see [`deliver_signals`].
pub(crate) fn sleep_at_most(deadline: i64) -> i64 {
    if is(THREAD) { deadline.min(clock::deadline(i64::from(OFTEN_MS) * 1_000_000)) } else { deadline }
}

/// After a sleep that may have been for a signal.
pub(crate) fn after_sleep() {
    if is(THREAD) {
        deliver_signals();
    }
}

/// As [`sleep_at_most`], before a read that may sleep for ever.
pub(crate) fn before_read(fd: c_int) {
    let mut descriptor = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one valid descriptor.
    while is(THREAD) && unsafe { libc::poll(&mut descriptor, 1, OFTEN_MS) } != 1 {
        deliver_signals();
    }
}

/// The thread sanitizer keeps the program's signal handlers back until the thread, on the fiber it was on when
/// the signal came, calls something that it knows. So each that sleeps, leaves a fiber or ends does that.
fn deliver_signals() {
    // SAFETY: freed as it was allocated.
    unsafe { libc::free(core::hint::black_box(libc::malloc(1))) };
}
