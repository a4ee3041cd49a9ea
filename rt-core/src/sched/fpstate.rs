//! The floating-point control words, which the C calling convention makes callee-saved: MXCSR and
//! the x87 control word. They are per goroutine; a new one starts with its creator's.

#[cfg(target_arch = "x86_64")]
use core::mem::MaybeUninit;

/// The control words of one goroutine, in one: of x86-64 MXCSR in the low half and the x87's above, of AArch64 FPCR.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct FpState(u64);

/// The status flags of MXCSR change with every computation; only control bits are state.
#[cfg(target_arch = "x86_64")]
const MXCSR_CONTROL: u32 = !0x3f;

impl FpState {
    /// Those of the calling thread.
    #[inline(always)]
    pub(crate) fn save() -> FpState {
        #[cfg(target_arch = "x86_64")]
        {
            let (mut mxcsr, mut x87) = (MaybeUninit::<u32>::uninit(), MaybeUninit::<u16>::uninit());
            // SAFETY: both instructions only store to the given addresses, and fill what lies there.
            let (mxcsr, x87) = unsafe {
                core::arch::asm!(
                    "stmxcsr [{m}]", "fnstcw [{x}]",
                    m = in(reg) mxcsr.as_mut_ptr(), x = in(reg) x87.as_mut_ptr(),
                    options(nostack, preserves_flags)
                );
                (mxcsr.assume_init(), x87.assume_init())
            };
            FpState(u64::from(x87) << 32 | u64::from(mxcsr & MXCSR_CONTROL))
        }
        #[cfg(target_arch = "aarch64")]
        {
            let fpcr: u64;
            // SAFETY: reads a register.
            unsafe { core::arch::asm!("mrs {}, fpcr", out(reg) fpcr, options(nomem, nostack)) };
            FpState(fpcr)
        }
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        FpState(0)
    }

    /// Make the calling thread's equal to `self`, knowing that they are `now`.
    #[inline(always)]
    pub(crate) fn restore(self, now: FpState) {
        if self != now {
            self.load();
        }
    }

    #[cold]
    #[inline(never)]
    fn load(self) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the words were saved from valid registers.
        unsafe {
            let (mxcsr, x87) = (self.0 as u32, (self.0 >> 32) as u16);
            core::arch::asm!(
                "ldmxcsr [{m}]", "fldcw [{x}]",
                m = in(reg) &mxcsr, x = in(reg) &x87,
                options(nostack, readonly)
            );
        }
        #[cfg(target_arch = "aarch64")]
        // SAFETY: the word was saved from the register.
        unsafe {
            core::arch::asm!("msr fpcr, {}", in(reg) self.0, options(nomem, nostack))
        };
    }
}
