//! The person's own times of the day.

use chrono::NaiveTime;

/// When a person's day has its parts, by Vietnam's clock. What else prescriptions speak of, getting up,
/// meals, going to bed, is at its usual distance from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayTimes {
    /// Minutes of the day, in order.
    parts: [u16; 4],
}

/// 03:00: before, it is the night of the day before.
const EARLIEST: u16 = 3 * 60;
/// 23:00: later, it would be the next day when the person goes to bed.
const LATEST: u16 = 23 * 60;
/// Doses of a day keep at least this distance.
const LEAST_APART: u16 = 120;

impl Default for DayTimes {
    /// A common day: 07:00, 12:00, 18:00, 21:00.
    fn default() -> Self {
        Self {
            parts: [7 * 60, 12 * 60, 18 * 60, 21 * 60],
        }
    }
}

impl DayTimes {
    /// A day with its morning, noon, evening and night in minutes since midnight; nothing unless these are
    /// from 03:00 on, until 23:00, in this order and two hours apart: doses may not come too close.
    #[must_use]
    pub fn new(parts: [u16; 4]) -> Option<Self> {
        let [morning, .., night] = parts;
        let are_apart = parts.iter().zip(parts.iter().skip(1));
        let mut are_apart =
            are_apart.map(|(one, next)| next.checked_sub(*one).is_some_and(|by| by >= LEAST_APART));
        let is_day = morning >= EARLIEST && night <= LATEST && are_apart.all(|apart| apart);
        is_day.then_some(Self { parts })
    }

    /// Morning, noon, evening and night in minutes since midnight.
    #[must_use]
    pub const fn parts(&self) -> [u16; 4] {
        self.parts
    }

    /// `MORN`
    #[must_use]
    pub fn morning(&self) -> NaiveTime {
        let [morning, ..] = self.parts;
        time(morning)
    }

    /// `NOON`
    #[must_use]
    pub fn noon(&self) -> NaiveTime {
        let [_, noon, ..] = self.parts;
        time(noon)
    }

    /// `EVE`
    #[must_use]
    pub fn evening(&self) -> NaiveTime {
        let [_, _, evening, _] = self.parts;
        time(evening)
    }

    /// `NIGHT`
    #[must_use]
    pub fn night(&self) -> NaiveTime {
        let [.., night] = self.parts;
        time(night)
    }

    /// `AFT`: half way from noon to the evening.
    pub(super) fn afternoon(&self) -> NaiveTime {
        let [_, noon, evening, _] = self.parts;
        time(noon.midpoint(evening))
    }

    /// Gets up (`WAKE`), an hour before the morning's doses.
    pub(super) fn waking(&self) -> NaiveTime {
        let [morning, ..] = self.parts;
        time(morning.saturating_sub(60))
    }

    /// Goes to bed (`HS`), half an hour after the night's doses.
    pub(super) fn bedtime(&self) -> NaiveTime {
        let [.., night] = self.parts;
        time(night + 30)
    }

    /// Eats: in the morning (`CM`), half an hour before noon (`CD`), half an hour after the evening's doses
    /// (`CV`).
    pub(super) fn meals(&self) -> [NaiveTime; 3] {
        let [morning, noon, evening, _] = self.parts;
        [
            time(morning),
            time(noon.saturating_sub(30)),
            time(evening + 30),
        ]
    }
}

/// The time of so many minutes after midnight; there is one for all that [`DayTimes`] holds.
fn time(minutes: u16) -> NaiveTime {
    let seconds = u32::from(minutes) * 60;
    NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0).unwrap_or_default()
}
