//! The clinic over real HTTP.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test stops at what it does not expect, looks at a real watch, and tells its figures"
)]

mod abuse;
mod access;
mod access_log;
mod admission;
mod backend_services;
mod backup;
mod bank_messages;
mod binary;
mod booking;
mod carried_grants;
mod cashier;
mod change_notice;
mod check;
mod days;
mod desk;
mod desk_requests;
mod dpop;
mod feed;
mod find;
mod grants;
mod health;
mod import;
mod insurance;
mod measure;
mod metadata;
mod otherwise;
mod queue;
mod race;
mod refresh;
mod remote_visits;
mod review;
mod rights;
mod rights_from_phones;
mod search;
mod series;
mod sign_in;
mod sign_in_attacks;
mod staff;
mod support;
mod tickets;
mod timetable;
mod together;
mod waiting_list;
mod writing;
