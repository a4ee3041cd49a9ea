//! Going to sleep against submission: `release_p_and_sleep`, `wake_for_work`, `wake_one` and
//! `stop_spinning` in `sched::idle`, `ready_from_outside` in `sched::lifecycle`.
//!
//! One M that looks for work, one or two that submit some. Both barriers of `sys::barrier` are
//! fences here. The M's sleep ends the model; no work may be left then unless the M was woken.

use super::check;
use loom::sync::atomic::{AtomicU32, Ordering::*, fence};
use loom::sync::{Arc, Mutex};
use loom::thread;

/// Under the scheduler's lock.
struct Sched {
    idle_ps: u32,
    asleep: bool,
    /// The M was given a P and is about to look for work again.
    woken: bool,
}

struct Runtime {
    /// What others can take: a queue, of which only the length matters.
    queued: AtomicU32,
    idle_ps: AtomicU32,
    spinning: AtomicU32,
    sched: Mutex<Sched>,
}

impl Runtime {
    fn new(spinning: u32) -> Arc<Runtime> {
        Arc::new(Runtime {
            queued: AtomicU32::new(0),
            idle_ps: AtomicU32::new(0),
            spinning: AtomicU32::new(spinning),
            sched: Mutex::new(Sched { idle_ps: 0, asleep: false, woken: false }),
        })
    }

    fn submit(&self) {
        self.queued.fetch_add(1, Release);
        self.wake_for_work();
    }

    fn wake_for_work(&self) {
        fence(SeqCst);
        if self.idle_ps.load(Relaxed) != 0 && self.spinning.load(Relaxed) == 0 {
            self.wake_one();
        }
    }

    fn wake_one(&self) {
        if self.spinning.compare_exchange(0, 1, SeqCst, Relaxed).is_err() {
            return;
        }
        let mut s = self.sched.lock().unwrap();
        if !self.take_p(&mut s) {
            self.spinning.fetch_sub(1, SeqCst);
            return;
        }
        assert!(s.asleep, "the P that is idle was the M's");
        s.asleep = false;
        s.woken = true;
    }

    fn take_p(&self, s: &mut Sched) -> bool {
        let any = s.idle_ps > 0;
        if any {
            s.idle_ps -= 1;
            self.idle_ps.store(s.idle_ps, SeqCst);
        }
        any
    }

    /// Find one and stop spinning, as `search` and `execute` do.
    fn run_one(&self, spinning: &mut bool) -> bool {
        let found = self.queued.fetch_update(AcqRel, Acquire, |n| n.checked_sub(1)).is_ok();
        if found
            && std::mem::replace(spinning, false)
            && self.spinning.fetch_sub(1, SeqCst) == 1
            && self.queued.load(Relaxed) != 0
        {
            self.wake_for_work();
        }
        found
    }

    /// Whether to look on as one that spins: never with a single P, else unless others do.
    fn may_spin(&self, spinning: &mut bool, many_ps: bool) -> bool {
        if many_ps && !*spinning && self.spinning.load(Relaxed) == 0 {
            *spinning = true;
            self.spinning.fetch_add(1, SeqCst);
        }
        *spinning
    }

    /// True: with a P again.
    fn release_p_and_sleep(&self, spinning: &mut bool, look: SecondLook) -> bool {
        let was_spinning = std::mem::replace(spinning, false);
        {
            let mut s = self.sched.lock().unwrap();
            if self.queued.load(Acquire) != 0 {
                *spinning = was_spinning;
                return true;
            }
            s.idle_ps += 1;
            self.idle_ps.store(s.idle_ps, SeqCst);
            s.asleep = true;
        }
        if was_spinning {
            self.spinning.fetch_sub(1, SeqCst);
        }
        fence(SeqCst);
        let looks = match look {
            SecondLook::Always => true,
            SecondLook::AfterSpinning => was_spinning,
            SecondLook::Never => false,
        };
        if looks && self.queued.load(Acquire) != 0 {
            let mut s = self.sched.lock().unwrap();
            if s.asleep && self.take_p(&mut s) {
                s.asleep = false;
                drop(s);
                self.spinning.fetch_add(1, SeqCst);
                *spinning = true;
                return true;
            }
        }
        false
    }

    /// Until it sleeps.
    fn m(&self, mut spinning: bool, many_ps: bool, look: SecondLook) {
        loop {
            let found =
                self.run_one(&mut spinning) || self.may_spin(&mut spinning, many_ps) && self.run_one(&mut spinning);
            if !found && !self.release_p_and_sleep(&mut spinning, look) {
                return;
            }
        }
    }
}

/// When an M that gave its P away looks at the queues once more.
#[derive(Clone, Copy)]
enum SecondLook {
    Always,
    AfterSpinning,
    Never,
}

fn nothing_is_left_behind(submitters: usize, many_ps: bool, look: SecondLook) {
    check(3, move || {
        let rt = Runtime::new(many_ps.into());
        let threads: Vec<_> = (0..submitters)
            .map(|_| {
                let rt = rt.clone();
                thread::spawn(move || rt.submit())
            })
            .collect();
        rt.m(many_ps, many_ps, look);
        threads.into_iter().for_each(|t| t.join().unwrap());
        let woken = rt.sched.lock().unwrap().woken;
        assert!(rt.queued.load(Acquire) == 0 || woken, "work was left behind");
        assert_eq!(rt.spinning.load(Relaxed), woken.into(), "who spins is counted");
    });
}

#[test]
fn loom_idle_end_of_spinning_against_submission() {
    nothing_is_left_behind(1, true, SecondLook::Always);
}

#[test]
fn loom_idle_end_of_spinning_against_two_submissions() {
    nothing_is_left_behind(2, true, SecondLook::Always);
}

/// With a single P nobody spins.
#[test]
fn loom_idle_single_p_against_submission() {
    nothing_is_left_behind(1, false, SecondLook::Always);
}

#[test]
fn loom_idle_single_p_against_two_submissions() {
    nothing_is_left_behind(2, false, SecondLook::Always);
}

/// Where all spin before they sleep, the look at the end of spinning is enough.
#[test]
fn loom_idle_second_look_after_spinning_among_many_ps() {
    nothing_is_left_behind(2, true, SecondLook::AfterSpinning);
}

/// The look under the lock alone comes too early.
#[test]
#[should_panic(expected = "work was left behind")]
fn loom_idle_broken_without_second_look_is_found() {
    nothing_is_left_behind(1, true, SecondLook::Never);
}

/// An M that does not spin is no less in the way of a submitter that finds no P idle.
#[test]
#[should_panic(expected = "work was left behind")]
fn loom_idle_broken_second_look_after_spinning_only_is_found() {
    nothing_is_left_behind(1, false, SecondLook::AfterSpinning);
}
