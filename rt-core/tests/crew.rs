//! Goroutines of a crew: they stay on their thread, and are not held up by one that blocks there.

use rt_core::goroutine::{self, Crew, SpawnOptions};
use rt_core::sync::WaitGroup;
use rt_core::{Wait, chan, time};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::c_void;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};

static STARTED: AtomicUsize = AtomicUsize::new(0);
/// Threads of the crew that were about to sleep.
static IDLE: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());
static CREW: Crew = Crew::new(
    256 << 10,
    1,
    8,
    || {
        STARTED.fetch_add(1, Relaxed);
    },
    || {
        IDLE.lock().unwrap().insert(thread_id());
    },
);

fn go(f: impl FnOnce() + Send + 'static) {
    go_in(&CREW, f);
}

fn go_in(crew: &'static Crew, f: impl FnOnce() + Send + 'static) {
    unsafe extern "C-unwind" fn call(f: *mut c_void) {
        // SAFETY: made below.
        unsafe { Box::from_raw(f.cast::<Box<dyn FnOnce()>>())() }
    }
    let f: Box<Box<dyn FnOnce()>> = Box::new(Box::new(f));
    let options = SpawnOptions { crew: Some(crew), ..Default::default() };
    // SAFETY: the function is called once.
    unsafe { goroutine::spawn_with(&options, call, Box::into_raw(f).cast()) }.expect("a goroutine");
}

fn thread_id() -> usize {
    // SAFETY: no arguments.
    unsafe { libc::pthread_self() as usize }
}

#[test]
fn they_stay_on_their_threads() {
    static WG: WaitGroup = zeroed();
    static MOVED: AtomicUsize = AtomicUsize::new(0);
    for i in 0..200u64 {
        WG.add(1).unwrap();
        go(move || {
            let home = thread_id();
            for k in 0..20 {
                match (i + k) % 3 {
                    0 => goroutine::yield_now(),
                    1 => time::sleep(10_000 * i as i64),
                    // One in a while blocks its thread, so that others start elsewhere.
                    _ if i % 50 == 0 && k < 3 => std::thread::sleep(std::time::Duration::from_millis(5)),
                    _ => {}
                }
                if thread_id() != home {
                    MOVED.fetch_add(1, Relaxed);
                }
            }
            WG.done().unwrap();
        });
    }
    WG.wait();
    assert_eq!(MOVED.load(Relaxed), 0);
    assert!(STARTED.load(Relaxed) >= 1);
}

#[test]
fn one_that_blocks_its_thread_holds_up_nobody_who_has_not_started() {
    static WG: WaitGroup = zeroed();
    static RELEASED: AtomicUsize = AtomicUsize::new(0);
    WG.add(2).unwrap();
    go(|| {
        // Behind this one on the same M, and it can only go on once that one has run.
        go(|| {
            RELEASED.store(1, Release);
            WG.done().unwrap();
        });
        while RELEASED.load(Acquire) == 0 {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        WG.done().unwrap();
    });
    WG.wait();
}

#[test]
fn a_new_one_runs_although_a_helper_is_busy() {
    static BUSY: Crew = Crew::new(256 << 10, 1, 8, || {}, || {});
    static STARTED: WaitGroup = zeroed();
    static RAN: WaitGroup = zeroed();
    static STOP: AtomicUsize = AtomicUsize::new(0);
    STARTED.add(2).unwrap();
    RAN.add(1).unwrap();
    go_in(&BUSY, || {
        // Behind this one; so a helper takes it, and is never done with it.
        go_in(&BUSY, || {
            STARTED.done().unwrap();
            while STOP.load(Acquire) == 0 {
                goroutine::yield_now();
            }
        });
        STARTED.done().unwrap();
        while STARTED.wait_for(Wait::Try).is_err() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    });
    STARTED.wait();
    // The M that takes new ones at any time has nothing to do and goes to sleep.
    std::thread::sleep(std::time::Duration::from_millis(50));
    go_in(&BUSY, || RAN.done().unwrap());
    let ran = RAN.wait_for(Wait::Until(time::now() + 60_000_000_000));
    STOP.store(1, Release);
    assert!(ran.is_ok());
}

#[test]
fn messages_pass_between_threads_crews_and_plain_goroutines() {
    let (there, back) = (chan::new(8, 0).unwrap(), chan::new(8, 4).unwrap());
    let (t, b) = (there.as_ptr() as usize, back.as_ptr() as usize);
    go(move || {
        let mut v = 0u64;
        // SAFETY: the channels outlive the goroutine; elements have 8 bytes.
        unsafe {
            while chan::recv(t as *mut chan::Chan, (&raw mut v).cast(), Wait::Forever).is_ok() {
                v += 1;
                chan::send(b as *mut chan::Chan, (&raw const v).cast(), Wait::Forever).unwrap();
            }
            chan::close(b as *mut chan::Chan).unwrap();
        }
    });
    for i in 0..2000u64 {
        let mut v = i;
        // SAFETY: as above.
        unsafe {
            chan::send(there.as_ptr(), (&raw const v).cast(), Wait::Forever).unwrap();
            chan::recv(back.as_ptr(), (&raw mut v).cast(), Wait::Forever).unwrap();
        }
        assert_eq!(v, i + 1);
    }
    // SAFETY: as above; the goroutine has let go of them once `back` is closed.
    unsafe {
        chan::close(there.as_ptr()).unwrap();
        assert!(chan::recv(back.as_ptr(), std::ptr::null_mut(), Wait::Forever).is_err());
    }
}

const fn zeroed() -> WaitGroup {
    // SAFETY: all-zero bytes are a group with counter zero.
    unsafe { std::mem::zeroed() }
}

#[test]
fn they_hear_of_it_before_their_thread_sleeps() {
    static WG: WaitGroup = zeroed();
    static HEARD: AtomicBool = AtomicBool::new(false);
    WG.add(1).unwrap();
    go(|| {
        for _ in 0..10_000 {
            IDLE.lock().unwrap().remove(&thread_id());
            time::sleep(1_000_000);
            if IDLE.lock().unwrap().contains(&thread_id()) {
                HEARD.store(true, Relaxed);
                break;
            }
        }
        WG.done().unwrap();
    });
    WG.wait();
    assert!(HEARD.load(Relaxed));
}

/// What a goroutine holds of its thread it gives up where it parks, and nowhere else.
#[test]
fn a_call_that_does_not_wait_lets_no_other_run_on_the_thread() {
    static WIDE: Crew = Crew::new(256 << 10, 2, 2, || {}, || {});
    static WG: WaitGroup = zeroed();
    static DISTURBED: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static IN_A_CALL: Cell<bool> = const { Cell::new(false) };
    }
    for _ in 0..200 {
        WG.add(1).unwrap();
        go_in(&WIDE, || {
            for _ in 0..10 {
                WG.add(1).unwrap();
                go_in(&WIDE, || {
                    DISTURBED.fetch_add(IN_A_CALL.get().into(), Relaxed);
                    WG.done().unwrap();
                });
            }
            // Outside for long enough that another M is let to take what waits here, then hardly ever.
            let since = time::now();
            while time::now() < since + 3_000_000 {
                std::hint::spin_loop();
            }
            IN_A_CALL.set(true);
            for _ in 0..20_000 {
                goroutine::num_goroutine();
            }
            IN_A_CALL.set(false);
            WG.done().unwrap();
        });
        WG.wait();
    }
    assert_eq!(DISTURBED.load(Relaxed), 0);
}
