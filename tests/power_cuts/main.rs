//! Power cuts, full disks and failing drives under a vault, on a disk in memory
//! (`sokhoe_testing::disk`).
//!
//! A failure tells the operation, the kind of crash and the seed. To look at one, run the test again:
//! lives, cuts and seeds are the same every time (salts and the cipher's random bytes are not).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

/// SQLite asks for memory often.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod check;
mod cuts;
mod erasing;
mod faults;
mod keys;
mod life;
mod model;
mod rotation;
