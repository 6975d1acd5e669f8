//! The queue of the day at a clinic: how somebody stands in it, and the rules that clinic and phone share.

use std::fmt;
use std::time::Duration;

use crate::Timestamp;

/// Whoever comes later than this after the time of their booking goes in the order of arrival.
const LATE_AFTER: Duration = Duration::from_secs(15 * 60);
/// Who was called longer ago than this and is not in the room has most likely missed it.
const A_WHILE: Duration = Duration::from_secs(5 * 60);
/// What a clinic said longer ago than this is said with its time.
const OLD: Duration = Duration::from_secs(2 * 60);

/// Where somebody is who has a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QueueState {
    /// In the line.
    Waiting,
    /// It is their turn.
    Called,
    /// With the doctor.
    InRoom,
    /// They were called and did not come; their number stays.
    Missed,
    /// It is over.
    Done,
}

impl QueueState {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Waiting,
        Self::Called,
        Self::InRoom,
        Self::Missed,
        Self::Done,
    ];

    /// The code on the wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Called => "called",
            Self::InRoom => "in-room",
            Self::Missed => "missed",
            Self::Done => "done",
        }
    }

    /// The state of a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// That somebody is called, as their appointment tells it.
#[derive(Clone, PartialEq, Eq)]
pub struct QueueCall {
    /// When, by the clinic's clock.
    pub at: Timestamp,
    /// Where to go; may be empty.
    pub station: String,
    /// When the clinic found that they did not come.
    pub missed: Option<Timestamp>,
}

/// How somebody stands in the queue, as a clinic said it at a moment.
#[derive(Clone, PartialEq, Eq)]
pub struct QueueStanding {
    /// Their number of the day.
    pub number: u32,
    /// Where they are.
    pub state: QueueState,
    /// People before them in the line; told while they wait.
    pub ahead: Option<u32>,
    /// About when it will be their turn; told while they wait.
    pub expected: Option<Timestamp>,
    /// When they were called last.
    pub called: Option<Timestamp>,
    /// Where to go, or where they are; may be empty.
    pub station: String,
    /// When this was so, by the clinic's clock.
    pub as_of: Timestamp,
}

impl fmt::Debug for QueueCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueCall").finish_non_exhaustive()
    }
}

impl fmt::Debug for QueueStanding {
    /// Neither whose number nor where they are to go.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueStanding")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// What is to be said to somebody who has a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QueueAdvice {
    /// To wait.
    Wait,
    /// To be ready: nobody is before them.
    BeReady,
    /// To go there now.
    Go,
    /// To go there at once: the call was a while ago.
    GoAtOnce,
    /// Nothing: they are with the doctor.
    InRoom,
    /// To go to the desk, where their number still counts.
    GoToDesk,
    /// Nothing: it is over.
    Done,
}

/// By what somebody stands in a line: their booking's time where they came in time for it, else the moment at which they
/// came. Without a booking that moment.
#[must_use]
pub fn place_in_line(booked: Option<Timestamp>, arrived: Timestamp) -> Timestamp {
    match booked {
        Some(start) if arrived <= start.plus(LATE_AFTER) => start,
        Some(_) | None => arrived,
    }
}

/// Whether somebody who is booked from `start` on should have come, and it is still the day of their booking.
#[must_use]
pub fn is_late(start: Timestamp, now: Timestamp) -> bool {
    now > start && now.vietnam_day() == start.vietnam_day()
}

/// Whether what was heard at `received` is to be said with its time at `now`, both by one clock. One that was set back
/// tells nothing of how old it is.
#[must_use]
pub fn is_old(received: Timestamp, now: Timestamp) -> bool {
    now < received || now.since(received) > OLD
}

impl QueueStanding {
    /// As a call alone tells it.
    #[must_use]
    pub fn of_call(number: u32, call: &QueueCall) -> Self {
        let (state, as_of) = match call.missed {
            Some(missed) => (QueueState::Missed, missed),
            None => (QueueState::Called, call.at),
        };
        Self {
            number,
            state,
            ahead: None,
            expected: None,
            called: Some(call.at),
            station: call.station.clone(),
            as_of,
        }
    }

    /// The newer of the two: what was said here, and what a call tells. A call comes with the feed, and may be here
    /// where the queue could not be asked.
    #[must_use]
    pub fn or_call(self, call: &QueueCall) -> Self {
        let told = Self::of_call(self.number, call);
        match told.as_of > self.as_of {
            true => told,
            false => self,
        }
    }

