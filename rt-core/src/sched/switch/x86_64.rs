//! The switch on x86-64, for the System V calling convention.
//!
//! Who switches pushes the two registers that inline assembly cannot name as changed, and the
//! address to go on at, stores its stack pointer, takes the other's, and jumps to the address there.
//! All other registers are declared as changed, so that the compiler saves those it needs, and
//! unwinders and debuggers find them where its tables say.
//!
//! It jumps, and does not return: processors predict returns by a stack of their own, which is wrong
//! after each switch, at some 20 cycles a miss. For the same reason the assembly is inlined into
//! whatever parks: each function between it and the user's code is one more such return.

use super::super::g::G;
use super::super::m::M;
use super::super::spawn;
use super::Leave;
use crate::stack::Stack;
use core::cell::Cell;

/// Where a goroutine goes on: its stack pointer, 0 before its first run.
pub(crate) struct Context(Cell<usize>);

/// Where an M goes on when its goroutine leaves.
pub(crate) struct Home(Cell<usize>);

impl Home {
    pub(crate) const fn new() -> Home {
        Home(Cell::new(0))
    }
}

/// Go on at `to` with `value`; returns the value of whoever switches back.
///
/// # Safety
/// `to` was stored by another switch that has not been returned to, or made by [`Context::begin`].
#[inline(always)]
unsafe fn switch(save: *mut usize, to: usize, value: usize) -> usize {
    let result;
    // SAFETY: by contract; the stack is as it was when the label is reached.
    unsafe {
        core::arch::asm!(
            "push rbp",
            "push rbx",
            "lea rax, [rip + 2f]",
            "push rax",
            "mov [rdi], rsp",
            "mov rsp, rsi",
            "pop rax",
            "jmp rax",
            "2:",
            "pop rbx",
            "pop rbp",
            inout("rdi") save => _,
            inout("rsi") to => _,
            inout("rdx") value => result,
            out("r12") _, out("r13") _, out("r14") _, out("r15") _,
            clobber_abi("sysv64"),
        );
    }
    result
}

// The first thing on a new stack: calls `spawn::live(g, m)`, which does not return. There is no
// caller: unwinding and walking frame pointers end here.
core::arch::global_asm!(
    ".pushsection .text.gort_goroutine_start,\"ax\",@progbits",
    ".hidden gort_goroutine_start",
    ".globl gort_goroutine_start",
    ".type gort_goroutine_start,@function",
    "gort_goroutine_start:",
    ".cfi_startproc",
    ".cfi_undefined rip",
    "pop rdi",
    "mov rsi, rdx",
    "xor ebp, ebp",
    "call {live}",
    "ud2",
    ".cfi_endproc",
    ".size gort_goroutine_start, . - gort_goroutine_start",
    ".popsection",
    live = sym live,
);

unsafe extern "C" {
    fn gort_goroutine_start();
}

unsafe extern "C" fn live(g: *mut G, m: *mut M) -> ! {
    // SAFETY: on a new stack, of the goroutine that `m` runs.
    unsafe {
        let m = spawn::live(g, m);
        (*g).context.suspend(&(*m).home, Leave::Exit);
    }
    unreachable!("nobody resumes a goroutine that is over")
}

/// What [`switch`] leaves on the stack, from the stack pointer upwards, by DWARF's numbers: the address
/// to go on at, rbx, rbp.
pub(crate) const SAVED_REGISTERS: &[usize] = &[16, 3, 6];

impl Context {
    /// For dumps: the stack pointer it has left with, 0 before its first run. While it runs that is of
    /// no use.
    pub(crate) fn left_at(&self) -> usize {
        // SAFETY: another thread may write it meanwhile; who asks finds that out.
        unsafe { core::ptr::read_volatile(self.0.as_ptr()) }
    }

    /// It has a stack to go on at.
    #[inline(always)]
    pub(crate) fn is_begun(&self) -> bool {
        self.0.get() != 0
    }

    /// Prepare the first run of `g` on `stack`.
    ///
    /// # Safety
    /// The stack is the goroutine's own and holds nothing.
    #[inline]
    pub(crate) unsafe fn begin(&self, stack: Stack, g: *mut G) {
        let top = stack.first_frame() as *mut usize;
        // SAFETY: the top of the stack is writable; `live` is called with it aligned to 16.
        unsafe {
            top.sub(1).write(g as usize);
            top.sub(2).write(gort_goroutine_start as *const () as usize);
            self.0.set(top.sub(2) as usize);
        }
    }

    /// The goroutine is over.
    ///
    /// # Safety
    /// It has left its stack for good.
    #[inline(always)]
    pub(crate) unsafe fn end(&self) {
        self.0.set(0);
    }

    /// Run the goroutine until it leaves.
    ///
    /// # Safety
    /// It is begun and suspended, and `m` alone owns it; `home` is that M's.
    #[inline(always)]
    pub(crate) unsafe fn resume(&self, home: &Home, m: *mut M) -> Leave {
        // SAFETY: by contract; the value that comes back is a Leave's.
        unsafe { core::mem::transmute::<usize, Leave>(switch(home.0.as_ptr(), self.0.get(), m as usize)) }
    }

    /// Leave the goroutine's stack; returns the M that resumes it.
    ///
    /// # Safety
    /// On the goroutine's own stack; `home` is that of the M that runs it.
    #[inline(always)]
    pub(crate) unsafe fn suspend(&self, home: &Home, leave: Leave) -> *mut M {
        // SAFETY: by contract.
        unsafe { switch(self.0.as_ptr(), home.0.get(), leave as usize) as *mut M }
    }
}
