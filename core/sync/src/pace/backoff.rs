//! How long to wait after a failure.

use std::time::Duration;

use sokhoe_domain::ports::Rng;

const BASE: Duration = Duration::from_secs(1);
/// The longest wait that nobody asked for.
pub(super) const CAP: Duration = Duration::from_secs(300);

/// Full jitter: anywhere between nothing and `min(300 s, 1 s · 2^attempts)`. After a clinic's
/// `Retry-After` the wait begins where that ends, and is spread over as long again: phones that lost a
/// clinic together, or were told the same, do not come back together.
#[must_use]
pub fn delay(attempts: u32, retry_after: Option<Duration>, rng: &dyn Rng) -> Duration {
    let ceiling = BASE
        .saturating_mul(1_u32.checked_shl(attempts).unwrap_or(u32::MAX))
        .min(CAP);
    let asked = retry_after.unwrap_or_default();
    asked.saturating_add(ceiling.max(asked.min(CAP)).mul_f64(share(rng)))
}

/// A number between 0 and 1, both possible.
pub(super) fn share(rng: &dyn Rng) -> f64 {
    let mut random = [0_u8; 4];
    rng.fill(&mut random);
    f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::testing::Always;
    use proptest::prelude::*;

    #[test]
    fn grows_to_the_cap_and_never_beyond() {
        assert_eq!(delay(0, None, &Always(0xff)), Duration::from_secs(1));
        assert_eq!(delay(3, None, &Always(0xff)), Duration::from_secs(8));
        for attempts in [9, 31, 32, 1000, u32::MAX] {
            assert_eq!(delay(attempts, None, &Always(0xff)), CAP);
        }
        assert_eq!(delay(5, None, &Always(0)), Duration::ZERO);
    }

    #[test]
    fn a_clinic_that_asks_to_wait_is_given_the_time() {
        let asked = Duration::from_secs(40);
        assert_eq!(delay(0, Some(asked), &Always(0)), asked);
        assert_eq!(delay(9, Some(Duration::MAX), &Always(0xff)), Duration::MAX);
    }

    #[test]
    fn phones_that_were_told_the_same_come_back_one_by_one() {
        let asked = Duration::from_secs(120);
        assert_eq!(delay(0, Some(asked), &Always(0xff)), asked * 2);
        let day = Duration::from_secs(86_400);
        assert_eq!(delay(0, Some(day), &Always(0xff)), day + CAP);
    }

    proptest! {
        #[test]
        fn never_before_the_time_asked_for_nor_beyond_the_cap(
            attempts: u32,
            asked in proptest::option::of(0_u64..=86_400),
            random: u8,
        ) {
            let asked = asked.map(Duration::from_secs);
            let delay = delay(attempts, asked, &Always(random));
            let earliest = asked.unwrap_or_default();
            prop_assert!(delay >= earliest);
            prop_assert!(delay <= earliest + CAP);
        }
    }
}
