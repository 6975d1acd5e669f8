//! Fields that several kinds of code have.

use sokhoe_domain::Timestamp;

use super::refusal::Refusal;
use crate::text::is_shown_text;

/// A name as people read it, at most 200 characters.
pub(super) fn is_name(name: &str) -> bool {
    is_shown_text(name, 200)
}

/// A one-time secret as clinics make them.
pub(super) fn is_secret(code: &str) -> bool {
    (1..=200).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_graphic())
}

/// Whole seconds since 1970.
pub(super) fn seconds(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(1_000)
}

pub(super) fn instant(seconds: i64) -> Result<Timestamp, Refusal> {
    seconds
        .checked_mul(1_000)
        .map(Timestamp::from_millis)
        .ok_or(Refusal::Malformed)
}
