//! When a medicine is to be taken (FHIR R4 Timing, 2.24.0.9; Dosage, 2.24.0.8).
//!
//! A reminder at a wrong time is worse than none. So a prescription is taken apart only as far as every word
//! of it is understood: a range, an extension, a field of a later version, a condition in the text, a count
//! that does not fit the times, and the answer is to look at the prescription.

mod course;
mod read;

use chrono::NaiveTime;
use sokhoe_domain::Timestamp;

pub use course::Course;
pub use read::dose_times;

/// What a prescription says of its times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DoseTimes {
    /// Nothing to be taken by it: it is no order, not in force, for a hospital's nurses, or too old.
    Nothing,
    /// To be taken only when needed.
    AsNeeded,
    /// It is not told so that a program could say when.
    SeePrescription,
    /// All of it is understood.
    Known(Vec<Course>),
}

/// When a person does in a day what prescriptions speak of, by Vietnam's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayTimes {
    /// Gets up (`WAKE`).
    pub waking: NaiveTime,
    /// Eats in the morning (`CM`); half an hour before is `ACM`, half an hour after `PCM`.
    pub breakfast: NaiveTime,
    /// Eats at noon (`CD`).
    pub lunch: NaiveTime,
    /// Eats in the evening (`CV`).
    pub dinner: NaiveTime,
    /// `MORN`
    pub morning: NaiveTime,
    /// `NOON`
    pub noon: NaiveTime,
    /// `AFT`
    pub afternoon: NaiveTime,
    /// `EVE`
    pub evening: NaiveTime,
    /// `NIGHT`
    pub night: NaiveTime,
    /// Goes to bed (`HS`).
    pub bedtime: NaiveTime,
}

const fn at(hour: u32, minute: u32) -> NaiveTime {
    match NaiveTime::from_hms_opt(hour, minute, 0) {
        Some(time) => time,
        None => NaiveTime::MIN,
    }
}

impl Default for DayTimes {
    /// A common day.
    fn default() -> Self {
        Self {
            waking: at(6, 0),
            breakfast: at(7, 0),
            lunch: at(11, 30),
            dinner: at(18, 30),
            morning: at(7, 0),
            noon: at(12, 0),
            afternoon: at(15, 0),
            evening: at(19, 0),
            night: at(21, 0),
            bedtime: at(21, 30),
        }
    }
}

/// The instants of several courses in `[from, to)`, each once, in order, at most so many.
#[must_use]
pub fn between(courses: &[Course], from: Timestamp, to: Timestamp, most: usize) -> Vec<Timestamp> {
    let all = courses.iter();
    let mut instants: Vec<_> = all
        .flat_map(|course| course.between(from, to, most))
        .collect();
    instants.sort_unstable();
    instants.dedup();
    instants.truncate(most);
    instants
}

#[cfg(test)]
mod tests;
