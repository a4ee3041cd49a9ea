//! The switch by corosensei, for processors without one of our own.

use super::super::g::G;
use super::super::m::M;
use super::super::spawn;
use super::Leave;
use crate::stack::Stack;
use core::cell::{Cell, UnsafeCell};
use core::ptr;
use corosensei::stack::StackPointer;
use corosensei::{Coroutine, CoroutineResult, Yielder};

/// The next M comes in as the value of each switch, so that nothing needs a thread-local for it.
type Switch = Yielder<*mut M, Leave>;

/// Where a goroutine goes on.
pub(crate) struct Context {
    co: UnsafeCell<Option<Coroutine<*mut M, Leave, (), Stack>>>,
    yielder: Cell<*const Switch>,
}

/// Where an M goes on: corosensei knows.
pub(crate) struct Home;

impl Home {
    pub(crate) const fn new() -> Home {
        Home
    }
}

// SAFETY: the pool made `[limit, top)` with a guard page at its low end, and its least size is far
// above corosensei's minimum. The first frame is at a multiple of 64, so aligned as needed.
unsafe impl corosensei::stack::Stack for Stack {
    #[inline]
    fn base(&self) -> StackPointer {
        // SAFETY: an address above the limit, which is not zero.
        unsafe { StackPointer::new_unchecked(self.first_frame()) }
    }

    #[inline]
    fn limit(&self) -> StackPointer {
        // SAFETY: as above.
        unsafe { StackPointer::new_unchecked(Stack::limit(*self)) }
    }
}

impl Context {
    pub(crate) const fn new() -> Context {
        Context { co: UnsafeCell::new(None), yielder: Cell::new(ptr::null()) }
    }

    /// It has a stack to go on at.
    pub(crate) fn is_begun(&self) -> bool {
        // SAFETY: the owner of the goroutine asks.
        unsafe { (*self.co.get()).is_some() }
    }

    /// Prepare the first run of `g` on `stack`.
    ///
    /// # Safety
    /// The stack is the goroutine's own and holds nothing.
    pub(crate) unsafe fn begin(&self, stack: Stack, g: *mut G) {
        let co = Coroutine::with_stack(stack, move |switch: &Switch, m: *mut M| {
            // SAFETY: the G outlives its goroutine, and only this goroutine runs here.
            unsafe {
                (*g).context.yielder.set(switch);
                spawn::live(g, m);
            }
        });
        // SAFETY: nobody else uses the context of a goroutine that has not run.
        unsafe { *self.co.get() = Some(co) };
    }

    /// The goroutine is over.
    ///
    /// # Safety
    /// It has left its stack for good.
    pub(crate) unsafe fn end(&self) {
        // SAFETY: by contract, there is nothing to unwind or drop.
        unsafe {
            if let Some(mut co) = (*self.co.get()).take() {
                co.force_reset();
            }
        }
    }

    /// Run the goroutine until it leaves.
    ///
    /// # Safety
    /// It is begun and suspended, and `m` alone owns it.
    pub(crate) unsafe fn resume(&self, _home: &Home, m: *mut M) -> Leave {
        // SAFETY: by contract.
        match unsafe { (*self.co.get()).as_mut().unwrap_unchecked() }.resume(m) {
            CoroutineResult::Yield(leave) => leave,
            CoroutineResult::Return(()) => Leave::Exit,
        }
    }

    /// Leave the goroutine's stack; returns the M that resumes it.
    ///
    /// # Safety
    /// On the goroutine's own stack.
    pub(crate) unsafe fn suspend(&self, _home: &Home, leave: Leave) -> *mut M {
        // SAFETY: set before the goroutine's code began.
        unsafe { (*self.yielder.get()).suspend(leave) }
    }
}
