//! The boundary itself: an M's P is touched by the M inside or by the claimer, never by both.

#[path = "../sched/boundary.rs"]
mod original;

use super::{Memory, check};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering::*};
use loom::thread;
use original::{Boundary, Entry};

struct M {
    boundary: Boundary,
    p: Memory,
}

fn m_outside() -> Arc<M> {
    let m = Arc::new(M { boundary: Boundary::new(), p: Memory::new() });
    m.p.write(1);
    m.boundary.leave();
    m
}

fn call_into_library(m: &M) {
    let _ = call_and_see(m);
}

fn call_and_see(m: &M) -> Entry {
    let entry = m.boundary.enter();
    assert_ne!(entry, Entry::Nested);
    assert_eq!(m.boundary.enter(), Entry::Nested, "a nested call does not leave");
    m.p.write(m.p.read() + 1);
    m.boundary.leave();
    entry
}

#[test]
fn loom_boundary_m_against_claimer() {
    check(3, || {
        let m = m_outside();
        let claimed = m.clone();
        let claimer = thread::spawn(move || claimed.boundary.claim(|| claimed.p.write(claimed.p.read() + 1)).is_some());
        call_into_library(&m);
        call_into_library(&m);
        let claims = u32::from(claimer.join().unwrap());
        assert_eq!(m.p.read(), 3 + claims);
    });
}

#[test]
fn loom_boundary_m_against_two_claimers() {
    check(2, || {
        let m = m_outside();
        let claimers: Vec<_> = (0..2)
            .map(|_| {
                let m = m.clone();
                thread::spawn(move || m.boundary.claim(|| m.p.write(m.p.read() + 1)).is_some())
            })
            .collect();
        call_into_library(&m);
        let claims: u32 = claimers.into_iter().map(|t| u32::from(t.join().unwrap())).sum();
        assert_eq!(m.p.read(), 2 + claims);
    });
}

/// Nobody is kept out for ever: a claim of an M that stays outside comes true.
#[test]
fn loom_boundary_claim_of_absent_m() {
    check(3, || {
        let m = m_outside();
        assert!(m.boundary.claim(|| m.p.write(2)).is_some());
        assert!(m.boundary.claim(|| m.p.write(3)).is_some());
        call_into_library(&m);
    });
}

/// A claim that gives up has asked: of the M's calls, one and no more finds that.
#[test]
fn loom_boundary_refused_claim_has_asked() {
    check(3, || {
        let m = m_outside();
        let claimed = m.clone();
        let claimer = thread::spawn(move || claimed.boundary.claim(|| claimed.p.write(claimed.p.read() + 1)).is_some());
        let meanwhile = call_and_see(&m);
        let refused = !claimer.join().unwrap();
        let afterwards = [call_and_see(&m), call_and_see(&m)];
        let asked = [meanwhile].iter().chain(&afterwards).filter(|&&entry| entry == Entry::CameAsked).count();
        assert_eq!(asked, usize::from(refused));
        assert_eq!(afterwards[1], Entry::Came);
    });
}

/// Without the barriers both sides miss each other's store.
#[test]
#[should_panic(expected = "Causality violation")]
fn loom_boundary_broken_without_barriers_is_found() {
    check(3, || {
        let m = Arc::new((AtomicBool::new(false), AtomicBool::new(false), Memory::new()));
        let claimed = m.clone();
        let claimer = thread::spawn(move || {
            let (inside, claim, p) = &*claimed;
            claim.store(true, Release);
            if !inside.load(Acquire) {
                p.write(1);
            }
            claim.store(false, Release);
        });
        let (inside, claim, p) = &*m;
        inside.store(true, Relaxed);
        while claim.load(Acquire) {
            thread::yield_now();
        }
        p.write(2);
        inside.store(false, Release);
        claimer.join().unwrap();
    });
}
