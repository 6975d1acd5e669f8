//! Weekdays and times of the day.

use std::ops::Range;

use chrono::{Datelike as _, NaiveDate, Timelike as _, Weekday};

use crate::Timestamp;

const MINUTES_OF_A_DAY: u16 = 24 * 60;

/// When in a week it suits somebody, by Vietnam's days and minutes; at any time when nothing is named. Only the begin of
/// an appointment has to lie within.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimesOfWeek {
    from: u16,
    until: u16,
    /// A bit for each weekday, Monday lowest; any day when there is none.
    weekdays: u8,
}

/// No minute of the day, or none between the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the minutes of the day must be 0 to 1440, the first before the last")]
pub struct NoSuchMinutes;

impl Default for TimesOfWeek {
    fn default() -> Self {
        Self {
            from: 0,
            until: MINUTES_OF_A_DAY,
            weekdays: 0,
        }
    }
}

impl TimesOfWeek {
    /// Only what begins at `from` or later and before `until`, in minutes of the day.
    ///
    /// # Errors
    /// [`NoSuchMinutes`]
    pub fn between(self, from: u16, until: u16) -> Result<Self, NoSuchMinutes> {
        if from >= until || until > MINUTES_OF_A_DAY {
            return Err(NoSuchMinutes);
        }
        Ok(Self {
            from,
            until,
            ..self
        })
    }

    /// Only on these weekdays; on any when there is none.
    #[must_use]
    pub fn on_weekdays(self, weekdays: impl IntoIterator<Item = Weekday>) -> Self {
        let weekdays = weekdays.into_iter().fold(0, |set, day| set | bit(day));
        Self { weekdays, ..self }
    }

    /// The minutes of the day within which an appointment begins.
    #[must_use]
    pub const fn minutes(&self) -> Range<u16> {
        self.from..self.until
    }

    /// The weekdays, Monday first; none when any will do.
    pub fn weekdays(&self) -> impl Iterator<Item = Weekday> + '_ {
        WEEK.into_iter()
            .filter(|day| self.weekdays & bit(*day) != 0)
    }

    /// Whether an appointment may begin then.
    #[must_use]
    pub fn allows(&self, start: Timestamp) -> bool {
        let local = start.in_vietnam();
        let minute = local.hour() * 60 + local.minute();
        self.allows_day(local.date_naive())
            && (u32::from(self.from)..u32::from(self.until)).contains(&minute)
    }

    /// Whether an appointment may be on that day.
    #[must_use]
    pub fn allows_day(&self, day: NaiveDate) -> bool {
        self.weekdays == 0 || self.weekdays & bit(day.weekday()) != 0
    }
}

pub(crate) const WEEK: [Weekday; 7] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
    Weekday::Sat,
    Weekday::Sun,
];

fn bit(day: Weekday) -> u8 {
    1 << day.num_days_from_monday()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_morning_of_the_week_suits_and_nothing_else() {
        let mornings = TimesOfWeek::default()
            .between(7 * 60, 11 * 60)
            .unwrap()
            .on_weekdays([Weekday::Thu, Weekday::Tue]);
        for (start, suits) in [
            ("2026-12-01T07:00:00+07:00", true),
            ("2026-12-01T00:00:00Z", true),
            ("2026-12-03T10:59:59+07:00", true),
            ("2026-12-03T11:00:00+07:00", false),
            ("2026-12-03T06:59:00+07:00", false),
            ("2026-12-02T08:00:00+07:00", false),
        ] {
            let start = Timestamp::parse_fhir(start).unwrap();
            assert_eq!(mornings.allows(start), suits, "{start:?}");
            assert!(TimesOfWeek::default().allows(start), "{start:?}");
        }
        let weekdays: Vec<Weekday> = mornings.weekdays().collect();
        assert_eq!(weekdays, [Weekday::Tue, Weekday::Thu]);
        assert_eq!(mornings.minutes(), 420..660);
    }

    #[test]
    fn what_no_minute_can_be_is_refused() {
        for (from, until) in [(0, 0), (601, 600), (0, 1_441), (1_440, 1_440)] {
            let asked = TimesOfWeek::default().between(from, until);
            assert_eq!(asked, Err(NoSuchMinutes), "{from} {until}");
        }
        assert!(TimesOfWeek::default().between(0, 1_440).is_ok());
    }
}
