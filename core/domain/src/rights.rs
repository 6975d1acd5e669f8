//! What a person may ask of what is kept of them, and until when it is to be answered and done.
//!
//! Law 91/2025/QH15 gives the rights, Decree 356/2025/NĐ-CP the times: an answer within two working days; withdrawn,
//! restricted or objected to within fifteen days, twenty where somebody else processes for the clinic; the rest within ten to
//! twenty days. Public holidays are counted as working days, so that nobody is late.

use std::fmt;

use chrono::{Datelike as _, Days, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What somebody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RightsRequest {
    /// To take their consent back: nothing is given to any phone any more.
    Withdraw,
    /// To have erased what no law says must be kept.
    Erase,
    /// To have a copy.
    Copy,
    /// To have something corrected.
    Correct,
    /// To have the use restricted.
    Restrict,
    /// To have the record given to somebody else: nobody else gets it (Law 91/2025/QH15, article 26).
    Disclose,
}

impl RightsRequest {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Withdraw,
        Self::Erase,
        Self::Copy,
        Self::Correct,
        Self::Restrict,
        Self::Disclose,
    ];

    /// Its name, in databases and on the command line. Never another one.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Withdraw => "withdraw",
            Self::Erase => "erase",
            Self::Copy => "copy",
            Self::Correct => "correct",
            Self::Restrict => "restrict",
            Self::Disclose => "disclose",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether a child from seven on is asked, too: for what is told to others of them (Law 91/2025/QH15, article 24).
    #[must_use]
    pub const fn needs_child(self) -> bool {
        matches!(self, Self::Disclose)
    }

    /// Whether nothing is given to any phone any more once it is received.
    #[must_use]
    pub const fn ends_access(self) -> bool {
        matches!(self, Self::Withdraw | Self::Erase)
    }

    const fn days(self) -> u64 {
        match self {
            Self::Withdraw | Self::Restrict => 15,
            Self::Erase => 20,
            Self::Copy | Self::Correct | Self::Disclose => 10,
        }
    }
}

impl fmt::Display for RightsRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The last day on which whoever asked is to have an answer: the second working day after.
#[must_use]
pub fn answer_by(received: Timestamp) -> NaiveDate {
    let mut day = received.vietnam_day();
    let mut left = 2;
    while left > 0 {
        day = day.succ_opt().unwrap_or(day);
        if !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
            left -= 1;
        }
    }
    day
}

/// The last day on which it is to be done.
#[must_use]
pub fn done_by(what: RightsRequest, received: Timestamp) -> NaiveDate {
    let day = received.vietnam_day();
    day.checked_add_days(Days::new(what.days())).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_fhir(text).unwrap()
    }

    #[test]
    fn an_answer_takes_two_working_days_and_no_weekend_counts() {
        for (received, by) in [
            ("2026-11-23T23:00:00+07:00", "2026-11-25"),
            ("2026-11-26T08:00:00+07:00", "2026-11-30"),
            ("2026-11-27T08:00:00+07:00", "2026-12-01"),
            ("2026-11-28T08:00:00+07:00", "2026-12-01"),
            ("2026-11-29T08:00:00+07:00", "2026-12-01"),
        ] {
            assert_eq!(answer_by(at(received)).to_string(), by, "{received}");
        }
    }

    #[test]
    fn each_has_its_time_and_its_name() {
        let received = at("2026-11-23T08:00:00+07:00");
        let by = |what| done_by(what, received).to_string();
        assert_eq!(by(RightsRequest::Withdraw), "2026-12-08");
        assert_eq!(by(RightsRequest::Erase), "2026-12-13");
        assert_eq!(by(RightsRequest::Copy), "2026-12-03");
        for what in RightsRequest::ALL {
            assert_eq!(RightsRequest::from_name(what.as_str()), Some(what));
        }
        assert_eq!(RightsRequest::from_name("sell"), None);
    }
}
