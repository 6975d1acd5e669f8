//! Instants, and the day as Vietnam has it.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, SecondsFormat, TimeZone, Utc};
use serde::{Deserialize, Serialize};

/// Vietnam's offset from UTC. `Asia/Ho_Chi_Minh` has had no other since 1975, and no summer time.
const VIETNAM_OFFSET_SECONDS: i32 = 7 * 3600;

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Reads a FHIR `instant` or `dateTime`: a date may be a year, a month or a day (taken at its
    /// beginning in Vietnam), a time must carry its offset (FHIR R4, 2.24.0.1).
    #[must_use]
    pub fn parse_fhir(text: &str) -> Option<Self> {
        if text.len() > 10 {
            return DateTime::parse_from_rfc3339(text)
                .ok()
                .map(|at| Self(at.timestamp_millis()));
        }
        let day = match text.len() {
            4 => NaiveDate::from_ymd_opt(text.parse().ok()?, 1, 1)?,
            7 => NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok()?,
            10 => NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?,
            _ => return None,
        };
        Some(Self::start_of_day(day))
    }

    /// Reads a `Date` header of HTTP (RFC 9110, 5.6.7), in the form that is written today.
    #[must_use]
    pub fn parse_http(text: &str) -> Option<Self> {
        let is_gmt = text.ends_with(" GMT");
        let at = DateTime::parse_from_rfc2822(text.trim()).ok();
        at.filter(|_| is_gmt).map(|at| Self(at.timestamp_millis()))
    }

    /// The first instant of a day in Vietnam.
    #[must_use]
    pub fn start_of_day(day: NaiveDate) -> Self {
        Self::from_vietnam(day.and_time(chrono::NaiveTime::MIN))
    }

    /// A wall-clock time in Vietnam.
    #[must_use]
    pub fn from_vietnam(local: NaiveDateTime) -> Self {
        Self(local.and_utc().timestamp_millis() - i64::from(VIETNAM_OFFSET_SECONDS) * 1000)
    }

    /// The wall-clock time in Vietnam.
    #[must_use]
    pub fn in_vietnam(self) -> DateTime<FixedOffset> {
        let offset = FixedOffset::east_opt(VIETNAM_OFFSET_SECONDS)
            .unwrap_or_else(|| chrono::Offset::fix(&Utc));
        offset.from_utc_datetime(&self.utc().naive_utc())
    }

    /// The day in Vietnam.
    #[must_use]
    pub fn vietnam_day(self) -> NaiveDate {
        self.in_vietnam().date_naive()
    }

    /// As a FHIR `instant` in Vietnam's offset, e.g. `2026-11-24T08:30:00+07:00`.
    #[must_use]
    pub fn to_fhir(self) -> String {
        let format = if self.0 % 1000 == 0 {
            SecondsFormat::Secs
        } else {
            SecondsFormat::Millis
        };
        self.in_vietnam().to_rfc3339_opts(format, false)
    }

    /// This instant and a while; stays at the end of time instead of overflowing.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// This much earlier.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(millis))
    }

    /// How long ago `earlier` was; zero when it lies ahead.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Clamped to the years that FHIR can write.
    fn utc(self) -> DateTime<Utc> {
        const YEAR_1: i64 = -62_135_596_800_000;
        const END_OF_9999: i64 = 253_402_300_799_999 - VIETNAM_OFFSET_SECONDS as i64 * 1000;
        DateTime::from_timestamp_millis(self.0.clamp(YEAR_1, END_OF_9999)).unwrap_or_default()
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_fhir())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_date_of_an_answer() {
        assert_eq!(
            Timestamp::parse_http("Tue, 24 Nov 2026 01:30:00 GMT"),
            Timestamp::parse_fhir("2026-11-24T08:30:00+07:00")
        );
        for bad in [
            "",
            "GMT",
            "Tue, 24 Nov 2026 01:30:00",
            "Mon, 24 Nov 2026 01:30:00 GMT",
            "Tue, 31 Nov 2026 01:30:00 GMT",
            "Tue, 24 Nov 2026 01:30:00 +0700",
            "2026-11-24T01:30:00Z",
        ] {
            assert_eq!(Timestamp::parse_http(bad), None, "{bad}");
        }
    }

    #[test]
    fn reads_every_precision_of_fhir() {
        let day = Timestamp::parse_fhir("2026-11-24").unwrap();
        assert_eq!(day.to_fhir(), "2026-11-24T00:00:00+07:00");
        assert_eq!(
            Timestamp::parse_fhir("2026-11-24T08:30:00+07:00")
                .unwrap()
                .as_millis()
                - day.as_millis(),
            30_600_000
        );
        assert_eq!(
            Timestamp::parse_fhir("2026-11-24T01:30:00Z"),
            Timestamp::parse_fhir("2026-11-24T08:30:00+07:00")
        );
        assert_eq!(
            Timestamp::parse_fhir("2026").unwrap().to_fhir(),
            "2026-01-01T00:00:00+07:00"
        );
        assert_eq!(
            Timestamp::parse_fhir("2026-02").unwrap().to_fhir(),
            "2026-02-01T00:00:00+07:00"
        );
        for bad in [
            "",
            "26",
            "2026-13",
            "2026-02-30",
            "2026-11-24T08:30:00",
            "yesterday",
        ] {
            assert_eq!(Timestamp::parse_fhir(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_day_is_vietnams_day() {
        let late = Timestamp::parse_fhir("2026-11-23T18:00:00Z").unwrap();
        assert_eq!(
            late.vietnam_day(),
            NaiveDate::from_ymd_opt(2026, 11, 24).unwrap()
        );
    }

    #[test]
    fn the_ends_of_time_do_not_overflow() {
        let end = Timestamp::from_millis(i64::MAX);
        assert_eq!(end.plus(Duration::from_secs(1)), end);
        let _ = format!("{end:?} {:?}", Timestamp::from_millis(i64::MIN));
    }
}
