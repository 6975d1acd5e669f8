//! The forms that single fields take on insurance cards.

use std::fmt;

use chrono::NaiveDate;

use super::card::InsuranceCardError;
use crate::text::{Hidden, is_digits, nfc};

/// A date of birth as cards know it: older people's may be a year only. `Debug` hides it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum BirthDate {
    /// A whole date.
    Day(NaiveDate),
    /// Only the year.
    Year(i32),
}

impl fmt::Debug for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BirthDate").field(&Hidden).finish()
    }
}

/// A field of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The name.
    Name,
    /// The date of birth.
    BirthDate,
    /// The address.
    Address,
    /// The first or last day of the card, its issue, or the five-year date.
    Date,
    /// The name of a parent.
    Parent,
    /// The issuing place.
    IssuingPlace,
}

/// `-` and nothing are both nothing.
pub(super) fn optional(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !matches!(*text, "" | "-"))
}

/// UTF-8 bytes in hex, either case. Blanks are nothing, too.
pub(super) fn hex_text(text: &str, field: Field) -> Result<Option<String>, InsuranceCardError> {
    let Some(hex) = optional(text) else {
        return Ok(None);
    };
    let text = decode(hex).ok_or(InsuranceCardError::Field(field))?;
    Ok(Some(nfc(&text)).filter(|text| !text.is_empty()))
}

fn decode(hex: &str) -> Option<String> {
    if !hex.len().is_multiple_of(2) || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let bytes: Option<Vec<u8>> = (0..hex.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(hex.get(i..i + 2)?, 16).ok())
        .collect();
    String::from_utf8(bytes?).ok()
}

/// `dd/MM/yyyy`.
pub(super) fn day(text: &str, field: Field) -> Result<Option<NaiveDate>, InsuranceCardError> {
    optional(text)
        .map(|text| read_day(text).ok_or(InsuranceCardError::Field(field)))
        .transpose()
}

/// `dd/MM/yyyy` or `yyyy`.
pub(super) fn birth_date(text: &str) -> Option<BirthDate> {
    let text = text.trim();
    if text.len() == 4 && is_digits(text) {
        return text.parse().ok().map(BirthDate::Year);
    }
    read_day(text).map(BirthDate::Day)
}

fn read_day(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split('/');
    let mut number = |length: usize| {
        let part = parts.next()?;
        if part.len() == length && is_digits(part) {
            part.parse::<u32>().ok()
        } else {
            None
        }
    };
    let (day, month, year) = (number(2)?, number(2)?, number(4)?);
    if parts.next().is_some() {
        return None;
    }
    NaiveDate::from_ymd_opt(year.try_into().ok()?, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_of_either_case() {
        for hex in ["4e677579e1bb856e", "4E677579E1BB856E"] {
            assert_eq!(hex_text(hex, Field::Name), Ok(Some("Nguyễn".to_owned())));
        }
        for nothing in ["-", "", "20"] {
            assert_eq!(hex_text(nothing, Field::Name), Ok(None), "{nothing}");
        }
        for bad in ["4", "zz", "ff", "+1", "é1"] {
            assert_eq!(
                hex_text(bad, Field::Name),
                Err(InsuranceCardError::Field(Field::Name)),
                "{bad}"
            );
        }
    }

    #[test]
    fn dates_are_real() {
        assert!(matches!(birth_date("02/01/1990"), Some(BirthDate::Day(_))));
        assert!(matches!(birth_date("1941"), Some(BirthDate::Year(1941))));
        for bad in ["31/02/2004", "1/2/2004", "01/02/2004/", "+1/02/2004", ""] {
            assert!(birth_date(bad).is_none(), "{bad}");
        }
    }
}
