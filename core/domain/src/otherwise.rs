//! What else would do, should the time that a person names be taken.

use std::ops::Range;
use std::time::Duration;

use chrono::{NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

use crate::times_of_week::WEEK;
use crate::{NoSuchMinutes, TimesOfWeek, Timestamp};

/// Days that a wish may span: no clinic offers more ahead.
const MOST_DAYS: i64 = 60;

/// Other times that a person agrees to beforehand: whoever decides without a network cannot be asked when
/// the named time turns out to be taken. A clinic takes the nearest of them that is free.
///
/// Days and minutes are Vietnam's. Only the begin of an appointment has to lie within.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct Otherwise {
    first: NaiveDate,
    last: NaiveDate,
    times: TimesOfWeek,
    any_practitioner: bool,
}

/// Why times cannot be wished for so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OtherwiseError {
    /// The last day lies before the first.
    #[error("the last day lies before the first")]
    Days,
    /// Over more than 60 days.
    #[error("spans more than {MOST_DAYS} days")]
    TooLong,
    /// No minute of the day, or none between the two.
    #[error("the minutes of the day must be 0 to 1440, the first before the last")]
    Minutes,
    /// None of the weekdays lies within the days.
    #[error("none of the weekdays lies within the days")]
    Weekdays,
}

/// As it is stored: names that are never changed.
#[derive(Serialize, Deserialize)]
struct Parts {
    first: NaiveDate,
    last: NaiveDate,
    from: u16,
    until: u16,
    /// 1 is Monday; all of them when there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    weekdays: Vec<u8>,
    #[serde(default)]
    any_practitioner: bool,
}

impl Otherwise {
    /// Any time of these days with the same doctor.
    ///
    /// # Errors
    /// [`OtherwiseError::Days`], [`OtherwiseError::TooLong`].
    pub fn on_days(first: NaiveDate, last: NaiveDate) -> Result<Self, OtherwiseError> {
        if last < first {
            return Err(OtherwiseError::Days);
        }
        if last.signed_duration_since(first).num_days() >= MOST_DAYS {
            return Err(OtherwiseError::TooLong);
        }
        Ok(Self {
            first,
            last,
            times: TimesOfWeek::default(),
            any_practitioner: false,
        })
    }

    /// Only what begins at `from` or later and before `until`, in minutes of the day.
    ///
    /// # Errors
    /// [`OtherwiseError::Minutes`]
    pub fn between(self, from: u16, until: u16) -> Result<Self, OtherwiseError> {
        let times = self.times.between(from, until);
        Ok(Self {
            times: times.map_err(|NoSuchMinutes| OtherwiseError::Minutes)?,
            ..self
        })
    }

    /// Only on these weekdays; on any when there is none.
    ///
    /// # Errors
    /// [`OtherwiseError::Weekdays`] when no day is left.
    pub fn on_weekdays(
        self,
        weekdays: impl IntoIterator<Item = Weekday>,
    ) -> Result<Self, OtherwiseError> {
        let times = self.times.on_weekdays(weekdays);
        let wished = Self { times, ..self };
        if wished.days().next().is_none() {
            return Err(OtherwiseError::Weekdays);
        }
        Ok(wished)
    }

    /// With any doctor of the same service, or only with the same.
    #[must_use]
    pub fn with_any_practitioner(self, any_practitioner: bool) -> Self {
        Self {
            any_practitioner,
            ..self
        }
    }

    /// The first day.
    #[must_use]
    pub const fn first_day(&self) -> NaiveDate {
        self.first
    }

    /// The last day, which is one of them.
    #[must_use]
    pub const fn last_day(&self) -> NaiveDate {
        self.last
    }

    /// The minutes of the day within which an appointment begins.
    #[must_use]
    pub const fn minutes(&self) -> Range<u16> {
        self.times.minutes()
    }

