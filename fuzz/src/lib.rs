//! The checks of `core/qr`, as fuzz targets link them.

#[path = "../../core/qr/tests/checks/mod.rs"]
pub mod checks;
