use qrcode::{Color, EcLevel, QrCode};
use thiserror::Error;

use super::QUIET_ZONE;

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
        let level = match level {
            Level::Low => EcLevel::L,
            Level::Medium => EcLevel::M,
            Level::Quartile => EcLevel::Q,
            Level::High => EcLevel::H,
        };
        let code = QrCode::with_error_correction_level(text, level).map_err(|_| DrawError)?;
        Ok(Self {
            size: code.width(),
            modules: code
                .into_colors()
                .iter()
                .map(|color| *color == Color::Dark)
                .collect(),
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
