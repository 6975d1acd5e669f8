//! When to try again.

use std::time::Duration;

use sokhoe_domain::ports::Rng;

const BASE: Duration = Duration::from_secs(1);
const CAP: Duration = Duration::from_secs(300);

/// Full jitter: anywhere between nothing and `min(300 s, 1 s · 2^attempts)`, but not before the
/// clinic's `Retry-After`. Phones that lost a clinic together do not come back together.
pub(crate) fn delay(attempts: u32, retry_after: Option<Duration>, rng: &dyn Rng) -> Duration {
    let ceiling = BASE
        .saturating_mul(1_u32.checked_shl(attempts).unwrap_or(u32::MAX))
        .min(CAP);
    let mut random = [0_u8; 4];
    rng.fill(&mut random);
    let share = f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX);
    retry_after
        .unwrap_or_default()
        .saturating_add(ceiling.mul_f64(share))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Always(u8);
    impl Rng for Always {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

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
        assert!(delay(2, Some(asked), &Always(0xff)) > asked);
        assert_eq!(delay(9, Some(Duration::MAX), &Always(0xff)), Duration::MAX);
    }
}
