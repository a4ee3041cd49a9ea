//! Map: byte strings to pointers, for many goroutines and threads at once, as Go's sync.Map.
//!
//! Hash tables by part of the key's hash, each under a lock of its own that is held for one look-up.
//! No code of the program runs under a lock. Memory that runs out is an error, and the map is as
//! before. Hashes are keyed at random for each map, so that nobody can choose keys that collide.

use crate::alloc::try_box;
use crate::error::{Error, Result};
use crate::lock::{SpinGuard, SpinLock};
use crate::sanitizer::{ignored, race};
use crate::sched::current;
use core::ffi::c_void;
use core::hash::BuildHasher;
use core::ptr::NonNull;
use hashbrown::HashTable;
use std::hash::RandomState;

/// Tables of a map, a power of two.
const TABLES: usize = 64;
/// The bits of a hash that choose the table: hashbrown uses the lowest and the highest.
const TABLE_SHIFT: u32 = 40;

/// A map, behind a pointer.
pub struct Map {
    hasher: RandomState,
    tables: [Padded; TABLES],
}

#[repr(align(64))]
struct Padded(SpinLock<Table>);

struct Table {
    entries: HashTable<Entry>,
    /// Bytes of all keys.
    key_bytes: usize,
}

struct Entry {
    hash: u64,
    key: Box<[u8]>,
    value: *mut c_void,
}

// SAFETY: the values go back to the program only.
unsafe impl Send for Entry {}

impl Entry {
    fn new(hash: u64, key: &[u8], value: *mut c_void) -> Result<Entry> {
        let mut copy = Vec::new();
        copy.try_reserve_exact(key.len()).map_err(|_| Error::NO_MEMORY)?;
        // Others compare it under the table's lock.
        ignored(|| copy.extend_from_slice(key));
        Ok(Entry { hash, key: copy.into_boxed_slice(), value })
    }
}

impl Table {
    fn find(&mut self, hash: u64, key: &[u8]) -> Option<&mut Entry> {
        self.entries.find_mut(hash, |e| e.hash == hash && *e.key == *key)
    }

    /// One whose key is not there yet; given back when there is no memory.
    fn insert(&mut self, entry: Entry) -> core::result::Result<(), Entry> {
        if self.entries.try_reserve(1, |e| e.hash).is_err() {
            return Err(entry);
        }
        self.key_bytes += entry.key.len();
        self.entries.insert_unique(entry.hash, entry, |e| e.hash);
        Ok(())
    }

    fn remove(&mut self, hash: u64, key: &[u8]) -> Option<Entry> {
        let found = self.entries.find_entry(hash, |e| e.hash == hash && *e.key == *key).ok()?;
        let entry = found.remove().0;
        self.key_bytes -= entry.key.len();
        Some(entry)
    }
}

/// Make an empty map.
pub fn new() -> Result<NonNull<Map>> {
    let empty = || Padded(SpinLock::new(Table { entries: HashTable::new(), key_bytes: 0 }));
    let map = Map { hasher: RandomState::new(), tables: core::array::from_fn(|_| empty()) };
    try_box(map).ok_or(Error::NO_MEMORY)
}

/// End the map; what the values point to stays. Null is allowed.
///
/// # Safety
/// `map` is null or a map nobody uses; it is gone afterwards.
pub unsafe fn release(map: *mut Map) {
    if map.is_null() {
        return;
    }
    // SAFETY: by contract it is ours alone.
    let map = unsafe { Box::from_raw(map) };
    for Padded(table) in map.tables {
        // Held by a thread that a fork has left behind: who knows what state the table is in.
        if table.raw().is_locked() {
            core::mem::forget(table);
        }
    }
}

impl Map {
    fn hash(&self, key: &[u8]) -> u64 {
        current::touch();
        self.hasher.hash_one(key)
    }

