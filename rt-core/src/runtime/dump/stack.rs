//! A copy of the used part of a parked goroutine's stack.
//!
//! The goroutine may be made to run while it is copied, and may even end: its stack stays mapped as
//! long as the runtime lives, so that the worst is a copy of no use, which the caller finds out.

use crate::sched::Runtime;
use crate::sched::g::G;
use crate::stack::GUARD;
use core::ptr;

/// Of a deeper stack only the innermost part is looked at.
const MOST: usize = 256 << 10;

/// The words from the stack pointer upwards.
pub(super) struct Copy {
    pub(super) sp: usize,
    words: Vec<usize>,
}

impl Copy {
    /// The word at `address`, if it was copied.
    pub(super) fn word(&self, address: usize) -> Option<usize> {
        let offset = address.checked_sub(self.sp)?;
        if !offset.is_multiple_of(size_of::<usize>()) {
            return None;
        }
        self.words.get(offset / size_of::<usize>()).copied()
    }

    /// One past the last address.
    pub(super) fn end(&self) -> usize {
        self.sp + self.words.len() * size_of::<usize>()
    }
}

/// Copy the stack of `g`; `None`: it has none yet, there is no memory, or `parked()` says no more that
/// what was read of `g` belongs together.
pub(super) fn copy(rt: &Runtime, g: &G, parked: impl Fn() -> bool) -> Option<Copy> {
    // SAFETY: another thread may write it meanwhile, which is found out below.
    let stack = unsafe { ptr::read_volatile(&raw const g.stack) }.get()?;
    let sp = g.context.left_at();
    let lowest = stack.limit() + GUARD;
    let whole = sp.is_multiple_of(align_of::<usize>()) && (lowest..stack.top()).contains(&sp);
    if !parked() || !whole || !rt.stacks.holds(stack) {
        return None;
    }
    let end = stack.top().min(sp + MOST);
    let mut words = Vec::new();
    words.try_reserve_exact((end - sp) / size_of::<usize>()).ok()?;
    for address in (sp..end).step_by(size_of::<usize>()) {
        // SAFETY: in a stack of an arena of this runtime, above the guard: mapped and readable.
        words.push(unsafe { ptr::read_volatile(address as *const usize) });
    }
    Some(Copy { sp, words })
}
