//! The one thing valgrind cannot find out by itself: which memory is a stack.

/// Tell valgrind, if we run under it, that `[start, end)` is a stack of its own.
pub(super) fn register_stack(start: usize, end: usize) {
    const STACK_REGISTER: u64 = 0x1501;
    request([STACK_REGISTER, start as u64, end as u64, 0, 0, 0]);
}

/// A client request: rotations that change nothing, and an exchange of a register with itself. Valgrind
/// knows the sequence, and takes the address of the request from rax.
#[cfg(target_arch = "x86_64")]
fn request(request: [u64; 6]) {
    // SAFETY: outside valgrind the instructions have no effect; in it the answer comes in rdx.
    unsafe {
        core::arch::asm!(
            "rol rdi, 3", "rol rdi, 13", "rol rdi, 61", "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") request.as_ptr(), inout("rdx") 0u64 => _,
            options(nostack)
        );
    }
}

/// As on x86-64, with x12, x4 and x3.
#[cfg(target_arch = "aarch64")]
fn request(request: [u64; 6]) {
    // SAFETY: as above.
    unsafe {
        core::arch::asm!(
            "ror x12, x12, #3", "ror x12, x12, #13", "ror x12, x12, #51", "ror x12, x12, #61",
            "orr x10, x10, x10",
            in("x4") request.as_ptr(), inout("x3") 0u64 => _,
            options(nostack)
        );
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn request(_: [u64; 6]) {}
