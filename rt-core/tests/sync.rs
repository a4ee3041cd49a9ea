//! Sync objects and groups from Rust: what each promises, under contention and at its edges.
#![cfg(not(loom))]
#![allow(clippy::undocumented_unsafe_blocks)] // each call is what the test is about

use rt_core::group::{self, Group};
use rt_core::sync::{Cond, Mutex, Once, RwMutex, Sem, WaitGroup};
use rt_core::{Entry, Kind, Wait, context, goroutine, time};
use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicI64, Ordering::*};

unsafe extern "C-unwind" fn call<F: Fn()>(f: *mut c_void) {
    unsafe { (*f.cast::<F>())() }
}

unsafe extern "C-unwind" fn call_int<F: Fn() -> c_int>(f: *mut c_void) -> c_int {
    unsafe { (*f.cast::<F>())() }
}

/// `f` as what is called with [`arg`].
fn entry<F: Fn()>(_: &F) -> Entry {
    call::<F>
}

fn arg<F>(f: &F) -> *mut c_void {
    ptr::from_ref(f) as *mut c_void
}

/// Run `f` as the main goroutine.
fn run<F: Fn()>(f: F) {
    unsafe { goroutine::run(call::<F>, arg(&f)) }.unwrap();
}

/// `n` times `go f()`, and wait for all; or what `meanwhile` does, first.
fn all<F: Fn()>(n: usize, f: F, meanwhile: impl FnOnce()) {
    let wg: WaitGroup = zeroed();
    for _ in 0..n {
        unsafe { wg.go(call::<F>, arg(&f), 0) }.unwrap();
    }
    meanwhile();
    wg.wait();
}

/// `f` on a plain thread, and `meanwhile` here.
fn beside(f: impl FnOnce() + Send, meanwhile: impl FnOnce()) {
    std::thread::scope(|scope| {
        let thread = scope.spawn(f);
        meanwhile();
        // The scope would wait by parking the thread it began on, which a goroutine may have left by now.
        thread.join().unwrap();
    });
}

fn go_in<F: Fn() -> c_int>(g: *mut Group, f: &F) -> rt_core::Result {
    unsafe { group::go(g, call_int::<F>, arg(f), 0) }
}

fn try_go_in<F: Fn() -> c_int>(g: *mut Group, f: &F) -> rt_core::Result {
    unsafe { group::try_go(g, call_int::<F>, arg(f), 0) }
}

fn zeroed<T>() -> T {
    unsafe { std::mem::zeroed() }
}

fn misuse(result: rt_core::Result) {
    assert_eq!(result.unwrap_err().kind(), Kind::Misuse);
}

/// Until `done()`, which others bring about; the generous end is a failure.
fn until(done: impl Fn() -> bool) {
    let end = time::now() + 60_000_000_000;
    while !done() {
        assert!(time::now() < end, "waited in vain");
        time::sleep(100_000);
    }
}

/// Time for a goroutine to do what it must not do.
fn linger() {
    time::sleep(3_000_000);
}

#[test]
fn rwmutex_excludes() {
    let (rw, readers, writers): (RwMutex, AtomicI64, AtomicI64) = zeroed();
    let total = AtomicI64::new(0);
    let write = || {
        for i in 0..500 {
            rw.lock();
            assert_eq!(writers.fetch_add(1, SeqCst), 0);
            assert_eq!(readers.load(SeqCst), 0);
            if i % 7 == 0 {
                goroutine::yield_now();
            }
            total.fetch_add(1, Relaxed);
            writers.fetch_sub(1, SeqCst);
            rw.unlock().unwrap();
        }
    };
    let read = || {
        for i in 0..1000 {
            rw.rlock();
            readers.fetch_add(1, SeqCst);
            assert_eq!(writers.load(SeqCst), 0);
            if i % 5 == 0 {
                goroutine::yield_now();
            }
            readers.fetch_sub(1, SeqCst);
            rw.runlock().unwrap();
        }
    };
    beside(write, || beside(read, || run(|| all(4, write, || all(8, read, || {})))));
    assert_eq!(total.load(Relaxed), 5 * 500);
    assert!(rw.try_lock());
    rw.unlock().unwrap();
}

#[test]
fn rwmutex_waiting_writer_comes_before_new_readers() {
    run(|| {
        let (rw, order): (RwMutex, _) = (zeroed(), Order::new());
        rw.rlock();
        assert!(rw.try_rlock());
        rw.runlock().unwrap();
        let write = || {
            rw.lock();
            order.push(1);
            rw.unlock().unwrap();
        };
        let read = || {
            rw.rlock();
            order.push(2);
            rw.runlock().unwrap();
        };
        all(1, write, || {
            until(|| !rw.try_rlock() || rw.runlock().is_err());
            all(3, read, || {
                linger();
                assert!(order.get().is_empty());
                rw.runlock().unwrap();
            });
        });
        assert_eq!(order.get(), [1, 2, 2, 2]);
    });
}

