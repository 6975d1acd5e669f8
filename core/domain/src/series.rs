//! Visits of one person that come again and again: dialysis three times a week, antenatal care.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::{Datelike as _, Days, NaiveDate, Timelike as _, Weekday};
use serde::{Deserialize, Serialize};

use crate::trip::FreeTime;
use crate::{IntentId, Timestamp};

/// Visits that may be booked at once.
pub const MOST_VISITS: usize = 40;
/// Days by which a visit may be before or after the day that is wanted.
pub const MOST_DAYS_ASIDE: u8 = 6;
/// Weeks from one to the next.
const MOST_WEEKS: u8 = 26;
/// From the first wanted day to the last, a year.
const MOST_DAYS: i64 = 366;
/// By these weeks of a pregnancy the WHO wants a woman seen: "WHO recommendations on antenatal care for a positive pregnancy
/// experience", 2016, recommendation E.7.
const ANTENATAL_WEEKS: [u64; 8] = [12, 20, 26, 30, 34, 36, 38, 40];

/// Which visit of a series an appointment is, after FHIR R5's `Appointment.originatingAppointment` and `recurrenceId`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Occurrence {
    /// The first appointment of the series, by which all are found.
    pub originating: IntentId,
    /// Which one it is, from 1.
    pub number: u32,
}

/// On which days a series is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recurrence {
    /// On some weekdays of every so manieth week, after FHIR R5's `Appointment.recurrenceTemplate.weeklyTemplate`.
    Weekly {
        /// Not before; its week is the first.
        first_day: NaiveDate,
        /// One at least.
        weekdays: Vec<Weekday>,
        /// Weeks from one to the next, 1 to 26.
        week_interval: u8,
        /// Visits in all.
        occurrence_count: usize,
    },
    /// On these days.
    On(Vec<NaiveDate>),
    /// In the weeks of a pregnancy in which the WHO wants a woman seen.
    Antenatal {
        /// When the child is expected: 40 weeks.
        due_day: NaiveDate,
        /// Not before.
        first_day: NaiveDate,
    },
}

/// Why days are no series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecurrenceError {
    /// No visit, or more than [`MOST_VISITS`].
    #[error("must be 1 to {MOST_VISITS} visits")]
    Visits,
    /// No weekday.
    #[error("must be on some weekday")]
    Weekdays,
    /// No week, or more than 26.
    #[error("must be every week to every {MOST_WEEKS} weeks")]
    Weeks,
    /// Over more than a year.
    #[error("must lie within a year")]
    TooLong,
}

impl Recurrence {
    /// The wanted days, the earliest first, none twice.
    ///
    /// # Errors
    /// [`RecurrenceError`]
    pub fn days(&self) -> Result<Vec<NaiveDate>, RecurrenceError> {
        let mut days = match self {
            Self::Weekly {
                first_day,
                weekdays,
                week_interval,
                occurrence_count,
            } => weekly(*first_day, weekdays, *week_interval, *occurrence_count)?,
            Self::On(days) => days.clone(),
            Self::Antenatal { due_day, first_day } => {
                let days = ANTENATAL_WEEKS
                    .iter()
                    .filter_map(|week| due_day.checked_sub_days(Days::new((40 - week) * 7)));
                days.filter(|day| day >= first_day).collect()
            }
        };
        days.sort_unstable();
        days.dedup();
        if !(1..=MOST_VISITS).contains(&days.len()) {
            return Err(RecurrenceError::Visits);
        }
        let span = days.first().zip(days.last());
        match span {
            Some((first, last)) if (*last - *first).num_days() > MOST_DAYS => {
                Err(RecurrenceError::TooLong)
            }
            _ => Ok(days),
        }
    }
}

fn weekly(
    first_day: NaiveDate,
    weekdays: &[Weekday],
    week_interval: u8,
    occurrence_count: usize,
) -> Result<Vec<NaiveDate>, RecurrenceError> {
    if weekdays.is_empty() {
        return Err(RecurrenceError::Weekdays);
    }
    if !(1..=MOST_WEEKS).contains(&week_interval) {
        return Err(RecurrenceError::Weeks);
    }
    if !(1..=MOST_VISITS).contains(&occurrence_count) {
        return Err(RecurrenceError::Visits);
    }
    let monday = first_day.week(Weekday::Mon).first_day();
    let weeks = monday.iter_weeks().step_by(usize::from(week_interval));
    let days = weeks.flat_map(|week| week.iter_days().take(7));
    let wanted = days.filter(|day| *day >= first_day && weekdays.contains(&day.weekday()));
    Ok(wanted.take(occurrence_count).collect())
}

