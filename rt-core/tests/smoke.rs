//! The core from Rust: goroutines, channels, select, sleep, sync, shutdown, in one process.
#![cfg(not(loom))]
#![allow(clippy::undocumented_unsafe_blocks)] // each call is what the test is about

use rt_core::sync::{Mutex, WaitGroup};
use rt_core::{Wait, chan, goroutine, runtime, time};
use std::ffi::c_void;
use std::ptr;

unsafe extern "C-unwind" fn call<F: Fn()>(f: *mut c_void) {
    unsafe { (*f.cast::<F>())() }
}

/// Run `f` as the main goroutine.
fn run<F: Fn()>(f: F) {
    unsafe { goroutine::run(call::<F>, (&raw const f) as *mut c_void) }.unwrap();
}

/// `go f()`; `f` outlives the goroutine.
fn go<F: Fn()>(f: &F) {
    unsafe { goroutine::spawn(call::<F>, ptr::from_ref(f) as *mut c_void) }.unwrap();
}

fn zeroed<T>() -> T {
    unsafe { std::mem::zeroed() }
}

#[test]
fn everything_together() {
    run(|| {});
    run(|| {
        let wg: WaitGroup = zeroed();
        let m: Mutex = zeroed();
        let n = std::cell::Cell::new(0);
        let f = || {
            for i in 0..1000 {
                m.lock();
                n.set(n.get() + 1);
                if i % 10 == 0 {
                    goroutine::yield_now();
                }
                m.unlock().unwrap();
            }
            wg.done().unwrap();
        };
        for _ in 0..8 {
            wg.add(1).unwrap();
            go(&f);
        }
        wg.wait();
        assert_eq!(n.get(), 8000);
    });
    run(|| unsafe {
        let c = chan::new(8, 0).unwrap().as_ptr();
        let d = chan::new(8, 4).unwrap().as_ptr();
        let producer = || {
            for i in 0..10_000u64 {
                chan::send(c, (&raw const i).cast(), Wait::Forever).unwrap();
            }
            chan::close(c).unwrap();
        };
        let relay = || {
            let mut v = 0u64;
            while chan::recv(c, (&raw mut v).cast(), Wait::Forever).is_ok() {
                chan::send(d, (&raw const v).cast(), Wait::Forever).unwrap();
            }
            chan::close(d).unwrap();
        };
        go(&producer);
        go(&relay);
        let (mut sum, mut v) = (0u64, 0u64);
        loop {
            let mut case = chan::Case { chan: d, elem: (&raw mut v).cast(), op: chan::OP_RECV, status: 0 };
            assert_eq!(chan::select(&mut case, 1, Wait::Forever).unwrap(), 0);
            if case.status != 0 {
                break;
            }
            sum += v;
        }
        assert_eq!(sum, 9999 * 10_000 / 2);
        chan::release(c);
        chan::release(d);
    });
    run(|| {
        let wg: WaitGroup = zeroed();
        let f = || {
            time::sleep(2_000_000);
            wg.done().unwrap();
        };
        for _ in 0..1000 {
            wg.add(1).unwrap();
            go(&f);
        }
        wg.wait();
        let before = time::now();
        time::sleep(5_000_000);
        assert!(time::now() - before >= 5_000_000);
    });
    for _ in 0..20 {
        runtime::shutdown(-1).unwrap();
        assert_eq!(runtime::stats().goroutines, 0);
        run(goroutine::yield_now);
    }
    runtime::shutdown(-1).unwrap();
}
