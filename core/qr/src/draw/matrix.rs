use qrcode::bits::{Bits, encode_auto};
use qrcode::canvas::Canvas;
use qrcode::ec::construct_codewords;
use qrcode::types::QrError;
use qrcode::{EcLevel, QrResult, Version};
use thiserror::Error;

use super::mask::{mask, side};
use super::{For, QUIET_ZONE};

/// The modules of a QR code, row by row, without the quiet zone; `true` is dark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    size: usize,
    modules: Vec<bool>,
}

/// How much of a code may be dirty or torn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// 7 %.
    Low,
    /// 15 %: for screens.
    #[default]
    Medium,
    /// 25 %: for cracked screens and paper.
    Quartile,
    /// 30 %.
    High,
}

/// A text that no QR code can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the text is too long for a QR code")]
pub struct DrawError;

impl Matrix {
    /// The smallest code that holds the text.
    pub fn encode(text: &str, level: Level) -> Result<Self, DrawError> {
        let bits = bits(text, level).map_err(|_| DrawError)?;
        Self::from_bits(bits, level).map_err(|_| DrawError)
    }

    /// The smallest code that holds the text at the level this use needs, and at a higher one if
    /// the code has as many modules then: that robustness is free.
    pub fn encode_for(text: &str, wanted: For) -> Result<Self, DrawError> {
        let least = bits(text, wanted.level()).map_err(|_| DrawError)?;
        let version = least.version();
        let better = [Level::High, Level::Quartile, Level::Medium]
            .into_iter()
            .take_while(|level| *level != wanted.level())
            .find_map(|level| {
                let bits = bits(text, level).ok()?;
                (bits.version() == version).then_some((bits, level))
            });
        let (bits, level) = better.unwrap_or((least, wanted.level()));
        Self::from_bits(bits, level).map_err(|_| DrawError)
    }

    fn from_bits(bits: Bits, level: Level) -> QrResult<Self> {
        let (version, level) = (bits.version(), level.into());
        let (data, correction) = construct_codewords(&bits.into_bytes(), version, level)?;
        let mut canvas = Canvas::new(version, level);
        canvas.draw_all_functional_patterns();
        canvas.draw_data(&data, &correction);
        Ok(Self {
            size: side(version),
            modules: mask(&canvas, version, level),
        })
    }

    /// Modules on one side.
    pub fn size(&self) -> usize {
        self.size
    }

    /// All modules, row by row; `true` is dark.
    pub fn modules(&self) -> &[bool] {
        &self.modules
    }

    /// All modules, row by row, to hand over.
    pub fn into_modules(self) -> Vec<bool> {
        self.modules
    }

    /// Row by row.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[bool]> {
        self.modules.chunks_exact(self.size)
    }

    /// Dark modules that lie side by side: row, first column, length.
    pub(super) fn runs(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        self.rows().enumerate().flat_map(|(row, modules)| {
            let mut start = 0;
            modules.chunk_by(|a, b| a == b).filter_map(move |run| {
                let column = start;
                start += run.len();
                (run.first() == Some(&true)).then_some((row, column, run.len()))
            })
        })
    }

    /// Modules on one side, with the quiet zone.
    pub(super) fn outer_size(&self) -> usize {
        self.size + 2 * QUIET_ZONE
    }

    /// A module by its place in the code with the quiet zone; light outside.
    pub(super) fn is_dark(&self, outer_row: usize, outer_column: usize) -> bool {
        let inner = |place: usize| {
            place
                .checked_sub(QUIET_ZONE)
                .filter(|place| *place < self.size)
        };
        match (inner(outer_row), inner(outer_column)) {
            (Some(row), Some(column)) => self
                .modules
                .get(row * self.size + column)
                .copied()
                .unwrap_or(false),
            _ => false,
        }
    }
}

impl From<Level> for EcLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Low => Self::L,
            Level::Medium => Self::M,
            Level::Quartile => Self::Q,
            Level::High => Self::H,
        }
    }
}

/// The text in the densest modes. UTF-8 stays bytes: `encode_auto` would take some Vietnamese
/// letters for Kanji (Shift JIS), and readers would show them so.
fn bits(text: &str, level: Level) -> QrResult<Bits> {
    if text.is_ascii() {
        return encode_auto(text.as_bytes(), level.into());
    }
    (1..=40)
        .map(|version| {
            let mut bits = Bits::new(Version::Normal(version));
            bits.push_byte_data(text.as_bytes())?;
            bits.push_terminator(level.into())?;
            Ok(bits)
        })
        .find(|bits| !matches!(bits, Err(QrError::DataTooLong)))
        .unwrap_or(Err(QrError::DataTooLong))
}
