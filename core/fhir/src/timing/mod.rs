//! When a medicine is to be taken (FHIR R4 Timing, 2.24.0.9; Dosage, 2.24.0.8).
//!
//! A reminder at a wrong time is worse than none. So a prescription is taken apart only as far as every word
//! of it is understood: a range, an extension, a field of a later version, a condition in the text, a count
//! that does not fit the times, and the answer is to look at the prescription. What is said is how often a
//! day, and nothing of when: that is taken at the person's own times of the day, and the answer says that
//! they are not the prescription's ([`Course::is_at_chosen_times`]).

mod chosen;
mod course;
mod day;
mod read;

use sokhoe_domain::Timestamp;

pub use course::Course;
pub use day::DayTimes;
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
