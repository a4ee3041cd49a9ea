//! Random numbers for choosing victims and select cases: wyrand, one state per thread.

use core::cell::Cell;

/// Zero at first; it seeds itself when first used.
pub(crate) struct Rng(Cell<u64>);

impl Rng {
    #[cold]
    fn seed(&self) {
        let address = core::ptr::from_ref(self) as u64;
        self.0.set((crate::sys::clock::now() as u64 ^ address.wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1);
    }

    #[inline]
    pub(crate) fn next(&self) -> u64 {
        if self.0.get() == 0 {
            self.seed();
        }
        let s = self.0.get().wrapping_add(0xa076_1d64_78bd_642f);
        self.0.set(s);
        let product = (s as u128) * ((s ^ 0xe703_7ed1_a0b4_28db) as u128);
        (product >> 64) as u64 ^ product as u64
    }

    /// Uniform in `0..n`, without bias: Lemire's multiply-and-reject.
    #[inline]
    pub(crate) fn below(&self, n: u32) -> u32 {
        debug_assert!(n > 0);
        let mut product = (self.next() as u32 as u64) * n as u64;
        if (product as u32) < n {
            let threshold = n.wrapping_neg() % n;
            while (product as u32) < threshold {
                product = (self.next() as u32 as u64) * n as u64;
            }
        }
        (product >> 32) as u32
    }
}
