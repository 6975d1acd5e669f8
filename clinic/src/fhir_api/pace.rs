//! How often one device may book, and all together for one person: phones that run wild must not take the writer from the others.

use sokhoe_domain::Timestamp;

use super::window::Window;

/// Many times what a family does; a phone that brings its outbox after a month stays below it.
const PER_MINUTE: u32 = 600;
const MINUTE_MILLIS: i64 = 60_000;

/// What each device asked in the minute that runs, and what was asked for each person. Forgotten with the minute.
#[derive(Debug, Default)]
pub(crate) struct Pace(Window<Whose, MINUTE_MILLIS>);

#[derive(Debug, PartialEq, Eq, Hash)]
enum Whose {
    Device(String),
    Person(String),
}

impl Pace {
    /// Counts a request. Whether it may be done.
    pub fn allows(&self, device: &str, now: Timestamp) -> bool {
        self.allows_for(1, device, now)
    }

    /// Counts a request for so many people. Whether it may be done.
    pub fn allows_for(&self, people: usize, device: &str, now: Timestamp) -> bool {
        self.count(people, Whose::Device(device.to_owned()), now)
    }

    /// Counts a request of somebody who may act for the person. Whether it may be done.
    pub fn allows_person(&self, patient: &str, now: Timestamp) -> bool {
        self.count(1, Whose::Person(patient.to_owned()), now)
    }

    fn count(&self, people: usize, whose: Whose, now: Timestamp) -> bool {
        let people = u32::try_from(people).unwrap_or(u32::MAX);
        self.0.add(whose, people, usize::MAX, now) <= PER_MINUTE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_has_its_number_each_minute_and_takes_nobody_elses() {
        let (pace, now) = (Pace::default(), Timestamp::from_millis(30_000));
        for _ in 0..PER_MINUTE {
            assert!(pace.allows("a", now));
        }
        assert!(!pace.allows("a", now));
        assert!(pace.allows("b", now));
        let next = Timestamp::from_millis(60_000);
        assert!(pace.allows("a", next));
        for _ in 0..99 {
            assert!(pace.allows_for(6, "a", next));
        }
        assert!(!pace.allows_for(6, "a", next), "six people are six");
        for _ in 0..PER_MINUTE {
            assert!(pace.allows_person("a", next));
        }
        assert!(!pace.allows_person("a", next));
    }
}
