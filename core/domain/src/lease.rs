//! How long a helper's phone may show a book without hearing from the clinic.
//!
//! A lease is measured by the time since the phone was started, which nobody sets: turning the clock back or forward
//! changes nothing. What it cannot tell is how long a phone was off, so a lease ends with the start in which it was given.

use std::time::Duration;

use crate::ports::Uptime;

/// From the clinic's answer on for so long, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// When the clinic was asked.
    pub from: Uptime,
    /// For how long it lasts.
    pub span: Duration,
}

impl Lease {
    /// No lease is longer.
    pub const LONGEST: Duration = Duration::from_secs(72 * 3_600);

    /// A lease of this span, but of no more than [`Lease::LONGEST`], since the clinic was asked.
    #[must_use]
    pub fn given(from: Uptime, span: Duration) -> Self {
        Self {
            from,
            span: span.min(Self::LONGEST),
        }
    }

    /// How much of it is left; nothing when it is over, or when nothing says that it is not.
    #[must_use]
    pub fn left(&self, now: Option<Uptime>) -> Option<Duration> {
        let now = now.filter(|now| now.start == self.from.start)?;
        let passed = now.since_start.checked_sub(self.from.since_start)?;
        self.span
            .min(Self::LONGEST)
            .checked_sub(passed)
            .filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: u64, seconds: u64) -> Uptime {
        Uptime {
            start,
            since_start: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn a_lease_lasts_as_long_as_it_was_given_within_one_start_of_the_phone() {
        let lease = Lease::given(at(1, 100), Duration::from_secs(60));
        assert_eq!(lease.left(Some(at(1, 100))), Some(Duration::from_secs(60)));
        assert_eq!(lease.left(Some(at(1, 159))), Some(Duration::from_secs(1)));
        for over in [at(1, 160), at(1, 99), at(2, 100), at(2, 159)] {
            assert_eq!(lease.left(Some(over)), None, "{over:?}");
        }
        assert_eq!(lease.left(None), None);
    }

    #[test]
    fn nobody_gives_more_than_three_days() {
        let for_ever = Lease::given(at(1, 0), Duration::MAX);
        assert!(for_ever.left(Some(at(1, 72 * 3_600 - 1))).is_some());
        assert_eq!(for_ever.left(Some(at(1, 72 * 3_600))), None);
        let forged = Lease {
            from: at(1, 0),
            span: Duration::MAX,
        };
        assert_eq!(forged.left(Some(at(1, 72 * 3_600))), None);
    }
}
