//! Who holds which mutex, and who waits for it: noted when GORTDEBUG asks for `lockowners`.
//!
//! A mutex has no room for its owner. Each lock and unlock looks at one byte, which says whether anybody wants
//! to know of it, the race detector or this. Behind that byte is a table of what goroutines and threads
//! have to do with locks, hashed by the lock's address into shards with a lock each.
//!
//! Who has all shards locked sees one moment, and what it sees holds back nobody but those who want to change it:
//!  * a hold is noted after the lock was got and taken back before it is given up, so who is noted holds it;
//!  * a wait is noted before it begins and taken back after it has ended, and only a wait without an end of
//!    its own: so who is noted is in that call.
//!
//! What was locked before the runtime started, or without memory for the note, has no owner here. A lock
//! that is given up by another than its owner is taken for given up by its owner.

use crate::lock::SpinLock;
use crate::sanitizer::race;
use crate::sched::current;
use crate::waiter::Wait;
use hashbrown::HashTable;
use std::sync::atomic::{AtomicU8, Ordering::*};

/// Who wants to know of locks.
static WATCHED: AtomicU8 = AtomicU8::new(0);
const FOR_RACES: u8 = 1;
const FOR_OWNERS: u8 = 2;

/// A goroutine by its id, or a thread by that of the system.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Who {
    Goroutine(u64),
    Thread(i32),
}

impl Who {
    fn calls() -> Who {
        // SAFETY: the running goroutine is alive; gettid has no arguments.
        unsafe { current::g().as_ref().map_or_else(|| Who::Thread(libc::gettid()), |g| Who::Goroutine(g.id)) }
    }
}

/// What somebody has to do with a lock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Role {
    /// Alone. Of a RwMutex also who waits, with all others kept out, for its readers.
    Holds,
    Reads,
    WaitsForHolder,
    WaitsForReaders,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) lock: usize,
    pub(crate) role: Role,
    pub(crate) who: Who,
}

impl Note {
    /// Of the holder the lock alone: it is looked for by who does not know it.
    fn hash(&self) -> u64 {
        let who = match (self.role, self.who) {
            (Role::Holds, _) => 0,
            (_, Who::Goroutine(id)) => id,
            (_, Who::Thread(id)) => id as u64,
        };
        hash(self.lock as u64 ^ who.rotate_left(32))
    }
}

/// Fibonacci hashing, folded: the table uses the lowest bits and the highest.
fn hash(n: u64) -> u64 {
    let product = u128::from(n) * 0x9e37_79b9_7f4a_7c15;
    (product >> 64) as u64 ^ product as u64
}

#[repr(align(64))]
struct Shard(SpinLock<HashTable<Note>>);

const SHARDS: usize = 64;
static TABLE: [Shard; SHARDS] = [const { Shard(SpinLock::new(HashTable::new())) }; SHARDS];

fn shard(lock: usize) -> &'static SpinLock<HashTable<Note>> {
    &TABLE[(hash(lock as u64) >> 40) as usize % SHARDS].0
}

/// The thread sanitizer is there.
pub(crate) fn watch_for_races() {
    WATCHED.fetch_or(FOR_RACES, Relaxed);
}

/// The runtime starts, and shall know the owners.
pub(crate) fn start() {
    WATCHED.fetch_or(FOR_OWNERS, SeqCst);
}

/// The runtime has ended.
pub(crate) fn stop() {
    WATCHED.fetch_and(!FOR_OWNERS, SeqCst);
    for Shard(shard) in &TABLE {
        drop(core::mem::take(&mut *shard.lock()));
    }
}

/// In the child of fork(2): locks may have been held, and tables half changed.
pub(super) fn reset_after_fork() {
    WATCHED.fetch_and(!FOR_OWNERS, SeqCst);
    for Shard(shard) in &TABLE {
        // SAFETY: no other thread exists; whoever held it is gone.
        unsafe { shard.raw().unlock() };
        core::mem::forget(core::mem::take(&mut *shard.lock()));
    }
}

/// Owners are noted.
pub(crate) fn on() -> bool {
    WATCHED.load(Relaxed) & FOR_OWNERS != 0
}

#[inline(always)]
pub(super) fn watched() -> bool {
    WATCHED.load(Relaxed) != 0
}

/// The caller has got `lock`.
#[inline(always)]
pub(super) fn locked(lock: *const ()) {
    if watched() {
        has_got(lock, lock, Role::Holds);
    }
}

/// The caller gives up `lock` now.
#[inline(always)]
pub(super) fn unlocks(lock: *const ()) {
    if watched() {
        gives_up(lock, lock, Role::Holds);
    }
}

/// As [`locked`]; the race detector knows readers by `orders`.
#[inline(always)]
pub(super) fn locked_for_reading(lock: *const (), orders: *const ()) {
    if watched() {
        has_got(lock, orders, Role::Reads);
    }
}

/// As [`unlocks`]; the race detector knows what readers do for a writer by `orders`.
#[inline(always)]
pub(super) fn unlocks_for_reading(lock: *const (), orders: *const ()) {
    if watched() {
        gives_up(lock, orders, Role::Reads);
    }
}

#[cold]
#[inline(never)]
fn has_got(lock: *const (), orders: *const (), role: Role) {
    race::acquire(orders);
    if on() {
        put(Note { lock: lock.addr(), role, who: Who::calls() });
    }
}

#[cold]
#[inline(never)]
fn gives_up(lock: *const (), orders: *const (), role: Role) {
    race::release(orders);
    if on() {
        take(Note { lock: lock.addr(), role, who: Who::calls() });
    }
}

/// A wait that is noted, until it is dropped.
pub(super) struct Waiting(Option<Note>);

impl Drop for Waiting {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(note) = self.0 {
            take(note);
        }
    }
}

/// The caller is going to wait for `lock`.
#[inline(always)]
pub(super) fn waits(lock: *const (), role: Role, wait: &Wait) -> Waiting {
    Waiting(if watched() { begins_to_wait(lock, role, wait) } else { None })
}

#[cold]
#[inline(never)]
fn begins_to_wait(lock: *const (), role: Role, wait: &Wait) -> Option<Note> {
    if !on() || !matches!(wait, Wait::Forever) {
        return None;
    }
    let note = Note { lock: lock.addr(), role, who: Who::calls() };
    put(note).then_some(note)
}

/// False: there is no memory for it, or it has become too late.
fn put(note: Note) -> bool {
    let mut notes = shard(note.lock).lock();
    let noted = on() && notes.try_reserve(1, Note::hash).is_ok();
    if noted {
        notes.insert_unique(note.hash(), note, Note::hash);
    }
    noted
}

#[cold]
#[inline(never)]
fn take(note: Note) {
    let mut notes = shard(note.lock).lock();
    let same = |n: &Note| n.lock == note.lock && n.role == note.role;
    if let Ok(found) = notes.find_entry(note.hash(), |n| same(n) && (n.who == note.who || n.role == Role::Holds)) {
        found.remove();
    } else if note.role == Role::Reads
        && let Some(other) = notes.iter().copied().find(same)
        && let Ok(found) = notes.find_entry(other.hash(), |n| *n == other)
    {
        found.remove();
    }
}

/// All notes, and what `f` says at the moment for which they are true.
pub(crate) fn look<R>(f: impl FnOnce(&[Note]) -> R) -> (Vec<Note>, R) {
    let shards = TABLE.each_ref().map(|Shard(shard)| shard.lock());
    let notes: Vec<Note> = shards.iter().flat_map(|notes| notes.iter().copied()).collect();
    let said = f(&notes);
    (notes, said)
}
