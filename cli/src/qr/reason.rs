//! Why a text cannot be read.

use sokhoe_qr::scan::Why;

use crate::words::Words;

/// A reason as programs and people want it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reason {
    /// A stable name.
    pub code: &'static str,
    /// The character, from 0, where a payment code is broken.
    pub position: Option<usize>,
}

impl Reason {
    /// The reason of the scanner.
    pub fn of(why: &Why) -> Self {
        let code = match why {
            Why::Unrecognised => "unrecognised",
            Why::Empty => "empty",
            Why::TooLong => "too_long",
            Why::Payment(error) => {
                return Self {
                    code: error.code(),
                    position: error.position(),
                };
            }
            Why::CitizenCard(_) => "citizen_card",
            Why::InsuranceCard(_) => "insurance_card",
            Why::NewerVersion => "newer_version",
            _ => "other",
        };
        Self {
            code,
            position: None,
        }
    }

    /// The same for people; the scanner's own text where the language has none.
    pub fn in_words(&self, why: &Why, words: &Words) -> String {
        let text = words
            .find(&format!("qr-why-{}", self.code))
            .unwrap_or_else(|| why.to_string());
        // People count from one.
        let place = self
            .position
            .map(|at| words.say_with("qr-why-position", &[("position", (at + 1).to_string())]));
        text + &place.unwrap_or_default()
    }
}
