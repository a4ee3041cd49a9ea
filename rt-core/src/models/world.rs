//! The world around the code that is checked: what loom cannot run, in as few lines as it takes.
//!
//! `chan`, `context`, `sync` and `waiter` are compiled with the model checker's atomics, and with these
//! modules in the place of `sched`, `time` and so on. A goroutine is a thread of loom's; leaving its stack is a
//! write to memory that loom watches, and so is making it ready, so that too early is found. A timer is a
//! thread that may fire at any time. What nothing here calls is not there.

#[path = "../sched/reason.rs"]
mod reason;

/// The lock itself, for its own proof.
#[path = "../lock.rs"]
pub(crate) mod spinning;

/// What that proof allows to take it for: a lock whose waiters are blocked, which are fewer choices than
/// turns of a spin. Its word is still there for those who look without it.
pub(crate) mod lock {
    use crate::facade::{AtomicBool, Ordering::*};
    use core::cell::UnsafeCell;
    use core::ops::{Deref, DerefMut};
    use loom::sync::{Mutex, MutexGuard};

    pub(crate) struct RawLock {
        locked: AtomicBool,
        turn: Mutex<()>,
        held: UnsafeCell<Option<MutexGuard<'static, ()>>>,
    }

    impl RawLock {
        pub(crate) fn new() -> RawLock {
            RawLock { locked: AtomicBool::new(false), turn: Mutex::new(()), held: UnsafeCell::new(None) }
        }

        pub(crate) fn lock(&self) {
            let turn = self.turn.lock().unwrap();
            assert!(self.locked.compare_exchange(false, true, Acquire, Relaxed).is_ok());
            // SAFETY: it is our turn; the guard does not outlive the lock that is held.
            unsafe {
                *self.held.get() = Some(core::mem::transmute::<MutexGuard<'_, ()>, MutexGuard<'static, ()>>(turn))
            };
        }

        pub(crate) fn is_locked(&self) -> bool {
            self.locked.load(Acquire)
        }

        pub(crate) unsafe fn unlock(&self) {
            // SAFETY: it is our turn.
            let turn = unsafe { (*self.held.get()).take() };
            self.locked.store(false, Release);
            drop(turn);
        }
    }

    pub(crate) struct SpinLock<T> {
        raw: RawLock,
        value: UnsafeCell<T>,
    }

    // SAFETY: as in the original.
    unsafe impl<T: Send> Sync for SpinLock<T> {}
    // SAFETY: as in the original.
    unsafe impl<T: Send> Send for SpinLock<T> {}

    impl<T> SpinLock<T> {
        pub(crate) fn new(value: T) -> SpinLock<T> {
            SpinLock { raw: RawLock::new(), value: UnsafeCell::new(value) }
        }

        pub(crate) fn lock(&self) -> SpinGuard<'_, T> {
            self.raw.lock();
            SpinGuard(self)
        }

        pub(crate) fn as_ptr(&self) -> *mut T {
            self.value.get()
        }

        pub(crate) fn raw(&self) -> &RawLock {
            &self.raw
        }
    }

    pub(crate) struct SpinGuard<'a, T>(&'a SpinLock<T>);

    impl<T> Deref for SpinGuard<'_, T> {
        type Target = T;
        fn deref(&self) -> &T {
            // SAFETY: the guard proves that the lock is held.
            unsafe { &*self.0.value.get() }
        }
    }

    impl<T> DerefMut for SpinGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            // SAFETY: as above.
            unsafe { &mut *self.0.value.get() }
        }
    }

    impl<T> Drop for SpinGuard<'_, T> {
        fn drop(&mut self) {
            // SAFETY: the guard holds the lock.
            unsafe { self.0.raw.unlock() }
        }
    }
}

pub(crate) mod alloc {
    use core::ptr::NonNull;

    pub(crate) fn try_place<T>() -> Option<NonNull<T>> {
        NonNull::new(Box::into_raw(Box::<T>::new_uninit()).cast())
    }
}

pub(crate) mod interrupt {
    /// No thread has one.
    pub(crate) enum Pause {}

