//! Loom's atomics, for the code itself, with two things more.
//!
//! When one is dropped nobody may be using it any more: so a thread that touches memory which another may have
//! freed by then is found. And a model can break them, to show that it would fail: see [`Fault`].

use loom::sync::atomic::{self, Ordering};
use std::cell::Cell;

/// What is wrong with the atomics of the code under test.
#[derive(Clone, Copy)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// They order nothing.
    Relaxed,
    /// What is stored into words of 64 bits loses these.
    Forgets(u64),
    /// Plain stores into words of 32 bits are lost.
    Lost32,
    /// Such stores order nothing.
    Relaxed32,
}

std::thread_local! {
    // Loom runs a model on the thread that called it.
    static FAULT: Cell<Fault> = const { Cell::new(Fault::None) };
}

/// From now on the calling test's atomics are broken.
pub(super) fn break_atomics(fault: Fault) {
    FAULT.set(fault);
}

fn order(order: Ordering) -> Ordering {
    if matches!(FAULT.get(), Fault::Relaxed) { Ordering::Relaxed } else { order }
}

fn store_order<T>(o: Ordering) -> Ordering {
    if size_of::<T>() == 4 && matches!(FAULT.get(), Fault::Relaxed32) { Ordering::Relaxed } else { order(o) }
}

/// What becomes of a value that is stored; `None`: it is lost.
trait Stored: Copy {
    fn stored(self) -> Option<Self> {
        Some(self)
    }
}

impl Stored for bool {}
impl<T> Stored for *mut T {}
impl Stored for i64 {}
impl Stored for usize {}

impl Stored for u32 {
    fn stored(self) -> Option<u32> {
        (!matches!(FAULT.get(), Fault::Lost32)).then_some(self)
    }
}

impl Stored for u64 {
    fn stored(self) -> Option<u64> {
        Some(if let Fault::Forgets(bits) = FAULT.get() { self & !bits } else { self })
    }
}

macro_rules! watched {
    ($($name:ident $(<$T:ident>)?: $of:ty, $free:expr;)*) => {$(
        #[derive(Debug)]
        pub(crate) struct $name $(<$T>)? (atomic::$name $(<$T>)?);

        impl $(<$T>)? $name $(<$T>)? {
            #[track_caller]
            pub(crate) fn new(value: $of) -> Self {
                $name(atomic::$name::new(value))
            }

            #[track_caller]
            pub(crate) fn load(&self, o: Ordering) -> $of {
                self.0.load(order(o))
            }

            #[track_caller]
            pub(crate) fn store(&self, value: $of, o: Ordering) {
                if let Some(value) = value.stored() {
                    self.0.store(value, store_order::<$of>(o));
                }
            }

            #[track_caller]
            pub(crate) fn swap(&self, value: $of, o: Ordering) -> $of {
                self.0.swap(value, order(o))
            }

            #[track_caller]
            pub(crate) fn compare_exchange(&self, old: $of, new: $of, o: Ordering, e: Ordering) -> Result<$of, $of> {
                self.0.compare_exchange(old, new.stored().unwrap_or(old), order(o), order(e))
            }

            /// Does not fail without a reason: a second turn of its loop would only be more of the same.
            #[track_caller]
            pub(crate) fn compare_exchange_weak(&self, old: $of, new: $of, o: Ordering, e: Ordering) -> Result<$of, $of> {
                self.compare_exchange(old, new, o, e)
            }

            #[track_caller]
            pub(crate) fn fetch_update(
                &self,
                o: Ordering,
                e: Ordering,
                mut f: impl FnMut($of) -> Option<$of>,
            ) -> Result<$of, $of> {
                self.0.fetch_update(order(o), order(e), |now| f(now).map(|new| new.stored().unwrap_or(now)))
            }
        }

        impl $(<$T>)? Drop for $name $(<$T>)? {
            #[track_caller]
            fn drop(&mut self) {
                if !std::thread::panicking() {
                    let free: fn(&mut atomic::$name $(<$T>)?) = $free;
                    free(&mut self.0);
                }
            }
        }
    )*};
}

watched! {
    // SAFETY: nothing is done with the value. Of these loom can tell late stores only.
    AtomicBool: bool, |a| { unsafe { a.unsync_load() }; };
    AtomicI64: i64, |a| a.with_mut(|_| ());
    AtomicPtr<T>: *mut T, |a| a.with_mut(|_| ());
    AtomicU32: u32, |a| a.with_mut(|_| ());
    AtomicU64: u64, |a| a.with_mut(|_| ());
    AtomicUsize: usize, |a| a.with_mut(|_| ());
}

macro_rules! numbers {
    ($($name:ident: $of:ty;)*) => {$(
        impl Default for $name {
            fn default() -> Self {
                $name::new(0)
            }
        }

        impl $name {
            #[track_caller]
            pub(crate) fn fetch_add(&self, value: $of, o: Ordering) -> $of {
                self.0.fetch_add(value, order(o))
            }

            #[track_caller]
            pub(crate) fn fetch_sub(&self, value: $of, o: Ordering) -> $of {
                self.0.fetch_sub(value, order(o))
            }

            #[track_caller]
            pub(crate) fn fetch_or(&self, value: $of, o: Ordering) -> $of {
                self.0.fetch_or(value.stored().unwrap_or(0), order(o))
            }
        }
    )*};
}

numbers! { AtomicI64: i64; AtomicU32: u32; AtomicU64: u64; AtomicUsize: usize; }
