//! What is loaded: names in it, and keeping this code there while threads are in it.
//!
//! Whoever opened the library may close it again with the runtime still there: a host that unloads
//! everything as it ends, say. Its threads would then run through unmapped memory.

use core::ffi::{CStr, c_void};
use core::mem::MaybeUninit;
use core::ptr;

/// What the program, or a library that it was started with, calls so.
pub(crate) fn look_up(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: a C string; the default handle is always valid.
    unsafe {
        let found = libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr());
        if found.is_null() {
            libc::dlerror(); // the program shall not find a complaint about our names
        }
        (!found.is_null()).then_some(found)
    }
}

/// A reference of our own to the object this code is a part of: dlclose by others unloads nothing.
///
/// Made and dropped without a lock of ours: dlopen and dlclose take the loader's, under which the
/// constructors of other libraries may call us.
pub(crate) struct Pin(*mut c_void);

// SAFETY: a handle of dlopen may be closed by any thread.
unsafe impl Send for Pin {}

impl Pin {
    /// Nothing is held of what cannot be unloaded, the program itself, or if memory is short.
    pub(crate) fn new() -> Pin {
        let mut info = MaybeUninit::<libc::Dl_info>::uninit();
        // SAFETY: any address may be asked for; the name is the loader's, and found is read only if set.
        unsafe {
            let found = libc::dladdr(Pin::new as fn() -> Pin as *const c_void, info.as_mut_ptr()) != 0;
            Pin(match found {
                true => libc::dlopen(info.assume_init().dli_fname, libc::RTLD_NOLOAD | libc::RTLD_LAZY),
                false => ptr::null_mut(),
            })
        }
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: opened by new. Whoever runs this has a reference of his own: he has called us.
            unsafe { libc::dlclose(self.0) };
        }
    }
}
