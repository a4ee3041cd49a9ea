//! Section "goroutines" of the header.

use crate::boundary::{failed, invalid, status, with_call_site};
use crate::types::*;
use core::ffi::{CStr, c_char, c_void};
use rt_core::goroutine::{self, SpawnOptions};
use rt_core::{Error, touch};

const NO_FUNCTION: Error = invalid(c"the function is NULL");

/// go fn(arg): run fn(arg) in a new goroutine. It waits for nothing; but a goroutine that has started over a
/// hundred in one go, while a thousand wait to run, lets those run first, as gort_yield does.
///
/// GORT_INVALID: fn is NULL. GORT_NO_MEMORY: no memory or address space for it. GORT_SHUTDOWN: the
/// runtime is shutting down. GORT_OS_ERROR: the runtime's first thread could not be made.
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub unsafe extern "C" fn gort_go(r#fn: gort_func, arg: *mut c_void) -> gort_status {
    with_call_site!("rdx", "x2", "a2", go_from)
}

unsafe extern "C" fn go_from(r#fn: gort_func, arg: *mut c_void, created_at: usize) -> gort_status {
    // SAFETY: the program gives a function that takes arg.
    status(|| unsafe { goroutine::spawn_at(r#fn.ok_or(NO_FUNCTION)?, arg, created_at) })
}

/// go fn(&copy): the size bytes at arg are copied now, so that each iteration of a loop can pass its
/// own value. The copy is aligned to 16 bytes and lives until fn returns; small ones cost nothing.
///
/// Errors as gort_go; GORT_INVALID also when arg is NULL and size is not 0.
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub unsafe extern "C" fn gort_go_copy(r#fn: gort_func, arg: *const c_void, size: usize) -> gort_status {
    with_call_site!("rcx", "x3", "a3", go_copy_from)
}

unsafe extern "C" fn go_copy_from(r#fn: gort_func, arg: *const c_void, size: usize, created_at: usize) -> gort_status {
    status(|| {
        let entry = r#fn.ok_or(NO_FUNCTION)?;
        if arg.is_null() && size != 0 {
            return Err(invalid(c"the argument to copy is NULL"));
        }
        // SAFETY: the program gives size readable bytes.
        unsafe { goroutine::spawn_copy(entry, arg.cast(), size, created_at) }
    })
}

/// go fn(arg) with options; NULL: all defaults. The options are read before the call returns.
///
/// options->drop(arg), if set, runs exactly once: when fn is over, and also when this call fails.
///
/// Errors as gort_go; GORT_INVALID also when struct_size is 0 or larger than the library knows.
/// stack_size is rounded up, and at least 16 KiB.
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub unsafe extern "C" fn gort_go_with(
    options: *const gort_go_options,
    r#fn: gort_func,
    arg: *mut c_void,
) -> gort_status {
    with_call_site!("rcx", "x3", "a3", go_with_from)
}

unsafe extern "C" fn go_with_from(
    options: *const gort_go_options,
    r#fn: gort_func,
    arg: *mut c_void,
    created_at: usize,
) -> gort_status {
    // SAFETY: the program gives NULL or struct_size readable bytes; what lies beyond stays zero.
    let options = unsafe {
        let mut copy: gort_go_options = core::mem::zeroed();
        if let Some(given) = options.as_ref() {
            let size = core::ptr::addr_of!(given.struct_size).read();
            if size == 0 || size > size_of::<gort_go_options>() {
                let error = invalid(c"struct_size must be sizeof(gort_go_options)");
                // The argument is ours all the same, where the options tell what to do with it.
                if size >= core::mem::offset_of!(gort_go_options, drop) + size_of::<gort_drop_func>()
                    && let Some(drop_arg) = given.drop
                {
                    drop_arg(arg);
                }
                return failed(error);
            }
            core::ptr::copy_nonoverlapping(options.cast::<u8>(), (&raw mut copy).cast::<u8>(), size);
        }
        copy
    };
    // SAFETY: as above; rt-core drops the argument itself when it fails.
    status(|| unsafe {
        let Some(entry) = r#fn else {
            if let Some(drop_arg) = options.drop {
                drop_arg(arg);
            }
            return Err(NO_FUNCTION);
        };
        let name = (!options.name.is_null()).then(|| CStr::from_ptr(options.name));
        goroutine::spawn_with(
            &SpawnOptions { name, stack_size: options.stack_size, drop: options.drop, created_at, crew: None },
            entry,
            arg,
        )
        .map(drop)
    })
}

/// Run fn(arg) as the main goroutine and return once it is over; the calling thread waits. Deferred
/// calls have run by then; gort_exit in fn makes it return GORT_OK. Other goroutines keep running.
/// Several threads may be in gort_run at once.
///
/// While a gort_run is active and every goroutine is asleep with nothing left that could wake one (no
/// timer, no descriptor, no plain thread that has called the library, has not ended and is not itself
/// blocked in it), that is a deadlock: see gort_on_deadlock.
///
/// GORT_DEADLOCK: the handler has returned; the goroutine is still there, and goes on with fn(arg)
/// if something wakes it after all. GORT_MISUSE: called from a goroutine. Else as gort_go.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_run(r#fn: gort_func, arg: *mut c_void) -> gort_status {
    // SAFETY: the program gives a function that takes arg.
    status(|| unsafe { goroutine::run(r#fn.ok_or(NO_FUNCTION)?, arg) })
}

/// Call handler(report, user) when a deadlock is found; the report is valid during the call. It runs
/// on the thread of a gort_run, which returns GORT_DEADLOCK after it. NULL restores the default: the
/// report goes to stderr, "fatal error: all goroutines are asleep - deadlock!" with a dump of the
/// goroutines, and the process exits with status 2.
#[unsafe(no_mangle)]
pub extern "C" fn gort_on_deadlock(handler: gort_deadlock_handler, user: *mut c_void) {
    goroutine::on_deadlock(handler, user);
}

/// Let other goroutines run first: Go's runtime.Gosched. On a plain thread sched_yield.
#[unsafe(no_mangle)]
pub extern "C" fn gort_yield() {
    goroutine::yield_now();
}

/// End this goroutine after its deferred calls: Go's runtime.Goexit. Does not return. A once it was
/// in is done, a waitgroup_go is counted done, a group_go counts as 0. On a plain thread it is a
/// gort_panic.
#[unsafe(no_mangle)]
pub extern "C" fn gort_exit() -> ! {
    goroutine::exit()
}

/// Run fn(arg) when this goroutine ends, last deferred first.
///
/// GORT_MISUSE: not a goroutine. GORT_INVALID: fn is NULL. GORT_NO_MEMORY: it will not run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_defer(r#fn: gort_func, arg: *mut c_void) -> gort_status {
    // SAFETY: the program gives a function that takes arg.
    status(|| unsafe { goroutine::defer(r#fn.ok_or(NO_FUNCTION)?, arg) })
}

/// Run this goroutine's deferred calls, print "panic: " and the message and the goroutine's trace to
/// stderr, and exit with status 2. Does not return. message may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_panic(message: *const c_char) -> ! {
    // SAFETY: the program gives NULL or a C string.
    unsafe { goroutine::panic(message) }
}

/// The id of the calling goroutine, from 1 on and never used twice; 0 on a plain thread.
#[unsafe(no_mangle)]
pub extern "C" fn gort_goroutine_id() -> u64 {
    touch();
    goroutine::goroutine_id()
}