    /// What is to be said at `now`, by the clinic's clock.
    #[must_use]
    pub fn advice(&self, now: Timestamp) -> QueueAdvice {
        match self.state {
            QueueState::Waiting if self.ahead == Some(0) => QueueAdvice::BeReady,
            QueueState::Waiting => QueueAdvice::Wait,
            QueueState::Called if now.since(self.called.unwrap_or(self.as_of)) > A_WHILE => {
                QueueAdvice::GoAtOnce
            }
            QueueState::Called => QueueAdvice::Go,
            QueueState::InRoom => QueueAdvice::InRoom,
            QueueState::Missed => QueueAdvice::GoToDesk,
            QueueState::Done => QueueAdvice::Done,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(time: &str) -> Timestamp {
        Timestamp::parse_fhir(&format!("2026-11-24T{time}+07:00")).unwrap_or_default()
    }

    fn waiting(ahead: u32) -> QueueStanding {
        QueueStanding {
            number: 12,
            state: QueueState::Waiting,
            ahead: Some(ahead),
            expected: Some(at("08:50:00")),
            called: None,
            station: String::new(),
            as_of: at("08:31:00"),
        }
    }

    #[test]
    fn whoever_comes_in_time_stands_by_their_booking_and_whoever_is_late_by_their_coming() {
        let booked = Some(at("08:30:00"));
        for (arrived, place) in [
            ("07:00:00", "08:30:00"),
            ("08:30:00", "08:30:00"),
            ("08:45:00", "08:30:00"),
            ("08:45:01", "08:45:01"),
            ("11:00:00", "11:00:00"),
        ] {
            assert_eq!(place_in_line(booked, at(arrived)), at(place), "{arrived}");
        }
        assert_eq!(place_in_line(None, at("09:00:00")), at("09:00:00"));
    }

    #[test]
    fn late_is_from_the_start_until_the_day_ends() {
        let start = at("08:30:00");
        assert!(!is_late(start, start));
        assert!(is_late(start, at("08:30:01")) && is_late(start, at("23:59:59")));
        let next_day = start.plus(Duration::from_secs(86_400));
        assert!(!is_late(start, next_day));
    }

    #[test]
    fn what_is_said_follows_state_and_time() {
        let now = at("08:31:00");
        assert_eq!(waiting(4).advice(now), QueueAdvice::Wait);
        assert_eq!(waiting(0).advice(now), QueueAdvice::BeReady);
        let call = QueueCall {
            at: at("08:40:00"),
            station: "Phòng 3".to_owned(),
            missed: None,
        };
        let called = waiting(0).or_call(&call);
        assert_eq!((called.state, called.number), (QueueState::Called, 12));
        assert_eq!(called.advice(at("08:44:00")), QueueAdvice::Go);
        assert_eq!(called.advice(at("08:46:00")), QueueAdvice::GoAtOnce);
        let missed = QueueCall {
            missed: Some(at("08:50:00")),
            ..call.clone()
        };
        let missed = called.or_call(&missed);
        assert_eq!(missed.advice(at("08:51:00")), QueueAdvice::GoToDesk);
        // What the clinic said later counts.
        let later = QueueStanding {
            as_of: at("09:00:00"),
            ..waiting(2)
        };
        assert_eq!(later.clone().or_call(&call), later);
    }

    #[test]
    fn what_is_old_is_said_so_also_where_a_clock_went_back() {
        let received = at("08:31:00");
        assert!(!is_old(received, received) && !is_old(received, at("08:33:00")));
        assert!(is_old(received, at("08:33:01")) && is_old(received, at("08:30:59")));
    }

    #[test]
    fn a_state_is_known_by_its_code() {
        for state in QueueState::ALL {
            assert_eq!(QueueState::from_code(state.code()), Some(state));
        }
        assert_eq!(QueueState::from_code("noshow"), None);
    }

    proptest! {
        #[test]
        fn coming_later_never_brings_anybody_forward(
            start in 0_i64..100_000_000, first in 0_i64..100_000_000, more in 0_i64..100_000_000,
        ) {
            let (start, first) = (Timestamp::from_millis(start), Timestamp::from_millis(first));
            let later = Timestamp::from_millis(first.as_millis() + more);
            let place = place_in_line(Some(start), first);
            prop_assert!(place <= place_in_line(Some(start), later));
            prop_assert!(place >= start.min(first));
        }
    }
}
