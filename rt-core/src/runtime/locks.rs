//! Who waits for whom, as far as `lockowners` of GORTDEBUG has noted it ([`owners`]).
//!
//! Who waits for a mutex is stuck when its holder is: because that waits for a mutex whose holder is stuck,
//! in a circle in the end; because it can never wake ([`super::leaks`]); or because it is over and has not unlocked.
//! Who waits for the readers of a mutex is stuck when one of them is. All that is read at one moment, and
//! no one who is stuck can change it: only another than the holder could, by unlocking in its place.

use super::leaks;
use crate::sched::Runtime;
use crate::sched::g::Status;
use crate::sync::owners::{self, Note, Role, Who};
use crate::sys::thread;
use core::iter::successors;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

/// A goroutine or thread that has to do with a lock, beside its waits.
#[derive(Default)]
struct Party {
    name: Vec<u8>,
    /// A wait that is noted may be over already, and who waited not have run since: then it is not asleep.
    asleep: bool,
    /// It waits for what will not come, or is over.
    hopeless: bool,
    ended: bool,
}

/// One moment.
#[derive(Default)]
pub(super) struct Locks {
    parties: BTreeMap<Who, Party>,
    /// What each waits for, and who must let go of it first.
    waits: BTreeMap<Who, (usize, Vec<Who>)>,
    stuck: BTreeSet<Who>,
}

impl Locks {
    /// Empty when nobody asked for owners.
    pub(super) fn now(rt: &Runtime) -> Locks {
        if !owners::on() {
            return Locks::default();
        }
        let (notes, parties) = owners::look(|notes| parties_of(notes, rt));
        let mut holders: BTreeMap<(usize, Role), Vec<Who>> = BTreeMap::new();
        for note in notes.iter().filter(|note| matches!(note.role, Role::Holds | Role::Reads)) {
            holders.entry((note.lock, note.role)).or_default().push(note.who);
        }
        let mut waits = BTreeMap::new();
        for note in notes.iter().filter(|note| parties[&note.who].asleep) {
            let awaited = match note.role {
                Role::WaitsForHolder => Role::Holds,
                Role::WaitsForReaders => Role::Reads,
                Role::Holds | Role::Reads => continue,
            };
            let mut held_by = holders.get(&(note.lock, awaited)).cloned().unwrap_or_default();
            held_by.sort_unstable();
            held_by.dedup();
            waits.insert(note.who, (note.lock, held_by));
        }
        let stuck = stuck(&parties, &waits);
        Locks { parties, waits, stuck }
    }

    /// A goroutine waits for a lock that it will not get.
    pub(super) fn is_stuck(&self, id: u64) -> bool {
        self.stuck.contains(&Who::Goroutine(id))
    }

    /// A line on what a goroutine waits for, if that is a lock with a known holder.
    pub(super) fn describe_wait(&self, id: u64, out: &mut Vec<u8>) {
        if let Some((lock, held_by)) = self.waits.get(&Who::Goroutine(id))
            && !held_by.is_empty()
        {
            let _ = write!(out, "waits for lock {lock:#x}, held by ");
            self.write_all(held_by, out);
            out.push(b'\n');
        }
    }

    /// Each circle of those who wait for each other, and each lock that is waited for and whose holder is over.
    pub(super) fn describe_stuck(&self, out: &mut Vec<u8>) {
        for cycle in self.cycles() {
            out.extend_from_slice(b"wait-for cycle:\n");
            for who in cycle {
                let (lock, held_by) = &self.waits[&who];
                out.extend_from_slice(b"  ");
                self.write(who, out);
                let _ = write!(out, " waits for lock {lock:#x}, held by ");
                self.write_all(held_by, out);
                out.push(b'\n');
            }
            out.push(b'\n');
        }
        let orphans: BTreeSet<(usize, Who)> =
            self.waits.values().flat_map(|(l, by)| by.iter().map(|&b| (*l, b))).collect();
        for (lock, who) in orphans.into_iter().filter(|(_, who)| self.parties[who].ended) {
            let _ = write!(out, "orphaned lock {lock:#x}, held by ");
            self.write(who, out);
            out.extend_from_slice(b"\n\n");
        }
    }

