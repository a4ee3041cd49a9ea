//! Where stacks come from: arenas of address space, one mapping each, per size.
//!
//! The kernel allows a process 65530 mappings by default, so a mapping per stack would end at that
//! many goroutines. An arena is one mapping for many stacks; guard pages split it only on kernels
//! without MADV_GUARD_INSTALL, and there the pool keeps count of the mappings it may still cause.
//!
//! **Credits.** A goroutine gets a stack of the default size when it first runs, not when it is
//! made; yet lack of address space must be reported by the call that made it. So every such
//! goroutine holds a credit from creation to end, and the pool hands out only as many credits as
//! its arenas have stacks, less what the Ps may have lying in their caches.

use super::{DEFAULT_SIZE, GUARD, Stack};
use crate::error::{Error, Result};
use crate::limits::STACKS_FULL;
use crate::lock::SpinLock;
use crate::sanitizer;
use crate::sys::memory::{self, PAGE};
use std::sync::atomic::{AtomicUsize, Ordering::*};

/// The first arena of a size; each next one is larger, up to the greatest.
const FIRST_ARENA: usize = 64 << 20;
const GREATEST_ARENA: usize = 1 << 30;
/// Sizes are powers of two below 2^CLASSES.
const CLASSES: usize = 48;
/// Mappings left to the rest of the process where each guard costs two.
const MAPPINGS_FOR_OTHERS: usize = 5000;
/// Stacks a P may keep for itself.
pub(crate) const P_CACHE: usize = 64;

struct Class {
    /// Stacks that were used and given back; their guards stand. There is room for all.
    free: Vec<usize>,
    /// Stacks that were ever cut.
    cut: usize,
    /// Of `free`, how many from the bottom up hold no memory any more.
    trimmed: usize,
    /// The parts of the arenas that no stack was cut from yet; none is empty.
    fresh: Vec<core::ops::Range<usize>>,
    next_arena: usize,
}

struct Arenas {
    classes: [Class; CLASSES],
    maps: Vec<(usize, usize)>,
    credits_out: usize,
    /// Default stacks in all arenas, cut or not.
    capacity: usize,
    /// Stacks the Ps may hold back.
    held_back: usize,
    /// Stacks cut, each of which costs two mappings where guards are not free.
    guarded: usize,
    max_guarded: usize,
    /// Bytes in `maps`, and how many there may be.
    mapped: usize,
    max_mapped: usize,
    /// Stacks of which a sanitizer must hear when they go.
    counted: Vec<Stack>,
}

/// The stacks of a runtime.
pub(crate) struct Pool {
    arenas: SpinLock<Arenas>,
    /// Stacks cut from arenas and not lying in the pool: in use or in a P's cache.
    pub(crate) out: AtomicUsize,
    /// Stacks lying in the pool with memory in them, and all stacks lying there.
    pub(crate) dirty: AtomicUsize,
    pub(crate) cached: AtomicUsize,
}

impl Pool {
    /// `limit`: bytes of address space for all stacks; 0: none.
    pub(crate) fn new(limit: usize) -> Pool {
        let max_guarded = if memory::guards_are_free() {
            usize::MAX
        } else {
            memory::max_mappings().saturating_sub(MAPPINGS_FOR_OTHERS) / 2
        };
        Pool {
            arenas: SpinLock::new(Arenas {
                classes: core::array::from_fn(|_| Class {
                    free: Vec::new(),
                    cut: 0,
                    trimmed: 0,
                    fresh: Vec::new(),
                    next_arena: FIRST_ARENA,
                }),
                maps: Vec::new(),
                credits_out: 0,
                capacity: 0,
                held_back: 0,
                guarded: 0,
                max_guarded,
                mapped: 0,
                max_mapped: if limit == 0 { usize::MAX } else { limit },
                counted: Vec::new(),
            }),
            out: AtomicUsize::new(0),
            dirty: AtomicUsize::new(0),
            cached: AtomicUsize::new(0),
        }
    }

    /// One more P exists, which may hold back stacks.
    pub(crate) fn add_p(&self) {
        self.arenas.lock().held_back += P_CACHE;
    }

    /// Take up to `n` credits, at least one.
    pub(crate) fn take_credits(&self, n: usize) -> Result<usize> {
        let mut a = self.arenas.lock();
        for want in [n, 1] {
            while a.capacity < a.credits_out + want + a.held_back {
                if a.capacity >= a.max_guarded || !a.map_arena(DEFAULT_SIZE) {
                    break;
                }
            }
            if a.capacity.min(a.max_guarded) >= a.credits_out + want + a.held_back {
                a.credits_out += want;
                return Ok(want);
            }
        }
        Err(a.full())
    }

    pub(crate) fn return_credits(&self, n: usize) {
        self.arenas.lock().credits_out -= n;
    }

    /// A stack of `size` bytes, a power of two.
    pub(crate) fn get(&self, size: usize) -> Result<Stack> {
        let mut a = self.arenas.lock();
        let class = class_of(size);
        let limit = match a.classes[class].free.pop() {
            Some(limit) => {
                let left = a.classes[class].free.len();
                if a.classes[class].trimmed > left {
                    a.classes[class].trimmed = left;
                } else if size == DEFAULT_SIZE {
                    self.dirty.fetch_sub(1, Relaxed);
                }
                self.cached.fetch_sub(1, Relaxed);
                limit
            }
            None => a.cut(size)?,
        };
        self.out.fetch_add(1, Relaxed);
        Ok(Stack::new(limit, size))
    }

