//! `GORTDEBUG=schedtrace=1000`: the scheduler's state as a line on stderr, in the form of Go's.
//!
//! Written by sysmon, which looks from outside: the numbers are of one moment only as far as the
//! scheduler's lock makes them.

use crate::sched::Runtime;
use crate::sched::run::offer_to_stderr;
use std::fmt::Write;
use std::sync::atomic::Ordering::*;

/// When to write the next line.
pub(crate) struct Trace {
    began: i64,
    period: i64,
    next: i64,
}

impl Trace {
    /// From `now` on; a `period` of 0 is never.
    pub(crate) fn new(now: i64, period: i64) -> Trace {
        Trace { began: now, period, next: if period == 0 { i64::MAX } else { now } }
    }

    /// The time of the next line.
    pub(crate) fn next(&self) -> i64 {
        self.next
    }

    /// Write a line if it is time.
    pub(crate) fn tick(&mut self, rt: &Runtime, now: i64) {
        if now >= self.next {
            self.next = now + self.period;
            offer_to_stderr(line(rt, (now - self.began) / 1_000_000).as_bytes());
        }
    }
}

fn line(rt: &Runtime, ms: i64) -> String {
    let (idle_ps, threads, idle_threads) = {
        let s = rt.sched.lock();
        (s.idle_ps.len(), s.all_ms.len() + 1, s.idle_ms.len())
    };
    let procs = rt.procs.load(Relaxed);
    let spinning = rt.spinning.load(Relaxed);
    let need_spinning = idle_ps > 0 && spinning == 0 && rt.has_queued_work();
    let mut line = format!(
        "SCHED {ms}ms: gomaxprocs={procs} idleprocs={idle_ps} threads={threads} spinningthreads={spinning} \
         needspinning={} idlethreads={idle_threads} runqueue={} [",
        u8::from(need_spinning),
        rt.global.len()
    );
    for (i, p) in rt.ps().take(procs as usize).enumerate() {
        let _ = write!(line, "{}{}", if i == 0 { "" } else { " " }, p.len());
    }
    line.push_str("]\n");
    line
}
