//! What a P notes in its ring: two words an event.
//!
//! | bits of the first word | | of the second | |
//! |---|---|---|---|
//! | 0..8 | kind | 16..64 | a goroutine, or what the kind says |
//! | 8..16 | how the goroutine before has left | 0..16 | count of the goroutine's runs |
//! | 16..64 | time in ticks, 0: not looked at | | |

use crate::sched::WaitReason;
use crate::sched::switch::Leave;

/// Bits of the second word below its subject.
const AUX: u32 = 16;

/// What happened. Those that end or begin a slice come first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Kind {
    /// A goroutine was switched to; the one before has left just then.
    Start,
    /// As `Start`, of a goroutine that was made ready here as the last thing before.
    Next,
    /// The goroutine before has left, and its M looks around for another.
    Left,
    /// A goroutine that had lost its P goes on with this one.
    Resume,
    /// The goroutine gave its P away to block outside.
    HandOff,
    /// Sysmon took the P from its goroutine.
    Retake,
    /// A goroutine was made ready here.
    Ready,
    /// A goroutine was made here.
    Create,
    /// Eight bytes of the name of the goroutine that was started.
    Name,
    /// The P took a goroutine from another P, whose number is beside it.
    Steal,
    /// A timer fired.
    Timer,
    /// A descriptor is ready; beside it the events.
    Netpoll,
}

/// What a ring's words stand for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Event {
    pub(crate) kind: Kind,
    pub(crate) left: u8,
    /// In ticks, truncated; 0: not looked at.
    pub(crate) stamp: u64,
    pub(crate) subject: u64,
    pub(crate) aux: u16,
    /// The second word, for names.
    pub(crate) raw: u64,
}

/// The first word, without its time.
#[inline(always)]
pub(super) fn head_word(kind: Kind, left: u8) -> u64 {
    kind as u64 | u64::from(left) << 8
}

/// The time's part of the first word.
#[inline(always)]
pub(super) fn stamp_bits(stamp: u64) -> u64 {
    stamp << 16
}

/// The second word.
#[inline(always)]
pub(super) fn subject_word(subject: u64, aux: u16) -> u64 {
    subject << AUX | u64::from(aux)
}

impl Event {
    /// `None`: no words of an event.
    pub(super) fn decode(first: u64, second: u64) -> Option<Event> {
        use Kind::*;
        const ALL: [Kind; 12] =
            [Start, Next, Left, Resume, HandOff, Retake, Ready, Create, Name, Steal, Timer, Netpoll];
        Some(Event {
            kind: *ALL.get((first & 0xff) as usize)?,
            left: (first >> 8) as u8,
            stamp: first >> 16,
            subject: second >> AUX,
            aux: second as u16,
            raw: second,
        })
    }
}

/// How a goroutine left, as a number; 0 is kept for "none has".
const YIELD: u8 = 1;
const EXIT: u8 = 2;
const WAITS: u8 = 16;

/// As a number, with the reason of the wait, if it is one.
#[inline(always)]
pub(super) fn left_code(leave: Leave, reason: u8) -> u8 {
    match leave {
        Leave::Park => WAITS + reason,
        Leave::Yield | Leave::WantP => YIELD,
        Leave::Exit => EXIT,
    }
}

/// What is shown for it.
pub(super) fn left_text(code: u8) -> &'static str {
    match code {
        0 => "unknown",
        YIELD => "yield",
        EXIT => "exit",
        _ => match WaitReason::from_u8(code.saturating_sub(WAITS)).text() {
            "" => "wait",
            text => text,
        },
    }
}

pub(super) fn is_exit(code: u8) -> bool {
    code == EXIT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_what_they_hold() {
        let id = (1 << 48) - 2;
        let event = Event::decode(head_word(Kind::Netpoll, 37) | stamp_bits(99), subject_word(id, 0xffff)).unwrap();
        assert_eq!((event.kind, event.left, event.stamp), (Kind::Netpoll, 37, 99));
        assert_eq!((event.subject, event.aux), (id, 0xffff));
        assert_eq!(Event::decode(head_word(Kind::Start, 0), 0).unwrap().kind, Kind::Start);
        assert!(Event::decode(0xff, 0).is_none());
    }

    #[test]
    fn every_way_to_leave_has_a_text() {
        assert_eq!(left_text(left_code(Leave::Yield, 0)), "yield");
        assert_eq!(left_text(left_code(Leave::Exit, 0)), "exit");
        assert_eq!(left_text(left_code(Leave::Park, WaitReason::ChanRecv as u8)), "chan receive");
        assert_eq!(left_text(left_code(Leave::Park, WaitReason::None as u8)), "wait");
    }
}
