//! One zeroed block of memory a thread, whose address is cheap and never stale.
//!
//! What compilers make of thread-locals is wrong here twice. They keep the address in a register
//! over a switch, after which the goroutine may be on another thread; and a library that can be
//! loaded at run time pays a call of `__tls_get_addr` for each look. So on x86-64 the address is had
//! by hand: assembly that is executed each time it is written, with a *TLS descriptor*, which the
//! loader fills with the shortest code that is right: two instructions where the block found room
//! beside the program's own (glibc keeps some for libraries loaded later), a lookup elsewhere.
//! Linked into a program, it becomes a constant.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
core::arch::global_asm!(
    ".pushsection .tbss.gort_thread_block,\"awT\",@nobits",
    ".globl gort_thread_block",
    ".hidden gort_thread_block",
    ".type gort_thread_block,@object",
    ".size gort_thread_block,{size}",
    ".p2align 4",
    "gort_thread_block:",
    ".zero {size}",
    ".popsection",
    size = const SIZE,
);

/// Bytes of the block; it is aligned to 16.
pub(crate) const SIZE: usize = 80;

/// The block of the calling thread, zeroed at its start. Not to be kept over a switch.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[inline(always)]
pub(crate) fn block() -> *mut u8 {
    let block: *mut u8;
    // SAFETY: a descriptor's code gives an offset to the thread pointer, and changes no other
    // register; on its slow path, at a thread's first look, old loaders may use vector registers.
    unsafe {
        core::arch::asm!(
            "leaq gort_thread_block@TLSDESC(%rip), %rax",
            "callq *gort_thread_block@TLSCALL(%rax)",
            "addq %fs:0, %rax",
            out("rax") block,
            out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _,
            out("xmm4") _, out("xmm5") _, out("xmm6") _, out("xmm7") _,
            out("xmm8") _, out("xmm9") _, out("xmm10") _, out("xmm11") _,
            out("xmm12") _, out("xmm13") _, out("xmm14") _, out("xmm15") _,
            options(att_syntax),
        );
    }
    block
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
#[repr(C, align(16))]
struct Block(core::cell::UnsafeCell<[u8; SIZE]>);

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
thread_local! {
    static BLOCK: Block = const { Block(core::cell::UnsafeCell::new([0; SIZE])) };
}

/// The block of the calling thread, zeroed at its start. Not to be kept over a switch.
///
/// Not inlining is not enough: seen to be a pure function, two calls would become one, also around a
/// switch. The empty assembly might do anything, so each call is made.
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
#[inline(never)]
pub(crate) fn block() -> *mut u8 {
    // SAFETY: it is empty.
    unsafe { core::arch::asm!("", options(nostack, preserves_flags)) };
    BLOCK.with(|block| block.0.get().cast())
}
