//! Days as they are typed.

use chrono::NaiveDate;

/// Reads `2026-11-24`.
///
/// # Errors
/// What a day looks like.
pub(crate) fn parse_day(text: &str) -> Result<NaiveDate, String> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map_err(|_| "a day is written 2026-11-24".to_owned())
}
