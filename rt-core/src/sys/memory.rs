//! Address space: reserving, guarding, filling, giving back.

use super::text::read_file;
use core::ptr;
use std::sync::atomic::{AtomicU8, Ordering::*};

pub(crate) const PAGE: usize = 4096;
/// Linux 6.13: turns pages into guards without splitting the mapping.
const MADV_GUARD_INSTALL: i32 = 102;

/// Reserve address space that costs no memory until touched.
pub(crate) fn reserve(size: usize) -> Option<*mut u8> {
    // SAFETY: a fresh anonymous mapping touches nothing that exists.
    unsafe {
        let p = libc::mmap(
            ptr::null_mut(),
            size,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        );
        if p == libc::MAP_FAILED {
            return None;
        }
        // A huge page would commit the untouched parts of many stacks at once.
        libc::madvise(p, size, libc::MADV_NOHUGEPAGE);
        Some(p.cast())
    }
}

/// Give memory to pages of a mapping of ours: later there would be a fault for each.
pub(crate) fn populate(p: *mut u8, size: usize) {
    // SAFETY: what is there stays. Kernels before 5.14 do not know this, and nothing is lost.
    unsafe { libc::madvise(p.cast(), size, libc::MADV_POPULATE_WRITE) };
}

/// As [`populate`], for what a heap may have grown by, two pages at least: unless its last page has memory already.
pub(crate) fn populate_fresh(p: *mut u8, size: usize) {
    let first = p.map_addr(|a| a.next_multiple_of(PAGE));
    let end = p.map_addr(|a| (a + size) / PAGE * PAGE);
    let mut resident = 1;
    // SAFETY: only looked at. Should this fail, the page counts as resident.
    unsafe { libc::mincore(end.wrapping_sub(PAGE).cast(), PAGE, &mut resident) };
    if resident & 1 == 0 {
        populate(first, end.addr() - first.addr());
    }
}

/// # Safety
/// `[p, p + size)` came from [`reserve`] and nothing uses it any more.
pub(crate) unsafe fn unreserve(p: *mut u8, size: usize) {
    // SAFETY: by contract.
    unsafe { libc::munmap(p.cast(), size) };
}

/// Give the pages back to the kernel; they read as zero afterwards, guards stay guards.
///
/// # Safety
/// `[p, p + size)` lies in a mapping of ours and nothing lives there.
pub(crate) unsafe fn discard(p: *mut u8, size: usize) {
    // SAFETY: by contract.
    unsafe { libc::madvise(p.cast(), size, libc::MADV_DONTNEED) };
}

/// As [`discard`], by a mapping of its own, which the thread sanitizer takes for new memory.
///
/// # Safety
/// As [`discard`].
pub(crate) unsafe fn renew(p: *mut u8, size: usize) {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED;
    // SAFETY: by contract nothing lives in the mapping that is replaced.
    unsafe {
        if libc::mmap(p.cast(), size, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) != libc::MAP_FAILED {
            libc::madvise(p.cast(), size, libc::MADV_NOHUGEPAGE);
        }
    }
}

/// Whether guards cost a mapping each: with MADV_GUARD_INSTALL they do not.
pub(crate) fn guards_are_free() -> bool {
    static KNOWN: AtomicU8 = AtomicU8::new(0);
    match KNOWN.load(Relaxed) {
        0 => {
            let Some(page) = reserve(PAGE) else { return false };
            // SAFETY: the page was reserved above and is used for nothing else.
            let works = unsafe {
                let works = libc::madvise(page.cast(), PAGE, MADV_GUARD_INSTALL) == 0;
                unreserve(page, PAGE);
                works
            };
            KNOWN.store(if works { 1 } else { 2 }, Relaxed);
            works
        }
        known => known == 1,
    }
}

/// Make the page at `p` fault on every access.
///
/// # Safety
/// The page lies in a mapping of ours and nothing lives there.
pub(crate) unsafe fn guard(p: *mut u8) -> bool {
    // SAFETY: by contract.
    unsafe {
        if guards_are_free() {
            return libc::madvise(p.cast(), PAGE, MADV_GUARD_INSTALL) == 0;
        }
        libc::mprotect(p.cast(), PAGE, libc::PROT_NONE) == 0
    }
}

/// The number of mappings a process may have.
pub(crate) fn max_mappings() -> usize {
    let mut room = [0; 32];
    let text = read_file(c"/proc/sys/vm/max_map_count", &mut room).and_then(|text| core::str::from_utf8(text).ok());
    text.and_then(|text| text.trim().parse().ok()).unwrap_or(65530)
}
