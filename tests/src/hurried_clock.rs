//! A clock that runs faster than the machine's, the same in every process that knows when it began.

use std::time::Duration;

use sokhoe_app::SystemClock;
use sokhoe_app::domain::Timestamp;
use sokhoe_app::domain::ports::{BoxFuture, Clock};

/// How much faster it runs.
pub const TIMES: i64 = 60;

/// At `since` it says what the machine's clock says, and from then on an hour passes in a minute. Sleeping takes
/// the time of the machine.
#[derive(Debug, Clone, Copy)]
pub struct HurriedClock {
    /// When it began.
    pub since: Timestamp,
}

impl Clock for HurriedClock {
    fn now(&self) -> Timestamp {
        let passed = SystemClock.now().as_millis() - self.since.as_millis();
        Timestamp::from_millis(self.since.as_millis() + passed * TIMES)
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'_, ()> {
        SystemClock.sleep(span)
    }
}
