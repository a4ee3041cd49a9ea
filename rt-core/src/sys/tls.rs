//! One zeroed block of memory a thread, whose address is cheap and never stale.
//!
//! What compilers make of thread-locals is wrong here twice. They keep the address in a register
//! over a switch, after which the goroutine may be on another thread; and a library that can be
//! loaded at run time pays a call of `__tls_get_addr` for each look. So on x86-64 the address is had
//! by hand: assembly that is executed each time it is written, with a *TLS descriptor*, which the
//! loader fills with the shortest code that is right. Where the block found room beside the program's own (glibc
//! keeps some for libraries loaded later) that code returns a constant, which is read once instead of being
//! called for.

/// Bytes of the block; it is aligned to 16.
pub(crate) const SIZE: usize = 96;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod x86_64 {
    use std::sync::atomic::{AtomicIsize, Ordering::*};

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
        size = const super::SIZE,
    );

    /// How far the block is from the thread pointer, in every thread; 0: that is not known, or not the same in all.
    static OFFSET: AtomicIsize = AtomicIsize::new(0);

    /// The block of the calling thread, zeroed at its start. Not to be kept over a switch.
    #[inline(always)]
    pub(crate) fn block() -> *mut u8 {
        let offset = OFFSET.load(Relaxed);
        if offset == 0 {
            return block_by_descriptor();
        }
        let thread: *mut u8;
        // SAFETY: the thread pointer points to itself. Not `pure`: it may be another one after a switch.
        unsafe {
            core::arch::asm!("mov {}, fs:0", out(reg) thread, options(nostack, preserves_flags));
            thread.offset(offset)
        }
    }

    /// The pointer `AT` bytes into the block, where it is known how far that is; else null.
    #[inline(always)]
    pub(crate) fn pointer_if_near<const AT: usize>() -> *mut u8 {
        let offset = OFFSET.load(Relaxed);
        if offset == 0 {
            return core::ptr::null_mut();
        }
        let pointer: *mut u8;
        // SAFETY: within the block, which is aligned. Not `pure`, as above.
        unsafe {
            core::arch::asm!(
                "mov {pointer}, fs:[{offset} + {at}]",
                pointer = out(reg) pointer, offset = in(reg) offset, at = const AT,
                options(nostack, preserves_flags, readonly)
            );
        }
        pointer
    }

    /// Inlined: a call would change registers that this leaves alone.
    #[inline(always)]
    fn block_by_descriptor() -> *mut u8 {
        let block: *mut u8;
        // SAFETY: a descriptor's code gives an offset to the thread pointer, and changes no other
        // register; on its slow path, at a thread's first look, old loaders may use vector registers. That path
        // allocates and wants an aligned stack: aligned here, below the red zone, as LLVM may put assembly before a
        // function's frame, whatever the assembly asks for.
        unsafe {
            core::arch::asm!(
                "movq %rsp, {stack}",
                "leaq -128(%rsp), %rsp",
                "andq $-16, %rsp",
                "leaq gort_thread_block@TLSDESC(%rip), %rax",
                "callq *gort_thread_block@TLSCALL(%rax)",
                "addq %fs:0, %rax",
                "movq {stack}, %rsp",
                out("rax") block,
                stack = out(reg) _,
                out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _,
                out("xmm4") _, out("xmm5") _, out("xmm6") _, out("xmm7") _,
                out("xmm8") _, out("xmm9") _, out("xmm10") _, out("xmm11") _,
                out("xmm12") _, out("xmm13") _, out("xmm14") _, out("xmm15") _,
                options(att_syntax, nostack),
            );
        }
        block
    }

    /// A TLS descriptor: code that returns an offset, and what it goes by.
    #[repr(C)]
    struct Descriptor {
        code: *const u8,
        argument: isize,
    }

    /// `mov rax, [rax + 8]` and `ret`: the argument is returned. Where jumps must land on `endbr64`, behind that.
    const RETURNS_ARGUMENT: [u8; 5] = [0x48, 0x8b, 0x40, 0x08, 0xc3];
    const ENDBR64: [u8; 4] = [0xf3, 0x0f, 0x1e, 0xfa];

    /// Runs when the library is loaded, before the constructors of the program it may be linked into.
    #[used]
    #[unsafe(link_section = ".init_array.00098")]
    static FIND: extern "C" fn() = find_offset;

    extern "C" fn find_offset() {
        let found: isize;
        // SAFETY: an address is computed.
        unsafe {
            core::arch::asm!("leaq gort_thread_block@TLSDESC(%rip), %rax", out("rax") found, options(att_syntax));
        }
        // Linked into a program, the descriptor has become the offset, which is negative.
        if found < 0 {
            return OFFSET.store(found, Relaxed);
        }
        // SAFETY: else the descriptor is there, and was filled before this ran. Its code is some function's in the
        // midst of the loader's, so that what follows may be read.
        unsafe {
            let descriptor = &*core::ptr::with_exposed_provenance::<Descriptor>(found as usize);
            let mut code = descriptor.code;
            if code.cast::<[u8; 4]>().read() == ENDBR64 {
                code = code.add(ENDBR64.len());
            }
            if code.cast::<[u8; 5]>().read() == RETURNS_ARGUMENT {
                OFFSET.store(descriptor.argument, Relaxed);
            }
        }
    }
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(crate) use x86_64::{block, pointer_if_near};

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

/// The pointer `AT` bytes into the block.
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
#[inline(always)]
pub(crate) fn pointer_if_near<const AT: usize>() -> *mut u8 {
    // SAFETY: within the block, which is aligned.
    unsafe { block().add(AT).cast::<*mut u8>().read() }
}
