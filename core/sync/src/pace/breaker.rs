//! A host that does not answer is left alone for a while.

use std::time::Duration;

use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::Rng;

use super::backoff::{CAP, share};

/// Failures one after the other until a host is left alone.
const FAILURES: u32 = 5;
/// How long at least, the first time and ever after.
const SHORTEST: Duration = Duration::from_secs(30);
/// How long at most; twice as long each time until then.
const LONGEST: Duration = Duration::from_secs(120);
/// A probe that was never heard of again, e.g. because the phone slept, no longer counts. Longer than
/// any exchange that is a probe.
const PROBE_LASTS: Duration = Duration::from_secs(90);
/// Whoever comes while a probe is on its way looks again after this.
const PROBE_SHOWS: Duration = Duration::from_secs(5);

/// Closed while a host answers; open after five failures; then one call goes through as a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Breaker {
    state: State,
    /// How often it opened since the host last answered.
    openings: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Closed {
        /// One after the other.
        failures: u32,
    },
    Open {
        since: Timestamp,
        until: Timestamp,
        /// The clinic itself asked for the time.
        asked: bool,
    },
    Probing {
        since: Timestamp,
    },
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            state: State::Closed { failures: 0 },
            openings: 0,
        }
    }
}

impl Breaker {
    /// Whether the host gave no answer the last time.
    pub(super) fn is_failing(&self) -> bool {
        self.state != State::Closed { failures: 0 }
    }

    /// Nothing when a call may go out, else when to look again. A clock that was put back opens it.
    pub(super) fn closed_until(&self, now: Timestamp) -> Option<Timestamp> {
        match self.state {
            State::Closed { .. } => None,
            State::Open { since, until, .. } => (now >= since && now < until).then_some(until),
            State::Probing { since } => {
                let over = since.plus(PROBE_LASTS);
                (now >= since && now < over).then(|| over.min(now.plus(PROBE_SHOWS)))
            }
        }
    }

    /// A call that may go out does; whether it is a probe.
    pub(super) fn begin(&mut self, now: Timestamp) -> bool {
        if matches!(self.state, State::Closed { .. }) {
            return false;
        }
        self.state = State::Probing { since: now };
        true
    }

    /// The host answered.
    pub(super) fn succeeded(&mut self, probe: bool) {
        // A call from before the clinic asked to wait does not end the wait.
        let asked = matches!(self.state, State::Open { asked: true, .. });
        if probe || !asked {
            *self = Self::default();
        }
    }

    /// The host did not answer, or asked to be left alone.
    pub(super) fn failed(
        &mut self,
        now: Timestamp,
        probe: bool,
        retry_after: Option<Duration>,
        rng: &dyn Rng,
    ) {
        if let Some(asked) = retry_after.filter(|asked| !asked.is_zero()) {
            let wait = asked.saturating_add(asked.min(CAP).mul_f64(share(rng)));
            return self.open(now, wait, true);
        }
        match &mut self.state {
            State::Closed { failures } if *failures + 1 < FAILURES => *failures += 1,
            State::Open { .. } => {}
            State::Probing { .. } if !probe => {}
            State::Closed { .. } | State::Probing { .. } => {
                let window = SHORTEST
                    .saturating_mul(2_u32.saturating_pow(self.openings.saturating_add(1)))
                    .min(LONGEST);
                self.openings = self.openings.saturating_add(1);
                self.open(now, window.mul_f64(0.5 + share(rng) / 2.0), false);
            }
        }
    }

    fn open(&mut self, now: Timestamp, wait: Duration, asked: bool) {
        let mut until = now.plus(wait);
        if let State::Open {
            since,
            until: before,
            asked: true,
        } = self.state
            && now >= since
        {
            until = until.max(before);
        }
        self.state = State::Open {
            since: now,
            until,
            asked,
        };
    }

    /// A call ended without telling anything of the host.
    pub(super) fn abandoned(&mut self, now: Timestamp, probe: bool) {
        if probe && matches!(self.state, State::Probing { .. }) {
            // The next one may probe.
            self.state = State::Open {
                since: now,
                until: now,
                asked: false,
            };
        }
    }