#[test]
fn rwmutex_misuse_changes_nothing() {
    let rw: RwMutex = zeroed();
    misuse(rw.unlock());
    misuse(rw.runlock());
    rw.rlock();
    misuse(rw.unlock());
    assert!(!rw.try_lock());
    rw.runlock().unwrap();
    rw.lock();
    misuse(rw.runlock());
    assert!(!rw.try_rlock() && !rw.try_lock());
    rw.unlock().unwrap();
    misuse(rw.unlock());
    assert!(rw.try_lock());
}

/// What happened, in order.
struct Order(Mutex, RefCell<Vec<i64>>);

// SAFETY: used under the mutex.
unsafe impl Sync for Order {}

impl Order {
    fn new() -> Order {
        Order(zeroed(), RefCell::default())
    }

    fn push(&self, n: i64) {
        self.0.lock();
        self.1.borrow_mut().push(n);
        self.0.unlock().unwrap();
    }

    fn get(&self) -> Vec<i64> {
        self.0.lock();
        let copy = self.1.borrow().clone();
        self.0.unlock().unwrap();
        copy
    }
}

#[test]
fn once_runs_once_and_all_wait() {
    run(|| {
        let (once, n, over): (Once, AtomicI64, AtomicI64) = zeroed();
        let first = || {
            n.fetch_add(1, SeqCst);
            linger();
            over.store(1, SeqCst);
        };
        let f = || {
            unsafe { once.call(entry(&first), arg(&first)) };
            assert_eq!(over.load(SeqCst), 1);
        };
        beside(f, || all(20, f, || {}));
        assert_eq!(n.load(SeqCst), 1);
    });
}

#[test]
fn once_is_done_when_its_goroutine_ends_inside() {
    run(|| {
        let once: Once = zeroed();
        let leave = || {
            linger();
            goroutine::exit()
        };
        let never = || panic!("ran twice");
        let waiter = || unsafe { once.call(entry(&never), arg(&never)) };
        let first = || unsafe { once.call(entry(&leave), arg(&leave)) };
        all(1, first, || {
            time::sleep(1_000_000);
            goroutine::yield_now();
        });
        all(5, waiter, || {});
    });
}

#[test]
fn once_keeps_what_its_function_defers() {
    run(|| {
        let n = AtomicI64::new(0);
        let deferred = || {
            n.fetch_add(1, SeqCst);
        };
        let f = || {
            let once: Once = zeroed();
            let inside = || unsafe { goroutine::defer(entry(&deferred), arg(&deferred)) }.unwrap();
            unsafe { once.call(entry(&inside), arg(&inside)) };
            unsafe { once.call(entry(&inside), arg(&inside)) };
            assert_eq!(n.load(SeqCst), 0);
        };
        all(1, f, || {});
        assert_eq!(n.load(SeqCst), 1);
    });
}

#[test]
fn cond_loses_no_signal() {
    run(|| {
        let (m, cond, tokens, taken): (Mutex, Cond, AtomicI64, AtomicI64) = zeroed();
        let take = || {
            for _ in 0..300 {
                m.lock();
                while tokens.load(Relaxed) == 0 {
                    cond.wait(&m);
                }
                tokens.fetch_sub(1, Relaxed);
                taken.fetch_add(1, Relaxed);
                m.unlock().unwrap();
            }
        };
        let give = || {
            for _ in 0..600 {
                m.lock();
                tokens.fetch_add(1, Relaxed);
                m.unlock().unwrap();
                cond.signal();
            }
        };
        all(8, take, || all(4, give, || {}));
        assert_eq!((taken.load(Relaxed), tokens.load(Relaxed)), (2400, 0));
    });
}

#[test]
fn cond_wakes_in_order_and_all() {
    run(|| {
        let (m, cond, next): (Mutex, Cond, AtomicI64) = zeroed();
        let order = Order::new();
        let wait = || {
            m.lock();
            let me = next.fetch_add(1, SeqCst);
            cond.wait(&m);
            order.push(me);
            m.unlock().unwrap();
        };
        cond.signal();
        all(20, wait, || {
            until(|| next.load(SeqCst) == 20);
            for woken in 1..=10 {
                m.lock();
                cond.signal();
                m.unlock().unwrap();
                until(|| order.get().len() == woken);
            }
            linger();
            assert_eq!(order.get(), (0..10).collect::<Vec<_>>());
            cond.broadcast();
        });
        assert_eq!(order.get().len(), 20);
    });
}

