//! When something is sent or asked again.
//!
//! A phone alone hurts nobody; all phones of a province that lost their clinic at the same minute may
//! keep it down. So each keeps a [`Pace`] a host, a state machine of three parts: the breaker leaves a
//! host alone that gave no answer five times; the budget holds what the machine repeats to a tenth of
//! what it sends; a person's own tries are free until they become hammering. `tests/outage` holds a
//! province of these to its figures.

mod backoff;
mod breaker;
mod budget;
mod conditions;
mod hosts;
mod taps;

use std::time::Duration;

use sokhoe_client::{ClientError, GarbledAnswer};
use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::Rng;

pub use backoff::delay;
use backoff::share;
use breaker::Breaker;
use budget::Budget;
pub use conditions::{Allowance, Fetch, HeldBack, NetworkKind, SyncConditions};
pub use hosts::{HostPaces, Permit};
use taps::Taps;

/// After a failure the regular fetching of a book comes back in half to one and a half of this. Nobody
/// waits for it, and every phone that failed in an outage repeats it: at the backoff's pace (a repetition
/// every few minutes) a clinic that comes back would meet six times what it met before it went. An hour
/// spreads half an hour's failures over the next hour and a half, half as much as usual on top.
const QUIET: Duration = Duration::from_secs(3600);

/// Why a host is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A person looks at the screen and asked for it.
    Person,
    /// What a person decided is sent for the first time.
    Decided,
    /// What may have been sent before is sent again, by the machine.
    Again,
    /// A screen is open that shows news as they come.
    Watching,
    /// Its regular time came; nobody waits.
    Schedule,
}

/// The host is not to be called before this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the host is not to be called yet")]
pub struct WaitUntil(pub Timestamp);

/// A call that may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    probe: bool,
}

/// What a call told of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It answered, whatever it said.
    Answer,
    /// It did not, or it asked to be left alone.
    Failure {
        /// For how long, if it said.
        retry_after: Option<Duration>,
    },
    /// Nothing, e.g. because the call was given up.
    Nothing,
}

impl From<&ClientError> for Heard {
    fn from(error: &ClientError) -> Self {
        match error {
            // The host works; what it says of this one thing cannot be read.
            ClientError::Garbled(what) if *what != GarbledAnswer::Html => Self::Answer,
            error if error.may_retry() => Self::Failure {
                retry_after: error.retry_after(),
            },
            _ => Self::Answer,
        }
    }
}

/// One phone's manners towards one host. Reads no clock and keeps nothing beyond the process: what must
/// outlive it, when an intent may be sent again, is in the vault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    breaker: Breaker,
    budget: Budget,
    taps: Taps,
    /// The last failure, and when the regular fetching may come again.
    quiet: Option<(Timestamp, Timestamp)>,
}

impl Pace {
    /// Whether a call may go out now.
    ///
    /// # Errors
    /// [`WaitUntil`]: not yet.
    pub fn may_call(&mut self, now: Timestamp, cause: Cause) -> Result<Admitted, WaitUntil> {
        if let Some(until) = self.breaker.closed_until(now) {
            return Err(WaitUntil(until));
        }
        let failing = self.breaker.is_failing();
        match cause {
            Cause::Person if failing => self.taps.take(now).map_err(WaitUntil)?,
            Cause::Again => self.budget.repeat(now).map_err(WaitUntil)?,
            Cause::Watching if failing => self.budget.repeat(now).map_err(WaitUntil)?,
            Cause::Schedule if failing => {
                if let Some((since, until)) = self.quiet
                    && now >= since
                    && now < until
                {
                    return Err(WaitUntil(until));
                }
            }
            Cause::Person | Cause::Decided | Cause::Watching | Cause::Schedule => {
                self.budget.first();
            }
        }
        Ok(Admitted {
            probe: self.breaker.begin(now),
        })
    }

    /// A call that was admitted is over.
    pub fn ended(&mut self, now: Timestamp, call: Admitted, heard: Heard, rng: &dyn Rng) {
        match heard {
            Heard::Answer => {
                self.breaker.succeeded(call.probe);
                self.quiet = None;
            }
            Heard::Failure { retry_after } => {
                self.breaker.failed(now, call.probe, retry_after, rng);
                let wait = QUIET.mul_f64(0.5 + share(rng));
                self.quiet = Some((now, now.plus(wait.max(delay(0, retry_after, rng)))));
            }
            Heard::Nothing => self.breaker.abandoned(now, call.probe),
        }
    }

    /// When a call may go out that may not now.
    #[must_use]
    pub fn waits_until(&self, now: Timestamp, cause: Cause) -> Option<Timestamp> {
        let mut then = self.clone();
        then.may_call(now, cause).err().map(|WaitUntil(at)| at)
    }

