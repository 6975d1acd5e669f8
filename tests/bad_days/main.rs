//! What goes wrong on bad days: clinics that answer nonsense, full disks, wrong keys, kills.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod clinic_answers;
mod damage;
mod disk;
mod ending;
mod errors;
mod feed;
mod keys;
mod kill;
mod kill_vault;
mod logs;
mod pause;
mod processes;
