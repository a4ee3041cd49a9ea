//! `GORTDEBUG`: what the runtime tells about itself while it runs, as Go's GODEBUG.
//!
//! A list of `key=value` with commas between, read once, when the runtime starts. What is not
//! understood is named on one line of stderr and changes nothing.

use crate::sched::run::write_all;
use crate::signal;
use crate::sys::text::environment;
use core::ffi::{CStr, c_int};
use std::path::PathBuf;

/// What was asked for.
#[derive(Default)]
pub(crate) struct Debug {
    /// Nanoseconds between two lines of the scheduler's state; 0: none.
    pub(crate) schedtrace: i64,
    /// The signal that dumps all goroutines; 0: none.
    pub(crate) dump_signal: c_int,
    /// Note who holds which mutex.
    pub(crate) lock_owners: bool,
    /// Warn of pthread mutexes that goroutines take along.
    pub(crate) pthread_lock: bool,
    /// The file a trace goes to.
    pub(crate) trace: Option<PathBuf>,
    /// The file that the last events are dumped to.
    pub(crate) flight: Option<PathBuf>,
}

const SIGNALS: &[(&str, c_int)] = &[
    ("SIGHUP", libc::SIGHUP),
    ("SIGINT", libc::SIGINT),
    ("SIGQUIT", libc::SIGQUIT),
    ("SIGABRT", libc::SIGABRT),
    ("SIGUSR1", libc::SIGUSR1),
    ("SIGUSR2", libc::SIGUSR2),
    ("SIGALRM", libc::SIGALRM),
    ("SIGTERM", libc::SIGTERM),
    ("SIGURG", libc::SIGURG),
    ("SIGIO", libc::SIGIO),
    ("SIGPWR", libc::SIGPWR),
];

impl Debug {
    /// What the environment says now.
    pub(crate) fn from_environment() -> Debug {
        let read = |list: &CStr| {
            let list = list.to_string_lossy();
            let (debug, unknown) = Debug::parse(&list);
            if !unknown.is_empty() {
                let line = format!("gort: GORTDEBUG: not understood: {}\n", unknown.join(", "));
                let _ = write_all(2, line.as_bytes());
            }
            debug
        };
        environment(c"GORTDEBUG", read).unwrap_or_default()
    }

    /// And the parts that are not understood.
    fn parse(list: &str) -> (Debug, Vec<&str>) {
        let mut debug = Debug::default();
        let unknown = list.split(',').map(str::trim).filter(|part| !part.is_empty() && debug.set(part).is_none());
        let unknown = unknown.collect();
        (debug, unknown)
    }

    fn set(&mut self, part: &str) -> Option<()> {
        match part.split_once('=')? {
            ("schedtrace", ms) => self.schedtrace = i64::from(ms.parse::<u32>().ok()?) * 1_000_000,
            ("dumpsig", name) => self.dump_signal = signal_number(name).filter(|&n| signal::may_listen(n))?,
            ("lockowners", "0" | "1") => self.lock_owners = part.ends_with('1'),
            ("pthreadlock", "0" | "1") => self.pthread_lock = part.ends_with('1'),
            ("trace", file) if !file.is_empty() => self.trace = Some(file.into()),
            ("flight", file) if !file.is_empty() => self.flight = Some(file.into()),
            _ => return None,
        }
        Some(())
    }
}

/// Of "3", "SIGQUIT" or "QUIT".
fn signal_number(name: &str) -> Option<c_int> {
    let named = || SIGNALS.iter().find(|s| s.0 == name || s.0.strip_prefix("SIG") == Some(name)).map(|s| s.1);
    name.parse().ok().or_else(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(list: &str) -> (i64, c_int, Vec<&str>) {
        let (debug, unknown) = Debug::parse(list);
        (debug.schedtrace, debug.dump_signal, unknown)
    }

    #[test]
    fn keys_and_values() {
        assert_eq!(parsed(""), (0, 0, vec![]));
        assert_eq!(parsed("schedtrace=1000"), (1_000_000_000, 0, vec![]));
        assert_eq!(parsed(" dumpsig=SIGQUIT , schedtrace=1,"), (1_000_000, libc::SIGQUIT, vec![]));
        assert_eq!(parsed("dumpsig=USR1").1, libc::SIGUSR1);
        assert_eq!(parsed("dumpsig=10,dumpsig=12").1, 12);
    }

    #[test]
    fn files_of_traces() {
        let debug = Debug::parse("trace=/tmp/a=b.json,flight=c").0;
        assert_eq!((debug.trace, debug.flight), (Some("/tmp/a=b.json".into()), Some("c".into())));
    }

    #[test]
    fn switches() {
        assert!(!Debug::parse("").0.lock_owners && Debug::parse("lockowners=1").0.lock_owners);
        assert!(!Debug::parse("lockowners=1,lockowners=0").0.lock_owners);
        assert!(!Debug::parse("lockowners=1").0.pthread_lock && Debug::parse("pthreadlock=1").0.pthread_lock);
    }

    #[test]
    fn what_is_not_understood_changes_nothing() {
        assert_eq!(parsed("gctrace=1,schedtrace=5,x"), (5_000_000, 0, vec!["gctrace=1", "x"]));
        for bad in [
            "lockowners",
            "lockowners=yes",
            "pthreadlock=2",
            "trace",
            "trace=",
            "flight=",
            "schedtrace",
            "schedtrace=",
            "schedtrace=-1",
            "schedtrace=1s",
            "dumpsig=SIGKILL",
            "dumpsig=9",
        ] {
            assert_eq!(parsed(bad), (0, 0, vec![bad]));
        }
        for bad in ["dumpsig=SIGSEGV", "dumpsig=0", "dumpsig=-1", "dumpsig=SIG", "dumpsig=999"] {
            assert_eq!(parsed(bad), (0, 0, vec![bad]));
        }
    }
}
