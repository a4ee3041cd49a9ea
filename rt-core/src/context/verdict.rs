//! How a context ended, in one word: who asks sees the error and its cause at one moment, and who
//! lost the race to end it finds it over.

use crate::error::{Error, Kind};
use crate::facade::{AtomicPtr, Ordering::*};
use crate::sanitizer::race;
use core::ffi::{CStr, c_char};
use core::ptr;

/// A cause, null for none, with the kind of the end in the low bits that malloc leaves zero.
#[derive(Clone, Copy)]
pub(super) struct Verdict(*mut c_char);

const CANCELED: usize = 1;
const DEADLINE: usize = 2;
/// The cause is this context's own copy, not its ancestor's.
const OWNED: usize = 4;
const TAGS: usize = CANCELED | DEADLINE | OWNED;

const CANCELED_ERROR: Error = Error::new(Kind::Canceled, c"the context was canceled");
const DEADLINE_ERROR: Error =
    Error::new(Kind::DeadlineExceeded, c"the context's deadline, or the call's timeout, passed");

impl Verdict {
    pub(super) const CANCELED: Verdict = Verdict(ptr::without_provenance_mut(CANCELED));
    pub(super) const DEADLINE_EXCEEDED: Verdict = Verdict(ptr::without_provenance_mut(DEADLINE));

    /// Canceled, with a copy of `cause`; without memory the cause is lost, the end is not.
    ///
    /// # Safety
    /// `cause` is null or a C string.
    pub(super) unsafe fn canceled(cause: *const c_char) -> Verdict {
        if cause.is_null() {
            return Verdict::CANCELED;
        }
        // SAFETY: by contract.
        let copy = unsafe { libc::strdup(CStr::from_ptr(cause).as_ptr()) };
        if copy.is_null() {
            return Verdict::CANCELED;
        }
        Verdict(copy.map_addr(|address| address | CANCELED | OWNED))
    }

    /// The same for a descendant, which shares the cause.
    pub(super) fn inherited(self) -> Verdict {
        Verdict(self.0.map_addr(|address| address & !OWNED))
    }

    pub(super) fn is_over(self) -> bool {
        !self.0.is_null()
    }

    pub(super) fn error(self) -> Option<Error> {
        match self.0.addr() & (CANCELED | DEADLINE) {
            0 => None,
            CANCELED => Some(CANCELED_ERROR),
            _ => Some(DEADLINE_ERROR),
        }
    }

    /// Null: none was given.
    pub(super) fn cause(self) -> *const c_char {
        self.0.map_addr(|address| address & !TAGS)
    }

    /// Give the copy of the cause back, if it is this one's.
    ///
    /// # Safety
    /// Nobody uses the cause any more.
    pub(super) unsafe fn free(self) {
        if self.0.addr() & OWNED != 0 {
            // SAFETY: from strdup; by contract.
            unsafe { libc::free(self.cause().cast_mut().cast()) };
        }
    }
}

/// Where a context keeps its verdict.
pub(super) struct VerdictCell(AtomicPtr<c_char>);

impl VerdictCell {
    pub(super) fn new() -> Self {
        VerdictCell(AtomicPtr::new(ptr::null_mut()))
    }

    pub(super) fn get(&self) -> Verdict {
        let verdict = Verdict(self.0.load(Acquire));
        if race::on() && verdict.is_over() {
            race::acquire(self);
        }
        verdict
    }

    /// Give the verdict, unless there is one. Who gives it works off what follows.
    pub(super) fn claim(&self, verdict: Verdict) -> bool {
        race::release(self);
        // SeqCst: against a timer that is armed meanwhile, which is looked at afterwards.
        self.0.compare_exchange(ptr::null_mut(), verdict.0, SeqCst, Acquire).is_ok()
    }
}
