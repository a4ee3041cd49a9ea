//! `pthreadlock` of GORTDEBUG: a warning when a goroutine leaves its thread with a pthread mutex locked.
//!
//! Such a mutex belongs to the thread, on which other goroutines run next, and the goroutine may go on on another. Which
//! mutexes a thread has locked is known to `libgort_pthreadlock.so`, if the program was started with it
//! (`preload/pthreadlock.c`): it stands before the C library's functions, and tells of each mutex once. Asked on
//! the M when a goroutine has left, behind the branch that hooks and traces have. One that is locked to its
//! thread is left alone.

use super::debug::Debug;
use super::dump;
use crate::lock::SpinLock;
use crate::sched::Runtime;
use crate::sched::g::{G, Status};
use crate::sched::m::M;
use crate::sched::run::{offer_to_stderr, write_all};
use crate::sched::switch::Leave;
use crate::sys::library::look_up;
use crate::sys::{errno, set_errno};
use core::ffi::c_void;
use core::{mem, ptr};

/// Called with a mutex, where it was locked, and what was given along.
type Report = unsafe extern "C" fn(*mut c_void, *mut c_void, *mut c_void);
type Held = unsafe extern "C" fn(Report, *mut c_void);

/// A place that locks is told of once, and so many of them: what is told holds up others.
const MOST_PLACES: usize = 64;

/// The wish, and what fulfils it.
pub(crate) struct Pthreads {
    held: Held,
    told: SpinLock<([usize; MOST_PLACES], usize)>,
}

impl Pthreads {
    /// If that is asked for; when it cannot be, says on stderr why.
    pub(crate) fn wanted(debug: &Debug) -> Option<Pthreads> {
        if !debug.pthread_lock {
            return None;
        }
        let Some(held) = look_up(c"gort_pthreadlock_held") else {
            let help =
                "gort: GORTDEBUG: pthreadlock=1 needs LD_PRELOAD=libgort_pthreadlock.so, which is beside libgort.so\n";
            let _ = write_all(2, help.as_bytes());
            return None;
        };
        // SAFETY: the library defines the name as a function of this type.
        let held = unsafe { mem::transmute::<*mut c_void, Held>(held) };
        Some(Pthreads { held, told: SpinLock::new(([0; MOST_PLACES], 0)) })
    }

    /// `g` has left `m`, whose thread this is, and nobody else has got it yet.
    #[cold]
    pub(crate) fn left(&self, rt: &Runtime, m: &M, g: &G, leave: Leave) {
        if ptr::eq(m.locked_g.get(), g) {
            return;
        }
        let errno = errno(); // the goroutine's, as long as it is not saved
        let mut locked = Locked { pthreads: self, mutexes: [(0, 0); AT_ONCE], count: 0 };
        // SAFETY: the function calls `note` with a mutex, a place and this, before it returns.
        unsafe { (self.held)(note, (&raw mut locked).cast()) };
        let (does, status) = match leave {
            Leave::Exit => ("ends", Status::Free),
            Leave::Yield => ("yields", Status::Runnable),
            Leave::WantP => ("waits for a P", Status::Runnable),
            Leave::Park => ("parks", Status::Waiting),
        };
        if locked.count > 0 {
            offer_to_stderr(&dump::text_of_left(rt, g, status, does, &locked.mutexes[..locked.count]));
        }
        set_errno(errno);
    }

    /// The first time for this place.
    fn is_new(&self, place: usize) -> bool {
        let (places, count) = &mut *self.told.lock();
        let new = *count < MOST_PLACES && !places[..*count].contains(&place);
        if new {
            places[*count] = place;
            *count += 1;
        }
        new
    }
}

const AT_ONCE: usize = 8;

struct Locked<'a> {
    pthreads: &'a Pthreads,
    /// Each with the place where it was locked.
    mutexes: [(usize, usize); AT_ONCE],
    count: usize,
}

unsafe extern "C" fn note(mutex: *mut c_void, locked_at: *mut c_void, locked: *mut c_void) {
    // SAFETY: called from `left`, which lends it.
    let locked = unsafe { &mut *locked.cast::<Locked>() };
    if locked.count < AT_ONCE && locked.pthreads.is_new(locked_at.addr()) {
        locked.mutexes[locked.count] = (mutex.addr(), locked_at.addr());
        locked.count += 1;
    }
}
