//! The floating-point control words, which the C calling convention makes callee-saved: MXCSR and
//! the x87 control word. They are per goroutine; a new one starts with its creator's.

/// The control words of one goroutine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct FpState {
    #[cfg(target_arch = "x86_64")]
    mxcsr: u32,
    #[cfg(target_arch = "x86_64")]
    x87: u16,
    #[cfg(target_arch = "aarch64")]
    fpcr: u64,
}

/// The status flags of MXCSR change with every computation; only control bits are state.
#[cfg(target_arch = "x86_64")]
const MXCSR_CONTROL: u32 = !0x3f;

impl FpState {
    /// Those of the calling thread.
    #[inline(always)]
    pub(crate) fn save() -> FpState {
        #[cfg(target_arch = "x86_64")]
        {
            let (mut mxcsr, mut x87) = (0u32, 0u16);
            // SAFETY: both instructions only store to the given addresses.
            unsafe {
                core::arch::asm!(
                    "stmxcsr [{m}]", "fnstcw [{x}]",
                    m = in(reg) &mut mxcsr, x = in(reg) &mut x87,
                    options(nostack, preserves_flags)
                );
            }
            FpState { mxcsr: mxcsr & MXCSR_CONTROL, x87 }
        }
        #[cfg(target_arch = "aarch64")]
        {
            let fpcr: u64;
            // SAFETY: reads a register.
            unsafe { core::arch::asm!("mrs {}, fpcr", out(reg) fpcr, options(nomem, nostack)) };
            FpState { fpcr }
        }
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        FpState {}
    }

    /// Make the calling thread's equal to `self`, knowing that they are `now`.
    #[inline(always)]
    pub(crate) fn restore(self, now: FpState) {
        if self != now {
            self.load();
        }
    }

    #[cold]
    fn load(self) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the words were saved from valid registers.
        unsafe {
            core::arch::asm!(
                "ldmxcsr [{m}]", "fldcw [{x}]",
                m = in(reg) &self.mxcsr, x = in(reg) &self.x87,
                options(nostack, readonly)
            );
        }
        #[cfg(target_arch = "aarch64")]
        // SAFETY: the word was saved from the register.
        unsafe {
            core::arch::asm!("msr fpcr, {}", in(reg) self.fpcr, options(nomem, nostack))
        };
    }
}
