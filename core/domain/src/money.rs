//! Đồng.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount in đồng. The đồng has no smaller unit, so money is never a fraction.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct Vnd(i64);

impl Vnd {
    /// An amount in đồng.
    #[must_use]
    pub const fn new(dong: i64) -> Self {
        Self(dong)
    }

    /// The amount in đồng.
    #[must_use]
    pub const fn dong(self) -> i64 {
        self.0
    }

    /// The sum, or nothing when it would overflow.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// All of them together; nothing of none, or when one is not told.
    #[must_use]
    pub fn total(amounts: impl Iterator<Item = Option<Self>>) -> Option<Self> {
        let amounts: Vec<Self> = amounts.collect::<Option<_>>()?;
        let mut amounts = amounts.into_iter();
        let first = amounts.next()?;
        amounts.try_fold(first, Self::checked_add)
    }

    /// The difference, or nothing when it would overflow.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// `percent` of the amount, cut to whole đồng, or nothing when it would overflow.
    #[must_use]
    pub fn percent(self, percent: u8) -> Option<Self> {
        self.0
            .checked_mul(i64::from(percent))
            .map(|x| Self(x / 100))
    }
}

/// As hospital counters write it: `150.000 đ`.
impl fmt::Display for Vnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.unsigned_abs().to_string();
        let mut grouped = String::with_capacity(digits.len() * 4 / 3 + 4);
        if self.0 < 0 {
            grouped.push('-');
        }
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                grouped.push('.');
            }
            grouped.push(digit);
        }
        write!(f, "{grouped} đ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_at_the_counter() {
        for (dong, text) in [
            (0, "0 đ"),
            (999, "999 đ"),
            (1_000, "1.000 đ"),
            (150_000, "150.000 đ"),
            (-1_234_567, "-1.234.567 đ"),
        ] {
            assert_eq!(Vnd::new(dong).to_string(), text);
        }
        let _ = Vnd::new(i64::MIN).to_string();
    }

    #[test]
    fn arithmetic_is_checked() {
        assert_eq!(Vnd::new(i64::MAX).checked_add(Vnd::new(1)), None);
        assert_eq!(Vnd::new(i64::MAX).percent(80), None);
        assert_eq!(Vnd::new(150_001).percent(80), Some(Vnd::new(120_000)));
    }
}
