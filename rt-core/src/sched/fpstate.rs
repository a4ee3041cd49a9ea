//! The floating-point control words, which the C calling convention makes callee-saved: MXCSR and
//! the x87 control word. They are per goroutine; a new one starts with its creator's.

use core::cell::Cell;

/// The control words of one goroutine.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub(crate) struct FpState {
    /// With its status flags, which are no state: they change with every computation.
    #[cfg(target_arch = "x86_64")]
    mxcsr: u32,
    #[cfg(target_arch = "x86_64")]
    x87: u16,
    #[cfg(target_arch = "aarch64")]
    fpcr: u64,
}

#[cfg(target_arch = "x86_64")]
const MXCSR_CONTROL: u32 = !0x3f;

impl FpState {
    /// Put those of the calling thread into `into`. Better not read soon after: it takes its time on x86-64.
    #[inline(always)]
    pub(crate) fn save(into: &Cell<FpState>) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: both instructions only store, to the two fields.
        unsafe {
            let into = into.as_ptr();
            core::arch::asm!(
                "stmxcsr [{mxcsr}]", "fnstcw [{x87}]",
                mxcsr = in(reg) &raw mut (*into).mxcsr, x87 = in(reg) &raw mut (*into).x87,
                options(nostack, preserves_flags)
            );
        }
        #[cfg(target_arch = "aarch64")]
        {
            let fpcr: u64;
            // SAFETY: reads a register.
            unsafe { core::arch::asm!("mrs {}, fpcr", out(reg) fpcr, options(nomem, nostack)) };
            into.set(FpState { fpcr });
        }
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let _ = into;
    }

    /// Make the calling thread's equal to `self`, knowing that they are `now`.
    #[inline(always)]
    pub(crate) fn restore(self, now: FpState) {
        if self.differs_from(now) {
            self.load();
        }
    }

    #[inline(always)]
    fn differs_from(self, other: FpState) -> bool {
        #[cfg(target_arch = "x86_64")]
        return (self.mxcsr ^ other.mxcsr) & MXCSR_CONTROL | u32::from(self.x87 ^ other.x87) != 0;
        #[cfg(target_arch = "aarch64")]
        return self.fpcr != other.fpcr;
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        false
    }

    #[cold]
    #[inline(never)]
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
