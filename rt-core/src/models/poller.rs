//! One poller after the other: `enlist`, `choose_poller`, `delist`, `wake`, `nudge`, `sleep`, `poller_wakes` and
//! `watch_for_outside` in `sched::idle`; `poll_in_idle` and `interrupt_poll` in `net::poller`.
//!
//! The old poller is woken for work and leaves epoll while another M goes to sleep, and is the next poller
//! or not. Then somebody outside waits for a descriptor, or arms a timer: the new one must hear of it, on its word or in
//! epoll, wherever it sleeps. What it shall hear of happens as soon as it was told; a sleep beyond that is
//! a deadlock. A deadline is due at once or never. The wait for the old poller to leave epoll, which is bounded,
//! is a look at a later time. The fences stand for the SeqCst of the operations around them.

use super::check;
use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::*, fence};
use loom::sync::{Condvar, Mutex};
use loom::thread;
use std::sync::Arc; // loom's own cannot be dropped in a deadlock

const ASLEEP: u32 = 0;
const WOKEN: u32 = 1;
const NUDGED: u32 = 2;

const NOBODY: usize = 0;
const OLD: usize = 1;
const NEW: usize = 2;

/// Deadlines.
const DUE: u32 = 0;
const NEVER: u32 = 1;

/// An M's word, and the kernel's queue for it.
struct Word {
    word: AtomicU32,
    queue: Mutex<()>,
    woken: Condvar,
}

impl Word {
    fn wait(&self, until: u32) {
        let queue = self.queue.lock().unwrap();
        if self.word.load(Acquire) == ASLEEP && until == NEVER {
            drop(self.woken.wait(queue).unwrap());
        }
    }

    fn wake(&self) {
        let _queue = self.queue.lock().unwrap();
        self.woken.notify_one();
    }
}

/// In the kernel, with one M in it at most.
#[derive(Default)]
struct Epoll {
    interrupted: bool,
    ready: bool,
}

/// Under the scheduler's lock.
struct Sched {
    poller: usize,
    asleep: [bool; 3],
    stopping: bool,
}

struct Runtime {
    words: [Word; 3],
    sched: Mutex<Sched>,
    waiting: AtomicU32,
    timer: AtomicU32,
    poll_until: AtomicU32,
    in_idle: AtomicUsize,
    epoll: Mutex<Epoll>,
    changed: Condvar,
    /// What somebody outside waits for has been seen to.
    seen_to: AtomicBool,
    told: Mutex<()>,
    tell: Condvar,
    step: Step,
}

/// What may be left out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    All,
    /// Whoever is in epoll is taken for the poller.
    NoNames,
    /// The poller says that it is in epoll after it has looked at its word.
    LateName,
}

impl Runtime {
    /// Somebody waits for a descriptor, and the old poller is going to sleep.
    fn new(step: Step) -> Arc<Runtime> {
        let word = |_| Word { word: AtomicU32::new(ASLEEP), queue: Mutex::new(()), woken: Condvar::new() };
        Arc::new(Runtime {
            words: [0, 1, 2].map(word),
            sched: Mutex::new(Sched { poller: OLD, asleep: [false, true, false], stopping: false }),
            waiting: AtomicU32::new(1),
            timer: AtomicU32::new(NEVER),
            poll_until: AtomicU32::new(NEVER),
            in_idle: AtomicUsize::new(NOBODY),
            epoll: Mutex::new(Epoll::default()),
            changed: Condvar::new(),
            seen_to: AtomicBool::new(false),
            told: Mutex::new(()),
            tell: Condvar::new(),
            step,
        })
    }

    fn polls(&self) -> bool {
        self.waiting.load(Acquire) != 0
    }

    fn is_polling(&self, m: usize) -> bool {
        let there = self.in_idle.load(Acquire);
        there == m || self.step == Step::NoNames && there != NOBODY
    }

    fn interrupt_poll(&self, m: usize) -> bool {
        fence(SeqCst);
        if !self.is_polling(m) {
            return false;
        }
        self.epoll.lock().unwrap().interrupted = true;
        self.changed.notify_one();
        true
    }

    fn wake(&self, m: usize, was_poller: bool) {
        // A store may not get between two exchanges either, but loom would let it be older than both.
        self.words[m].word.swap(WOKEN, AcqRel);
        if !(was_poller && self.interrupt_poll(m)) {
            self.words[m].wake();
        }
    }

    fn nudge(&self, poller: usize) {
        let word = &self.words[poller].word;
        if word.compare_exchange(ASLEEP, NUDGED, AcqRel, Acquire).is_ok() && !self.interrupt_poll(poller) {
            self.words[poller].wake();
        }
    }

    fn choose_poller(&self, s: &mut Sched, m: usize) {
        let next = self.timer.load(Acquire);
        if next == NEVER && !self.polls() {
            return;
        }
        if s.poller == NOBODY {
            self.poll_until.store(next, Release);
            s.poller = m;
        } else if next < self.poll_until.load(Relaxed) || self.polls() && !self.is_polling(s.poller) {
            self.poll_until.store(next.min(self.poll_until.load(Relaxed)), Release);
            self.nudge(s.poller);
        }
    }

    /// With `watches`, it would be the poller for the sake of a timer that is not due.
    fn enlist(&self, m: usize, watches: bool) -> bool {
        let mut s = self.sched.lock().unwrap();
        if s.stopping {
            return false;
        }
        self.words[m].word.store(ASLEEP, Relaxed);
        s.asleep[m] = true;
        self.choose_poller(&mut s, m);
        if watches && s.poller == NOBODY {
            s.poller = m;
        }
        true
    }