    fn table(&self, hash: u64) -> SpinGuard<'_, Table> {
        self.tables[(hash >> TABLE_SHIFT) as usize % TABLES].0.lock()
    }

    /// The value of `key`, if it is there.
    pub fn load(&self, key: &[u8]) -> Option<*mut c_void> {
        let hash = self.hash(key);
        let value = self.table(hash).find(hash, key).map(|e| e.value);
        race::acquire(race::part(self, hash));
        value
    }

    /// Set the value of `key`; the one before, if it was there.
    pub fn store(&self, key: &[u8], value: *mut c_void) -> Result<Option<*mut c_void>> {
        self.find_or_insert(key, value, |there| there.value = value)
    }

    /// The value of `key` if it is there; else set it to `value`, and `None`.
    pub fn load_or_store(&self, key: &[u8], value: *mut c_void) -> Result<Option<*mut c_void>> {
        self.find_or_insert(key, value, |_| {})
    }

    /// The value of `key` before `change`; `None`: it was not there, and `value` is its value now.
    fn find_or_insert(
        &self,
        key: &[u8],
        value: *mut c_void,
        change: impl FnOnce(&mut Entry),
    ) -> Result<Option<*mut c_void>> {
        let hash = self.hash(key);
        race::release(race::part(self, hash));
        let mut made = None;
        loop {
            let mut table = self.table(hash);
            if let Some(there) = table.find(hash, key) {
                let before = there.value;
                change(there);
                drop(table); // `made` is freed without it
                race::acquire(race::part(self, hash));
                return Ok(Some(before));
            }
            let Some(entry) = made.take() else {
                drop(table);
                made = Some(Entry::new(hash, key, value)?);
                continue;
            };
            let inserted = table.insert(entry);
            drop(table);
            return inserted.map(|()| None).map_err(|_| Error::NO_MEMORY);
        }
    }

    /// Remove `key`; its value, if it was there.
    pub fn load_and_delete(&self, key: &[u8]) -> Option<*mut c_void> {
        let hash = self.hash(key);
        let removed = self.table(hash).remove(hash, key);
        race::acquire(race::part(self, hash));
        removed.map(|e| e.value)
    }

    /// Set the value of `key` if it is `old`; whether it was.
    pub fn compare_and_swap(&self, key: &[u8], old: *mut c_void, value: *mut c_void) -> bool {
        let hash = self.hash(key);
        race::release(race::part(self, hash));
        let mut table = self.table(hash);
        let found = table.find(hash, key).filter(|e| e.value == old);
        found.map(|e| e.value = value).is_some()
    }

    /// Call `f` for every key and value until it returns false. A table is copied before `f` is called
    /// for what is in it, so each key comes once at most, and `f` may change the map.
    pub fn range(&self, mut f: impl FnMut(&[u8], *mut c_void) -> bool) -> Result {
        current::touch();
        let (mut keys, mut ends) = (Vec::<u8>::new(), Vec::<(usize, *mut c_void)>::new());
        for Padded(table) in &self.tables {
            loop {
                let table = table.lock();
                let (bytes, len) = (table.key_bytes, table.entries.len());
                if keys.capacity() >= bytes && ends.capacity() >= len {
                    for e in &table.entries {
                        keys.extend_from_slice(&e.key);
                        ends.push((keys.len(), e.value));
                    }
                    break;
                }
                drop(table);
                keys.try_reserve(bytes).map_err(|_| Error::NO_MEMORY)?;
                ends.try_reserve(len).map_err(|_| Error::NO_MEMORY)?;
            }
            let mut start = 0;
            for &(end, value) in &ends {
                if race::on() {
                    race::acquire(race::part(self, self.hash(&keys[start..end])));
                }
                if !f(&keys[start..end], value) {
                    return Ok(());
                }
                start = end;
            }
            keys.clear();
            ends.clear();
        }
        Ok(())
    }

    /// Keys in the map: exact when nobody changes it meanwhile.
    pub fn len(&self) -> usize {
        current::touch();
        self.tables.iter().map(|table| table.0.lock().entries.len()).sum()
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
