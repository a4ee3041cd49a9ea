//! Hooks of an embedder that must swap state of its own with the goroutine that runs on a thread.
//!
//! They are set while there is no runtime, and copied into the next one when it starts; so nothing has
//! to be ordered against goroutines, and who runs without hooks pays one branch that never changes.

use crate::error::{Error, Kind, Result};
use crate::lock::SpinLock;
use crate::sched::lifecycle;
use crate::sys::{errno, set_errno};
use core::ffi::c_void;

/// Called with the embedder's pointer and the goroutine's id.
pub type Hook = unsafe extern "C-unwind" fn(*mut c_void, u64);

/// What is called on an M's thread around a goroutine's time there; see the C API's `gort_set_hooks`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Hooks {
    /// Given to each hook.
    pub user: *mut c_void,
    /// The goroutine is going to run for the first time.
    pub start: Option<Hook>,
    /// It has left the thread, and is not over.
    pub park: Option<Hook>,
    /// It is going to run again, maybe on another thread.
    pub resume: Option<Hook>,
    /// It is over.
    pub end: Option<Hook>,
}

// SAFETY: the embedder's pointer is given back to the embedder, which says that its hooks are sound on
// any thread.
unsafe impl Send for Hooks {}

static NEXT: SpinLock<Option<Hooks>> = SpinLock::new(None);

/// Set the hooks of the next runtime; `None`: none.
///
/// # Safety
/// They are sound on any thread, return, and do not unwind.
pub unsafe fn set(hooks: Option<Hooks>) -> Result {
    if lifecycle::is_running() {
        return Err(Error::new(Kind::Misuse, c"hooks are set before the runtime starts, or after gort_shutdown"));
    }
    *NEXT.lock() = hooks;
    Ok(())
}

/// For a runtime that starts.
pub(crate) fn next() -> Option<Hooks> {
    *NEXT.lock()
}

/// In the child of fork(2) another thread may have held the lock.
pub(crate) fn reset_after_fork() {
    // SAFETY: nobody else is here.
    unsafe { NEXT.raw().unlock() };
}

impl Hooks {
    /// Before a goroutine's time on this thread.
    pub(crate) fn before(&self, id: u64, first: bool) {
        self.call(if first { self.start } else { self.resume }, id);
    }

    /// After it.
    pub(crate) fn after(&self, id: u64, last: bool) {
        self.call(if last { self.end } else { self.park }, id);
    }

    fn call(&self, hook: Option<Hook>, id: u64) {
        if let Some(hook) = hook {
            let errno = errno(); // the goroutine's, as long as it is not saved
            // SAFETY: by contract of `set`.
            unsafe { hook(self.user, id) };
            set_errno(errno);
        }
    }
}
