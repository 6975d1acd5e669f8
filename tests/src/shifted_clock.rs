//! A clock at another time than the machine's.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use sokhoe_app::SystemClock;
use sokhoe_app::domain::Timestamp;
use sokhoe_app::domain::ports::{BoxFuture, Clock, Uptime};

/// Runs like the machine's, at another time.
#[derive(Debug)]
pub struct ShiftedClock {
    /// Milliseconds.
    ahead: AtomicI64,
    /// Milliseconds that passed on it alone.
    passed: AtomicU64,
    start: AtomicU64,
}

impl ShiftedClock {
    /// It is this time now.
    ///
    /// # Panics
    /// When it is no time as FHIR writes it.
    #[must_use]
    pub fn at(time: &str) -> Self {
        let time = Timestamp::parse_fhir(time).expect("a time");
        Self::ahead_by(time.as_millis() - SystemClock.now().as_millis())
    }

    /// It is now.
    #[must_use]
    pub const fn now() -> Self {
        Self::ahead_by(0)
    }

    const fn ahead_by(millis: i64) -> Self {
        Self {
            ahead: AtomicI64::new(millis),
            passed: AtomicU64::new(0),
            start: AtomicU64::new(0),
        }
    }

    /// Time passes.
    pub fn advance(&self, span: Duration) {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        self.passed.fetch_add(millis, Ordering::SeqCst);
        self.shift(i64::try_from(millis).unwrap_or(i64::MAX));
    }

    /// Somebody sets it by so many milliseconds, and no time passes.
    pub fn shift(&self, millis: i64) {
        self.ahead.fetch_add(millis, Ordering::SeqCst);
    }

    /// The device is switched off and on.
    pub fn restart(&self) {
        self.start.fetch_add(1, Ordering::SeqCst);
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

    fn uptime(&self) -> Option<Uptime> {
        let real = SystemClock.uptime()?.since_start;
        let passed = Duration::from_millis(self.passed.load(Ordering::SeqCst));
        Some(Uptime {
            start: self.start.load(Ordering::SeqCst),
            since_start: real + passed,
        })
    }
}
