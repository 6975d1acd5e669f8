//! A time of the day in Vietnam, written `07:30`; `24:00` is its end.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const DAY: u32 = 24 * 60;

/// A time of the day in Vietnam, to the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(u32);

impl TimeOfDay {
    /// So many minutes after midnight, up to 1440; none for more.
    #[must_use]
    pub const fn from_minutes(minutes: u32) -> Option<Self> {
        if minutes <= DAY {
            Some(Self(minutes))
        } else {
            None
        }
    }

    /// The minutes since midnight.
    #[must_use]
    pub const fn minutes(self) -> u32 {
        self.0
    }
}

/// A text that is no time of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time of the day such as 07:30")]
pub struct NotATime;

impl FromStr for TimeOfDay {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let number = |digits: &str| {
            (digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()))
                .then(|| digits.parse::<u32>().ok())
                .flatten()
        };
        let (hours, minutes) = text.split_once(':').ok_or(NotATime)?;
        let (hours, minutes) = number(hours).zip(number(minutes)).ok_or(NotATime)?;
        (minutes < 60)
            .then(|| Self::from_minutes(hours * 60 + minutes))
            .flatten()
            .ok_or(NotATime)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_two_and_two_digits() {
        for minutes in 0..=DAY {
            let time = TimeOfDay::from_minutes(minutes).unwrap();
            assert_eq!(time.to_string().parse(), Ok(time));
        }
        for bad in [
            "",
            "7:30",
            "07:60",
            "24:01",
            "25:00",
            "+7:30",
            "07:3",
            "07-30",
            "٠٧:٣٠",
        ] {
            assert_eq!(bad.parse::<TimeOfDay>(), Err(NotATime), "{bad}");
        }
    }
}
