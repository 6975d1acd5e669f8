//! Who may see what, asked of the clinic's server in every way that a request can be written.
//!
//! * `ward`: a clinic, two patients who are nothing to each other, and the phones that come in there.
//! * `request`: what is asked, and what is answered.
//! * `matrix`: every type of resource, every interaction, every kind of stranger, and the abuse cases that have no type.
//! * `leases`: a helper's phone, its clock and its clinic in many schedules: no book is read after its lease.
//! * `dice`: the only chance.
//! * `interference`: random requests as one patient are answered with the same bytes whether the other is there or not.
//!
//!     SOKHOE_REQUESTS=1000000 cargo test --profile simulated -p sokhoe-tests --test access -- --show-output

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on ends"
)]

/// SQLite asks for memory often.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod dice;
mod interference;
mod leases;
mod matrix;
mod request;
mod ward;
