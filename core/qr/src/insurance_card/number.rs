use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::citizen_card::CitizenNumber;
use crate::text::{LastFour, is_digits};

/// An insurance number. Three forms are in use at the same time; `Debug` shows four digits.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InsuranceNumber {
    /// Fifteen characters, as on cards before 2021: object, benefit, province, insurance number.
    Card(String),
    /// Ten digits, as on cards since April 2021.
    SocialInsurance(String),
    /// The citizen number, accepted since August 2025.
    Citizen(CitizenNumber),
}

/// A text of none of the three forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an insurance number has 10 digits, 12 digits, or 15 characters")]
pub struct InsuranceNumberError;

impl InsuranceNumber {
    /// The number as it is written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Card(text) | Self::SocialInsurance(text) => text,
            Self::Citizen(number) => number.as_str(),
        }
    }

    /// The two letters of the insured object, on the long form. The list of them is open.
    pub fn object(&self) -> Option<&str> {
        self.card_part(0..2)
    }

    /// The benefit level from 1 to 5, on the long form.
    pub fn benefit_level(&self) -> Option<u8> {
        self.card_part(2..3)?.parse().ok()
    }

    /// The two digits of the issuing province, on the long form.
    pub fn province(&self) -> Option<&str> {
        self.card_part(3..5)
    }

    /// The ten digits of social insurance; unset when only the citizen number is known.
    pub fn social_insurance(&self) -> Option<&str> {
        match self {
            Self::Card(text) => text.get(5..),
            Self::SocialInsurance(text) => Some(text),
            Self::Citizen(_) => None,
        }
    }

    /// Whether the ten digits could also be a mobile phone number of Vietnam: a bare number in a code
    /// does not say which it is.
    pub fn could_be_phone(&self) -> bool {
        match self {
            Self::SocialInsurance(text) => ["03", "05", "07", "08", "09"]
                .iter()
                .any(|prefix| text.starts_with(prefix)),
            Self::Card(_) | Self::Citizen(_) => false,
        }
    }

    fn card_part(&self, range: std::ops::Range<usize>) -> Option<&str> {
        match self {
            Self::Card(text) => text.get(range),
            Self::SocialInsurance(_) | Self::Citizen(_) => None,
        }
    }
}

impl FromStr for InsuranceNumber {
    type Err = InsuranceNumberError;

    /// Spaces are dropped and letters raised: people type the long form in groups.
    fn from_str(text: &str) -> Result<Self, InsuranceNumberError> {
        let text: String = text
            .chars()
            .filter(|c| *c != ' ')
            .map(|c| c.to_ascii_uppercase())
            .collect();
        match text.len() {
            10 if is_digits(&text) => Ok(Self::SocialInsurance(text)),
            12 => text
                .parse()
                .map(Self::Citizen)
                .map_err(|_| InsuranceNumberError),
            15 if is_card(&text) => Ok(Self::Card(text)),
            _ => Err(InsuranceNumberError),
        }
    }
}

impl fmt::Debug for InsuranceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InsuranceNumber")
            .field(&LastFour(self.as_str()))
            .finish()
    }
}

fn is_card(text: &str) -> bool {
    let Some((object, digits)) = text.split_at_checked(2) else {
        return false;
    };
    object.bytes().all(|b| b.is_ascii_uppercase())
        && is_digits(digits)
        && digits.starts_with(|level| ('1'..='5').contains(&level))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_three_forms() {
        let long: InsuranceNumber = "dn 4 01 0123456789".parse().unwrap();
        assert_eq!(long.as_str(), "DN4010123456789");
        assert_eq!(
            (long.object(), long.benefit_level(), long.province()),
            (Some("DN"), Some(4), Some("01"))
        );
        assert_eq!(long.social_insurance(), Some("0123456789"));
        assert_eq!(format!("{long:?}"), "InsuranceNumber(…6789)");

        let short: InsuranceNumber = "0123456789".parse().unwrap();
        assert_eq!(
            (short.social_insurance(), short.benefit_level()),
            (Some("0123456789"), None)
        );

        let citizen: InsuranceNumber = "001087123456".parse().unwrap();
        assert!(matches!(citizen, InsuranceNumber::Citizen(_)));
        assert_eq!(citizen.social_insurance(), None);
    }

    #[test]
    fn refuses_the_rest() {
        for bad in [
            "",
            "012345678",
            "DN6010123456789",
            "D14010123456789",
            "DN401012345678X",
            "ĐN401012345678",
        ] {
            assert_eq!(
                bad.parse::<InsuranceNumber>(),
                Err(InsuranceNumberError),
                "{bad}"
            );
        }
    }
}
