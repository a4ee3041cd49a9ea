//! `gort_flight`.

use super::bytes;
use crate::boundary::{invalid, status};
use crate::types::*;
use core::ffi::c_void;

/// The value of fn(arg) in *value; but while a call for the same key, the size bytes at key, is under
/// way in this flight, wait for that one and share its value: golang.org/x/sync/singleflight. *shared
/// tells whether others got the same value, and so may use it as well. value and shared may be NULL. A
/// call for its own key from within fn waits for itself.
///
/// GORT_CANCELED: the call that was waited for has ended its goroutine by gort_exit. GORT_NO_MEMORY:
/// fn was not called. GORT_INVALID: flight or fn is NULL, or key is and size is not 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_flight_do(
    flight: *mut gort_flight,
    key: *const c_void,
    size: usize,
    r#fn: gort_value_func,
    arg: *mut c_void,
    value: *mut *mut c_void,
    shared: *mut bool,
) -> gort_status {
    // SAFETY: the program gives NULL or a flight that stays where it is, size readable bytes, a function
    // that takes arg, and NULL or room for the results; so below.
    status(|| unsafe {
        let flight = flight.as_ref().ok_or(super::NO_OBJECT)?;
        let make = r#fn.ok_or(invalid(c"the function is NULL"))?;
        let (made, by_others) = flight.call(bytes(key, size)?, make, arg)?;
        if let Some(value) = value.as_mut() {
            *value = made;
        }
        if let Some(shared) = shared.as_mut() {
            *shared = by_others;
        }
        Ok(())
    })
}

/// Let the next call for a key be made, also while one is under way, whose value goes to those who wait
/// for it already. Errors as gort_flight_do.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gort_flight_forget(flight: *mut gort_flight, key: *const c_void, size: usize) -> gort_status {
    // SAFETY: as above.
    status(|| unsafe {
        flight.as_ref().ok_or(super::NO_OBJECT)?.forget(bytes(key, size)?);
        Ok(())
    })
}
