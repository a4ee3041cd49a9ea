//! The switch by corosensei, for processors without one of our own.

use super::super::g::G;
use super::super::m::M;
use super::super::spawn;
use super::Leave;
use crate::stack::Stack;
use core::cell::{Cell, UnsafeCell};
use core::mem::MaybeUninit;
use core::ptr;
use corosensei::stack::StackPointer;
use corosensei::{Coroutine, CoroutineResult, Yielder};

/// The next M comes in as the value of each switch, so that nothing needs a thread-local for it.
type Switch = Yielder<*mut M, Leave>;

/// Where a goroutine goes on. All zero: not begun.
pub(crate) struct Context {
    begun: Cell<bool>,
    /// There is one while it is begun.
    co: UnsafeCell<MaybeUninit<Coroutine<*mut M, Leave, (), Stack>>>,
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

/// What a switch leaves on the stack is corosensei's matter.
pub(crate) const SAVED_REGISTERS: &[usize] = &[];

impl Context {
    /// For dumps: the stack pointer it has left with, 0 when that is not known.
    pub(crate) fn left_at(&self) -> usize {
        0
    }

    /// It has a stack to go on at.
    pub(crate) fn is_begun(&self) -> bool {
        self.begun.get()
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
        unsafe { (*self.co.get()).write(co) };
        self.begun.set(true);
    }

    /// The goroutine is over.
    ///
    /// # Safety
    /// It has left its stack for good.
    pub(crate) unsafe fn end(&self) {
        if self.begun.replace(false) {
            // SAFETY: it was begun; by contract there is nothing to unwind or drop on its stack.
            unsafe {
                let co = (*self.co.get()).assume_init_mut();
                co.force_reset();
                ptr::drop_in_place(co);
            }
        }
    }

    /// Run the goroutine until it leaves.
    ///
    /// # Safety
    /// It is begun and suspended, and `m` alone owns it.
    pub(crate) unsafe fn resume(&self, _home: &Home, m: *mut M) -> Leave {
        // SAFETY: by contract.
        match unsafe { (*self.co.get()).assume_init_mut() }.resume(m) {
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
