//! What an address is called: function and offset, file and line where the program has them.
//!
//! Names come from debugging information, symbol tables, or what a library exports, by the crate
//! `backtrace`. What the runtime is made of inside is not shown, as in Go.

use super::unwind::Unwinder;
use crate::sanitizer;
use core::ffi::c_void;
use core::fmt::Write;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::*};

/// Exported functions are part of a program's own story; this one only begins each stack.
const EXPORTED: &str = "gort_";
const START: &str = "gort_goroutine_start";
/// What is inside a runtime that is linked statically: by source, where that is known, and by name.
const INSIDE_FILES: &[&str] = &["/rt-core/src/", "/rt-ffi/src/", "/rustc/", "/.cargo/registry/"];
const INSIDE_NAMES: &[&str] = &["rt_core::", "gort::", "core::", "std::", "alloc::", "__rust"];

/// The texts of addresses, each made once.
pub(super) struct Symbols<'a> {
    unwinder: &'a Unwinder,
    known: HashMap<usize, String>,
}

/// The loaded libraries that `backtrace` knows, as [`Unwinder::generation`] counts; 0: it knows nothing.
static KNOWN: AtomicU64 = AtomicU64::new(0);

/// Free what has been read of the program's files.
pub(crate) fn forget() {
    if KNOWN.swap(0, AcqRel) != 0 {
        sanitizer::ignored(backtrace::clear_symbol_cache);
    }
}

impl Symbols<'_> {
    pub(super) fn new(unwinder: &Unwinder) -> Symbols<'_> {
        if KNOWN.load(Acquire) != unwinder.generation {
            forget();
            KNOWN.store(unwinder.generation, Release);
        }
        Symbols { unwinder, known: HashMap::new() }
    }

    /// Lines for a return address; none for the inside of the runtime.
    pub(super) fn of(&mut self, pc: usize) -> &str {
        let unwinder = self.unwinder;
        // The lock of what `backtrace` keeps is none that the race detector knows.
        self.known.entry(pc).or_insert_with(|| sanitizer::ignored(|| describe(pc, unwinder)))
    }
}

fn describe(pc: usize, unwinder: &Unwinder) -> String {
    let inside = unwinder.is_library(pc - 1);
    let mut text = String::new();
    let mut found = inside;
    // Once for each function that was inlined there, the innermost first. It looks before `pc`.
    backtrace::resolve(pc as *mut c_void, |symbol| {
        let Some(name) = symbol.name() else { return };
        found = true;
        let name = format!("{name:#}"); // without the hash that ends Rust's names
        let file = symbol.filename().map(|file| file.to_string_lossy().into_owned());
        let exported = name.starts_with(EXPORTED) && name != START;
        let hidden = inside
            || name == START
            || INSIDE_NAMES.iter().any(|part| name.trim_start_matches(['<', '&']).starts_with(part))
            || INSIDE_FILES.iter().any(|part| file.as_ref().is_some_and(|file| file.contains(part)));
        if hidden && !exported {
            return;
        }
        text.push_str(&name);
        if let Some(start) = unwinder.function(pc - 1) {
            let _ = write!(text, "+{:#x}", pc - start);
        }
        text.push('\n');
        if let (Some(file), Some(line), false) = (file, symbol.lineno(), hidden) {
            let _ = writeln!(text, "\t{file}:{line}");
        }
    });
    if found { text } else { unnamed(pc) }
}

/// The file that `pc` was loaded from, and how far in.
fn unnamed(pc: usize) -> String {
    // SAFETY: the structure is filled when the call succeeds; names are C strings.
    unsafe {
        let mut info: libc::Dl_info = core::mem::zeroed();
        if libc::dladdr(pc as *const c_void, &mut info) == 0 || info.dli_fname.is_null() {
            return format!("{pc:#x}\n");
        }
        let file = core::ffi::CStr::from_ptr(info.dli_fname).to_string_lossy();
        format!("{file}+{:#x}\n", pc - info.dli_fbase as usize)
    }
}
