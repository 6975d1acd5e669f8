//! What people do, from end to end: a real clinic over real HTTP, real vaults on disk.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod access_log;
mod access_log_tampering;
mod book;
mod cancel;
mod conditions;
mod documents;
mod enrol;
mod export;
mod helping;
mod in_step;
mod insurance;
mod inviting;
mod move_booking;
mod move_phone;
mod own_words;
mod pay;
mod presence;
mod queue;
mod read_offline;
mod rights;
mod same_person;
mod scan;
mod series;
mod sign_in;
mod ticket;
mod trip;
mod waiting_list;
mod watch;
