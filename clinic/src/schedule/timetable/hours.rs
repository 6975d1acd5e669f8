//! The hours of one day, computed from those of every week and of single days.

use std::collections::BTreeSet;

use chrono::{Datelike as _, NaiveDate};

/// The hours of a timetable. Minutes of a day in Vietnam.
#[derive(Debug, Default)]
pub(in crate::schedule) struct Hours {
    pub weekly: Vec<Weekly>,
    pub days: Vec<OfDay>,
}

/// Hours of every week.
#[derive(Debug)]
pub(in crate::schedule) struct Weekly {
    pub weekday: u32,
    pub from: i64,
    pub until: i64,
    pub first_day: Option<NaiveDate>,
    pub last_day: Option<NaiveDate>,
}

/// Hours of one day.
#[derive(Debug)]
pub(in crate::schedule) struct OfDay {
    pub day: NaiveDate,
    pub from: i64,
    pub until: i64,
    pub is_open: bool,
}

impl Hours {
    /// The minutes of a day at which visits of so many minutes begin. They follow one another from the beginning of the
    /// hours on: what is taken away leaves a gap and moves none of the others, so that a proposed time stays one.
    pub fn starts(&self, day: NaiveDate, clinic_is_open: bool, minutes: i64) -> BTreeSet<i64> {
        let weekday = day.weekday().number_from_monday();
        let weekly = self.weekly.iter().filter(|hours| {
            clinic_is_open
                && hours.weekday == weekday
                && hours.first_day.is_none_or(|first| first <= day)
                && hours.last_day.is_none_or(|last| day <= last)
        });
        let of_day = || self.days.iter().filter(|hours| hours.day == day);
        let open = weekly.map(|hours| (hours.from, hours.until)).chain(
            of_day()
                .filter(|hours| hours.is_open)
                .map(|hours| (hours.from, hours.until)),
        );
        let is_closed = |start: i64| {
            of_day()
                .any(|hours| !hours.is_open && start < hours.until && hours.from < start + minutes)
        };
        open.flat_map(|(from, until)| {
            let count = (until - from) / minutes;
            (0..count).map(move |n| from + n * minutes)
        })
        .filter(|start| !is_closed(*start))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn hours() -> Hours {
        Hours {
            weekly: vec![Weekly {
                weekday: 2,
                from: 420,
                until: 480,
                first_day: Some(day("2026-12-01")),
                last_day: Some(day("2026-12-15")),
            }],
            days: vec![
                OfDay {
                    day: day("2026-12-08"),
                    from: 430,
                    until: 440,
                    is_open: false,
                },
                OfDay {
                    day: day("2026-12-08"),
                    from: 600,
                    until: 630,
                    is_open: true,
                },
            ],
        }
    }

    #[test]
    fn weekly_hours_are_for_their_weekday_and_their_time() {
        let hours = hours();
        let starts = |text: &str| {
            hours
                .starts(day(text), true, 15)
                .into_iter()
                .collect::<Vec<_>>()
        };
        assert_eq!(starts("2026-12-01"), [420, 435, 450, 465]);
        for other in ["2026-11-24", "2026-12-02", "2026-12-22"] {
            assert!(starts(other).is_empty(), "{other}");
        }
    }

    #[test]
    fn a_day_can_have_other_hours_and_no_time_moves() {
        let hours = hours();
        let starts: Vec<i64> = hours
            .starts(day("2026-12-08"), true, 15)
            .into_iter()
            .collect();
        // 07:10 to 07:20 is taken away: both times that reach into it are gone, the others stay where they were.
        assert_eq!(starts, [450, 465, 600, 615]);
        let closed: Vec<i64> = hours
            .starts(day("2026-12-08"), false, 15)
            .into_iter()
            .collect();
        assert_eq!(
            closed,
            [600, 615],
            "what was added for the day is meant, also when the clinic is closed"
        );
    }

    #[test]
    fn hours_that_overlap_offer_a_time_once() {
        let mut hours = hours();
        hours.days[1].from = 420;
        hours.days[1].until = 480;
        hours.days.remove(0);
        assert_eq!(hours.starts(day("2026-12-08"), true, 15).len(), 4);
    }
}
