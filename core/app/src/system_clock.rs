//! The device's clock, and how long the device runs.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::{BoxFuture, Clock, Uptime};

/// The device's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the port that reads the clock"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(span))
    }

    /// By Linux's and Android's own word of which start it is.
    fn uptime(&self) -> Option<Uptime> {
        static START: OnceLock<Option<u64>> = OnceLock::new();
        let told = || std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
        let start = (*START.get_or_init(|| told().map(|told| start_of(&told))))?;
        Some(Uptime {
            start,
            since_start: since_start()?,
        })
    }
}

/// The device's clock on a system that tells only the app itself which start of the device it is.
#[derive(Clone, Copy, Debug)]
pub struct StartedClock {
    start: u64,
}

impl StartedClock {
    /// Of the start with this name, another one after each: iOS's `kern.bootsessionuuid`.
    #[must_use]
    pub fn of_start(name: &str) -> Self {
        Self {
            start: start_of(name),
        }
    }
}

impl Clock for StartedClock {
    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'_, ()> {
        SystemClock.sleep(span)
    }

    fn uptime(&self) -> Option<Uptime> {
        Some(Uptime {
            start: self.start,
            since_start: since_start()?,
        })
    }
}

/// The same number for the same name, also in another version of the app (SipHash with no key): a change would only end
/// leases early.
fn start_of(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.trim().hash(&mut hasher);
    // As SQLite keeps it.
    hasher.finish() >> 1
}

/// With the time asleep: Linux has a clock of its own for it, and Apple's monotonic one goes on meanwhile.
#[cfg(unix)]
fn since_start() -> Option<Duration> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Monotonic;
    let at = rustix::time::clock_gettime(CLOCK);
    let seconds = u64::try_from(at.tv_sec).ok()?;
    let nanos = u32::try_from(at.tv_nsec).ok()?;
    Some(Duration::new(seconds, nanos))
}

#[cfg(not(unix))]
const fn since_start() -> Option<Duration> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_device_says_since_when_it_runs() {
        let first = SystemClock.uptime().unwrap();
        std::thread::sleep(Duration::from_millis(2));
        let second = SystemClock.uptime().unwrap();
        assert_eq!(first.start, second.start);
        assert!(second.since_start > first.since_start);
        assert!(i64::try_from(first.start).is_ok());
        let named = StartedClock::of_start("8B2B5C1E").uptime().unwrap();
        assert_ne!(named.start, first.start);
        assert_eq!(
            StartedClock::of_start("8B2B5C1E\n").uptime().unwrap().start,
            named.start
        );
    }
}
