//! How far one synchronisation may go.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sokhoe_domain::Timestamp;

use crate::pace::{Allowance, Fetch, HeldBack};

/// How far one synchronisation may go: asked again before every page, since networks, batteries and what
/// was paid for change meanwhile. Cheap to clone.
#[derive(Clone)]
pub struct Bounds {
    allowance: Arc<dyn Fn() -> Allowance + Send + Sync>,
    until: Option<Timestamp>,
}

impl fmt::Debug for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bounds")
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

impl Default for Bounds {
    /// None.
    fn default() -> Self {
        Self::new(|| Allowance::EVERYTHING)
    }
}

impl Bounds {
    /// As far as this allows.
    #[must_use]
    pub fn new(allowance: impl Fn() -> Allowance + Send + Sync + 'static) -> Self {
        Self {
            allowance: Arc::new(allowance),
            until: None,
        }
    }

    /// And not beyond this instant: exchanges that are under way then are given up.
    #[must_use]
    pub fn until(self, until: Option<Timestamp>) -> Self {
        Self { until, ..self }
    }

    /// What may be done now.
    #[must_use]
    pub fn allowance(&self) -> Allowance {
        (self.allowance)()
    }

    /// Whether there is no time left.
    #[must_use]
    pub fn is_time_up(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| now >= until)
    }

    /// How long there is still time; unset when it is not limited.
    #[must_use]
    pub fn time_left(&self, now: Timestamp) -> Option<Duration> {
        self.until.map(|until| until.since(now))
    }

    /// Why no further page may be asked for, after so many of which `little` are still little.
    pub(crate) fn stops(&self, now: Timestamp, pages: usize, little: usize) -> Option<HeldBack> {
        if self.is_time_up(now) {
            return Some(HeldBack::TimeUp);
        }
        let allowance = self.allowance();
        match allowance.fetch {
            Fetch::Everything => None,
            Fetch::Little if pages < little => None,
            Fetch::Little | Fetch::Nothing => allowance.held_back,
        }
    }
}
