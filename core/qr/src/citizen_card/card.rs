use std::fmt;

use chrono::{Datelike, NaiveDate};
use thiserror::Error;

use super::number::{CitizenNumber, CitizenNumberError};
use crate::sex::Sex;
use crate::text::{Hidden, is_digits, nfc, trim_scan};

/// What the code on a citizen card says. `Debug` shows no personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct CitizenCard {
    /// The citizen number.
    pub number: CitizenNumber,
    /// The number of the identity card before it, where printed.
    pub old_number: Option<String>,
    /// The full name, with diacritics (NFC).
    pub name: String,
    /// The date of birth.
    pub birth_date: NaiveDate,
    /// The sex; unset when the card says neither `Nam` nor `Nữ`.
    pub sex: Option<Sex>,
    /// The place of residence.
    pub residence: String,
    /// The day of issue; unset when empty.
    pub issued: Option<NaiveDate>,
    /// The fields after it on cards since 2024. They are normally empty; what they mean is unknown.
    pub more: Vec<String>,
}

/// A card that was read, and what is odd about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// The card.
    pub card: CitizenCard,
    /// For the eyes of the person at the counter.
    pub warnings: Vec<CitizenCardWarning>,
}

/// Something odd about a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CitizenCardWarning {
    /// The number begins with no province that there was.
    UnknownProvince,
    /// The number says another sex than the card.
    SexDiffers,
    /// The number says another year of birth than the card.
    BirthYearDiffers,
    /// The sex is neither `Nam` nor `Nữ`.
    UnknownSex,
    /// The old number is not nine digits.
    OddOldNumber,
    /// The card is issued before the birth.
    IssuedBeforeBirth,
    /// The number of fields is none of 6, 7 and 11.
    OddFieldCount,
}

impl CitizenCardWarning {
    /// A stable name for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::UnknownProvince => "unknown_province",
            Self::SexDiffers => "sex_differs",
            Self::BirthYearDiffers => "birth_year_differs",
            Self::UnknownSex => "unknown_sex",
            Self::OddOldNumber => "odd_old_number",
            Self::IssuedBeforeBirth => "issued_before_birth",
            Self::OddFieldCount => "odd_field_count",
        }
    }
}

/// A field of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The name.
    Name,
    /// The date of birth.
    BirthDate,
    /// The day of issue.
    Issued,
}

/// Why a text is not a citizen card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CitizenCardError {
    /// Too few fields between the bars.
    #[error("a citizen card has at least six fields, this text has {0}")]
    FieldCount(usize),
    /// The number is malformed.
    #[error(transparent)]
    Number(#[from] CitizenNumberError),
    /// A field that must be there is empty or is no real date.
    #[error("the field {0:?} is empty or malformed")]
    Field(Field),
}

impl CitizenCard {
    /// Reads the text of the code: 7 or 11 fields, or 6 where a scanner dropped the old number.
    pub fn read(text: &str) -> Result<Reading, CitizenCardError> {
        let mut fields: Vec<&str> = trim_scan(text).split('|').map(str::trim).collect();
        let count = fields.len();
        if count < 6 {
            return Err(CitizenCardError::FieldCount(count));
        }
        let number: CitizenNumber = fields.first().copied().unwrap_or_default().parse()?;
        if count == 6 {
            fields.insert(1, "");
        }
        let field = |index: usize| fields.get(index).copied().unwrap_or_default();
        let sex_text = nfc(field(4));
        let card = Self {
            number,
            old_number: Some(field(1).to_owned()).filter(|old| !old.is_empty()),
            name: required(nfc(field(2)), Field::Name)?,
            birth_date: date(field(3)).ok_or(CitizenCardError::Field(Field::BirthDate))?,
            sex: sex(&sex_text),
            residence: nfc(field(5)),
            issued: match field(6) {
                "" => None,
                text => Some(date(text).ok_or(CitizenCardError::Field(Field::Issued))?),
            },
            more: fields.iter().skip(7).map(|&text| nfc(text)).collect(),
        };
        let mut warnings = card.contradictions();
        if !matches!(count, 6 | 7 | 11) {
            warnings.push(CitizenCardWarning::OddFieldCount);
        }
        Ok(Reading { card, warnings })
    }

    /// The text of the code. Bars inside fields become spaces.
    pub fn to_text(&self) -> String {
        let clean = |text: &str| text.replace('|', " ");
        let day = |date: NaiveDate| date.format("%d%m%Y").to_string();
        let mut fields = vec![
            self.number.as_str().to_owned(),
            clean(self.old_number.as_deref().unwrap_or_default()),
            clean(&self.name),
            day(self.birth_date),
            self.sex.map_or("", sex_word).to_owned(),
            clean(&self.residence),
            self.issued.map(day).unwrap_or_default(),
        ];
        fields.extend(self.more.iter().map(|text| clean(text)));
        fields.join("|")
    }

    /// Whether a text has the outline of a citizen card: a number, then bars.
    pub(crate) fn looks_like(text: &str) -> bool {
        let mut fields = text.split('|');
        let digits = fields
            .next()
            .is_some_and(|first| (9..=13).contains(&first.len()) && is_digits(first));
        digits && fields.count() >= 3
    }

    fn contradictions(&self) -> Vec<CitizenCardWarning> {
        let old_is_odd = |old: &String| old.len() != 9 || !is_digits(old);
        [
            (
                self.number.birth_province().is_none(),
                CitizenCardWarning::UnknownProvince,
            ),
            (
                self.sex.is_some_and(|sex| sex != self.number.sex()),
                CitizenCardWarning::SexDiffers,
            ),
            (
                self.birth_date.year() != self.number.birth_year(),
                CitizenCardWarning::BirthYearDiffers,
            ),
            (self.sex.is_none(), CitizenCardWarning::UnknownSex),
            (
                self.old_number.as_ref().is_some_and(old_is_odd),
                CitizenCardWarning::OddOldNumber,
            ),
            (
                self.issued.is_some_and(|issued| issued < self.birth_date),
                CitizenCardWarning::IssuedBeforeBirth,
            ),
        ]
        .into_iter()
        .filter_map(|(odd, warning)| odd.then_some(warning))
        .collect()
    }
}

impl fmt::Debug for CitizenCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CitizenCard")
            .field("number", &self.number)
            .field("person", &Hidden)
            .finish()
    }
}

fn required(text: String, field: Field) -> Result<String, CitizenCardError> {
    if text.is_empty() {
        Err(CitizenCardError::Field(field))
    } else {
        Ok(text)
    }
}

fn date(text: &str) -> Option<NaiveDate> {
    if text.len() != 8 || !is_digits(text) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<u32>().ok();
    NaiveDate::from_ymd_opt(text.get(4..)?.parse().ok()?, part(2..4)?, part(0..2)?)
}

fn sex(text: &str) -> Option<Sex> {
    match text.to_lowercase().as_str() {
        "nam" => Some(Sex::Male),
        "nữ" => Some(Sex::Female),
        _ => None,
    }
}

fn sex_word(sex: Sex) -> &'static str {
    match sex {
        Sex::Male => "Nam",
        Sex::Female => "Nữ",
    }
}