/// For each wanted day the days that will do in its place, up to `aside` before and after. Where two could be on the same day it
/// belongs to one of them, so that whatever becomes of each no two are on one day.
#[must_use]
pub fn windows(days: &[NaiveDate], aside: u8) -> Vec<RangeInclusive<NaiveDate>> {
    let aside = Days::new(u64::from(aside));
    let mut windows: Vec<RangeInclusive<NaiveDate>> = Vec::with_capacity(days.len());
    for (place, day) in days.iter().enumerate() {
        let mut first = day.checked_sub_days(aside).unwrap_or(*day);
        let mut last = day.checked_add_days(aside).unwrap_or(*day);
        if let Some(before) = windows.last() {
            first = first.max(*before.end() + Days::new(1));
        }
        if let Some(next) = days.get(place + 1) {
            // A day in the middle is the earlier one's.
            let between = u64::try_from((*next - *day).num_days() / 2).unwrap_or_default();
            last = last.min(*day + Days::new(between));
        }
        windows.push(first..=last);
    }
    windows
}

/// What a series is to be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Liking {
    /// At about this minute of the day; as early as can be when unset.
    pub minute: Option<u16>,
    /// Always with the same doctor.
    pub same_practitioner: bool,
}

/// For each wanted day the time that comes nearest to it within its window: on that day rather than another, with the doctor who
/// can be had for most of them rather than another, at about the wanted minute. Nothing for a day that has none.
///
/// `free` may be in any order; the windows are those of [`windows`].
#[must_use]
pub fn times_of_series(
    days: &[NaiveDate],
    windows: &[RangeInclusive<NaiveDate>],
    liking: Liking,
    free: &[FreeTime<'_>],
) -> Vec<Option<usize>> {
    let of_days: Vec<Vec<Near<'_>>> = days
        .iter()
        .zip(windows)
        .map(|(day, window)| near(*day, window, liking.minute, free))
        .collect();
    let usual = usual_practitioner(&of_days);
    of_days
        .iter()
        .map(|near| {
            let allowed = near
                .iter()
                .filter(|it| !liking.same_practitioner || usual.is_none_or(|usual| it.at == usual));
            let best = allowed.min_by_key(|it| {
                let is_other = usual.is_some_and(|usual| it.at != usual);
                (it.days_aside, is_other, it.minutes_aside, it.start)
            });
            best.map(|it| it.which)
        })
        .collect()
}

/// A free time, as far as it is from what is wanted.
struct Near<'a> {
    days_aside: u64,
    minutes_aside: u32,
    start: Timestamp,
    at: &'a str,
    which: usize,
}

fn near<'a>(
    day: NaiveDate,
    window: &RangeInclusive<NaiveDate>,
    minute: Option<u16>,
    free: &[FreeTime<'a>],
) -> Vec<Near<'a>> {
    let in_window = free.iter().enumerate().filter_map(|(which, time)| {
        let start = time.start.in_vietnam();
        let is_in = window.contains(&start.date_naive()) && time.end > time.start;
        let of_day = start.hour() * 60 + start.minute();
        is_in.then(|| Near {
            days_aside: (start.date_naive() - day).num_days().unsigned_abs(),
            minutes_aside: of_day.abs_diff(u32::from(minute.unwrap_or_default())),
            start: time.start,
            at: time.at,
            which,
        })
    });
    in_window.collect()
}

