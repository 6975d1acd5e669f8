//! The paces of a phone, one a host.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sokhoe_client::ClientError;
use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::{Clock, Rng};

use super::{Admitted, Cause, Heard, Pace, WaitUntil};

/// One [`Pace`] a host, shared by all persons of a phone: what one of them learned of a host that is
/// down spares the others the call. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct HostPaces {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    paces: Mutex<HashMap<String, Pace>>,
}

impl Inner {
    fn paces(&self) -> MutexGuard<'_, HashMap<String, Pace>> {
        self.paces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for HostPaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostPaces").finish_non_exhaustive()
    }
}

impl HostPaces {
    /// Nothing known of any host.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Self {
        Self {
            inner: Arc::new(Inner {
                clock,
                rng,
                paces: Mutex::default(),
            }),
        }
    }

    /// Whether this host (its origin) may be called now.
    ///
    /// # Errors
    /// [`WaitUntil`]: not yet.
    pub fn may_call(&self, host: &str, cause: Cause) -> Result<Permit, WaitUntil> {
        let now = self.inner.clock.now();
        let mut paces = self.inner.paces();
        let call = match paces.get_mut(host) {
            Some(pace) => pace.may_call(now, cause)?,
            None => paces
                .entry(host.to_owned())
                .or_default()
                .may_call(now, cause)?,
        };
        drop(paces);
        Ok(Permit {
            inner: Arc::clone(&self.inner),
            host: host.to_owned(),
            call: Some(call),
        })
    }

    /// When a person may try again, if not now.
    #[must_use]
    pub fn next_try(&self, host: &str) -> Option<Timestamp> {
        let now = self.inner.clock.now();
        self.inner
            .paces()
            .get(host)?
            .waits_until(now, Cause::Person)
    }

    /// Until when nobody calls this host for what nobody waits for, if it is left alone.
    #[must_use]
    pub fn left_alone_until(&self, host: &str) -> Option<Timestamp> {
        let now = self.inner.clock.now();
        self.inner
            .paces()
            .get(host)?
            .waits_until(now, Cause::Schedule)
    }

    /// How long it is until then, in whole seconds: whoever waits for so many does not come too early.
    #[must_use]
    pub fn from_now(&self, then: Timestamp) -> Duration {
        let millis = then.since(self.inner.clock.now()).as_millis();
        Duration::from_secs(u64::try_from(millis.div_ceil(1000)).unwrap_or(u64::MAX))
    }

    /// The phone has a network again ([`Pace::network_is_back`]).
    pub fn network_is_back(&self) {
        let now = self.inner.clock.now();
        for pace in self.inner.paces().values_mut() {
            pace.network_is_back(now);
        }
    }
}

/// A call that may go out. Dropped without a word it tells nothing of the host.
#[must_use]
pub struct Permit {
    inner: Arc<Inner>,
    host: String,
    call: Option<Admitted>,
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}

impl Permit {
    /// Whether the next calls wait for what this one hears: it should ask for something quick.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.call.is_some_and(|call| call.probe)
    }

    /// The host answered.
    pub fn succeeded(mut self) {
        self.end(Heard::Answer);
    }

    /// The call gave no usable answer.
    pub fn failed(mut self, error: &ClientError) {
        self.end(error.into());
    }

    fn end(&mut self, heard: Heard) {
        let Some(call) = self.call.take() else {
            return;
        };
        let now = self.inner.clock.now();
        if let Some(pace) = self.inner.paces().get_mut(&self.host) {
            pace.ended(now, call, heard, &*self.inner.rng);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.end(Heard::Nothing);
    }
}
