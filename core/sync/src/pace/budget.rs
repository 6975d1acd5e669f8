//! How much of what a phone sends may be repetition.

use std::time::Duration;

use sokhoe_domain::Timestamp;

/// A repetition costs ten first tries.
const COST: u8 = 10;
/// What may be saved: ten repetitions.
const MOST: u8 = 100;
/// What a phone begins with: five repetitions, so that the first bad minute of a booking is not already
/// beyond its means. Only what somebody waits for is repeated out of the budget, so a clinic that
/// fails meets few of these (`tests/outage`).
const AT_FIRST: u8 = 50;
/// With nothing saved one repetition in this time is free: as often as the backoff's cap says anyway.
const FREE_EVERY: Duration = Duration::from_secs(300);

/// First tries fill it, repetitions spend it: at most a tenth is repetition, but for a small floor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    saved: u8,
    last: Option<Timestamp>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            saved: AT_FIRST,
            last: None,
        }
    }
}

impl Budget {
    /// Something is sent for the first time.
    pub(super) fn first(&mut self) {
        self.saved = (self.saved + 1).min(MOST);
    }

    /// Something is sent again, or when it may be.
    pub(super) fn repeat(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        if self.saved >= COST {
            self.saved -= COST;
        } else if let Some(last) = self.last {
            let free = last.plus(FREE_EVERY);
            // A clock that was put back makes it free, too.
            if now >= last && now < free {
                return Err(free);
            }
        }
        self.last = Some(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::testing::at;
    use proptest::prelude::*;

    #[test]
    fn a_quiet_phone_may_repeat_at_its_backoff() {
        let mut budget = Budget::default();
        for second in 0..5 {
            assert_eq!(budget.repeat(at(second)), Ok(()));
        }
        assert_eq!(budget.repeat(at(5)), Err(at(304)));
        assert_eq!(budget.repeat(at(304)), Ok(()));
        assert_eq!(budget.repeat(at(305)), Err(at(604)));
        // The clock was put back.
        assert_eq!(budget.repeat(at(-9_000)), Ok(()));
    }

    proptest! {
        #[test]
        fn at_most_a_tenth_is_repetition_but_for_the_floor(
            calls in proptest::collection::vec((0_i64..100, any::<bool>()), 0..400),
        ) {
            let mut budget = Budget::default();
            let (mut now, mut first, mut repeated) = (0, 0, 0);
            for (later, again) in calls {
                now += later;
                if !again {
                    budget.first();
                    first += 1;
                } else if let Err(until) = budget.repeat(at(now)) {
                    prop_assert!(until > at(now) && until <= at(now).plus(FREE_EVERY));
                } else {
                    repeated += 1;
                }
                prop_assert!(budget.saved <= MOST);
                prop_assert!(repeated <= first / 10 + 6 + now / 300);
            }
        }
    }
}