    impl Pause {
        pub(crate) fn sleep(&self, _deadline: i64) {
            match *self {}
        }

        pub(crate) fn end(&self) {
            match *self {}
        }

        pub(crate) fn interrupts(&self) -> bool {
            match *self {}
        }
    }

    pub(crate) fn pause() -> Option<&'static Pause> {
        None
    }
}

pub(crate) mod sanitizer {
    /// There is no race detector: loom is one.
    pub(crate) mod race {
        use crate::chan::Chan;
        use crate::waiter::Waiter;
        use core::ptr;

        pub(crate) struct Clocks;

        impl Clocks {
            pub(crate) fn new(_capacity: usize) -> *mut Clocks {
                ptr::null_mut()
            }

            pub(crate) unsafe fn free(_clocks: *mut Clocks) {}
        }

        pub(crate) fn on() -> bool {
            false
        }

        pub(crate) fn acquire<T: ?Sized>(_at: *const T) {}
        pub(crate) fn release<T: ?Sized>(_at: *const T) {}
        pub(crate) unsafe fn sends(_c: &Chan, _elem: *const u8, _to: Option<&Waiter>) {}
        pub(crate) unsafe fn receives(_c: &Chan, _elem: *mut u8, _from: Option<&Waiter>) {}
        pub(crate) fn waits(_c: &Chan, _sends: bool, _w: &Waiter) {}
        pub(crate) unsafe fn waited(_c: *const Chan, _sent: bool, _w: &Waiter, _chosen: bool) {}
        pub(crate) fn found_closed(_c: &Chan, _sends: bool, _elem: *mut u8) {}
        pub(crate) unsafe fn drained(_c: &Chan) {}
        pub(crate) fn closes(_c: &Chan) {}

        pub(crate) unsafe fn copy(from: *const u8, to: *mut u8, size: usize) {
            // SAFETY: as in the original: null stands for zero bytes.
            unsafe {
                match from.is_null() {
                    true => ptr::write_bytes(to, 0, size),
                    false => ptr::copy_nonoverlapping(from, to, size),
                }
            }
        }
    }
}

/// Nobody watches locks.
pub(crate) mod owners {
    use crate::waiter::Wait;

    pub(crate) enum Role {
        WaitsForHolder,
        WaitsForReaders,
    }

    pub(crate) struct Waiting;

    pub(crate) fn watched() -> bool {
        false
    }

    pub(crate) fn locked(_lock: *const ()) {}
    pub(crate) fn unlocks(_lock: *const ()) {}
    pub(crate) fn locked_for_reading(_lock: *const (), _orders: *const ()) {}
    pub(crate) fn unlocks_for_reading(_lock: *const (), _orders: *const ()) {}

    pub(crate) fn waits(_lock: *const (), _role: Role, _wait: &Wait) -> Waiting {
        Waiting
    }
}

pub(crate) mod sched {
    use core::ffi::c_void;

    pub(crate) use super::reason::WaitReason;

    pub type Entry = unsafe extern "C-unwind" fn(*mut c_void);

    pub(crate) mod owed {
        /// Nothing is put off.
        pub(crate) struct Kind {
            pub(crate) entry: super::Entry,
            pub(crate) notify: unsafe fn(*const (), u32),
        }

        pub(crate) fn settle() {}

        pub(crate) unsafe fn end(to: *const (), kind: &'static Kind) {
            let _ = kind.entry;
            // SAFETY: by contract.
            unsafe { (kind.notify)(to, 1) };
        }
    }

    pub(crate) mod m {
        pub(crate) type AfterSwitch = unsafe fn(*mut ());

        /// There are threads only.
        pub(crate) enum M {}
    }

    pub(crate) mod g {
        use super::super::super::{Memory, Sleeper};
        use super::WaitReason;
        use crate::waiter::Completion;
        use core::cell::Cell;
        use core::ptr;
        use std::sync::atomic::{AtomicU8, Ordering::*};

