//! Who goes first.

use chrono::{Datelike as _, NaiveDate};

/// From this age on people go first.
const OLD: i32 = 80;
/// Below this age, too.
const SMALL: i32 = 6;

/// Whether somebody goes first on a day by when they were born, which is a FHIR `date`: a year, a month or a day. Where
/// that does not tell it for sure, the person has the benefit.
pub(super) fn goes_first(born: Option<&str>, today: NaiveDate) -> bool {
    let Some((earliest, latest)) = born.and_then(within) else {
        return false;
    };
    if latest > today {
        return earliest <= today;
    }
    age(earliest, today) >= OLD || age(latest, today) < SMALL
}

/// Between which days somebody was born.
fn within(born: &str) -> Option<(NaiveDate, NaiveDate)> {
    let mut parts = born.split('-');
    let year: i32 = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let month: Option<u32> = parts.next().map(str::parse).transpose().ok()?;
    let day: Option<u32> = parts.next().map(str::parse).transpose().ok()?;
    let earliest = NaiveDate::from_ymd_opt(year, month.unwrap_or(1), day.unwrap_or(1))?;
    let latest = match (month, day) {
        (_, Some(_)) => earliest,
        (Some(_), None) => earliest
            .checked_add_months(chrono::Months::new(1))?
            .pred_opt()?,
        (None, None) => NaiveDate::from_ymd_opt(year, 12, 31)?,
    };
    Some((earliest, latest))
}

fn age(born: NaiveDate, today: NaiveDate) -> i32 {
    let had_birthday = (today.month(), today.day()) >= (born.month(), born.day());
    today.year() - born.year() - i32::from(!had_birthday)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_people_and_small_children_go_first() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
        for (born, first) in [
            (Some("1946-11-24"), true),
            (Some("1946-11-25"), false),
            (Some("1940-01-01"), true),
            (Some("2020-11-24"), false),
            (Some("2020-11-25"), true),
            (Some("2026-11-24"), true),
            (Some("1985-06-01"), false),
            // Whoever may be old enough, or young enough, is.
            (Some("1946"), true),
            (Some("1947"), false),
            (Some("1946-12"), false),
            (Some("1946-11"), true),
            (Some("2020"), true),
            (Some("2020-11"), true),
            (Some("2020-10"), false),
            (Some("2019"), false),
            (Some("2026"), true),
            // Not born yet, or nonsense.
            (Some("2027-01-01"), false),
            (Some("46"), false),
            (Some("1946-13-01"), false),
            (Some(""), false),
            (None, false),
        ] {
            assert_eq!(goes_first(born, today), first, "{born:?}");
        }
    }

    #[test]
    fn a_leap_day_is_a_birthday_in_march() {
        let day = |month, day| NaiveDate::from_ymd_opt(2026, month, day).unwrap();
        assert!(goes_first(Some("2020-02-29"), day(2, 28)));
        assert!(!goes_first(Some("2020-02-29"), day(3, 1)));
    }
}
