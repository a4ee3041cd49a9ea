//! The C API: `extern "C"` functions over rt-core, one file per section of the header, no logic.
//!
//! `include/gort.h` is made from this crate by cbindgen: the functions with their comments from here,
//! the types and macros from `prelude.h`. A function checks its arguments, calls rt-core, and turns an
//! error into a status that [`boundary`] also keeps for `gort_last_error`.
#![allow(non_camel_case_types)]

mod boundary;
mod types;

mod aio;
mod chan;
mod context;
mod embed;
mod goroutine;
mod io;
mod race;
mod runtime;
mod select;
mod signal;
mod status;
mod sync;
mod time;
mod trace;
