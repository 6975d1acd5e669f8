//! How old somebody is, and who decides about them.
//!
//! Law 91/2025/QH15, article 24: for a child the legal representative exercises the rights; what a child from seven on
//! has of a private life is told to others only when child and representative agree. A child is under sixteen (Law on
//! Children 2016, article 1); at eighteen a person is of age (Civil Code 2015, article 20).

use chrono::{Datelike as _, Months, NaiveDate};

use crate::Timestamp;

/// A date of birth as FHIR has it, which may be a year or a month alone: the last day that it can be, so that nobody
/// counts as older than they certainly are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BirthDate(NaiveDate);

/// What somebody's age means for who decides about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age {
    /// Under seven: the guardian decides.
    UnderSeven,
    /// From seven to fifteen: guardian and child decide together.
    SevenToFifteen,
    /// Sixteen or seventeen: the person decides; what a guardian does needs their consent.
    SixteenOrSeventeen,
    /// Eighteen and more.
    Adult,
}

/// From this birthday on nobody is a child.
pub const CHILD_UNTIL: u32 = 16;
/// From this birthday on a person is of age.
pub const OF_AGE: u32 = 18;

/// Whether two dates, each a year, a month or a day as FHIR writes it, cannot be the same: as far as both say.
#[must_use]
pub fn dates_contradict(one: &str, other: &str) -> bool {
    one.split('-')
        .zip(other.split('-'))
        .any(|(one, other)| one != other)
}

impl BirthDate {
    /// Reads `1960`, `1960-05` or `1960-05-02`; nothing for anything else.
    #[must_use]
    pub fn parse(fhir: &str) -> Option<Self> {
        let day = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        let is_written_so = |length: usize| {
            fhir.len() == length && fhir.bytes().all(|b| b.is_ascii_digit() || b == b'-')
        };
        let last = if is_written_so(10) {
            day(fhir)?
        } else if is_written_so(7) {
            let first = day(&format!("{fhir}-01"))?;
            first.checked_add_months(Months::new(1))?.pred_opt()?
        } else if is_written_so(4) {
            day(&format!("{fhir}-12-31"))?
        } else {
            return None;
        };
        Some(Self(last))
    }

    /// The day from which on they are certainly so many years old. Who was born on 29 February has their birthday on
    /// 1 March in other years.
    #[must_use]
    pub fn turns(self, years: u32) -> Option<NaiveDate> {
        let year = self.0.year().checked_add(i32::try_from(years).ok()?)?;
        self.0
            .with_year(year)
            .or_else(|| NaiveDate::from_ymd_opt(year, 3, 1))
    }

    /// How old they certainly are on a day, as far as it matters.
    #[must_use]
    pub fn age(self, on: NaiveDate) -> Age {
        let is = |years| self.turns(years).is_some_and(|day| on >= day);
        if is(OF_AGE) {
            Age::Adult
        } else if is(CHILD_UNTIL) {
            Age::SixteenOrSeventeen
        } else if is(7) {
            Age::SevenToFifteen
        } else {
            Age::UnderSeven
        }
    }
}

/// Why a person of that age does not let somebody help so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GiverRefusal {
    /// For a child under sixteen the guardian decides.
    #[error("for a child under 16 a guardian decides")]
    NeedsGuardian,
    /// A child from seven on must agree, too.
    #[error("a child of 7 to 15 must agree, too")]
    NeedsChild,
    /// From sixteen on young people decide themselves.
    #[error("from 16 on the person decides")]
    DecidesThemselves,
    /// What was decided for a child ends with the sixteenth birthday, what a minor decided with the eighteenth.
    #[error("it ends with a birthday")]
    EndsBefore(Timestamp),
}

/// When the access of a guardian's phone to a child's record ends by itself; nothing for anybody else.
#[must_use]
pub fn childhood_ends(born: BirthDate, now: Timestamp) -> Option<Timestamp> {
    let is_child = born.age(now.vietnam_day()) < Age::SixteenOrSeventeen;
    let end = born.turns(CHILD_UNTIL).filter(|_| is_child)?;
    Some(Timestamp::start_of_day(end))
}

/// Whether whoever decides that somebody may help may, and until then: the person, or a guardian, and then whether the
/// child agrees. Of whom nobody knows the age counts as of age: the counter sees them.
///
/// # Errors
/// [`GiverRefusal`]
pub fn check_giver(
    born: Option<BirthDate>,
    guardian: Option<bool>,
    until: Timestamp,
    now: Timestamp,
) -> Result<(), GiverRefusal> {
    let Some(born) = born else {
        return Ok(());
    };
    let ends = match (born.age(now.vietnam_day()), guardian) {
        (Age::UnderSeven | Age::SevenToFifteen, None) => return Err(GiverRefusal::NeedsGuardian),
        (Age::SevenToFifteen, Some(false)) => return Err(GiverRefusal::NeedsChild),
        (Age::UnderSeven | Age::SevenToFifteen, Some(_)) => CHILD_UNTIL,
        (Age::SixteenOrSeventeen, Some(_)) => return Err(GiverRefusal::DecidesThemselves),
        (Age::SixteenOrSeventeen, None) => OF_AGE,
        // A court may have named a guardian.
        (Age::Adult, _) => return Ok(()),
    };
    match born.turns(ends).map(Timestamp::start_of_day) {
        Some(last) if until > last => Err(GiverRefusal::EndsBefore(last)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn on(day: &str) -> NaiveDate {
        NaiveDate::parse_from_str(day, "%Y-%m-%d").unwrap()
    }

    #[test]
    fn ages_change_on_birthdays() {
        let born = BirthDate::parse("2010-05-02").unwrap();
        for (day, age) in [
            ("2010-05-02", Age::UnderSeven),
            ("2017-05-01", Age::UnderSeven),
            ("2017-05-02", Age::SevenToFifteen),
            ("2026-05-01", Age::SevenToFifteen),
            ("2026-05-02", Age::SixteenOrSeventeen),
            ("2028-05-01", Age::SixteenOrSeventeen),
            ("2028-05-02", Age::Adult),
        ] {
            assert_eq!(born.age(on(day)), age, "{day}");
        }
    }

    #[test]
    fn nobody_is_older_than_they_certainly_are() {
        let ages = [("2010", "2026-12-31"), ("2010-02", "2026-02-28")];
        for (born, sixteen) in ages {
            let born = BirthDate::parse(born).unwrap();
            assert_eq!(born.turns(16), Some(on(sixteen)));
        }
        let leap = BirthDate::parse("2012-02-29").unwrap();
        assert_eq!(leap.turns(16), Some(on("2028-02-29")));
        assert_eq!(leap.turns(18), Some(on("2030-03-01")));
        for bad in [
            "",
            "10",
            "2010-13",
            "2010-02-30",
            "02/05/2010",
            "20100502",
            "+010",
        ] {
            assert_eq!(BirthDate::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn nobody_grows_younger(born in 1900..2030_i32, month in 1..13_u32, day in 0..36_500_i64) {
            let born = BirthDate::parse(&format!("{born}-{month:02}")).unwrap();
            let first = on("1990-01-01") + chrono::Duration::days(day);
            prop_assert!(born.age(first) <= born.age(first.succ_opt().unwrap()));
        }
    }
}
