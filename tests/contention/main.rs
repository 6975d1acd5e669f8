//! A thousand clients, two hundred times that all of them want, and a clinic in a process of its own that is killed again
//! and again while they ask. What they saw must be explained by every time having been asked for by one after the other,
//! and the database must have what they were told.
//!
//!     SOKHOE_ATTEMPTS=1000000 cargo test --profile simulated -p sokhoe-tests --test contention -- --show-output
//!
//! * `client`: what one of them does and notes; `answers`, `counts`: what it heard. `seat`: what a time is when nothing happens at once. `history`: whether
//!   what was noted is that.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on ends"
)]

mod answers;
mod client;
mod counts;
mod history;
mod seat;
mod thousand_clients;
