//! From when the times of a week can be had.

use chrono::{Days, NaiveDate, Weekday};
use sokhoe_domain::Timestamp;

use super::{Release, TimeOfDay};

const MINUTE_MILLIS: i64 = 60_000;

impl Release {
    /// Reads what the table holds.
    pub(in crate::schedule) fn from_numbers(
        weekday: u8,
        minute: u32,
        weeks_before: u32,
    ) -> Option<Self> {
        Some(Self {
            weekday: super::tables::weekday(weekday)?,
            at: TimeOfDay::from_minutes(minute)?,
            weeks_before,
        })
    }

    /// When the times of a day are given out.
    pub(in crate::schedule) fn of(&self, day: NaiveDate) -> Timestamp {
        let monday = day.week(Weekday::Mon).first_day();
        let back = Days::new(u64::from(self.weeks_before) * 7);
        let on = Days::new(u64::from(self.weekday.num_days_from_monday()));
        let of_release = monday
            .checked_sub_days(back)
            .and_then(|week| week.checked_add_days(on))
            .unwrap_or(monday);
        let midnight = Timestamp::start_of_day(of_release).as_millis();
        Timestamp::from_millis(midnight + i64::from(self.at.minutes()) * MINUTE_MILLIS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_week_opens_on_friday_at_six() {
        let release = Release {
            weekday: Weekday::Fri,
            at: "06:00".parse().unwrap(),
            weeks_before: 1,
        };
        // The Monday and the Sunday of one week, the last of a year and the first of the next.
        for day in ["2026-12-28", "2027-01-03"] {
            let given_out = release.of(day.parse().unwrap());
            assert_eq!(given_out.to_fhir(), "2026-12-25T06:00:00+07:00");
        }
        let leap = release.of("2028-02-29".parse().unwrap());
        assert_eq!(leap.to_fhir(), "2028-02-25T06:00:00+07:00");
    }
}
