//! From a text to something that a camera can read.
//!
//! All drawings have the quiet zone of four modules that the standard asks for
//! (ISO/IEC 18004:2015, 5.3.8). [`For`] knows which level and size a screen and a sheet need.

mod mask;
mod matrix;
mod png;
#[cfg(feature = "poster")]
pub mod poster;
mod purpose;
mod svg;
mod terminal;

pub use matrix::{DrawError, Level, Matrix};
pub use purpose::For;

/// The empty border, in modules.
const QUIET_ZONE: usize = 4;
