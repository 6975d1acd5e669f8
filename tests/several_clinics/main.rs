//! Several clinic processes on one PostgreSQL: a phone may ask any of them, each hears what the others commit, and
//! their ends lose nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod group;
mod news;
mod one_clinic;
mod restarts;
