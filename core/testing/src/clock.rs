//! A clock that shows what it is told.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::{BoxFuture, Clock, Uptime};

/// Stands still until it is moved.
#[derive(Debug)]
pub struct FakeClock {
    shows: AtomicI64,
    /// Milliseconds since the device was started.
    up: AtomicU64,
    start: AtomicU64,
}

impl FakeClock {
    /// A clock that shows this FHIR instant.
    ///
    /// # Panics
    /// When the text is no instant.
    #[must_use]
    pub fn at(fhir: &str) -> Self {
        let at = Timestamp::parse_fhir(fhir).expect("a FHIR instant");
        Self {
            shows: AtomicI64::new(at.as_millis()),
            up: AtomicU64::new(0),
            start: AtomicU64::new(0),
        }
    }

    /// Time passes.
    pub fn advance(&self, span: Duration) {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        self.shows.fetch_add(millis, Ordering::SeqCst);
        self.up.fetch_add(millis.unsigned_abs(), Ordering::SeqCst);
    }

    /// Somebody sets it: it shows another time, and none has passed.
    pub fn set(&self, to: Timestamp) {
        self.shows.store(to.as_millis(), Ordering::SeqCst);
    }

    /// The device is started anew.
    pub fn restart(&self) {
        self.start.fetch_add(1, Ordering::SeqCst);
        self.up.store(0, Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.shows.load(Ordering::SeqCst))
    }

    fn uptime(&self) -> Option<Uptime> {
        Some(Uptime {
            start: self.start.load(Ordering::SeqCst),
            since_start: Duration::from_millis(self.up.load(Ordering::SeqCst)),
        })
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'_, ()> {
        self.advance(span);
        Box::pin(std::future::ready(()))
    }
}
