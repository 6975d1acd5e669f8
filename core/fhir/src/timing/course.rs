//! The instants of a course.

use std::time::Duration;

use chrono::{Datelike, Days, NaiveDate, NaiveTime};
use sokhoe_domain::Timestamp;

/// Doses at known instants, from a beginning to an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// No dose before.
    pub(super) start: Timestamp,
    /// No dose from here on.
    pub(super) end: Timestamp,
    /// At most so many from the start.
    pub(super) count: Option<usize>,
    pub(super) rule: Rule,
    /// Whether the times of the day are the person's and not the prescription's.
    pub(super) is_chosen: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rule {
    /// At these times of Vietnam's day, in order, every so many days from the start's, on these weekdays
    /// (bit 0 is Monday).
    Days {
        times: Vec<NaiveTime>,
        every: u64,
        weekdays: u8,
    },
    /// Every so often from the start.
    Span(Duration),
    /// At these instants, in order.
    Instants(Vec<Timestamp>),
}

impl Course {
    /// No dose is before.
    #[must_use]
    pub const fn start(&self) -> Timestamp {
        self.start
    }

    /// No dose is at or after.
    #[must_use]
    pub const fn end(&self) -> Timestamp {
        self.end
    }

    /// Whether the prescription says only how often a day, and the times are the person's own.
    #[must_use]
    pub const fn is_at_chosen_times(&self) -> bool {
        self.is_chosen
    }

    /// The instants in `[from, to)`, in order, at most so many.
    #[must_use]
    pub fn between(&self, from: Timestamp, to: Timestamp, most: usize) -> Vec<Timestamp> {
        let to = to.min(self.end);
        // What is counted is counted from the start.
        let begin = match self.count {
            Some(_) => self.start,
            None => self.start.max(from),
        };
        let counted = self.count.unwrap_or(usize::MAX);
        let is_wanted = |at: &Timestamp| *at >= from;
        match &self.rule {
            Rule::Days {
                times,
                every,
                weekdays,
            } => days(self.start.vietnam_day(), begin.vietnam_day(), *every)
                .take_while(|day| Timestamp::start_of_day(*day) < to)
                .filter(|day| weekdays & (1 << day.weekday().num_days_from_monday()) != 0)
                .flat_map(|day| {
                    let times = times.iter();
                    times.map(move |time| Timestamp::from_vietnam(day.and_time(*time)))
                })
                .filter(|at| *at >= self.start)
                .take(counted)
                .take_while(|at| *at < to)
                .filter(is_wanted)
                .take(most)
                .collect(),
            Rule::Span(span) => {
                let skipped = match span.as_millis() {
                    0 => 0,
                    millis => begin.since(self.start).as_millis().div_ceil(millis),
                };
                let skipped = u32::try_from(skipped).unwrap_or(u32::MAX);
                let first = self.start.plus(span.saturating_mul(skipped));
                std::iter::successors(Some(first), |at| Some(at.plus(*span)))
                    .take(counted)
                    .take_while(|at| *at < to)
                    .filter(is_wanted)
                    .take(most)
                    .collect()
            }
            Rule::Instants(instants) => {
                let instants = instants.iter().copied();
                instants
                    .filter(|at| *at >= self.start)
                    .take(counted)
                    .take_while(|at| *at < to)
                    .filter(is_wanted)
                    .take(most)
                    .collect()
            }
        }
    }
}

/// Every so many days from `anchor`, beginning not before `begin`.
fn days(anchor: NaiveDate, begin: NaiveDate, every: u64) -> impl Iterator<Item = NaiveDate> {
    let every = every.max(1);
    let past = u64::try_from(begin.signed_duration_since(anchor).num_days()).unwrap_or(0);
    let first = anchor.checked_add_days(Days::new(past.div_ceil(every) * every));
    std::iter::successors(first, move |day| day.checked_add_days(Days::new(every)))
}
