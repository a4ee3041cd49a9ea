//! With GORTDEBUG=lockowners=1: two who wait for each other, one of them not for ever, are no circle.
#![cfg(not(loom))]
#![allow(clippy::undocumented_unsafe_blocks)] // each call is what the test is about

use rt_core::sync::{Mutex, WaitGroup};
use rt_core::{Kind, Wait, context, goroutine, runtime, time};
use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering::*};

const ROUNDS: usize = 20;
const PATIENCE: i64 = 5_000_000;

struct Both {
    first: Mutex,
    second: Mutex,
    /// Locks that were got before anybody asks for another.
    got: AtomicUsize,
    over: WaitGroup,
}

impl Both {
    fn meet(&self, round: usize) {
        self.got.fetch_add(1, SeqCst);
        while self.got.load(SeqCst) < 2 * (round + 1) {
            goroutine::yield_now();
        }
    }
}

unsafe extern "C-unwind" fn waits_for_ever(both: *mut c_void) {
    let both = unsafe { &*both.cast::<Both>() };
    for round in 0..ROUNDS {
        both.first.lock();
        both.meet(round);
        both.second.lock();
        both.second.unlock().unwrap();
        both.first.unlock().unwrap();
    }
    both.over.done().unwrap();
}

unsafe extern "C-unwind" fn waits_a_while(both: *mut c_void) {
    let both = unsafe { &*both.cast::<Both>() };
    for round in 0..ROUNDS {
        both.second.lock();
        both.meet(round);
        let ended = if round % 2 == 0 {
            both.first.lock_wait(Wait::Until(time::now() + PATIENCE))
        } else {
            let ctx = unsafe { context::with_timeout(context::background().as_ptr(), PATIENCE) }.unwrap();
            let ended = both.first.lock_wait(Wait::Context(unsafe { ctx.as_ref() }));
            unsafe { context::release(ctx.as_ptr()) };
            ended
        };
        assert_eq!(ended.unwrap_err().kind(), Kind::DeadlineExceeded);
        both.second.unlock().unwrap();
    }
    both.over.done().unwrap();
}

#[test]
fn a_wait_that_ends_by_itself_is_no_part_of_a_circle() {
    unsafe { std::env::set_var("GORTDEBUG", "lockowners=1") };
    let both: Both = unsafe { core::mem::zeroed() };
    let arg = ptr::from_ref(&both) as *mut c_void;
    both.over.add(2).unwrap();
    unsafe {
        goroutine::spawn(waits_for_ever, arg).unwrap();
        goroutine::spawn(waits_a_while, arg).unwrap();
    }
    let mut they_waited = false;
    while goroutine::num_goroutine() > 0 {
        assert_eq!(runtime::leaks(-1).unwrap(), 0);
        let text = String::from_utf8(runtime::dump_text()).unwrap();
        assert!(!text.contains("wait-for cycle"), "{text}");
        they_waited |= text.contains("waits for lock ");
    }
    both.over.wait();
    assert!(they_waited);
}