    /// What was learned without a network says nothing now; what the clinic asked for stands.
    pub(super) fn network_is_back(&mut self, now: Timestamp) {
        if let State::Open {
            asked: false,
            since,
            until,
        } = &mut self.state
        {
            *since = now.min(*since);
            *until = now.min(*until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::testing::{Always, at};
    use proptest::prelude::*;

    fn opened(random: u8) -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES {
            assert_eq!(breaker.closed_until(at(0)), None);
            assert!(!breaker.begin(at(0)));
            breaker.failed(at(0), false, None, &Always(random));
        }
        breaker
    }

    #[test]
    fn opens_after_five_failures_in_a_row_and_lets_one_probe_through() {
        let mut breaker = opened(0);
        assert_eq!(breaker.closed_until(at(29)), Some(at(30)));
        assert_eq!(breaker.closed_until(at(30)), None);
        assert!(breaker.begin(at(30)));
        assert_eq!(breaker.closed_until(at(30)), Some(at(35)));
        breaker.succeeded(true);
        assert_eq!(breaker, Breaker::default());
    }

    #[test]
    fn an_answer_between_begins_the_count_anew() {
        let mut breaker = Breaker::default();
        for _ in 0..100 {
            for _ in 1..FAILURES {
                breaker.failed(at(0), false, None, &Always(0));
            }
            breaker.succeeded(false);
        }
        assert!(!breaker.is_failing());
    }

    #[test]
    fn is_open_for_twice_as_long_up_to_the_cap() {
        let mut breaker = opened(0xff);
        let mut now = at(0);
        for expected in [60, 120, 120, 120] {
            let until = breaker.closed_until(now).unwrap();
            assert_eq!(until, now.plus(Duration::from_secs(expected)));
            now = until;
            assert!(breaker.begin(now));
            breaker.failed(now, true, None, &Always(0xff));
        }
    }

    #[test]
    fn a_clinic_that_asks_to_wait_opens_it_at_once() {
        let mut breaker = Breaker::default();
        breaker.failed(at(0), false, Some(Duration::from_secs(600)), &Always(0));
        assert_eq!(breaker.closed_until(at(599)), Some(at(600)));
        // Neither an answer to an older call nor another failure shortens it.
        breaker.succeeded(false);
        breaker.failed(at(1), false, None, &Always(0));
        breaker.failed(at(1), false, Some(Duration::from_secs(5)), &Always(0));
        breaker.network_is_back(at(2));
        assert_eq!(breaker.closed_until(at(2)), Some(at(600)));
    }

    #[test]
    fn a_network_that_is_back_lets_a_probe_through() {
        let mut breaker = opened(0);
        breaker.network_is_back(at(2));
        assert_eq!(breaker.closed_until(at(2)), None);
        assert!(breaker.begin(at(2)));
    }

    #[test]
    fn a_probe_that_is_given_up_leaves_its_turn() {
        let mut breaker = opened(0);
        assert!(breaker.begin(at(40)));
        breaker.abandoned(at(41), true);
        assert_eq!(breaker.closed_until(at(41)), None);
    }

    #[test]
    fn a_clock_that_was_put_back_holds_nothing_up() {
        let mut breaker = opened(0);
        assert_eq!(breaker.closed_until(at(-100_000)), None);
        assert!(breaker.begin(at(-100_000)));
        breaker.succeeded(true);
        assert!(!breaker.is_failing());
    }

    proptest! {
        /// Whatever happened, and even when no call is ever heard of again.
        #[test]
        fn a_probe_goes_through_in_the_end(
            story in proptest::collection::vec((0_i64..200, 0_u8..5, any::<bool>(), 0_u64..400, any::<u8>()), 0..60),
        ) {
            let mut breaker = Breaker::default();
            let mut now = 0;
            let mut asked_until = 0;
            for (later, what, probe, asked, random) in story {
                now += later;
                match what {
                    0 => breaker.succeeded(probe),
                    1 => breaker.failed(at(now), probe, None, &Always(random)),
                    2 => {
                        let wait = Duration::from_secs(asked);
                        breaker.failed(at(now), probe, Some(wait), &Always(random));
                        asked_until = asked_until.max(now + 2 * i64::try_from(asked).unwrap());
                    }
                    3 => breaker.abandoned(at(now), probe),
                    _ => if breaker.closed_until(at(now)).is_none() {
                        breaker.begin(at(now));
                    },
                }
                if let Some(until) = breaker.closed_until(at(now)) {
                    prop_assert!(until > at(now));
                    prop_assert!(until <= at(asked_until.max(now + 120)));
                }
            }
            let latest = asked_until.max(now + 120);
            prop_assert_eq!(breaker.closed_until(at(latest)), None);
        }
    }
}
