use std::fmt;

use chrono::NaiveDate;
use thiserror::Error;

use super::benefit::{Benefit, knows_object};
use super::fields::{BirthDate, Field, birth_date, day, hex_text, optional};
use super::number::{InsuranceNumber, InsuranceNumberError};
use crate::citizen_card::BirthProvince;
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

/// A card that was read, and what is odd about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// The card.
    pub card: InsuranceCard,
    /// For the eyes of the person at the counter.
    pub warnings: Vec<InsuranceCardWarning>,
}

/// Something odd about a card. None of it makes a card invalid: only the insurer's portal can say that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InsuranceCardWarning {
    /// The number's group of insured people is not on the list, which is open.
    UnknownObject,
    /// The number's province is none that there was.
    UnknownProvince,
    /// The number says another benefit level than the card.
    LevelDiffers,
    /// The benefit level is none from 1 to 5.
    UnknownLevel,
    /// The sex is neither 1 nor 2.
    UnknownSex,
    /// The last day of cover is before the first.
    EndsBeforeItBegins,
    /// The number of fields is neither 15 nor 17: fields may be missing.
    OddFieldCount,
}

impl InsuranceCardWarning {
    /// A stable name for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::UnknownObject => "unknown_object",
            Self::UnknownProvince => "unknown_province",
            Self::LevelDiffers => "level_differs",
            Self::UnknownLevel => "unknown_level",
            Self::UnknownSex => "unknown_sex",
            Self::EndsBeforeItBegins => "ends_before_it_begins",
            Self::OddFieldCount => "odd_field_count",
        }
    }
}

/// Why a text is not an insurance card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InsuranceCardError {
    /// Fewer than 10 or more than 17 fields, or the end mark is missing.
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
    /// Reads the text of the code: 15 fields before 2021, 17 since. Shorter ones have been seen; what
    /// they leave out is unset.
    ///
    /// # Errors
    /// [`InsuranceCardError`]
    pub fn read(text: &str) -> Result<Reading, InsuranceCardError> {
        let fields: Vec<&str> = trim_scan(text).split('|').collect();
        let count = fields.len();
        let Some((&"$", fields)) = fields.split_last() else {
            return Err(InsuranceCardError::FieldCount(count));
        };
        if !(10..=17).contains(&count) {
            return Err(InsuranceCardError::FieldCount(count));
        }
        let field = |index: usize| fields.get(index).copied().unwrap_or_default();
        let since_2021 = |index: usize| if count == 17 { field(index) } else { "" };
        let number: InsuranceNumber = field(0).parse()?;
        let level = optional(since_2021(14)).and_then(|level| level.parse().ok());
        let card = Self {
            benefit_level: level.or(number.benefit_level()),
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
        };
        let mut warnings = card.oddities(level);
        if !matches!(count, 15 | 17) {
            warnings.push(InsuranceCardWarning::OddFieldCount);
        }
        Ok(Reading { card, warnings })
    }

    /// What the insurance pays at the card's benefit level: an estimate, see
    /// [`BENEFITS_SOURCE`](super::BENEFITS_SOURCE).
    pub fn benefit(&self) -> Option<&'static Benefit> {
        self.benefit_level.and_then(Benefit::of_level)
    }

    fn oddities(&self, level_of_card: Option<u8>) -> Vec<InsuranceCardWarning> {
        let level_of_number = self.number.benefit_level();
        [
            (
                !knows_object(&self.number),
                InsuranceCardWarning::UnknownObject,
            ),
            (
                self.number
                    .province()
                    .is_some_and(|code| !was_province(code)),
                InsuranceCardWarning::UnknownProvince,
            ),
            (
                level_of_card.is_some_and(|level| level_of_number.is_some_and(|of| of != level)),
                InsuranceCardWarning::LevelDiffers,
            ),
            (
                self.benefit_level.is_some() && self.benefit().is_none(),
                InsuranceCardWarning::UnknownLevel,
            ),
            (self.sex.is_none(), InsuranceCardWarning::UnknownSex),
            (
                self.valid_to
                    .is_some_and(|to| self.valid_from.is_some_and(|from| to < from)),
                InsuranceCardWarning::EndsBeforeItBegins,
            ),
        ]
        .into_iter()
        .filter_map(|(odd, warning)| odd.then_some(warning))
        .collect()
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

/// Insurance numbers have the two digits of the province where citizen numbers have three.
fn was_province(code: &str) -> bool {
    BirthProvince::by_code(&format!("0{code}")).is_some()
}

/// `01 - 028` is facility 01028.
fn facility(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    optional(&digits).map(str::to_owned)
}
