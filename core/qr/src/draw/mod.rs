//! From a text to something that a camera can read.
//!
//! All drawings have the quiet zone of four modules that the standard asks for.

mod matrix;
mod png;
mod svg;
mod terminal;

pub use matrix::{DrawError, Level, Matrix};

/// The empty border, in modules.
const QUIET_ZONE: usize = 4;
