//! What a failed call returns: a kind, one sentence, and errno where the operating system failed.
//!
//! Messages are static text. That makes reporting an error free of allocation (so "no memory" can
//! always be reported) and lets C hold on to the sentence for as long as it likes.

use core::ffi::{CStr, c_char};
use core::ptr::NonNull;

/// The kinds of failure. The numbers are those of the C API's `gort_status`.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Receive: closed and drained. Send and close: closed already.
    Closed = 1,
    /// A non-blocking call found nothing ready.
    WouldBlock = 2,
    /// The context was canceled.
    Canceled = 3,
    /// The context's deadline, or the call's timeout, passed.
    DeadlineExceeded = 4,
    /// All goroutines are asleep.
    Deadlock = 5,
    /// A rule was broken that panics in Go.
    Misuse = 6,
    /// An argument is out of range.
    Invalid = 7,
    /// Memory or address space ran out.
    NoMemory = 8,
    /// The operating system refused; `errno` says why.
    Os = 9,
    /// The runtime is shutting down and takes no new goroutine.
    Shutdown = 10,
    /// A wait that allowed it was interrupted: by a signal, or from outside. C never sees this.
    Interrupted = 11,
}

/// A failure: what kind it is and one sentence for a person.
///
/// Two words, so that a result with it is returned in registers and not in memory.
#[derive(Clone, Copy)]
pub struct Error {
    /// Static text, without its length.
    message: NonNull<c_char>,
    /// The kind in the low half, `errno` above.
    code: u64,
}

/// A result whose failure is an [`Error`].
pub type Result<T = ()> = core::result::Result<T, Error>;

impl Error {
    /// A failure that is not the operating system's.
    pub const fn new(kind: Kind, message: &'static CStr) -> Error {
        Error::with_errno(kind, message, 0)
    }

    /// A failed system call.
    pub const fn os(message: &'static CStr, errno: i32) -> Error {
        Error::with_errno(Kind::Os, message, errno)
    }

    const fn with_errno(kind: Kind, message: &'static CStr, errno: i32) -> Error {
        // SAFETY: the pointer of a reference.
        let message = unsafe { NonNull::new_unchecked(message.as_ptr().cast_mut()) };
        Error { message, code: kind as u64 | (errno as u64) << 32 }
    }

    /// What kind of failure.
    #[inline(always)]
    pub fn kind(&self) -> Kind {
        // SAFETY: the low half is that of a kind.
        unsafe { core::mem::transmute::<i32, Kind>(self.code as i32) }
    }

    /// The error number of the system call that failed; 0 unless the kind is [`Kind::Os`].
    #[inline(always)]
    pub fn errno(&self) -> i32 {
        (self.code >> 32) as i32
    }

    /// One sentence, without a newline.
    pub fn message(&self) -> &'static CStr {
        // SAFETY: made from a static text, and only read.
        unsafe { CStr::from_ptr(self.message.as_ptr()) }
    }

    pub(crate) const CLOSED_RECV: Error = Error::new(Kind::Closed, c"receive on a channel that is closed and drained");
    pub(crate) const CLOSED_SEND: Error = Error::new(Kind::Closed, c"send on closed channel");
    pub(crate) const WOULD_BLOCK: Error = Error::new(Kind::WouldBlock, c"nothing is ready");
    pub(crate) const TIMED_OUT: Error = Error::new(Kind::DeadlineExceeded, c"the timeout passed");
    pub(crate) const INTERRUPTED: Error = Error::new(Kind::Interrupted, c"the wait was interrupted");
    pub(crate) const NO_MEMORY: Error = Error::new(Kind::NoMemory, c"out of memory");
    pub(crate) const SHUTDOWN: Error = Error::new(Kind::Shutdown, c"the runtime is shutting down");
    pub(crate) const NOT_A_GOROUTINE: Error =
        Error::new(Kind::Misuse, c"this function may be called from a goroutine only");
}

impl PartialEq for Error {
    fn eq(&self, other: &Error) -> bool {
        self.code == other.code && self.message() == other.message()
    }
}

impl Eq for Error {}

// SAFETY: static text may be read by any thread.
unsafe impl Send for Error {}
// SAFETY: as above.
unsafe impl Sync for Error {}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.message().to_string_lossy())
    }
}

impl core::fmt::Debug for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:?}({:?}, {})", self.kind(), self.message(), self.errno())
    }
}

impl std::error::Error for Error {}

#[cfg(not(loom))]
/// The last failure of the caller, kept per goroutine and, outside one, per thread.
pub mod last_error {
    use super::Error;
    use crate::sched::current;
    use core::ffi::{CStr, c_char};
    use core::ptr::NonNull;

    /// Keep `error` as the caller's last failure.
    #[inline(always)]
    pub fn set(error: Error) {
        keep(error.message, error.errno());
    }

    /// Takes the parts, which go in registers: an error in memory for this call's sake would be so on the paths
    /// without an error, too.
    #[cold]
    #[inline(never)]
    fn keep(message: NonNull<c_char>, errno: i32) {
        let slot = current::error_slot();
        // SAFETY: the slot belongs to the running goroutine or thread and nobody else writes it.
        unsafe {
            (*slot).message = message.as_ptr();
            if errno != 0 {
                (*slot).errno = errno;
            }
        }
    }

    /// The sentence of the caller's last failure; empty before any.
    pub fn message() -> &'static CStr {
        // SAFETY: as in `set`; the pointer comes from a `&'static CStr` or is null.
        unsafe {
            let message = (*current::error_slot()).message;
            if message.is_null() { c"" } else { CStr::from_ptr(message) }
        }
    }

    /// Keep `errno` as that of the caller's last failed system call.
    pub fn set_errno(errno: i32) {
        // SAFETY: as in `set`.
        unsafe { (*current::error_slot()).errno = errno }
    }

    /// The error number of the caller's last failed system call, 0 before any.
    pub fn errno() -> i32 {
        // SAFETY: as in `set`.
        unsafe { (*current::error_slot()).errno }
    }
}
