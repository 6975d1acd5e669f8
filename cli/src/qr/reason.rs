//! Why a text cannot be read.

use serde_json::{Value, json};
use sokhoe_qr::image::ImageError;
use sokhoe_qr::scan::Why;

use crate::words::Words;

/// A reason as programs and people want it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reason {
    /// A stable name.
    pub code: &'static str,
    /// The character, from 0, where a payment code is broken.
    pub position: Option<usize>,
    /// What the reader itself says, where the language has no words.
    said: String,
}

impl Reason {
    /// The reason of the scanner.
    pub fn of(why: &Why) -> Self {
        Self {
            code: why.code(),
            position: why.position(),
            said: why.to_string(),
        }
    }

    /// Why nothing came out of a picture.
    pub fn of_picture(error: ImageError) -> Self {
        let code = match error {
            ImageError::NotAnImage => "not_an_image",
            ImageError::TooLarge => "image_too_large",
            ImageError::TooMany => "too_many_codes",
            ImageError::NoCode => "no_code",
            ImageError::Damaged => "damaged_code",
            ImageError::NotText => "not_text",
            _ => "image",
        };
        Self {
            code,
            position: None,
            said: error.to_string(),
        }
    }

    /// `{"error":{"code","message","position"}}`
    pub fn to_json(&self, words: &Words) -> Value {
        json!({"error": {
            "code": self.code,
            "message": self.in_words(words),
            "position": self.position,
        }})
    }

    /// The reason for people.
    pub fn in_words(&self, words: &Words) -> String {
        let text = words
            .find(&format!("qr-why-{}", self.code))
            .unwrap_or_else(|| self.said.clone());
        // People count from one.
        let place = self
            .position
            .map(|at| words.say_with("qr-why-position", &[("position", (at + 1).to_string())]));
        text + &place.unwrap_or_default()
    }
}
