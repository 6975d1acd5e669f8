//! Programs by other people read what we write, and we read what they write (README.md beside).
//! Run by `cargo xtask test --only peers`, which brings the programs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod drawn;
mod fhir;
mod filter;
mod foreign;
mod jpa_server;
mod openid_provider;
mod server_booking;
mod server_sync;
mod vault_file;
mod vietqr;