        /// A goroutine while it is in a call.
        pub(crate) struct G {
            pub(super) sleeper: Sleeper,
            /// In use by the goroutine until its stack is left, and after it was made ready.
            pub(super) stack: Memory,
            pub(crate) waiting: Cell<*const Completion>,
            pub(crate) reason: AtomicU8,
        }

        impl G {
            pub(super) fn new() -> G {
                G {
                    sleeper: Sleeper::new(),
                    stack: Memory::new(),
                    waiting: Cell::new(ptr::null()),
                    reason: AtomicU8::new(0),
                }
            }

            /// No need to save memory here.
            pub(crate) fn cold(&self) -> &G {
                self
            }

            pub(crate) fn wait_reason(&self) -> WaitReason {
                WaitReason::from_u8(self.reason.load(Relaxed))
            }
        }
    }

    pub(crate) mod caller {
        use super::WaitReason;
        use super::g::G;
        use super::m::{AfterSwitch, M};
        use std::sync::Arc;

        /// A goroutine that parks once at most before it comes in again.
        pub(crate) struct Caller {
            g: Arc<G>,
        }

        impl Caller {
            pub(crate) fn enter() -> Caller {
                Caller { g: Arc::new(G::new()) }
            }

            pub(crate) fn alias(&self) -> &Caller {
                self
            }

            pub(crate) fn m(&self) -> Option<&M> {
                None
            }

            pub(crate) fn on_p(&self) -> Option<(&super::Runtime, &super::P)> {
                None
            }

            pub(crate) fn g(&self) -> *mut G {
                Arc::as_ptr(&self.g).cast_mut()
            }

            pub(crate) unsafe fn park(&mut self, _reason: WaitReason, after: AfterSwitch, arg: *mut ()) {
                self.g.stack.write(0);
                // SAFETY: by contract.
                unsafe { after(arg) };
                self.g.sleeper.sleep();
                self.g.stack.write(2);
                // Ready for the next time.
                self.g = Arc::new(G::new());
            }

            pub(crate) unsafe fn ready(&self, g: *mut G) {
                // SAFETY: it is parked, and so has not dropped its count; it may as soon as it wakes.
                let g = unsafe {
                    Arc::increment_strong_count(g);
                    Arc::from_raw(g)
                };
                g.stack.write(1);
                g.sleeper.wake();
            }
        }
    }

    /// Nobody has one.
    pub(crate) struct Runtime {
        pub(crate) procs: std::sync::atomic::AtomicI32,
        pub(crate) idle_ps: std::sync::atomic::AtomicU32,
    }

    /// As above.
    pub(crate) enum P {}

    impl P {
        pub(crate) fn is_empty(&self) -> bool {
            match *self {}
        }
    }

    pub(crate) mod current {
        pub(crate) fn touch() {}

        pub(crate) fn is_noted() -> bool {
            true
        }

        /// The order that is looked at: for what is proved of every order, any will do.
        pub(crate) fn random() -> u64 {
            0
        }
    }

    pub(crate) mod deadlock {
        pub(crate) fn block() -> u64 {
            0
        }

        pub(crate) fn unblock(_counted: u64) {}
        pub(crate) fn check() {}
    }

    pub(crate) mod lifecycle {
        use super::caller::Caller;
        use crate::error::Result;

        pub(crate) fn forks() -> u32 {
            0
        }

        pub(crate) fn ensure_started(_caller: &Caller) -> Result {
            Ok(())
        }
    }

    pub(crate) mod spawn {
        use super::Entry;
        use super::caller::Caller;
        use crate::error::Result;
        use core::ffi::c_void;

        struct Start(Entry, *mut c_void);

        // SAFETY: what is started may run anywhere.
        unsafe impl Send for Start {}

        pub(crate) unsafe fn spawn(_caller: &Caller, entry: Entry, arg: *mut c_void, _created_at: usize) -> Result {
            let start = Start(entry, arg);
            loom::thread::spawn(move || {
                let Start(entry, arg) = { start };
                // SAFETY: by contract.
                unsafe { entry(arg) }
            });
            Ok(())
        }

