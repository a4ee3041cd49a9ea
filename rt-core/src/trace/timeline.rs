//! From the events of rings to slices and arrows.
//!
//! Each track is followed on its own: what its P ran, from when to when. Arrows join two tracks and are
//! drawn once both ends are known, in whatever order they come: a goroutine made ready when it had run
//! n times is the one whose next run finds that count.
//!
//! Times: an event without a look at the clock lies in a burst; it is put between its neighbours that
//! have one, evenly, but no further apart than events in bursts are. What is so dated is marked.
//! Events are taken in the order of their times, as far as all rings have been read up to them.

use super::TRACE_ITSELF;
use super::event::{Event, Kind, is_exit, left_text};
use super::json::Json;
use super::ticks::Scale;
use std::collections::HashMap;

/// The farthest that undated events are put apart, in nanoseconds.
const APART: i64 = 200;
/// Ends of arrows that wait for the other end; more are forgotten.
const MOST_ENDS: usize = 1 << 20;

/// One end of an arrow.
enum End {
    Ready { runs: u16, tid: u32, at: i64, name: &'static str },
    Start { runs: u16, tid: u32, at: i64 },
}

struct Dated {
    at: i64,
    about: bool,
    tid: u32,
    /// `None`: events were lost here, this many.
    event: Result<Event, u64>,
}

struct Open {
    g: u64,
    from: i64,
    about: bool,
}

#[derive(Default)]
struct Track {
    open: Option<Open>,
    /// Read, and waiting for an event with a time.
    undated: Vec<Event>,
    /// The time of its last dated event.
    last: i64,
}

/// A trace in the making.
pub(super) struct Timeline {
    /// The time of the trace's 0.
    base: i64,
    tracks: HashMap<u32, Track>,
    pending: Vec<Dated>,
    ends: HashMap<u64, End>,
    names: HashMap<u64, Vec<u8>>,
    arrows: u64,
    pub(super) lost: u64,
    pub(super) json: Json,
}

impl Timeline {
    pub(super) fn new(base: i64, names: HashMap<u64, Vec<u8>>) -> Timeline {
        let mut json = Json::default();
        json.name(0, "process_name", "gort");
        json.name(TRACE_ITSELF, "thread_name", "trace");
        json.sort(TRACE_ITSELF);
        Timeline {
            base,
            tracks: HashMap::new(),
            pending: Vec::new(),
            ends: HashMap::new(),
            names,
            arrows: 0,
            lost: 0,
            json,
        }
    }

    /// What was read of a track's ring next, and what was lost before it.
    pub(super) fn add(&mut self, tid: u32, name: &str, lost: u64, events: &[Event], scale: &Scale) {
        let (json, base) = (&mut self.json, self.base);
        let track = self.tracks.entry(tid).or_insert_with(|| {
            json.name(tid, "thread_name", name);
            json.sort(tid);
            Track { last: base, ..Track::default() }
        });
        if lost > 0 {
            self.lost += lost;
            date(track, tid, None, &mut self.pending);
            self.pending.push(Dated { at: track.last, about: true, tid, event: Err(lost) });
        }
        for event in events {
            track.undated.push(*event);
            if event.stamp != 0 {
                date(track, tid, Some(scale.ns(event.stamp)), &mut self.pending);
            }
        }
    }

    /// Take what lies before `until`: no ring holds anything of that time any more.
    pub(super) fn advance(&mut self, until: i64) {
        // Stable: events of a track stay in their order.
        self.pending.sort_by_key(|e| e.at);
        let ready = self.pending.partition_point(|e| e.at <= until);
        let rest = self.pending.split_off(ready);
        for dated in core::mem::replace(&mut self.pending, rest) {
            self.take(dated);
        }
    }

    /// The trace ends at `now`: take all there is, and end what runs on.
    pub(super) fn finish(&mut self, now: i64) {
        for (&tid, track) in &mut self.tracks {
            date(track, tid, None, &mut self.pending);
        }
        self.advance(i64::MAX);
        let open: Vec<u32> = self.tracks.iter().filter(|(_, t)| t.open.is_some()).map(|(&tid, _)| tid).collect();
        for tid in open {
            self.close(tid, now, false, "running", false);
        }
        self.json.instant(TRACE_ITSELF, now - self.base, "trace end", "lost", self.lost);
    }

    /// End what runs on the track.
    fn close(&mut self, tid: u32, at: i64, about: bool, end: &str, over: bool) {
        let Some(Track { open, last, .. }) = self.tracks.get_mut(&tid) else { return };
        let Some(Open { g, from, about: began_about }) = open.take() else { return };
        *last = at.max(*last);
        let name = self.names.get(&g).map_or(String::new(), |n| String::from_utf8_lossy(n).into_owned());
        let span = (from - self.base, at.max(from) - self.base);
        self.json.slice(tid, span, g, &name, end, about || began_about);
        if over {
            self.names.remove(&g);
        }
    }

