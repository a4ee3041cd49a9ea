//! Section "runtime" of the header.

use crate::boundary::{invalid, keep, status, value};
use crate::types::*;
use core::ffi::c_int;
use rt_core::{goroutine, runtime};

/// Set the number of Ps, the goroutines that run at the same time, if n >= 1; the number before, in
/// any case. It starts as GORT_MAXPROCS, else GOMAXPROCS of the environment, else the CPUs this
/// process may use (affinity and cgroup quota). At most 1024.
#[unsafe(no_mangle)]
pub extern "C" fn gort_gomaxprocs(n: c_int) -> c_int {
    value(1, || runtime::gomaxprocs(n))
}

/// CPUs this process may run on.
#[unsafe(no_mangle)]
pub extern "C" fn gort_num_cpu() -> c_int {
    value(1, runtime::num_cpu)
}

/// Goroutines started and not over, gort_run's included.
#[unsafe(no_mangle)]
pub extern "C" fn gort_num_goroutine() -> usize {
    goroutine::num_goroutine()
}

/// Keep this goroutine on its OS thread, and all others off it, until as many calls of
/// gort_unlock_os_thread. GORT_MISUSE: not a goroutine.
#[unsafe(no_mangle)]
pub extern "C" fn gort_lock_os_thread() -> gort_status {
    status(goroutine::lock_os_thread)
}

/// Undo one gort_lock_os_thread; nothing when there is none. GORT_MISUSE: not a goroutine.
#[unsafe(no_mangle)]
pub extern "C" fn gort_unlock_os_thread() -> gort_status {
    status(goroutine::unlock_os_thread)
}

/// The caller is about to block, or to compute for long, outside the runtime: its P goes to another
/// thread meanwhile. Undone by gort_block_exit; they nest; any other call into the library ends the
/// section. No-op on a plain thread. Without it a goroutine that keeps its P for over 10 ms while
/// others wait loses it all the same.
#[unsafe(no_mangle)]
pub extern "C" fn gort_block_enter() {
    goroutine::block_enter();
}

/// The end of the section that gort_block_enter began: waits for a P.
#[unsafe(no_mangle)]
pub extern "C" fn gort_block_exit() {
    goroutine::block_exit();
}

/// Wait until every goroutine is over, then stop every thread of the runtime and free all it holds,
/// so that the library may be unloaded or started again. From the call on gort_go fails with
/// GORT_SHUTDOWN; pending timers are dropped and their functions do not run. Handles made before may
/// only be released after it. A negative timeout waits without end.
///
/// GORT_DEADLINE_EXCEEDED: the timeout passed, and the runtime runs on as before. GORT_MISUSE: called
/// from a goroutine, or from a callback on a thread of the runtime.
#[unsafe(no_mangle)]
pub extern "C" fn gort_shutdown(timeout: gort_duration) -> gort_status {
    status(|| runtime::shutdown(timeout))
}

/// Write the runtime's numbers to *out, as many of them as out->struct_size has room for.
///
/// GORT_INVALID: out is NULL, or struct_size is 0 or larger than the library knows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_stats_read(out: *mut gort_stats) -> gort_status {
    status(|| {
        if out.is_null() {
            return Err(invalid(c"out is NULL"));
        }
        // SAFETY: the program gives struct_size writable bytes, the first of which hold that size.
        unsafe {
            let size = out.cast::<usize>().read();
            if size < size_of::<usize>() || size > size_of::<gort_stats>() {
                return Err(invalid(c"struct_size must be sizeof(gort_stats)"));
            }
            let stats = gort_stats { struct_size: size, numbers: runtime::stats() };
            core::ptr::copy_nonoverlapping((&raw const stats).cast::<u8>(), out.cast::<u8>(), size);
        }
        Ok(())
    })
}

/// Write every goroutine to the descriptor: id, name, state, what it waits for and how long, its call stack
/// unless it runs, and where it was created, by which goroutine. Functions are named as far as the program
/// and its libraries have symbols, with file and line where they have debugging information. Others run on
/// meanwhile. GORT_OS_ERROR: it could not be written.
#[unsafe(no_mangle)]
pub extern "C" fn gort_dump(fd: c_int) -> gort_status {
    status(|| runtime::dump(fd))
}

/// How many goroutines can never wake, as far as that is certain: they wait, without a deadline, for
/// channels to which nobody has a reference any more but calls that wait as well, or for the NULL
/// channel. They are written to the descriptor as by gort_dump, in which they are "leaked" too; -1
/// writes nothing. A channel that somebody could still use but never will is not found out.
///
/// With GORTDEBUG=lockowners=1 also those that wait for a mutex or rwmutex whose holder is over, can never
/// wake, or waits, over others perhaps, for them: unless somebody else unlocks it in the holder's place.
/// Dumps then say who holds what is waited for, a plain thread by its number in the system, and show each
/// circle of those who wait for each other once. What was locked before the runtime started has no known holder.
///
/// -1: it could not be written; gort_errno says why.
#[unsafe(no_mangle)]
pub extern "C" fn gort_leaks(fd: c_int) -> libc::ssize_t {
    keep(|| runtime::leaks(fd)).map_or(-1, |count| count as libc::ssize_t)
}
