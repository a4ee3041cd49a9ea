//! Blocking an OS thread on a 32-bit word.

use super::clock;
use crate::sanitizer;
use core::ptr;
use core::sync::atomic::AtomicU32;

/// No deadline.
pub(crate) const FOREVER: i64 = i64::MAX;

/// Sleep while `*word == expected`, until a wake, a signal or the absolute time `deadline`
/// (of the monotonic clock). May return for no reason: the caller looks at its word again.
pub(crate) fn wait(word: &AtomicU32, expected: u32, deadline: i64) {
    let deadline = sanitizer::sleep_at_most(deadline);
    let ts;
    let timeout = if deadline == FOREVER {
        ptr::null()
    } else {
        ts = clock::timespec(deadline);
        &ts as *const libc::timespec
    };
    let saved = super::errno();
    // SAFETY: the word is alive for the call, and the timeout is null or valid. The bitset form
    // takes an absolute deadline, so an early return does not lengthen the wait.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG,
            expected,
            timeout,
            ptr::null::<u32>(),
            libc::FUTEX_BITSET_MATCH_ANY,
        )
    };
    sanitizer::after_sleep();
    super::set_errno(saved);
}

/// Wake one sleeper on the word. The address may be dead already: the kernel then finds nobody,
/// or wakes somebody who looks at its own word and sleeps on.
pub(crate) fn wake(word: *const AtomicU32) {
    wake_up_to(word, 1);
}

/// Wake all sleepers on the word.
pub(crate) fn wake_all(word: *const AtomicU32) {
    wake_up_to(word, i32::MAX);
}

fn wake_up_to(word: *const AtomicU32, n: i32) {
    let saved = super::errno();
    // SAFETY: the kernel checks the address; nothing is read or written through it here.
    unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, n) };
    super::set_errno(saved);
}
