//! A phone and FHIR servers that are not ours, of good manners and of bad ones.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot go on ends"
)]

mod access;
mod booking;
mod cancelling;
mod criteria;
mod moving;
mod otherwise;
mod readings;
mod refusing;
mod server;
mod sync;
mod times;
