//! A clock at another time than the machine's.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sokhoe_app::SystemClock;
use sokhoe_app::domain::Timestamp;
use sokhoe_app::domain::ports::{BoxFuture, Clock};

/// Runs like the machine's, at another time.
#[derive(Debug)]
pub struct ShiftedClock {
    /// Milliseconds.
    ahead: AtomicI64,
}

impl ShiftedClock {
    /// It is this time now.
    ///
    /// # Panics
    /// When it is no time as FHIR writes it.
    #[must_use]
    pub fn at(time: &str) -> Self {
        let time = Timestamp::parse_fhir(time).expect("a time");
        let ahead = time.as_millis() - SystemClock.now().as_millis();
        Self {
            ahead: AtomicI64::new(ahead),
        }
    }

    /// Time passes.
    pub fn advance(&self, span: Duration) {
        let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        self.ahead.fetch_add(span, Ordering::SeqCst);
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        let ahead = self.ahead.load(Ordering::SeqCst);
        Timestamp::from_millis(SystemClock.now().as_millis() + ahead)
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'_, ()> {
        SystemClock.sleep(span)
    }
}