/// With whom most of the visits can be, of two as good who is nearer; nobody where it is not told with whom.
fn usual_practitioner<'a>(of_days: &[Vec<Near<'a>>]) -> Option<&'a str> {
    let mut standing: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for near in of_days {
        let mut nearest: BTreeMap<&str, u64> = BTreeMap::new();
        for it in near.iter().filter(|it| !it.at.is_empty()) {
            let away = it.days_aside * 1_440 + u64::from(it.minutes_aside);
            let known = nearest.entry(it.at).or_insert(away);
            *known = away.min(*known);
        }
        for (at, away) in nearest {
            let (visits, sum) = standing.entry(at).or_default();
            *visits += 1;
            *sum += away;
        }
    }
    let best = standing
        .into_iter()
        .min_by_key(|(at, (visits, away))| (usize::MAX - visits, *away, *at));
    best.map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn texts(days: &[NaiveDate]) -> Vec<String> {
        days.iter()
            .map(|day| day.format("%m-%d").to_string())
            .collect()
    }

    fn at(day: NaiveDate, minute: u64) -> Timestamp {
        Timestamp::start_of_day(day).plus(std::time::Duration::from_secs(minute * 60))
    }

    fn free(on: NaiveDate, minute: u64, at_whom: &str) -> FreeTime<'_> {
        FreeTime {
            start: at(on, minute),
            end: at(on, minute + 15),
            at: at_whom,
        }
    }

    #[test]
    fn dialysis_is_on_three_days_of_every_week_from_the_named_one_on() {
        let dialysis = Recurrence::Weekly {
            // A Wednesday.
            first_day: day("2026-12-02"),
            weekdays: vec![Weekday::Fri, Weekday::Mon, Weekday::Wed],
            week_interval: 1,
            occurrence_count: 5,
        };
        assert_eq!(
            texts(&dialysis.days().unwrap()),
            ["12-02", "12-04", "12-07", "12-09", "12-11"]
        );
    }

    #[test]
    fn every_other_week_counts_from_the_week_of_the_first_day_also_over_new_year_and_leap_days() {
        let of = |first_day, week_interval, occurrence_count| Recurrence::Weekly {
            first_day,
            weekdays: vec![Weekday::Tue],
            week_interval,
            occurrence_count,
        };
        // A Thursday: the Tuesday of its week is over.
        let days = of(day("2026-12-17"), 2, 3).days().unwrap();
        assert_eq!(texts(&days), ["12-29", "01-12", "01-26"]);
        // 2028-02-29 is a Tuesday.
        let days = of(day("2028-02-15"), 2, 3).days().unwrap();
        assert_eq!(texts(&days), ["02-15", "02-29", "03-14"]);
    }

    #[test]
    fn a_pregnant_woman_is_seen_in_the_weeks_that_are_still_to_come() {
        let antenatal = Recurrence::Antenatal {
            due_day: day("2027-03-01"),
            first_day: day("2026-12-02"),
        };
        assert_eq!(
            texts(&antenatal.days().unwrap()),
            ["12-21", "01-18", "02-01", "02-15", "03-01"]
        );
        let over = Recurrence::Antenatal {
            due_day: day("2026-03-01"),
            first_day: day("2026-12-02"),
        };
        assert_eq!(over.days(), Err(RecurrenceError::Visits));
    }

    #[test]
    fn what_is_no_series_is_refused() {
        let of = |weekdays: Vec<Weekday>, week_interval, occurrence_count| Recurrence::Weekly {
            first_day: day("2026-12-02"),
            weekdays,
            week_interval,
            occurrence_count,
        };
        let tuesday = || vec![Weekday::Tue];
        for (recurrence, error) in [
            (of(Vec::new(), 1, 3), RecurrenceError::Weekdays),
            (of(tuesday(), 0, 3), RecurrenceError::Weeks),
            (of(tuesday(), 27, 3), RecurrenceError::Weeks),
            (of(tuesday(), 1, 0), RecurrenceError::Visits),
            (of(tuesday(), 1, 41), RecurrenceError::Visits),
            (of(tuesday(), 26, 4), RecurrenceError::TooLong),
            (Recurrence::On(Vec::new()), RecurrenceError::Visits),
            (
                Recurrence::On(vec![day("2026-01-01"), day("2027-06-01")]),
                RecurrenceError::TooLong,
            ),
        ] {
            assert_eq!(recurrence.days(), Err(error), "{recurrence:?}");
        }
        let twice = Recurrence::On(vec![
            day("2026-12-05"),
            day("2026-12-02"),
            day("2026-12-05"),
        ]);
        assert_eq!(texts(&twice.days().unwrap()), ["12-02", "12-05"]);
    }

    #[test]
    fn the_doctor_who_can_be_had_for_most_is_taken_where_the_day_is_the_same() {
        let days = [day("2026-12-07"), day("2026-12-09"), day("2026-12-11")];
        let times = [
            free(days[0], 480, "hoa"),
            free(days[0], 420, "lan"),
            free(days[1], 600, "hoa"),
            free(days[2], 420, "lan"),
            free(days[2], 540, "hoa"),
        ];
        let chosen = |liking| times_of_series(&days, &windows(&days, 0), liking, &times);
        assert_eq!(chosen(Liking::default()), [Some(0), Some(2), Some(4)]);
        let late = Liking {
            minute: Some(550),
            ..Liking::default()
        };
        assert_eq!(chosen(late), [Some(0), Some(2), Some(4)]);
    }

    #[test]
    fn another_day_is_better_than_none_and_another_doctor_better_than_another_day() {
        let days = [day("2026-12-07"), day("2026-12-14"), day("2026-12-21")];
        let times = [
            free(days[0], 480, "hoa"),
            free(day("2026-12-15"), 480, "hoa"),
            free(days[1], 480, "lan"),
            free(day("2026-12-22"), 480, "hoa"),
            free(day("2026-12-25"), 480, "hoa"),
        ];
        let chosen = |liking, aside| times_of_series(&days, &windows(&days, aside), liking, &times);
        let any = Liking::default();
        assert_eq!(chosen(any, 0), [Some(0), Some(2), None]);
        assert_eq!(chosen(any, 1), [Some(0), Some(2), Some(3)]);
        let same = Liking {
            same_practitioner: true,
            ..any
        };
        assert_eq!(chosen(same, 1), [Some(0), Some(1), Some(3)]);
        assert_eq!(chosen(same, 0), [Some(0), None, None]);
    }

    #[test]
    fn a_server_that_does_not_tell_with_whom_has_its_times_taken_all_the_same() {
        let days = [day("2026-12-07")];
        let same = Liking {
            same_practitioner: true,
            minute: None,
        };
        let times = [free(days[0], 480, "")];
        assert_eq!(
            times_of_series(&days, &windows(&days, 0), same, &times),
            [Some(0)]
        );
    }

    proptest! {
        #[test]
        fn windows_never_share_a_day(offsets in btree_set(0..60_u64, 1..20), aside in 0..=MOST_DAYS_ASIDE) {
            let days: Vec<_> = offsets.iter().map(|it| day("2026-12-01") + Days::new(*it)).collect();
            let windows = windows(&days, aside);
            for (day, window) in days.iter().zip(&windows) {
                prop_assert!(window.contains(day));
                prop_assert!((*day - *window.start()).num_days() <= i64::from(aside));
                prop_assert!((*window.end() - *day).num_days() <= i64::from(aside));
            }
            for pair in windows.windows(2) {
                prop_assert!(pair[0].end() < pair[1].start());
            }
        }

        #[test]
        fn each_time_lies_in_its_window_and_none_that_is_nearer_in_days_is_passed_over(
            offsets in btree_set(0..20_u64, 1..8),
            aside in 0..=MOST_DAYS_ASIDE,
            times in vec((0..26_u64, 0..1_440_u64, prop::sample::select(vec!["a", "b", ""])), 0..30),
            minute in proptest::option::of(0..1_440_u16),
        ) {
            let base = day("2026-11-28");
            let days: Vec<_> = offsets.iter().map(|it| base + Days::new(3 + it)).collect();
            let times: Vec<_> = times.iter().map(|(on, minute, at)| free(base + Days::new(*on), *minute, at)).collect();
            let windows = windows(&days, aside);
            let liking = Liking { minute, same_practitioner: false };
            let chosen = times_of_series(&days, &windows, liking, &times);
            prop_assert_eq!(chosen.len(), days.len());
            for ((day, window), chosen) in days.iter().zip(&windows).zip(chosen) {
                let on = |time: &FreeTime<'_>| time.start.vietnam_day();
                let nearest = times.iter().filter(|it| window.contains(&on(it))).map(|it| (on(it) - *day).num_days().abs()).min();
                prop_assert_eq!(chosen.map(|it| (on(&times[it]) - *day).num_days().abs()), nearest);
            }
        }
    }
}
