//! A clock that shows what it is told.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::{BoxFuture, Clock};

/// Stands still until it is moved.
#[derive(Debug)]
pub struct FakeClock(AtomicI64);

impl FakeClock {
    /// A clock that shows this FHIR instant.
    ///
    /// # Panics
    /// When the text is no instant.
    #[must_use]
    pub fn at(fhir: &str) -> Self {
        let at = Timestamp::parse_fhir(fhir).expect("a FHIR instant");
        Self(AtomicI64::new(at.as_millis()))
    }

    /// Moves it on.
    pub fn advance(&self, span: Duration) {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'_, ()> {
        self.advance(span);
        Box::pin(std::future::ready(()))
    }
}
