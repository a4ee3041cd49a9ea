//! What the C++ runtime keeps of exceptions for each thread: those that are being handled, and how
//! many are under way (`__cxa_eh_globals` of the Itanium ABI). It is the goroutine's, not the
//! thread's: with it a goroutine may park, and go on elsewhere, inside a catch block and inside a
//! destructor that an exception runs.
//!
//! A process without a C++ runtime has nothing of the kind, nor one whose C++ runtime cannot be found
//! by name (linked statically and hidden); a goroutine must not park there then.

use super::g::{G, HAS_EXCEPTIONS};
use core::ffi::c_void;
use core::ptr;

/// The state of one thread, or of one goroutine that is not running.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Exceptions {
    caught: *mut c_void,
    uncaught: u32,
}

impl Exceptions {
    pub(crate) const NONE: Exceptions = Exceptions { caught: ptr::null_mut(), uncaught: 0 };

    #[inline(always)]
    fn any(&self) -> bool {
        self.caught.addr() | self.uncaught as usize != 0 // one branch
    }
}

/// Where the C++ runtime keeps the calling thread's, null without one. Valid as long as the thread.
pub(crate) fn of_this_thread() -> *mut Exceptions {
    // SAFETY: the name is a C string, and the function is the ABI's, without arguments.
    unsafe {
        let found = libc::dlsym(libc::RTLD_DEFAULT, c"__cxa_get_globals".as_ptr());
        if found.is_null() {
            return ptr::null_mut();
        }
        core::mem::transmute::<*mut c_void, extern "C" fn() -> *mut Exceptions>(found)()
    }
}

/// A goroutine is about to run on the thread, whose state is none: give it its own.
///
/// # Safety
/// `thread` is what [`of_this_thread`] gave on this thread, and not null; the M owns `g`.
#[inline(always)]
pub(crate) unsafe fn enter(thread: *mut Exceptions, g: &G) {
    if g.seldom.get() & HAS_EXCEPTIONS != 0 {
        g.seldom.set(g.seldom.get() & !HAS_EXCEPTIONS);
        // SAFETY: by contract.
        unsafe { *thread = g.cold().exceptions.get() };
    }
}

/// It has left the thread: keep its state, and leave none.
///
/// # Safety
/// As [`enter`].
#[inline(always)]
pub(crate) unsafe fn leave(thread: *mut Exceptions, g: &G) {
    // SAFETY: by contract.
    unsafe {
        if (*thread).any() {
            g.cold().exceptions.set(ptr::replace(thread, Exceptions::NONE));
            g.note_seldom(HAS_EXCEPTIONS);
        }
    }
}
