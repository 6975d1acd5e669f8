//! The crate as its users see it.

#![allow(
    clippy::unwrap_used,
    reason = "these are tests; the lint spares only test functions, not what they call"
)]

mod cards;
#[path = "../checks/mod.rs"]
mod checks;
mod corpus;
mod draw;
#[cfg(feature = "image")]
mod image;
mod properties;
mod scan;
mod signed;
mod ticket;
mod vectors;
mod vietqr;
