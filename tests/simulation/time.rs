//! The only clock, and what devices make of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::{BoxFuture, Clock};

/// A Monday morning: 7:00 in Mường Thanh.
const BEGIN: &str = "2026-11-02T07:00:00+07:00";

/// True time. It stands still while anything is done, and jumps to whatever is waited for next.
pub struct Time {
    begin: i64,
    zero: tokio::time::Instant,
    /// As it was when it was last looked at: for threads outside the runtime, which look only while the
    /// runtime waits for them.
    now: AtomicI64,
}

impl Time {
    /// To be called in a runtime whose time is paused.
    pub fn start() -> Arc<Self> {
        let begin = begin().as_millis();
        Arc::new(Self {
            begin,
            zero: tokio::time::Instant::now(),
            now: AtomicI64::new(begin),
        })
    }

    /// To be called in the runtime.
    pub fn look(&self) -> Timestamp {
        let since = i64::try_from(self.zero.elapsed().as_millis()).unwrap();
        self.now.store(self.begin + since, Ordering::SeqCst);
        Timestamp::from_millis(self.begin + since)
    }

    pub fn since_begin(&self) -> Duration {
        self.zero.elapsed()
    }

    fn last_look(&self) -> i64 {
        self.now.load(Ordering::SeqCst)
    }
}

pub fn begin() -> Timestamp {
    Timestamp::parse_fhir(BEGIN).unwrap()
}

/// A device's clock.
pub struct DeviceClock {
    time: Arc<Time>,
    /// Milliseconds by which it is wrong.
    wrong_by: AtomicI64,
    /// Whether it is asked only in the runtime.
    in_runtime: bool,
}

impl DeviceClock {
    /// A phone's.
    pub fn of_phone(time: &Arc<Time>) -> Arc<Self> {
        Self::right(time, true)
    }

    /// A clinic's, whose threads ask it: [`Time::look`] goes before whatever is asked of the clinic.
    pub fn of_clinic(time: &Arc<Time>) -> Arc<Self> {
        Self::right(time, false)
    }

    fn right(time: &Arc<Time>, in_runtime: bool) -> Arc<Self> {
        Arc::new(Self {
            time: Arc::clone(time),
            wrong_by: AtomicI64::new(0),
            in_runtime,
        })
    }

    pub fn set_wrong_by(&self, millis: i64) {
        self.wrong_by.store(millis, Ordering::SeqCst);
    }
}

impl Clock for DeviceClock {
    fn now(&self) -> Timestamp {
        let true_time = match self.in_runtime {
            true => self.time.look().as_millis(),
            false => self.time.last_look(),
        };
        Timestamp::from_millis(true_time + self.wrong_by.load(Ordering::SeqCst))
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(span))
    }
}
