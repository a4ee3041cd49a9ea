//! `gort_map`.

use super::bytes;
use crate::boundary::{invalid, keep, pointer, status, value};
use crate::types::*;
use core::ffi::c_void;
use core::ptr;
use rt_core::Result;
use rt_core::sync::map;

/// Make an empty map of byte strings to pointers that many may use at once: Go's sync.Map. Keys are
/// copied. What the values point to stays the program's: before it frees that, nobody may be using it
/// who has loaded it. The caller owns the map. NULL: no memory.
#[unsafe(no_mangle)]
pub extern "C" fn gort_map_new() -> *mut gort_map {
    pointer(map::new)
}

unsafe fn live<'a>(m: *mut gort_map) -> Result<&'a gort_map> {
    // SAFETY: the program gives NULL or a map; so below.
    unsafe { m.as_ref() }.ok_or(super::NO_OBJECT)
}

/// Store what was found, if anything and if that is wanted; whether anything was.
unsafe fn give(found: Option<*mut c_void>, out: *mut *mut c_void) -> bool {
    // SAFETY: the program gives NULL or room for a pointer.
    if let Some(out) = unsafe { out.as_mut() } {
        *out = found.unwrap_or(ptr::null_mut());
    }
    found.is_some()
}

/// The value of a key, the size bytes at key, in *out. False, and NULL in *out: it is not there. out
/// may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_map_load(
    m: *mut gort_map,
    key: *const c_void,
    size: usize,
    out: *mut *mut c_void,
) -> bool {
    // SAFETY: as above; the program gives size readable bytes.
    unsafe { give(keep(|| Ok(live(m)?.load(bytes(key, size)?))).unwrap_or(None), out) }
}

/// Set the value of a key, and give the one it had before in *before, NULL when there was none: Go's
/// Store and Swap. before may be NULL.
///
/// GORT_NO_MEMORY: the map is unchanged. GORT_INVALID: m is NULL, or key is and size is not 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_map_store(
    m: *mut gort_map,
    key: *const c_void,
    size: usize,
    value: *mut c_void,
    before: *mut *mut c_void,
) -> gort_status {
    // SAFETY: as above.
    status(|| unsafe {
        give(live(m)?.store(bytes(key, size)?, value)?, before);
        Ok(())
    })
}

/// Give the value of a key in *out and true in *loaded; or, when it is not there, set it to value, and
/// give that and false. out and loaded may be NULL. Errors as gort_map_store.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_map_load_or_store(
    m: *mut gort_map,
    key: *const c_void,
    size: usize,
    value: *mut c_void,
    out: *mut *mut c_void,
    loaded: *mut bool,
) -> gort_status {
    // SAFETY: as above; the program gives NULL or room for a bool.
    status(|| unsafe {
        let found = live(m)?.load_or_store(bytes(key, size)?, value)?;
        give(Some(found.unwrap_or(value)), out);
        if let Some(loaded) = loaded.as_mut() {
            *loaded = found.is_some();
        }
        Ok(())
    })
}

/// Remove a key, and give the value it had in *out; otherwise as gort_map_load.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_map_load_and_delete(
    m: *mut gort_map,
    key: *const c_void,
    size: usize,
    out: *mut *mut c_void,
) -> bool {
    // SAFETY: as above.
    unsafe { give(keep(|| Ok(live(m)?.load_and_delete(bytes(key, size)?))).unwrap_or(None), out) }
}

/// Remove a key; nothing happens when it is not there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_map_delete(m: *mut gort_map, key: *const c_void, size: usize) {
    // SAFETY: as above.
    unsafe { gort_map_load_and_delete(m, key, size, ptr::null_mut()) };
}

/// Set the value of a key if it is old; true when it was. False also when the key is not there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_map_compare_and_swap(
    m: *mut gort_map,
    key: *const c_void,
    size: usize,
    old: *mut c_void,
    value: *mut c_void,
) -> bool {
    // SAFETY: as above.
    keep(|| unsafe { Ok(live(m)?.compare_and_swap(bytes(key, size)?, old, value)) }).unwrap_or(false)
}

/// Call fn(key, size, value, arg) for the keys of the map until it returns false. Each key comes at most
/// once; what is stored or removed meanwhile may come or not. fn may use the map; its key is valid
/// during the call, and is followed by no 0. It must not end the goroutine.
///
/// GORT_NO_MEMORY: some keys did not come. GORT_INVALID: m or fn is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_map_range(m: *mut gort_map, r#fn: gort_map_func, arg: *mut c_void) -> gort_status {
    // SAFETY: as above; the program gives a function that takes these.
    status(|| unsafe {
        let f = r#fn.ok_or(invalid(c"the function is NULL"))?;
        live(m)?.range(|key, value| f(key.as_ptr().cast(), key.len(), value, arg))
    })
}

/// Keys in the map; exact while nobody changes it. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_map_len(m: *mut gort_map) -> usize {
    // SAFETY: as above.
    value(0, || unsafe { m.as_ref() }.map_or(0, |m| m.len()))
}

/// End the map, which nobody may be using. Nothing is done with the values. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_map_release(m: *mut gort_map) {
    // SAFETY: as above.
    unsafe { map::release(m) };
}