    /// The phone has a network again: what failed without one need not wait. What a clinic asked for
    /// stands, and so does the regular fetching, since the phones below one mast come back together.
    pub fn network_is_back(&mut self, now: Timestamp) {
        self.breaker.network_is_back(now);
    }
}

#[cfg(test)]
mod testing {
    use super::*;

    /// Random numbers that are all the same.
    pub(crate) struct Always(pub(crate) u8);
    impl Rng for Always {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    /// This many seconds after the beginning.
    pub(crate) fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{Always, at};
    use super::*;
    use proptest::prelude::*;

    const FAILED: Heard = Heard::Failure { retry_after: None };

    fn fail(pace: &mut Pace, now: Timestamp, cause: Cause) {
        let call = pace.may_call(now, cause).unwrap();
        pace.ended(now, call, FAILED, &Always(0));
    }

    #[test]
    fn the_first_tap_after_the_wait_goes_through_and_the_second_does_not() {
        let mut pace = Pace::default();
        for _ in 0..5 {
            fail(&mut pace, at(0), Cause::Person);
        }
        for cause in [
            Cause::Person,
            Cause::Decided,
            Cause::Again,
            Cause::Watching,
            Cause::Schedule,
        ] {
            let mut pace = pace.clone();
            assert!(pace.may_call(at(29), cause).is_err(), "{cause:?}");
        }
        let tap = pace.may_call(at(30), Cause::Person).unwrap();
        assert!(pace.may_call(at(30), Cause::Person).is_err());
        pace.ended(at(31), tap, Heard::Answer, &Always(0));
        assert!(pace.may_call(at(31), Cause::Schedule).is_ok());
    }

    #[test]
    fn regular_fetching_waits_long_while_a_person_need_not() {
        let mut pace = Pace::default();
        fail(&mut pace, at(0), Cause::Schedule);
        assert_eq!(pace.waits_until(at(60), Cause::Schedule), Some(at(30 * 60)));
        assert_eq!(pace.waits_until(at(60), Cause::Person), None);
        assert_eq!(pace.waits_until(at(60), Cause::Again), None);
        assert_eq!(pace.waits_until(at(30 * 60), Cause::Schedule), None);
        // The clock was put back.
        assert_eq!(pace.waits_until(at(-60), Cause::Schedule), None);
    }

    #[test]
    fn what_one_thing_meets_says_nothing_of_the_host() {
        let refused = ClientError::Refused {
            status: 409,
            code: "slot-taken".to_owned(),
            alternatives: Vec::new(),
        };
        for answer in [
            refused,
            ClientError::NotFound,
            ClientError::Unauthorized,
            ClientError::Garbled(GarbledAnswer::NotFhir),
            ClientError::Garbled(GarbledAnswer::Status(400)),
        ] {
            assert_eq!(Heard::from(&answer), Heard::Answer, "{answer:?}");
        }
        let busy = ClientError::Busy {
            retry_after: Some(Duration::from_secs(9)),
        };
        assert_eq!(
            Heard::from(&busy),
            Heard::Failure {
                retry_after: Some(Duration::from_secs(9))
            }
        );
        for failure in [
            ClientError::Unreachable,
            ClientError::NoAnswer,
            ClientError::Server { status: 502 },
            ClientError::Garbled(GarbledAnswer::Html),
        ] {
            assert_eq!(Heard::from(&failure), FAILED, "{failure:?}");
        }
    }

    proptest! {
        /// Whoever waits as told gets through, whatever the phone went through before.
        #[test]
        fn nobody_waits_for_ever(
            story in proptest::collection::vec((0_i64..500, 0_u8..5, 0_u8..4, any::<u8>()), 0..80),
            put_back in prop_oneof![Just(0_i64), 0_i64..200_000],
        ) {
            let causes = [Cause::Person, Cause::Decided, Cause::Again, Cause::Watching, Cause::Schedule];
            let mut pace = Pace::default();
            let mut now = 0;
            for (later, cause, outcome, random) in story {
                now += later;
                let Ok(call) = pace.may_call(at(now), causes[usize::from(cause)]) else { continue };
                let heard = match outcome {
                    0 => Heard::Answer,
                    1 => FAILED,
                    2 => Heard::Failure { retry_after: Some(Duration::from_secs(u64::from(random))) },
                    // Never heard of again.
                    _ => continue,
                };
                pace.ended(at(now), call, heard, &Always(random));
            }
            now -= put_back;
            for cause in causes {
                let mut waited = at(now);
                for _ in 0..40 {
                    let Some(until) = pace.waits_until(waited, cause) else { break };
                    prop_assert!(until > waited);
                    waited = until;
                }
                prop_assert_eq!(pace.waits_until(waited, cause), None);
                prop_assert!(waited <= at(now + 5400 + 600), "{:?} waits for {:?}", cause, waited);
            }
        }
    }
}
