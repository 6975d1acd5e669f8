//! Five-minute cells of Vietnam's days: the unit in which time is taken.

use chrono::NaiveDate;
use sokhoe_domain::Timestamp;

/// Minutes of a cell.
pub(crate) const MINUTES: i64 = 5;
const MILLIS: i64 = MINUTES * 60_000;
const VIETNAM_AHEAD_MILLIS: i64 = 7 * 3_600_000;

/// A cell, counted from 1970-01-01T00:00 in Vietnam.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cell(pub i64);

impl Cell {
    /// The cell that begins at this instant; none when no cell does.
    pub fn beginning_at(at: Timestamp) -> Option<Self> {
        let local = at.as_millis().checked_add(VIETNAM_AHEAD_MILLIS)?;
        (local.rem_euclid(MILLIS) == 0).then(|| Self(local.div_euclid(MILLIS)))
    }

    /// The first cell that begins at this instant or later.
    pub fn from(at: Timestamp) -> Self {
        let local = at.as_millis().saturating_add(VIETNAM_AHEAD_MILLIS);
        Self(local.saturating_add(MILLIS - 1).div_euclid(MILLIS))
    }

    /// The cell at a minute of a day.
    pub fn on(day: NaiveDate, minute: i64) -> Self {
        let midnight = Timestamp::start_of_day(day);
        Self(Self::from(midnight).0 + minute / MINUTES)
    }

    /// When it begins.
    pub fn start(self) -> Timestamp {
        Timestamp::from_millis(
            self.0
                .saturating_mul(MILLIS)
                .saturating_sub(VIETNAM_AHEAD_MILLIS),
        )
    }

    /// Its day in Vietnam.
    pub fn day(self) -> NaiveDate {
        self.start().vietnam_day()
    }

    /// The cell this many minutes later.
    pub fn plus_minutes(self, minutes: i64) -> Self {
        Self(self.0.saturating_add(minutes / MINUTES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_of_vietnams_day() {
        let at = Timestamp::parse_fhir("2026-11-24T08:30:00+07:00").unwrap();
        let cell = Cell::beginning_at(at).unwrap();
        assert_eq!(cell.start(), at);
        assert_eq!(cell.day(), NaiveDate::from_ymd_opt(2026, 11, 24).unwrap());
        assert_eq!(Cell::on(cell.day(), 8 * 60 + 30), cell);
        assert_eq!(Cell::from(at), cell);
        let later = Timestamp::from_millis(at.as_millis() + 1);
        assert_eq!(Cell::beginning_at(later), None);
        assert_eq!(Cell::from(later), Cell(cell.0 + 1));
        assert_eq!(
            cell.plus_minutes(15).start().to_fhir(),
            "2026-11-24T08:45:00+07:00"
        );
    }
}