    fn open(&mut self, tid: u32, at: i64, about: bool, g: u64) {
        if let Some(track) = self.tracks.get_mut(&tid) {
            track.open = Some(Open { g, from: at, about });
        }
    }

    fn take(&mut self, Dated { at, about, tid, event }: Dated) {
        let event = match event {
            Ok(event) => event,
            Err(lost) => {
                self.close(tid, at, true, "unknown", false);
                return self.json.instant(tid, at - self.base, "lost", "events", lost);
            }
        };
        let g = event.subject;
        match event.kind {
            Kind::Start => {
                self.close(tid, at, about, left_text(event.left), is_exit(event.left));
                self.open(tid, at, about, g);
                self.join(g, End::Start { runs: event.aux, tid, at });
            }
            Kind::Next => {
                // At the latest, in what ran before; an arrow that begins where that ends is nobody's.
                let from = self.tracks.get(&tid).and_then(|t| t.open.as_ref()).map_or(i64::MIN, |open| open.from);
                self.made_ready(tid, (at - 1).max(from), event, "ready");
                self.take(Dated { at, about, tid, event: Ok(Event { kind: Kind::Start, ..event }) });
            }
            Kind::Left => self.close(tid, at, about, left_text(event.left), is_exit(event.left)),
            Kind::Resume => {
                self.close(tid, at, about, "unknown", false);
                self.open(tid, at, about, g);
            }
            Kind::HandOff => {
                self.close(tid, at, about, "hand-off", false);
                self.json.instant(tid, at - self.base, "hand-off", "goroutine", g);
            }
            Kind::Retake => {
                self.close(tid, at, about, "preempted", false);
                self.json.instant(tid, at - self.base, "preempted", "goroutine", g);
            }
            Kind::Ready => self.made_ready(tid, at, event, "ready"),
            Kind::Create => self.made_ready(tid, at, event, "go"),
            Kind::Name => {
                if let Some(Open { g, .. }) = self.tracks.get(&tid).and_then(|t| t.open.as_ref()) {
                    let part = event.raw.to_le_bytes();
                    self.names.entry(*g).or_default().extend(part.iter().filter(|&&b| b != 0));
                }
            }
            Kind::Steal => self.json.instant(tid, at - self.base, "steal", "goroutine", g),
            Kind::Timer => self.json.instant(tid, at - self.base, "timer", "late_ns", g),
            Kind::Netpoll => self.json.instant(tid, at - self.base, "netpoll", "fd", g),
        }
    }

    fn made_ready(&mut self, tid: u32, at: i64, event: Event, name: &'static str) {
        if self.tracks.get(&tid).is_some_and(|t| t.open.is_none()) {
            self.json.moment(tid, at - self.base, name, event.subject);
        }
        self.join(event.subject, End::Ready { runs: event.aux, tid, at, name });
    }

    /// Draw the arrow if the other end is known, else keep this one.
    fn join(&mut self, g: u64, end: End) {
        match (self.ends.remove(&g), end) {
            (Some(End::Ready { runs, tid, at, name }), End::Start { runs: r, tid: to, at: start }) if r == runs => {
                self.arrow(name, (tid, at), (to, start));
            }
            (Some(End::Start { runs, tid: to, at: start }), End::Ready { runs: r, tid, at, name }) if r == runs => {
                self.arrow(name, (tid, at), (to, start));
            }
            (_, end) => {
                if self.ends.len() >= MOST_ENDS {
                    self.ends.clear();
                }
                self.ends.insert(g, end);
            }
        }
    }

    fn arrow(&mut self, name: &str, from: (u32, i64), to: (u32, i64)) {
        self.arrows += 1;
        self.json.flow(self.arrows, name, (from.0, from.1 - self.base), (to.0, to.1 - self.base));
    }
}

/// Give the track's undated events their times; `last`, the time of the last of them, if it is known.
fn date(track: &mut Track, tid: u32, last: Option<i64>, out: &mut Vec<Dated>) {
    let n = track.undated.len() as i64;
    if n == 0 {
        return;
    }
    let end = last.map(|at| at.max(track.last));
    let apart = end.map_or(0, |end| ((end - track.last) / n).min(APART));
    for (event, i) in track.undated.drain(..).zip(1..) {
        let exact = end.filter(|_| i == n);
        let at = exact.unwrap_or(track.last + apart * i);
        out.push(Dated { at, about: exact.is_none(), tid, event: Ok(event) });
    }
    track.last = end.unwrap_or(track.last);
}