#[test]
fn sem_limits_and_checks() {
    run(|| {
        let sem: Sem = zeroed();
        assert!(!sem.try_acquire(1) && sem.try_acquire(0));
        assert_eq!(sem.init(-1).unwrap_err().kind(), Kind::Invalid);
        sem.init(5).unwrap();
        assert_eq!(sem.acquire(Wait::Forever, -1).unwrap_err().kind(), Kind::Invalid);
        misuse(sem.release(1));
        assert_eq!(sem.acquire(Wait::Until(time::now() + 1_000_000), 6).unwrap_err().kind(), Kind::DeadlineExceeded);
        let held = AtomicI64::new(0);
        let f = || {
            for n in [1, 5, 2, 3, 4].repeat(50) {
                let soon = Wait::Until(time::now() + 20_000);
                let wait = if n == 2 { soon } else { Wait::Forever };
                if sem.acquire(wait, n).is_err() {
                    continue;
                }
                assert!(held.fetch_add(n, SeqCst) + n <= 5);
                goroutine::yield_now();
                held.fetch_sub(n, SeqCst);
                sem.release(n).unwrap();
            }
        };
        beside(f, || all(8, f, || {}));
        assert!(sem.try_acquire(5));
        sem.release(5).unwrap();
        misuse(sem.release(1));
    });
}

#[test]
fn sem_does_not_overtake_and_moves_up() {
    run(|| {
        let (sem, order): (Sem, _) = (zeroed(), Order::new());
        sem.init(3).unwrap();
        sem.acquire(Wait::Forever, 1).unwrap();
        let ctx = unsafe { context::with_cancel(context::background().as_ptr()) }.unwrap();
        let big = || {
            let result = sem.acquire(Wait::Context(unsafe { ctx.as_ref() }), 3);
            assert_eq!(result.unwrap_err().kind(), Kind::Canceled);
            order.push(3);
        };
        let small = || {
            sem.acquire(Wait::Forever, 1).unwrap();
            order.push(1);
        };
        all(1, big, || {
            until(|| !sem.try_acquire(1) || sem.release(1).is_err());
            all(2, small, || {
                linger();
                assert!(order.get().is_empty());
                unsafe { context::cancel(ctx.as_ptr()) };
            });
        });
        sem.release(3).unwrap();
        let hopeless = || {
            let far = Wait::Context(unsafe { ctx.as_ref() });
            assert_eq!(sem.acquire(far, 4).unwrap_err().kind(), Kind::Canceled);
        };
        all(1, hopeless, || sem.acquire(Wait::Forever, 3).unwrap());
        unsafe { context::release(ctx.as_ptr()) };
    });
}

#[test]
fn group_gives_the_first_error_and_cancels() {
    run(|| unsafe {
        let g = group::new(ptr::null_mut()).unwrap().as_ptr();
        let ctx = group::ctx(g);
        let fail = || 7;
        let follow = || {
            until(|| context::err(ctx).is_err());
            8
        };
        let leave = || goroutine::exit();
        go_in(g, &follow).unwrap();
        go_in(g, &leave).unwrap();
        go_in(g, &fail).unwrap();
        assert_eq!(group::wait(g), 7);
        assert_eq!(context::err(ctx).unwrap_err().kind(), Kind::Canceled);
        group::release(g);
        let g = group::new(ptr::null_mut()).unwrap().as_ptr();
        assert!(context::err(group::ctx(g)).is_ok());
        go_in(g, &leave).unwrap();
        assert_eq!(group::wait(g), 0);
        assert!(context::err(group::ctx(g)).is_err());
        group::release(g);
    });
}

#[test]
fn group_keeps_its_limit() {
    run(|| unsafe {
        let g = group::new(ptr::null_mut()).unwrap().as_ptr();
        let (active, hold, total): (AtomicI64, Mutex, AtomicI64) = zeroed();
        let f = || {
            assert!(active.fetch_add(1, SeqCst) < 2);
            hold.lock();
            hold.unlock().unwrap();
            active.fetch_sub(1, SeqCst);
            total.fetch_add(1, SeqCst);
            0
        };
        group::set_limit(g, 0).unwrap();
        assert_eq!(try_go_in(g, &f).unwrap_err().kind(), Kind::WouldBlock);
        group::set_limit(g, 2).unwrap();
        hold.lock();
        go_in(g, &f).unwrap();
        try_go_in(g, &f).unwrap();
        assert_eq!(try_go_in(g, &f).unwrap_err().kind(), Kind::WouldBlock);
        misuse(group::set_limit(g, 3));
        hold.unlock().unwrap();
        for _ in 0..200 {
            go_in(g, &f).unwrap();
        }
        assert_eq!(group::wait(g), 0);
        assert_eq!(total.load(SeqCst), 202);
        group::set_limit(g, -1).unwrap();
        group::release(g);
    });
}

#[test]
fn group_may_be_released_early() {
    run(|| unsafe {
        let n = AtomicI64::new(0);
        let f = || {
            time::sleep(1_000_000);
            n.fetch_add(1, SeqCst);
            1
        };
        let g = group::new(ptr::null_mut()).unwrap().as_ptr();
        for _ in 0..10 {
            go_in(g, &f).unwrap();
        }
        group::release(g);
        until(|| n.load(SeqCst) == 10);
    });
}
