use std::fmt;

use chrono::NaiveDate;
use thiserror::Error;

use super::fields::{BirthDate, Field, birth_date, day, hex_text, optional};
use super::number::{InsuranceNumber, InsuranceNumberError};
use crate::sex::Sex;
use crate::text::{Hidden, trim_scan};

/// What the code on an insurance card says. `Debug` shows no personal data.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InsuranceCard {
    /// The number.
    pub number: InsuranceNumber,
    /// The full name (NFC).
    pub name: String,
    /// The date or year of birth.
    pub birth_date: BirthDate,
    /// The sex; unset for another value than 1 or 2.
    pub sex: Option<Sex>,
    /// The address; cards since 2021 leave it out.
    pub address: Option<String>,
    /// Where the person is first registered for care: province and facility, five digits.
    pub facility: Option<String>,
    /// The first day of cover.
    pub valid_from: Option<NaiveDate>,
    /// The last day of cover; unset when the card has none.
    pub valid_to: Option<NaiveDate>,
    /// The day of issue.
    pub issued: Option<NaiveDate>,
    /// The insurer's management code.
    pub management_code: Option<String>,
    /// The name of a parent, for children.
    pub parent: Option<String>,
    /// The area or benefit code, as printed.
    pub area: Option<String>,
    /// From when five years of cover without a gap count.
    pub five_years_from: Option<NaiveDate>,
    /// The check string; its rule is unknown.
    pub check: String,
    /// The benefit level, from the code or from the long number.
    pub benefit_level: Option<u8>,
    /// The office that issued the card; only since 2021.
    pub issuing_place: Option<String>,
}

/// Why a text is not an insurance card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InsuranceCardError {
    /// Neither 15 nor 17 fields, or the end mark is missing.
    #[error("an insurance card has 15 or 17 fields and ends with $, this text has {0}")]
    FieldCount(usize),
    /// The number is malformed.
    #[error(transparent)]
    Number(#[from] InsuranceNumberError),
    /// A field is malformed.
    #[error("the field {0:?} is malformed")]
    Field(Field),
}

impl InsuranceCard {
    /// Reads the text of the code: 15 fields before 2021, 17 since.
    pub fn read(text: &str) -> Result<Self, InsuranceCardError> {
        let fields: Vec<&str> = trim_scan(text).split('|').collect();
        let count = fields.len();
        if !matches!(count, 15 | 17) || fields.last() != Some(&"$") {
            return Err(InsuranceCardError::FieldCount(count));
        }
        let field = |index: usize| fields.get(index).copied().unwrap_or_default();
        let since_2021 = |index: usize| if count == 17 { field(index) } else { "" };
        let number: InsuranceNumber = field(0).parse()?;
        let benefit = optional(since_2021(14)).and_then(|level| level.parse().ok());
        Ok(Self {
            benefit_level: benefit.or(number.benefit_level()),
            number,
            name: hex_text(field(1), Field::Name)?.ok_or(InsuranceCardError::Field(Field::Name))?,
            birth_date: birth_date(field(2)).ok_or(InsuranceCardError::Field(Field::BirthDate))?,
            sex: match field(3).trim() {
                "1" => Some(Sex::Male),
                "2" => Some(Sex::Female),
                _ => None,
            },
            address: hex_text(field(4), Field::Address)?,
            facility: facility(field(5)),
            valid_from: day(field(6), Field::Date)?,
            valid_to: day(field(7), Field::Date)?,
            issued: day(field(8), Field::Date)?,
            management_code: optional(field(9)).map(str::to_owned),
            parent: hex_text(field(10), Field::Parent)?,
            area: optional(field(11)).map(str::to_owned),
            five_years_from: day(field(12), Field::Date)?,
            check: field(13).to_owned(),
            issuing_place: hex_text(since_2021(15), Field::IssuingPlace)?,
        })
    }

    /// Whether a text has the outline of an insurance card: many bars and the end mark.
    pub(crate) fn looks_like(text: &str) -> bool {
        text.ends_with("|$") && text.split('|').count() >= 10
    }
}

impl fmt::Debug for InsuranceCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InsuranceCard")
            .field("number", &self.number)
            .field("person", &Hidden)
            .finish()
    }
}

/// `01 - 028` is facility 01028.
fn facility(text: &str) -> Option<String> {
    optional(text).map(|text| text.chars().filter(|c| !matches!(c, ' ' | '-')).collect())
}