    /// Whether it was the poller.
    fn delist(&self, s: &mut Sched, m: usize) -> bool {
        let was_poller = s.poller == m;
        if was_poller {
            s.poller = NOBODY;
            self.poll_until.store(NEVER, Relaxed);
        }
        s.asleep[m] = false;
        was_poller
    }

    fn sleep(&self, m: usize) {
        let word = &self.words[m].word;
        loop {
            match word.load(Acquire) {
                WOKEN => return,
                NUDGED => drop(word.compare_exchange(NUDGED, ASLEEP, AcqRel, Acquire)),
                _ => {}
            }
            if self.sched.lock().unwrap().poller != m {
                self.words[m].wait(NEVER);
                continue;
            }
            if self.polls() {
                if !self.poll_in_idle(m) {
                    thread::yield_now();
                }
            } else {
                self.words[m].wait(self.poll_until.load(Acquire));
            }
            if self.poll_until.load(Acquire) == DUE && word.load(Acquire) == ASLEEP {
                let mut s = self.sched.lock().unwrap();
                if s.asleep[m] {
                    self.delist(&mut s, m);
                    word.store(WOKEN, Relaxed);
                    drop(s);
                    self.see_to_it();
                }
            }
        }
    }

    fn poll_in_idle(&self, m: usize) -> bool {
        let stays = || (self.words[m].word.load(Acquire) == ASLEEP).then(|| self.poll_until.load(Acquire));
        let early = stays();
        if self.in_idle.compare_exchange(NOBODY, m, AcqRel, Relaxed).is_err() {
            return false;
        }
        fence(SeqCst);
        if let Some(until) = if self.step == Step::LateName { early } else { stays() } {
            self.take_events(until);
        }
        self.in_idle.store(NOBODY, Release);
        fence(SeqCst);
        true
    }

    fn take_events(&self, until: u32) {
        let mut epoll = self.epoll.lock().unwrap();
        while !epoll.interrupted && !epoll.ready && until == NEVER {
            epoll = self.changed.wait(epoll).unwrap();
        }
        epoll.interrupted = false;
        let ready = std::mem::replace(&mut epoll.ready, false);
        drop(epoll);
        if ready {
            self.see_to_it();
        }
    }

    fn watch_for_outside(&self) {
        let mut s = self.sched.lock().unwrap();
        if s.poller == NOBODY && s.asleep[NEW] {
            s.poller = NEW;
        }
        let poller = s.poller;
        if poller != NOBODY {
            self.choose_poller(&mut s, poller);
        }
    }

    fn see_to_it(&self) {
        let _told = self.told.lock().unwrap();
        self.seen_to.store(true, Relaxed);
        self.tell.notify_one();
    }

    fn wait_until_seen_to(&self) {
        let mut told = self.told.lock().unwrap();
        while !self.seen_to.load(Relaxed) {
            told = self.tell.wait(told).unwrap();
        }
    }
}

/// What somebody outside waits for.
#[derive(Clone, Copy)]
enum Outside {
    Descriptor,
    Timer,
}

fn the_next_poller_hears_of_it(outside: Outside, watches: bool, step: Step) {
    check(2, move || {
        let rt = Runtime::new(step);
        let (old, new) = (rt.clone(), rt.clone());
        let old = thread::spawn(move || old.sleep(OLD));
        let new = thread::spawn(move || {
            if new.enlist(NEW, watches) {
                new.sleep(NEW);
            }
        });
        rt.waiting.fetch_sub(1, AcqRel);
        let was_poller = rt.delist(&mut rt.sched.lock().unwrap(), OLD);
        rt.wake(OLD, was_poller);
        match outside {
            Outside::Descriptor => {
                rt.waiting.fetch_add(1, AcqRel);
                fence(SeqCst);
                rt.watch_for_outside();
                rt.epoll.lock().unwrap().ready = true;
                rt.changed.notify_one();
            }
            Outside::Timer => {
                rt.timer.store(DUE, Release);
                rt.watch_for_outside();
            }
        }
        rt.wait_until_seen_to();
        let was_poller = {
            let mut s = rt.sched.lock().unwrap();
            s.stopping = true;
            s.asleep[NEW].then(|| rt.delist(&mut s, NEW))
        };
        if let Some(was_poller) = was_poller {
            rt.wake(NEW, was_poller);
        }
        old.join().unwrap();
        new.join().unwrap();
    });
}

#[test]
fn loom_poller_next_hears_of_a_descriptor() {
    the_next_poller_hears_of_it(Outside::Descriptor, true, Step::All);
}

#[test]
fn loom_poller_next_hears_of_a_timer() {
    the_next_poller_hears_of_it(Outside::Timer, true, Step::All);
}

#[test]
fn loom_poller_is_named_from_outside() {
    the_next_poller_hears_of_it(Outside::Descriptor, false, Step::All);
    the_next_poller_hears_of_it(Outside::Timer, false, Step::All);
}

/// The next poller sleeps on its word, and is told in epoll, which the last one has not quite left.
#[test]
#[should_panic(expected = "deadlock")]
fn loom_poller_broken_without_names_is_found() {
    the_next_poller_hears_of_it(Outside::Descriptor, true, Step::NoNames);
}

#[test]
#[should_panic(expected = "deadlock")]
fn loom_poller_broken_timer_without_names_is_found() {
    the_next_poller_hears_of_it(Outside::Timer, true, Step::NoNames);
}

/// Who is told between the last look and the name is told on a word that nobody sleeps on.
#[test]
#[should_panic(expected = "deadlock")]
fn loom_poller_broken_late_name_is_found() {
    the_next_poller_hears_of_it(Outside::Timer, false, Step::LateName);
}
