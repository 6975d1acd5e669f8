use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::province::BirthProvince;
use crate::sex::Sex;
use crate::text::{LastFour, is_digits};

/// Twelve digits: province of birth registration, century and sex, year of birth, six random.
/// `Debug` shows four of them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CitizenNumber(String);

/// A text that is not twelve digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a citizen number has twelve digits")]
pub struct CitizenNumberError;

impl CitizenNumber {
    /// All twelve digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where the birth was registered, by the list of 2004 (63 provinces); unset for an unknown code.
    pub fn birth_province(&self) -> Option<BirthProvince> {
        BirthProvince::by_code(self.0.get(..3)?)
    }

    /// The sex that the number says.
    pub fn sex(&self) -> Sex {
        if self.digit(3) % 2 == 0 {
            Sex::Male
        } else {
            Sex::Female
        }
    }

    /// The year of birth that the number says.
    pub fn birth_year(&self) -> i32 {
        1900 + self.digit(3) / 2 * 100 + self.digit(4) * 10 + self.digit(5)
    }

    fn digit(&self, index: usize) -> i32 {
        self.0
            .as_bytes()
            .get(index)
            .map_or(0, |b| i32::from(b.wrapping_sub(b'0')))
    }
}

impl FromStr for CitizenNumber {
    type Err = CitizenNumberError;

    fn from_str(text: &str) -> Result<Self, CitizenNumberError> {
        if text.len() == 12 && is_digits(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(CitizenNumberError)
        }
    }
}

impl fmt::Debug for CitizenNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CitizenNumber")
            .field(&LastFour(&self.0))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_it_is_made_of() {
        for (number, province, sex, year) in [
            ("001087123456", Some("Hà Nội"), Sex::Male, 1987),
            ("001085123456", Some("Hà Nội"), Sex::Male, 1985),
            ("001285123456", Some("Hà Nội"), Sex::Male, 2085),
            ("079304000123", Some("TP HCM"), Sex::Female, 2004),
            ("023199000123", None, Sex::Female, 1999),
            ("096999000123", Some("Cà Mau"), Sex::Female, 2399),
        ] {
            let parsed: CitizenNumber = number.parse().unwrap();
            assert_eq!(parsed.birth_province().map(BirthProvince::name), province);
            assert_eq!((parsed.sex(), parsed.birth_year()), (sex, year));
            assert_eq!(
                format!("{parsed:?}"),
                format!("CitizenNumber(…{})", &number[8..])
            );
        }
    }

    #[test]
    fn has_twelve_digits() {
        for bad in ["", "07930400012", "0793040001234", "07930400012a", "٠٧٩٣٠٤"] {
            assert_eq!(
                bad.parse::<CitizenNumber>(),
                Err(CitizenNumberError),
                "{bad}"
            );
        }
    }
}
