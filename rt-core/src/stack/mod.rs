//! Stacks of goroutines: reserved in arenas, committed by touch, handed out lazily.
//!
//! ```text
//!   limit                                                        top
//!   | guard page |              usable, grows downwards            |
//!   +------------+-------------------------------------------------+
//!   ^ faults: "stack overflow"                                     ^ the first page a goroutine touches
//! ```
//!
//! A stack's address is all it is: sizes are powers of two and an arena holds stacks of one size.
//! [`pool`] owns the arenas; [`fault`] tells an overflow from any other fault.

pub(crate) mod fault;
pub(crate) mod pool;

use crate::sys::memory::PAGE;
use core::num::NonZeroUsize;

/// Address space of a stack unless asked otherwise.
pub(crate) const DEFAULT_SIZE: usize = 256 << 10;
/// The least a goroutine can run C code on.
const MIN_SIZE: usize = 16 << 10;
/// More than any program can mean; keeps size arithmetic from overflowing.
const MAX_SIZE: usize = 1 << 40;
/// Bytes at the low end that fault.
pub(crate) const GUARD: usize = PAGE;

/// A stack, owned by whoever holds it: its lowest address, with the logarithm of its size in the bits
/// that are zero there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(crate) struct Stack(NonZeroUsize);

const SIZE_BITS: usize = 63;

impl Stack {
    /// `limit` is a multiple of `size`, which is a power of two.
    fn new(limit: usize, size: usize) -> Stack {
        debug_assert!(size.is_power_of_two() && limit.is_multiple_of(size));
        let word = limit | size.trailing_zeros() as usize;
        Stack(NonZeroUsize::new(word).expect("a mapping is never at address zero"))
    }

    /// The lowest address, which is that of the guard.
    #[inline(always)]
    pub(crate) fn limit(self) -> usize {
        self.0.get() & !SIZE_BITS
    }

    #[inline(always)]
    pub(crate) fn size(self) -> usize {
        1 << (self.0.get() & SIZE_BITS)
    }

    /// One past the highest address.
    pub(crate) fn top(self) -> usize {
        self.limit() + self.size()
    }

    /// Where the first frame begins, a multiple of 64. Stacks lie at multiples of their size, so that
    /// without a shift the hot frames of all goroutines would compete for the same few cache sets.
    pub(crate) fn first_frame(self) -> usize {
        const COLORS: usize = 16;
        const LINE: usize = 64;
        let index = self.0.get() >> (self.0.get() & SIZE_BITS);
        self.top() - (index % COLORS) * LINE
    }
}

/// The size class for a wish: a power of two, at least the minimum. `None`: absurdly large.
pub(crate) fn round_size(wish: usize) -> Option<usize> {
    if wish == 0 {
        return Some(DEFAULT_SIZE);
    }
    // The guard comes on top of what was asked for.
    let wanted = wish.checked_add(GUARD)?;
    (wanted <= MAX_SIZE).then(|| wanted.max(MIN_SIZE + GUARD).next_power_of_two())
}