    /// The weekdays, Monday first; none when any will do.
    pub fn weekdays(&self) -> impl Iterator<Item = Weekday> + '_ {
        self.times.weekdays()
    }

    /// Whether any doctor of the same service will do.
    #[must_use]
    pub const fn any_practitioner(&self) -> bool {
        self.any_practitioner
    }

    /// The days that will do, the earliest first.
    pub fn days(&self) -> impl Iterator<Item = NaiveDate> + '_ {
        self.first
            .iter_days()
            .take_while(|day| *day <= self.last)
            .filter(|day| self.allows_day(*day))
    }

    /// From the first instant that may do until after the last.
    #[must_use]
    pub fn period(&self) -> Range<Timestamp> {
        let at = |day, minute: u16| {
            Timestamp::start_of_day(day).plus(Duration::from_secs(60 * u64::from(minute)))
        };
        let minutes = self.times.minutes();
        at(self.first, minutes.start)..at(self.last, minutes.end)
    }

    /// Whether an appointment will do that begins then, with the doctor of the named time or another one.
    #[must_use]
    pub fn allows(&self, start: Timestamp, same_practitioner: bool) -> bool {
        (same_practitioner || self.any_practitioner)
            && self.allows_day(start.vietnam_day())
            && self.times.allows(start)
    }

    fn allows_day(&self, day: NaiveDate) -> bool {
        (self.first..=self.last).contains(&day) && self.times.allows_day(day)
    }
}

/// By this what is nearest to the named time comes first; of two as near, the earlier.
#[must_use]
pub const fn nearness(start: Timestamp, named: Timestamp) -> (u64, Timestamp) {
    (start.as_millis().abs_diff(named.as_millis()), start)
}

impl TryFrom<Parts> for Otherwise {
    type Error = OtherwiseError;

    fn try_from(parts: Parts) -> Result<Self, OtherwiseError> {
        let weekdays: Option<Vec<Weekday>> = parts
            .weekdays
            .into_iter()
            .map(|number| WEEK.get(usize::from(number).checked_sub(1)?).copied())
            .collect();
        Ok(Self::on_days(parts.first, parts.last)?
            .between(parts.from, parts.until)?
            .on_weekdays(weekdays.ok_or(OtherwiseError::Weekdays)?)?
            .with_any_practitioner(parts.any_practitioner))
    }
}

