//! Trace events in Chrome's JSON format, which Perfetto and chrome://tracing open.
//!
//! What has been written is a whole document after every [`Output::flush`]: the closing brackets are
//! written each time, and written over the next. The unit at the top keeps chrome://tracing from taking
//! slices within the same microsecond for nested ones.

use crate::error::{Error, Result};
use crate::sys::errno;
use std::fmt::{Display, Write as _};
use std::fs::File;
use std::os::unix::fs::FileExt;

const BEGIN: &str = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n";
const END: &str = "\n]}\n";

/// A JSON text that grows, each event on a line of its own.
#[derive(Default)]
pub(super) struct Json(pub(super) String);

/// Microseconds, as the format wants them.
struct Micros(i64);

impl Display for Micros {
    fn fmt(&self, f: &mut core::fmt::Formatter) -> core::fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

impl Json {
    /// An event's head: phase, track, time. [`end`](Self::end) ends it.
    fn begin(&mut self, phase: char, tid: u32, at: i64) {
        self.0.push_str(if self.0.is_empty() { "" } else { ",\n" });
        let _ = write!(self.0, "{{\"ph\":\"{phase}\",\"pid\":1,\"tid\":{tid},\"ts\":{}", Micros(at.max(0)));
    }

    fn end(&mut self) {
        self.0.push('}');
    }

    pub(super) fn string(&mut self, text: &str) {
        self.0.push('"');
        for c in text.chars() {
            match c {
                '"' | '\\' => self.0.extend(['\\', c]),
                c if c < ' ' => drop(write!(self.0, "\\u{:04x}", c as u32)),
                c => self.0.push(c),
            }
        }
        self.0.push('"');
    }

    /// A goroutine's time on a track, from its begin to its end.
    pub(super) fn slice(&mut self, tid: u32, (from, to): (i64, i64), g: u64, name: &str, end: &str, about: bool) {
        self.begin('X', tid, from);
        let _ = write!(self.0, ",\"dur\":{},\"cat\":\"goroutine\",\"name\":", Micros(to - from));
        match name {
            "" => drop(write!(self.0, "\"goroutine {g}\"")),
            _ => self.string(&format!("{name} ({g})")),
        }
        let about = if about { ",\"about\":true" } else { "" };
        let _ = write!(self.0, ",\"args\":{{\"goroutine\":{g},\"end\":\"{end}\"{about}}}");
        self.end();
    }

    /// Work of the scheduler or of a thread without a P, of which only one moment is known.
    pub(super) fn moment(&mut self, tid: u32, at: i64, name: &str, g: u64) {
        self.begin('X', tid, at);
        let _ =
            write!(self.0, ",\"dur\":0.001,\"cat\":\"scheduler\",\"name\":\"{name}\",\"args\":{{\"goroutine\":{g}}}");
        self.end();
    }

    /// Something that happened on a track, with one number to it.
    pub(super) fn instant(&mut self, tid: u32, at: i64, name: &str, key: &str, value: u64) {
        self.begin('i', tid, at);
        let _ = write!(self.0, ",\"s\":\"t\",\"cat\":\"scheduler\",\"name\":\"{name}\",\"args\":{{\"{key}\":{value}}}");
        self.end();
    }

    /// An arrow between two tracks.
    pub(super) fn flow(&mut self, id: u64, name: &str, from: (u32, i64), to: (u32, i64)) {
        for (phase, (tid, at), bind) in [('s', from, ""), ('f', to, ",\"bp\":\"e\"")] {
            self.begin(phase, tid, at);
            let _ = write!(self.0, ",\"id\":{id},\"cat\":\"ready\",\"name\":\"{name}\"{bind}");
            self.end();
        }
    }

    /// What a track, or the process, is called.
    pub(super) fn name(&mut self, tid: u32, what: &str, name: &str) {
        self.begin('M', tid, 0);
        let _ = write!(self.0, ",\"name\":\"{what}\",\"args\":{{\"name\":");
        self.string(name);
        self.0.push('}');
        self.end();
    }

    /// Where a track stands among the others.
    pub(super) fn sort(&mut self, tid: u32) {
        self.begin('M', tid, 0);
        let _ = write!(self.0, ",\"name\":\"thread_sort_index\",\"args\":{{\"sort_index\":{tid}}}");
        self.end();
    }
}

/// The file.
pub(super) struct Output {
    file: File,
    /// Where the closing brackets are.
    at: u64,
    empty: bool,
    /// The first failure; nothing is written after it.
    failed: Option<Error>,
}

impl Output {
    pub(super) fn create(path: &std::path::Path) -> Result<Output> {
        let file = File::create(path)
            .map_err(|e| Error::os(c"the trace's file could not be made", e.raw_os_error().unwrap_or(0)))?;
        let mut output = Output { file, at: 0, empty: true, failed: None };
        output.put(BEGIN);
        output.put_end();
        output.result().map(|()| output)
    }

    /// Add what `json` holds, and empty it.
    pub(super) fn flush(&mut self, json: &mut Json) {
        if !json.0.is_empty() {
            if !core::mem::replace(&mut self.empty, false) {
                self.put(",\n");
            }
            self.put(&json.0);
            self.put_end();
            json.0.clear();
        }
    }

    fn put(&mut self, text: &str) {
        self.put_at(text);
        self.at += text.len() as u64;
    }

    fn put_end(&mut self) {
        self.put_at(END);
    }

    fn put_at(&mut self, text: &str) {
        if self.failed.is_none()
            && let Err(e) = self.file.write_all_at(text.as_bytes(), self.at)
        {
            let errno = e.raw_os_error().unwrap_or_else(errno);
            self.failed = Some(Error::os(c"the trace could not be written", errno));
        }
    }

    /// Whether all was written.
    pub(super) fn result(&self) -> Result {
        self.failed.map_or(Ok(()), Err)
    }
}
