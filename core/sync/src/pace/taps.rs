//! How often a person may try again by hand while a host gives no answer.

use std::time::Duration;

use sokhoe_domain::Timestamp;

/// Calls at once: a family's books, and a second thought.
const AT_ONCE: u32 = 10;
/// Then one in this time.
const EVERY: Duration = Duration::from_secs(6);

/// Ten tries, then one every six seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Taps {
    /// When all tries will be there again.
    whole_at: Timestamp,
}

impl Taps {
    /// A person tries again, or when they may.
    pub(super) fn take(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        let mut whole_at = self.whole_at.max(now);
        if whole_at > now.plus(EVERY * AT_ONCE) {
            // The clock was put back: nothing that was taken tells anything now.
            whole_at = now;
        }
        let free_at = whole_at.as_millis() - i64::from(AT_ONCE - 1) * MILLIS;
        if free_at > now.as_millis() {
            return Err(Timestamp::from_millis(free_at));
        }
        self.whole_at = whole_at.plus(EVERY);
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "six seconds")]
const MILLIS: i64 = EVERY.as_millis() as i64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::testing::at;
    use proptest::prelude::*;

    #[test]
    fn ten_tries_then_one_every_six_seconds() {
        let mut taps = Taps::default();
        for _ in 0..AT_ONCE {
            assert_eq!(taps.take(at(0)), Ok(()));
        }
        assert_eq!(taps.take(at(0)), Err(at(6)));
        assert_eq!(taps.take(at(6)), Ok(()));
        assert_eq!(taps.take(at(6)), Err(at(12)));
    }

    #[test]
    fn a_clock_that_was_put_back_shuts_nobody_out() {
        let mut taps = Taps::default();
        for _ in 0..AT_ONCE {
            assert_eq!(taps.take(at(200_000)), Ok(()));
        }
        assert_eq!(taps.take(at(0)), Ok(()));
    }

    proptest! {
        #[test]
        fn nobody_hammers_and_nobody_is_shut_out(
            taps_after in proptest::collection::vec(0_i64..20, 0..200),
            put_back in 0_i64..1_000_000,
        ) {
            let mut taps = Taps::default();
            let (mut now, mut taken) = (0, 0);
            for later in taps_after {
                now += later;
                match taps.take(at(now)) {
                    Ok(()) => taken += 1,
                    Err(until) => prop_assert!(until > at(now) && until <= at(now + 6)),
                }
                prop_assert!(taken <= 10 + now / 6);
            }
            let back = at(now - put_back);
            if let Err(until) = taps.take(back) {
                prop_assert!(until <= back.plus(EVERY));
                prop_assert_eq!(taps.take(until), Ok(()));
            }
        }
    }
}
