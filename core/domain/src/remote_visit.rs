//! When doctor and patient can meet by telephone or video.

use std::time::Duration;

use crate::Timestamp;

/// People may come so long before the time, to see that picture and sound work.
const BEFORE: Duration = Duration::from_secs(15 * 60);
/// Doctors are late by so much.
const AFTER: Duration = Duration::from_secs(60 * 60);

/// Whether a remote visit can be joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoteVisitState {
    /// It opens later.
    NotYet,
    /// Now.
    Open,
    /// It has closed.
    Over,
}

/// When a remote visit can be joined, by the clinic's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteVisitWindow {
    /// From when on.
    pub opens: Timestamp,
    /// Until when.
    pub closes: Timestamp,
}

impl RemoteVisitWindow {
    /// That of a visit from `start` to `end`: from a quarter of an hour before until an hour after it.
    #[must_use]
    pub fn of(start: Timestamp, end: Timestamp) -> Self {
        Self {
            opens: start.minus(BEFORE),
            closes: end.max(start).plus(AFTER),
        }
    }

    /// How it stands at `now`.
    #[must_use]
    pub fn at(self, now: Timestamp) -> RemoteVisitState {
        if now < self.opens {
            RemoteVisitState::NotYet
        } else if now < self.closes {
            RemoteVisitState::Open
        } else {
            RemoteVisitState::Over
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_before_the_time_and_closes_after_it() {
        let at = |text: &str| {
            Timestamp::parse_fhir(&format!("2026-12-01T{text}:00+07:00")).unwrap_or_default()
        };
        let window = RemoteVisitWindow::of(at("08:30"), at("08:50"));
        for (now, state) in [
            ("08:14", RemoteVisitState::NotYet),
            ("08:15", RemoteVisitState::Open),
            ("09:49", RemoteVisitState::Open),
            ("09:50", RemoteVisitState::Over),
        ] {
            assert_eq!(window.at(at(now)), state, "{now}");
        }
        // An end before the begin, as a broken record may have it.
        let broken = RemoteVisitWindow::of(at("08:30"), at("07:00"));
        assert_eq!(broken.at(at("08:30")), RemoteVisitState::Open);
    }
}