    /// Give back stacks, all of one size, which nobody runs on.
    pub(crate) fn put(&self, stacks: &[Stack]) {
        let Some(first) = stacks.first() else { return };
        let mut a = self.arenas.lock();
        let class = &mut a.classes[class_of(first.size())];
        if first.size() > DEFAULT_SIZE {
            // Large stacks are rare and may hold much: their memory goes back at once.
            for s in stacks {
                // SAFETY: the usable part of a stack nobody runs on.
                unsafe { memory::discard((s.limit() + GUARD) as *mut u8, s.size() - GUARD) };
            }
        } else if first.size() == DEFAULT_SIZE {
            self.dirty.fetch_add(stacks.len(), Relaxed);
        }
        class.free.extend(stacks.iter().map(|s| s.limit()));
        self.cached.fetch_add(stacks.len(), Relaxed);
        self.out.fetch_sub(stacks.len(), Relaxed);
    }

    /// Whether there is, or was, such a stack: its memory is mapped as long as the pool lives.
    pub(crate) fn holds(&self, stack: Stack) -> bool {
        let a = self.arenas.lock();
        a.maps.iter().any(|&(start, size)| start <= stack.limit() && stack.top() <= start + size)
    }

    /// There is something to trim.
    pub(crate) fn wants_trim(&self) -> bool {
        self.dirty.load(Relaxed) != 0
    }

    /// Give the memory of up to `n` stacks that lie unused back to the kernel. True: there is more.
    pub(crate) fn trim(&self, n: usize) -> bool {
        let mut a = self.arenas.lock();
        let class = &mut a.classes[class_of(DEFAULT_SIZE)];
        let end = class.free.len().min(class.trimmed + n);
        for &limit in &class.free[class.trimmed..end] {
            // SAFETY: the usable part of a stack that lies in the pool.
            unsafe { memory::discard((limit + GUARD) as *mut u8, DEFAULT_SIZE - GUARD) };
        }
        self.dirty.fetch_sub(end - class.trimmed, Relaxed);
        class.trimmed = end;
        end < class.free.len()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut arenas = self.arenas.lock();
        for stack in arenas.counted.drain(..) {
            sanitizer::stack_gone(stack);
        }
        for (start, size) in arenas.maps.drain(..) {
            // SAFETY: every goroutine is over, so nobody runs on any of these stacks.
            unsafe { memory::unreserve(start as *mut u8, size) };
        }
    }
}

impl Arenas {
    /// Map one more arena for stacks of `size`, as large as can be had.
    fn map_arena(&mut self, size: usize) -> bool {
        let class = class_of(size);
        if self.maps.try_reserve(1).is_err() || self.classes[class].fresh.try_reserve(1).is_err() {
            return false;
        }
        let mut bytes = self.classes[class].next_arena.max(size);
        loop {
            // One stack more than fits, so that each can lie at a multiple of its size.
            let allowed = bytes + size <= self.max_mapped - self.mapped;
            if let Some(p) = allowed.then(|| memory::reserve(bytes + size)).flatten() {
                self.mapped += bytes + size;
                let start = (p as usize).next_multiple_of(size);
                self.maps.push((p as usize, bytes + size));
                self.classes[class].fresh.push(start..start + bytes);
                self.classes[class].next_arena = (bytes * 2).min(GREATEST_ARENA.max(size));
                if size == DEFAULT_SIZE {
                    self.capacity += bytes / size;
                }
                return true;
            }
            if bytes <= size {
                return false;
            }
            bytes = (bytes / 2).max(size);
        }
    }

    fn full(&self) -> Error {
        if self.max_mapped != usize::MAX {
            return STACKS_FULL;
        }
        Error::new(crate::error::Kind::NoMemory, c"no address space for a goroutine's stack")
    }

    fn cut(&mut self, size: usize) -> Result<usize> {
        if self.classes[class_of(size)].fresh.is_empty() && !self.map_arena(size) {
            return Err(self.full());
        }
        self.cut_fresh(size).ok_or(self.full())
    }

    /// Cut the next stack from the newest arena and stand its guard.
    fn cut_fresh(&mut self, size: usize) -> Option<usize> {
        if self.guarded >= self.max_guarded {
            return None;
        }
        let class = &mut self.classes[class_of(size)];
        // So that there is room when it is given back, and all others too.
        class.free.try_reserve(class.cut + 1 - class.free.len()).ok()?;
        let range = class.fresh.last_mut()?;
        let limit = range.end - size;
        // SAFETY: the lowest page of a stack that nobody has yet.
        if !unsafe { memory::guard(limit as *mut u8) } {
            return None;
        }
        range.end = limit;
        if range.start >= range.end {
            class.fresh.pop();
        }
        class.cut += 1;
        self.guarded += 1;
        let stack = Stack::new(limit, size);
        sanitizer::stack_made(stack);
        if sanitizer::counts_stacks() {
            self.counted.push(stack);
        }
        Some(limit)
    }
}

fn class_of(size: usize) -> usize {
    debug_assert!(size.is_power_of_two() && size >= PAGE);
    size.trailing_zeros() as usize
}
