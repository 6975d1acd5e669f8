//! A sheet for the counter: A5, with the code of a payment that anyone may make again and again.
//!
//! All text is drawn as outlines of embedded fonts, so that every printer and viewer shows the
//! same Vietnamese. The logos of VietQR, NAPAS and banks are trademarks and are not drawn. The
//! same input gives the same bytes.

mod font;
mod layout;
mod page;
mod pdf;
mod svg;
mod text;
mod words;

use std::fmt;

use thiserror::Error;

use super::{DrawError, For, Matrix};
use crate::VietQr;
use text::printable;

pub use words::Language;

/// A sheet to print: the hospital, the code, who is paid, and what to check.
#[derive(Clone)]
pub struct Poster {
    hospital: String,
    payee: String,
    code: VietQr,
    matrix: Matrix,
    language: Language,
}

/// Why a sheet cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PosterError {
    /// The hospital's name is empty, or none of its characters can be drawn.
    #[error("a poster needs the name of the hospital in Latin letters")]
    NoName,
    /// The code is for one payment (tag 01 is `12`). On a wall it would be paid twice or refused.
    #[error("the code is for one payment; a poster needs one that can be used many times")]
    OneTime,
    /// The code is too long to draw.
    #[error(transparent)]
    Draw(#[from] DrawError),
}

impl Poster {
    /// A sheet in Vietnamese with the payee's name that the code carries, if it carries one.
    ///
    /// Characters that the fonts lack lose their marks or are left out; so do those of
    /// [`payee`](Self::payee). A name of more than 200 characters is cut.
    pub fn new(hospital_name: &str, code: &VietQr) -> Result<Self, PosterError> {
        let hospital = printable(hospital_name);
        if hospital.is_empty() {
            return Err(PosterError::NoName);
        }
        if !code.is_static() {
            return Err(PosterError::OneTime);
        }
        Ok(Self {
            hospital,
            payee: printable(code.merchant_name().unwrap_or_default()),
            code: code.clone(),
            matrix: Matrix::encode_for(code.as_str(), For::Poster)?,
            language: Language::default(),
        })
    }

    /// The payee's name as the bank shows it before a transfer. An empty one leaves the line out.
    #[must_use]
    pub fn payee(mut self, name: &str) -> Self {
        self.payee = printable(name);
        self
    }

    /// The language of all words but the names.
    #[must_use]
    pub fn language(mut self, language: Language) -> Self {
        self.language = language;
        self
    }

    /// The code as it is drawn.
    pub fn matrix(&self) -> &Matrix {
        &self.matrix
    }

    /// One page of 148 × 210 mm.
    pub fn to_svg(&self) -> String {
        svg::write(self, &layout::page(self))
    }

    /// One page of 148 × 210 mm, PDF 1.7, without dates.
    pub fn to_pdf(&self) -> Vec<u8> {
        pdf::write(self, &layout::page(self))
    }

    /// What a screen reader and a list of files say of the sheet.
    fn title(&self) -> String {
        format!("{} – {}", self.hospital, self.language.heading())
    }
}

impl fmt::Debug for Poster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poster")
            .field("hospital", &self.hospital)
            .field("code", &self.code)
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}