impl From<Otherwise> for Parts {
    fn from(otherwise: Otherwise) -> Self {
        let weekdays = otherwise.weekdays();
        Self {
            first: otherwise.first,
            last: otherwise.last,
            from: otherwise.minutes().start,
            until: otherwise.minutes().end,
            weekdays: weekdays
                .filter_map(|day| u8::try_from(day.number_from_monday()).ok())
                .collect(),
            any_practitioner: otherwise.any_practitioner,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_fhir(text).unwrap()
    }

    /// Mornings of a week, Tuesdays and Thursdays.
    fn mornings() -> Otherwise {
        Otherwise::on_days(day("2026-12-01"), day("2026-12-07"))
            .unwrap()
            .between(7 * 60, 11 * 60)
            .unwrap()
            .on_weekdays([Weekday::Thu, Weekday::Tue])
            .unwrap()
    }

    #[test]
    fn a_morning_of_the_week_will_do_and_nothing_else() {
        let wish = mornings();
        for (start, will_do) in [
            ("2026-12-01T07:00:00+07:00", true),
            ("2026-12-01T00:00:00Z", true),
            ("2026-12-03T10:59:59+07:00", true),
            ("2026-12-03T11:00:00+07:00", false),
            ("2026-12-03T06:59:00+07:00", false),
            ("2026-12-02T08:00:00+07:00", false),
            ("2026-12-08T08:00:00+07:00", false),
            ("2026-11-26T08:00:00+07:00", false),
        ] {
            assert_eq!(wish.allows(at(start), true), will_do, "{start}");
            assert!(!wish.allows(at(start), false), "{start}");
            let any = wish.clone().with_any_practitioner(true);
            assert_eq!(any.allows(at(start), false), will_do, "{start}");
        }
        let days: Vec<NaiveDate> = wish.days().collect();
        assert_eq!(days, [day("2026-12-01"), day("2026-12-03")]);
        let period = wish.period();
        assert_eq!(period.start, at("2026-12-01T07:00:00+07:00"));
        assert_eq!(period.end, at("2026-12-07T11:00:00+07:00"));
    }

    #[test]
    fn what_no_time_can_be_is_not_wished_for() {
        let (first, last) = (day("2026-12-01"), day("2026-12-07"));
        assert_eq!(Otherwise::on_days(last, first), Err(OtherwiseError::Days));
        let far = first + chrono::Days::new(60);
        assert_eq!(Otherwise::on_days(first, far), Err(OtherwiseError::TooLong));
        assert!(Otherwise::on_days(first, far.pred_opt().unwrap()).is_ok());
        let week = Otherwise::on_days(first, last).unwrap();
        for (from, until) in [(0, 0), (600, 600), (601, 600), (0, 1441), (1440, 1440)] {
            assert_eq!(
                week.clone().between(from, until),
                Err(OtherwiseError::Minutes),
                "{from} {until}"
            );
        }
        assert!(week.between(0, 1440).is_ok());
        let tuesday = Otherwise::on_days(first, first).unwrap();
        assert_eq!(
            tuesday.on_weekdays([Weekday::Wed]),
            Err(OtherwiseError::Weekdays)
        );
    }

    #[test]
    fn is_stored_under_names_that_stay() {
        let stored = r#"{"first":"2026-12-01","last":"2026-12-07","from":420,"until":660,"weekdays":[2,4],"any_practitioner":false}"#;
        assert_eq!(serde_json::to_string(&mornings()).unwrap(), stored);
        for bad in [
            stored.replace("660", "1441"),
            stored.replace("[2,4]", "[0]"),
            stored.replace("2026-12-07", "2027-12-07"),
        ] {
            assert!(serde_json::from_str::<Otherwise>(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_nearest_comes_first_and_of_two_the_earlier() {
        let named = at("2026-12-01T08:30:00+07:00");
        let mut starts = [
            at("2026-12-01T10:00:00+07:00"),
            at("2026-12-01T09:00:00+07:00"),
            at("2026-12-01T08:00:00+07:00"),
            at("2026-11-30T08:30:00+07:00"),
        ];
        starts.sort_by_key(|start| nearness(*start, named));
        assert_eq!(
            starts,
            [
                at("2026-12-01T08:00:00+07:00"),
                at("2026-12-01T09:00:00+07:00"),
                at("2026-12-01T10:00:00+07:00"),
                at("2026-11-30T08:30:00+07:00"),
            ]
        );
    }

    /// Any wish.
    fn arb_otherwise() -> impl Strategy<Value = Otherwise> {
        let days = (0..20_000_u64, 0..60_u64);
        let minutes = (0..1_440_u16).prop_flat_map(|from| (Just(from), from + 1..=1_440));
        let weekdays = vec(select(WEEK.to_vec()), 0..4);
        (days, minutes, weekdays, any::<bool>()).prop_map(
            |((begin, more), (from, until), weekdays, any_practitioner)| {
                let first = day("2000-01-01") + chrono::Days::new(begin);
                let wish = Otherwise::on_days(first, first + chrono::Days::new(more)).unwrap();
                let wish = wish.between(from, until).unwrap();
                let on_weekdays = wish.clone().on_weekdays(weekdays).unwrap_or(wish);
                on_weekdays.with_any_practitioner(any_practitioner)
            },
        )
    }

    proptest! {
        #[test]
        fn whatever_will_do_lies_within(wish in arb_otherwise(), minute in 0..90_000_i64, same: bool) {
            let start = wish.period().start.as_millis() + (minute - 2_000) * 60_000;
            let start = Timestamp::from_millis(start);
            if wish.allows(start, same) {
                prop_assert!(wish.period().contains(&start));
                prop_assert!(wish.days().any(|day| day == start.vietnam_day()));
                prop_assert!(same || wish.any_practitioner());
            }
            // Every day has a minute that will do, and the ends are as they are said to be.
            for day in wish.days() {
                let at = |minute: u16| {
                    Timestamp::start_of_day(day).plus(Duration::from_secs(60 * u64::from(minute)))
                };
                let minutes = wish.minutes();
                prop_assert!(wish.allows(at(minutes.start), true));
                prop_assert!(!wish.allows(at(minutes.end), true) || minutes.end == 1_440);
            }
        }

        #[test]
        fn what_is_stored_comes_back(wish in arb_otherwise()) {
            let stored = serde_json::to_string(&wish).unwrap();
            prop_assert_eq!(serde_json::from_str::<Otherwise>(&stored).unwrap(), wish);
        }

        #[test]
        fn nothing_stored_makes_a_wish_that_cannot_be(
            (first, last) in (0..200_u64, 0..200_u64),
            (from, until) in (0..2_000_u16, 0..2_000_u16),
            weekdays in vec(0..9_u8, 0..3),
        ) {
            let begin = day("2026-01-01");
            let parts = Parts {
                first: begin + chrono::Days::new(first),
                last: begin + chrono::Days::new(last),
                from,
                until,
                weekdays,
                any_practitioner: false,
            };
            if let Ok(wish) = Otherwise::try_from(parts) {
                prop_assert!(wish.days().next().is_some());
                prop_assert!(wish.days().count() <= 60);
                prop_assert!(wish.minutes().end <= 1_440 && !wish.minutes().is_empty());
            }
        }
    }
}