    /// From each who is stuck there is a way over others who are, which ends with one without hope or in a cycle.
    fn cycles(&self) -> Vec<Vec<Who>> {
        let next = |who: &Who| self.waits[who].1.iter().copied().find(|holder| self.stuck.contains(holder));
        let mut cycles = Vec::new();
        let mut walked: BTreeMap<Who, Who> = BTreeMap::new(); // and where the walk began
        for &start in &self.stuck {
            let mut at = Some(start);
            while let Some(who) = at
                && !walked.contains_key(&who)
            {
                walked.insert(who, start);
                at = next(&who);
            }
            if let Some(first) = at.filter(|who| walked[who] == start) {
                let rest = successors(next(&first), next).take_while(|&who| who != first);
                cycles.push(core::iter::once(first).chain(rest).collect());
            }
        }
        cycles
    }

    fn write_all(&self, parties: &[Who], out: &mut Vec<u8>) {
        const MOST: usize = 8;
        for (i, &who) in parties.iter().take(MOST).enumerate() {
            out.extend_from_slice(if i == 0 { b"" } else { b", " });
            self.write(who, out);
        }
        if parties.len() > MOST {
            let _ = write!(out, " and {} more", parties.len() - MOST);
        }
    }

    fn write(&self, who: Who, out: &mut Vec<u8>) {
        let party = &self.parties[&who];
        let _ = match who {
            Who::Goroutine(id) => write!(out, "goroutine {id}"),
            Who::Thread(id) => write!(out, "thread {id}"),
        };
        if !party.name.is_empty() {
            let _ = write!(out, " \"{}\"", String::from_utf8_lossy(&party.name));
        }
        if party.ended {
            out.extend_from_slice(b" (ended)");
        }
    }
}

/// Everyone in `notes`, as it is now. Who holds a lock is there until it gives it up, or has ended with it. Who
/// was let in by another, and not overtaken, was woken before the next could hold the lock, and so is not asleep.
fn parties_of(notes: &[Note], rt: &Runtime) -> BTreeMap<Who, Party> {
    let over = |note: &Note| (note.who, Party { hopeless: true, ended: true, ..Party::default() });
    let mut parties: BTreeMap<Who, Party> = notes.iter().map(over).collect();
    let gs = rt.gs.lock();
    for (id, g) in gs.live() {
        if let Some(party) = parties.get_mut(&Who::Goroutine(id)) {
            // SAFETY: Gs live as long as the runtime.
            let g = unsafe { &*g };
            let (asleep, hopeless) = (g.status() == Status::Waiting, leaks::is_leaked(g));
            *party = Party { name: g.name_bytes().to_vec(), asleep, hopeless, ended: false };
        }
    }
    drop(gs);
    for (who, party) in &mut parties {
        if let Who::Thread(id) = *who
            && thread::exists(id)
        {
            *party = Party { asleep: thread::sleeps(id), ..Party::default() };
        }
    }
    parties
}

/// Who waits for one without hope, or in a circle, be it over others: all but those from whom every way leads to
/// somebody who can go on.
fn stuck(parties: &BTreeMap<Who, Party>, waits: &BTreeMap<Who, (usize, Vec<Who>)>) -> BTreeSet<Who> {
    let may_be_stuck = |who: &Who| waits.contains_key(who) || parties[who].hopeless;
    let mut waited_for_by: BTreeMap<Who, Vec<Who>> = BTreeMap::new();
    let mut doubts = BTreeMap::new();
    for (&who, (_, held_by)) in waits {
        let doubtful = held_by.iter().filter(|holder| may_be_stuck(holder));
        doubts.insert(who, doubtful.clone().count());
        doubtful.for_each(|&holder| waited_for_by.entry(holder).or_default().push(who));
    }
    let mut free: Vec<Who> = doubts.iter().filter(|&(_, &n)| n == 0).map(|(&who, _)| who).collect();
    while let Some(who) = free.pop() {
        doubts.remove(&who);
        for waiter in waited_for_by.remove(&who).unwrap_or_default() {
            if let Some(n) = doubts.get_mut(&waiter) {
                *n -= 1;
                if *n == 0 {
                    free.push(waiter);
                }
            }
        }
    }
    doubts.into_keys().collect()
}
