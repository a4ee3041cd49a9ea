//! Asymmetric barriers: the frequent side pays nothing, the rare side pays for both.
//!
//! A store-then-load on two threads (Dekker's pattern) needs a full barrier on each side. Where one
//! side is hot, it executes only [`light`], a compiler barrier, and the other executes [`heavy`],
//! membarrier(2) in its private expedited form, which runs a full barrier on every thread of the
//! process. Kernels without it make `light` a real fence.

use core::sync::atomic::{AtomicBool, Ordering::*, compiler_fence, fence};

const MEMBARRIER_CMD_PRIVATE_EXPEDITED: i32 = 1 << 3;
const MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED: i32 = 1 << 4;

/// False until the kernel has agreed to do our half of the barriers.
static ASYMMETRIC: AtomicBool = AtomicBool::new(false);

/// Register the process with the kernel; before it, and where it fails, both sides fence.
pub(crate) fn init() {
    // SAFETY: membarrier has no memory arguments.
    let rc = unsafe { libc::syscall(libc::SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) };
    ASYMMETRIC.store(rc == 0, SeqCst);
}

/// The hot side's barrier between its store and its load.
#[inline(always)]
pub(crate) fn light() {
    if ASYMMETRIC.load(Relaxed) {
        compiler_fence(SeqCst);
    } else {
        fence(SeqCst);
    }
}

/// The rare side's barrier between its store and its load.
pub(crate) fn heavy() {
    fence(SeqCst);
    if ASYMMETRIC.load(Relaxed) {
        // SAFETY: as in `init`.
        let rc = unsafe { libc::syscall(libc::SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) };
        // The call cannot fail once registered, except in a child of fork(2), which inherits this
        // flag and registers anew when it starts its own runtime.
        debug_assert_eq!(rc, 0);
    }
}
