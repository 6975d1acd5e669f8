//! The purpose becomes the text of a transfer. Banks cut it, fold it and drop what they dislike,
//! so it is made safe before they can, and the reference stands first.

use crate::text::{fold_upper, fold_upper_into};

/// The length that every known bank and aggregator keeps.
pub const SAFE_PURPOSE: usize = 19;

/// The length that NAPAS allows.
pub const LONGEST_PURPOSE: usize = 25;

/// The reference as `[A-Z0-9]`; what else it had is dropped.
pub fn bank_safe_reference(reference: &str) -> String {
    fold_upper(reference).replace(' ', "")
}

/// Whether a reference can be the purpose as it is.
pub(super) fn is_bank_safe(reference: &str, limit: usize) -> bool {
    (1..=limit).contains(&reference.len())
        && reference
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// Reference, then text, as `[A-Z0-9 ]`, cut to `limit` characters. The reference is never cut:
/// unset when it does not fit.
pub fn bank_safe_purpose(reference: &str, text: &str, limit: usize) -> Option<String> {
    Purpose::new(reference, text, limit).map(|purpose| purpose.text)
}

/// A purpose that is safe for banks.
pub(super) struct Purpose {
    pub(super) text: String,
    /// Whether something of the reference was left.
    pub(super) names_reference: bool,
}

impl Purpose {
    pub(super) fn new(reference: &str, text: &str, limit: usize) -> Option<Self> {
        let mut purpose = String::with_capacity(LONGEST_PURPOSE + 1);
        fold_upper_into(reference, &mut purpose);
        purpose.retain(|c| c != ' ');
        if purpose.len() > limit {
            return None;
        }
        let names_reference = !purpose.is_empty();
        if names_reference && !text.is_empty() {
            purpose.push(' ');
        }
        fold_upper_into(text, &mut purpose);
        purpose.truncate(limit);
        purpose.truncate(purpose.trim_end().len());
        Some(Self {
            text: purpose,
            names_reference,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_comes_first_and_whole() {
        let safe = |reference, text| bank_safe_purpose(reference, text, SAFE_PURPOSE);
        assert_eq!(
            safe("pk8f-3k2", "Khám bệnh: Đặng Thị Ánh").unwrap(),
            "PK8F3K2 KHAM BENH D"
        );
        assert_eq!(safe("PK8F3K2", "").unwrap(), "PK8F3K2");
        assert_eq!(safe("", "ủng hộ lũ lụt").unwrap(), "UNG HO LU LUT");
        assert_eq!(
            safe("PK8F3K2ABCDE", "khám b").unwrap(),
            "PK8F3K2ABCDE KHAM B"
        );
        assert_eq!(
            safe("", "0123456789012345678 9").unwrap(),
            "0123456789012345678"
        );
        assert_eq!(safe("01234567890123456789", "x"), None);
    }
}