        pub(crate) unsafe fn spawn_copy(
            caller: &Caller,
            entry: Entry,
            arg: *const c_void,
            size: usize,
            end: Option<Entry>,
            created_at: usize,
        ) -> Result {
            struct Job(Entry, Box<[u64]>, Option<Entry>);
            unsafe extern "C-unwind" fn run(job: *mut c_void) {
                // SAFETY: made below; as in the original.
                unsafe {
                    let mut job = Box::from_raw(job.cast::<Job>());
                    (job.0)(job.1.as_mut_ptr().cast());
                    if let Some(end) = job.2 {
                        end(job.1.as_mut_ptr().cast());
                    }
                }
            }
            let mut copy = vec![0u64; size.div_ceil(8)].into_boxed_slice();
            // SAFETY: room for it; then by contract.
            unsafe {
                arg.cast::<u8>().copy_to_nonoverlapping(copy.as_mut_ptr().cast(), size);
                spawn(caller, run, Box::into_raw(Box::new(Job(entry, copy, end))).cast(), created_at)
            }
        }

        pub(crate) fn let_run(_caller: &mut Caller) {}
    }
}

pub(crate) mod sys {
    pub(crate) mod clock {
        /// Deadlines above it have not passed; their timers may fire at any time.
        pub(crate) fn now() -> i64 {
            0
        }
    }

    pub(crate) mod cpu {
        pub(crate) fn prefetch_for_write<T>(_at: *const T) {}
    }

    pub(crate) mod futex {
        use crate::facade::AtomicU32;

        pub(crate) const FOREVER: i64 = i64::MAX;

        pub(crate) fn wait(_word: &AtomicU32, _expected: u32, _deadline: i64) {
            unreachable!("only goroutines wait here");
        }

        pub(crate) fn wake(_word: *const AtomicU32) {
            unreachable!("as above");
        }
    }
}

pub(crate) mod time {
    pub(crate) mod heap {
        use crate::sched::caller::Caller;
        use core::cell::Cell;
        use loom::sync::{Condvar, Mutex};
        use loom::thread;
        use std::sync::Arc;

        pub(crate) type Fire = unsafe fn(*mut (), i64, &Caller);
        pub(crate) const NEVER: i64 = i64::MAX;

        #[derive(Clone, Copy, PartialEq)]
        enum State {
            Idle,
            Armed,
            Firing,
        }

        pub(crate) struct Node {
            fire: Fire,
            arg: *mut (),
            timer: Arc<(Mutex<State>, Condvar)>,
        }

        struct Shot(Fire, *mut ());

        // SAFETY: timers fire anywhere.
        unsafe impl Send for Shot {}

        impl Node {
            pub(crate) fn new(fire: Fire, arg: *mut ()) -> Node {
                Node { fire, arg, timer: Arc::new((Mutex::new(State::Idle), Condvar::new())) }
            }

            pub(crate) unsafe fn insert(&self, _caller: &Caller, _when: i64, _period: i64) {
                *self.timer.0.lock().unwrap() = State::Armed;
                let (timer, shot) = (self.timer.clone(), Shot(self.fire, self.arg));
                thread::spawn(move || {
                    let (state, changed) = &*timer;
                    let Shot(fire, arg) = { shot };
                    let mut now = state.lock().unwrap();
                    if *now == State::Armed {
                        *now = State::Firing;
                        drop(now);
                        // SAFETY: who armed it waits until it has fired.
                        unsafe { fire(arg, 0, &Caller::enter()) };
                        *state.lock().unwrap() = State::Idle;
                        changed.notify_all();
                    }
                });
            }

            pub(crate) fn remove(&self) -> bool {
                let (state, changed) = &*self.timer;
                let mut now = state.lock().unwrap();
                let armed = *now == State::Armed;
                if armed {
                    *now = State::Idle;
                }
                while *now == State::Firing {
                    now = changed.wait(now).unwrap();
                }
                armed
            }
        }
    }

    pub(crate) mod timer {
        /// No channel has one.
        pub(crate) enum Timer {}

        impl Timer {
            pub(crate) fn end_with_channel(&self) {}
        }
    }
}
