//! What a debugger must know to find the goroutines of a process or of a core file.
//!
//! One static in a section of its own, `.gort_debugger`, so that it is found in a stripped library, in
//! a static program, and in each of several copies. It says where the records are and how to read
//! them: gort-gdb.py needs no debug information. Who changes the fields changes [`VERSION`] and that
//! script.

use super::g::{G, SLAB};
use super::reason;
use super::switch::SAVED_REGISTERS;
use core::mem::offset_of;
use core::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::*};

const VERSION: u32 = 1;

#[repr(C)]
struct Debugger {
    magic: [u8; 12],
    version: u32,
    /// An array of pointers to slabs; null and 0 while there is none.
    slabs: AtomicPtr<*mut G>,
    n_slabs: AtomicUsize,
    /// The texts of the wait reasons, each with a nul behind it.
    reasons: &'static [u8; reason::TEXTS.len()],
    reasons_len: u32,
    slab: u32,
    size_of_g: u32,
    id: u32,
    status: u32,
    reason: u32,
    context: u32,
    stack: u32,
    parent: u32,
    created_at: u32,
    name: u32,
    n_saved: u32,
    /// DWARF's numbers of the registers that a parked goroutine has on its stack, innermost first.
    saved: [u8; 8],
}

#[used]
#[unsafe(link_section = ".gort_debugger")]
static DEBUGGER: Debugger = Debugger {
    magic: *b"gort-records",
    version: VERSION,
    slabs: AtomicPtr::new(ptr::null_mut()),
    n_slabs: AtomicUsize::new(0),
    reasons: reason::TEXTS,
    reasons_len: reason::TEXTS.len() as u32,
    slab: SLAB as u32,
    size_of_g: size_of::<G>() as u32,
    id: offset_of!(G, id) as u32,
    status: offset_of!(G, status) as u32,
    reason: offset_of!(G, reason) as u32,
    context: offset_of!(G, context) as u32,
    stack: offset_of!(G, stack) as u32,
    parent: offset_of!(G, parent) as u32,
    created_at: offset_of!(G, created_at) as u32,
    name: offset_of!(G, name) as u32,
    n_saved: SAVED_REGISTERS.len() as u32,
    saved: {
        let mut numbers = [0; 8];
        let mut i = 0;
        while i < SAVED_REGISTERS.len() {
            numbers[i] = SAVED_REGISTERS[i] as u8;
            i += 1;
        }
        numbers
    },
};

/// These are the slabs from now on.
pub(super) fn publish(slabs: &[*mut G]) {
    DEBUGGER.n_slabs.store(0, Release);
    DEBUGGER.slabs.store(slabs.as_ptr().cast_mut(), Release);
    DEBUGGER.n_slabs.store(slabs.len(), Release);
}
