//! What the scheduler calls to note events. None of it is called unless the runtime's `watched` says so.
//!
//! The ring is that of the P the caller holds; threads without one share a ring, under a lock.

use super::TRACE;
use super::event::{Kind, left_code};
use super::ring::Slot;
use crate::sched::Runtime;
use crate::sched::caller::Caller;
use crate::sched::g::G;
use crate::sched::m::M;
use crate::sched::p::P;
use crate::sched::switch::Leave;
use std::sync::atomic::Ordering::*;

/// Bytes of a name that are kept.
const NAME: usize = 64;

/// A goroutine is going to run on the P's M.
#[inline(always)]
pub(crate) fn before(rt: &Runtime, p: &P, g: &G, first: bool) {
    match p.trace.ring() {
        Some(ring) if !first && rt.watched.load(Relaxed) == TRACE => {
            ring.note_start(g.id, g.runs.load(Relaxed) as u16);
        }
        _ => seldom_before(rt, p, g, first),
    }
}

#[cold]
#[inline(never)]
fn seldom_before(rt: &Runtime, p: &P, g: &G, first: bool) {
    if let Some(hooks) = &rt.hooks {
        hooks.before(g.id, first);
    }
    if rt.watched.load(Relaxed) & TRACE != 0
        && let Some(ring) = p.trace.owned()
    {
        ring.note_start(g.id, g.runs.load(Relaxed) as u16);
        if first {
            let name = g.name_bytes();
            ring.note_name(&name[..name.len().min(NAME)]);
        }
    }
}

/// It has left.
#[inline(always)]
pub(crate) fn after(rt: &Runtime, m: &M, g: &G, leave: Leave) {
    // SAFETY: the M's own P; null when the goroutine has lost it, which was noted there.
    if let Some(p) = unsafe { m.p().as_ref() }
        && let Some(ring) = p.trace.ring()
    {
        ring.set_left(left_code(leave, g.reason.load(Relaxed)));
    }
    if let Some(hooks) = &rt.hooks {
        hooks.after(g.id, matches!(leave, Leave::Exit));
    }
    if let Some(pthreads) = &rt.pthreads {
        pthreads.left(rt, m, g, leave);
    }
}

/// The M may find no goroutine at once.
#[cold]
pub(crate) fn looks_around(m: &M) {
    // SAFETY: the M's own P.
    if let Some(p) = unsafe { m.p().as_ref() }
        && let Some(ring) = p.trace.ring()
    {
        ring.note_left(p.is_empty());
    }
}

/// `g` is made ready by who holds `p`.
#[inline(never)]
pub(crate) fn ready(p: &P, g: &G) {
    match p.trace.ring() {
        Some(ring) if g.context.is_begun() => ring.note_ready(g.id, g.runs.load(Relaxed) as u16),
        Some(ring) => ring.note(Kind::Create, g.id, g.runs.load(Relaxed) as u16),
        None => event_noted(p, ready_kind(g), g.id, g.runs.load(Relaxed) as u16),
    }
}

/// `g` is made ready by a thread without a P.
#[cold]
pub(crate) fn ready_from_outside(rt: &Runtime, g: &G) {
    note_outside(rt, ready_kind(g), g.id, g.runs.load(Relaxed) as u16);
}

fn ready_kind(g: &G) -> Kind {
    if g.context.is_begun() { Kind::Ready } else { Kind::Create }
}

/// Something that is no goroutine's doing; by the owner of `p`.
#[inline]
pub(crate) fn event(rt: &Runtime, p: &P, kind: Kind, subject: u64) {
    if rt.watched.load(Relaxed) & TRACE != 0 {
        event_noted(p, kind, subject, 0);
    }
}

#[cold]
#[inline(never)]
fn event_noted(p: &P, kind: Kind, subject: u64, aux: u16) {
    if let Some(ring) = p.trace.owned() {
        ring.note_now(kind, subject, aux);
    }
}

/// As [`event`], by whoever calls.
#[cold]
pub(crate) fn event_by(caller: &Caller, kind: Kind, subject: u64) {
    match caller.on_p() {
        Some((rt, p)) => event(rt, p, kind, subject),
        None => crate::sched::lifecycle::with_runtime(|rt| {
            if rt.watched.load(Relaxed) & TRACE != 0 {
                note_outside(rt, kind, subject, 0);
            }
        }),
    }
}

fn note_outside(rt: &Runtime, kind: Kind, subject: u64, aux: u16) {
    let slot: &Slot = &rt.trace.outside.lock();
    if let Some(ring) = slot.owned() {
        ring.note_now(kind, subject, aux);
    }
}
