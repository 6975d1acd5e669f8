//! One trip for several people: who helps one of a family to a clinic helps the other on the same way.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// People of one trip: one alone needs none, and no clinic keeps so many neighbouring times for more.
pub const FEWEST: usize = 2;
/// As [`FEWEST`], at most.
pub const MOST: usize = 6;

/// A time that a clinic proposes to one of a trip, usable as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedVisit {
    /// The clinic's id for the offer.
    pub slot_id: String,
    /// Begin.
    pub start: Timestamp,
    /// End.
    pub end: Timestamp,
    /// What for.
    pub service: String,
    /// Who; may be empty.
    pub practitioner: String,
    /// Which room; may be empty.
    pub location: String,
}

/// Neighbouring times for everybody of a trip, in the order in which they were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedTrip {
    /// One for each.
    pub visits: Vec<ProposedVisit>,
}

/// A free time of one of a trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FreeTime<'a> {
    /// Begin.
    pub start: Timestamp,
    /// End; a time that does not end after its begin is none.
    pub end: Timestamp,
    /// At whom: two visits at one cannot be at the same time. Empty when that is not told.
    pub at: &'a str,
}

/// Whether two of a trip may be seen at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Company {
    /// One goes along with everybody, so that one visit ends before the next begins.
    #[default]
    OneAfterTheOther,
    /// They manage alone: visits at different doctors may be at the same time.
    SideBySide,
}

/// A time for everybody of a trip on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimesTogether {
    /// When the first visit begins.
    pub start: Timestamp,
    /// When the last one ends.
    pub end: Timestamp,
    /// For each, which of their free times.
    pub chosen: Vec<usize>,
}

/// The best times for all together: those that take the least time from the first begin to the last end, of two as
/// short the earlier, at most `limit`. Each lies within one day of Vietnam, and none within which another one lies:
/// nobody wants to wait longer for nothing.
///
/// Nothing when there are fewer than [`FEWEST`] or more than [`MOST`] people.
#[must_use]
pub fn times_together(
    people: &[Vec<FreeTime<'_>>],
    company: Company,
    limit: usize,
) -> Vec<TimesTogether> {
    if !(FEWEST..=MOST).contains(&people.len()) || limit == 0 {
        return Vec::new();
    }
    let mut found = Vec::new();
    for day in days(people) {
        found.extend(Day::of(people, company, day).all());
    }
    found.sort_by_key(|times: &TimesTogether| (times.end.since(times.start), times.start));
    found.truncate(limit);
    found
}

/// The days on which somebody has a free time.
fn days(people: &[Vec<FreeTime<'_>>]) -> BTreeSet<NaiveDate> {
    let free = people.iter().flatten();
    free.map(|time| time.start.vietnam_day()).collect()
}

/// Begin and end, and which of the person's times it is.
type Visit = (Timestamp, Timestamp, usize);

/// Some of the people, as bits.
type Group = usize;

/// One's free times at one doctor on one day, the earliest first.
#[derive(Default)]
struct Row {
    starts: Vec<Timestamp>,
    /// Of what begins at this place or later what ends first, and which of the person's times that is.
    soonest: Vec<(Timestamp, usize)>,
}

impl Row {
    fn of(mut times: Vec<Visit>) -> Self {
        times.sort_unstable();
        let mut soonest = vec![(Timestamp::from_millis(i64::MAX), 0); times.len()];
        let mut best = (Timestamp::from_millis(i64::MAX), usize::MAX);
        for (place, (_, end, which)) in times.iter().enumerate().rev() {
            best = best.min((*end, *which));
            soonest[place] = best;
        }
        Self {
            starts: times.into_iter().map(|(start, ..)| start).collect(),
            soonest,
        }
    }

    /// What ends first of all that begins then or later.
    fn soonest_from(&self, from: Timestamp) -> Option<(Timestamp, usize)> {
        let place = self.starts.partition_point(|start| *start < from);
        self.soonest.get(place).copied()
    }
}

/// What is free on one day. Whoever must be alone in time, the helper or a doctor, is a *line*: its visits follow one
/// another.
struct Day {
    people: usize,
    /// For each line and each of the people.
    lines: Vec<Vec<Row>>,
    starts: BTreeSet<Timestamp>,
}

/// How some are seen soonest: when the last of them is through, and who was seen last before that.
#[derive(Clone, Copy)]
struct Through {
    end: Timestamp,
    last: usize,
    which: usize,
}

impl Day {
    fn of(people: &[Vec<FreeTime<'_>>], company: Company, day: NaiveDate) -> Self {
        let mut times: BTreeMap<&str, Vec<Vec<Visit>>> = BTreeMap::new();
        let mut starts = BTreeSet::new();
        for (who, free) in people.iter().enumerate() {
            for (which, time) in free.iter().enumerate() {
                if time.end <= time.start || time.start.vietnam_day() != day {
                    continue;
                }
                let line = match company {
                    Company::OneAfterTheOther => "",
                    Company::SideBySide => time.at,
                };
                let of_line = times
                    .entry(line)
                    .or_insert_with(|| vec![Vec::new(); people.len()]);
                of_line[who].push((time.start, time.end, which));
                starts.insert(time.start);
            }
        }
        let lines = times.into_values();
        Self {
            people: people.len(),
            lines: lines
                .map(|of_line| of_line.into_iter().map(Row::of).collect())
                .collect(),
            starts,
        }
    }

    /// What no other time for all lies within.
    fn all(&self) -> Vec<TimesTogether> {
        let mut all: Vec<TimesTogether> = Vec::new();
        // What begins later and ends as soon lies within what begins earlier.
        for from in self.starts.iter().rev() {
            let Some(times) = self.soonest_from(*from) else {
                continue;
            };
            if all.last().is_none_or(|later| times.end < later.end) {
                all.push(times);
            }
        }
        all
    }

    /// What ends first of all that begins then or later.
    fn soonest_from(&self, from: Timestamp) -> Option<TimesTogether> {
        let everybody: Group = (1 << self.people) - 1;
        let of_lines: Vec<_> = self
            .lines
            .iter()
            .map(|line| self.through(line, from))
            .collect();
        // Which of them the lines up to each see, so that all are through soonest.
        let mut soonest: Vec<Option<Timestamp>> = vec![None; everybody + 1];
        soonest[0] = Some(from);
        let mut seen_by: Vec<Vec<Group>> = Vec::with_capacity(of_lines.len());
        for line in &of_lines {
            let mut with_line = soonest.clone();
            let mut seen = vec![0; everybody + 1];
            for group in 1..=everybody {
                let mut here = group;
                // Every part of the group that this line sees.
                while here > 0 {
                    let end = soonest[group & !here]
                        .zip(line[here])
                        .map(|(others, through)| others.max(through.end));
                    if let Some(end) = end
                        && with_line[group].is_none_or(|known| end < known)
                    {
                        with_line[group] = Some(end);
                        seen[group] = here;
                    }
                    here = (here - 1) & group;
                }
            }
            soonest = with_line;
            seen_by.push(seen);
        }
        let end = soonest[everybody]?;
        let mut chosen = vec![0; self.people];
        let mut left = everybody;
        for (line, seen) in of_lines.iter().zip(&seen_by).rev() {
            let mut here = seen[left];
            left &= !here;
            while let Some(through) = line[here].filter(|_| here > 0) {
                chosen[through.last] = through.which;
                here &= !(1 << through.last);
            }
        }
        Some(TimesTogether {
            start: from,
            end,
            chosen,
        })
    }

    /// For every group, how a line sees them soonest from then on: whoever is through sooner leaves no less room to the
    /// next.
    fn through(&self, line: &[Row], from: Timestamp) -> Vec<Option<Through>> {
        let mut through: Vec<Option<Through>> = vec![None; 1 << self.people];
        for group in 1..through.len() {
            // The last first: where it makes no difference they are seen in the order in which they were named.
            for last in (0..self.people).rev().filter(|who| group & (1 << who) != 0) {
                let before = group & !(1 << last);
                let begin = match through[before] {
                    Some(before) => before.end,
                    None if before == 0 => from,
                    None => continue,
                };
                let Some((end, which)) = line[last].soonest_from(begin) else {
                    continue;
                };
                if through[group].is_none_or(|known| end < known.end) {
                    through[group] = Some(Through { end, last, which });
                }
            }
        }
        through
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_millis(
            Timestamp::parse_fhir("2026-12-01T07:00:00+07:00")
                .unwrap()
                .as_millis()
                + minute * 60_000,
        )
    }

    fn free(start: i64, minutes: i64, at_whom: &str) -> FreeTime<'_> {
        FreeTime {
            start: at(start),
            end: at(start + minutes),
            at: at_whom,
        }
    }

    fn spans(found: &[TimesTogether]) -> Vec<(i64, i64)> {
        let minute = |time: Timestamp| (time.as_millis() - at(0).as_millis()) / 60_000;
        found
            .iter()
            .map(|times| (minute(times.start), minute(times.end)))
            .collect()
    }

    #[test]
    fn mother_and_child_are_seen_one_after_the_other_as_early_as_they_can() {
        let mother = vec![free(0, 15, "a"), free(60, 15, "a"), free(75, 15, "a")];
        let child = vec![free(0, 15, "b"), free(30, 15, "b"), free(60, 15, "b")];
        let found = times_together(&[mother, child], Company::OneAfterTheOther, 9);
        assert_eq!(spans(&found), [(60, 90), (0, 45), (30, 75)]);
        assert_eq!(found[0].chosen, [2, 2]);
    }

    #[test]
    fn where_it_makes_no_difference_they_are_seen_in_the_order_of_their_names() {
        let times = || (0..4).map(|n| free(n * 15, 15, "a")).collect::<Vec<_>>();
        let found = times_together(&[times(), times(), times()], Company::OneAfterTheOther, 1);
        assert_eq!(found[0].chosen, [0, 1, 2]);
    }

    #[test]
    fn who_manages_alone_is_seen_beside_the_others_but_not_at_one_doctor() {
        let mother = vec![free(0, 15, "a"), free(60, 15, "a"), free(75, 15, "a")];
        let child = vec![free(60, 15, "b"), free(0, 15, "a")];
        let found = times_together(&[mother, child], Company::SideBySide, 9);
        assert_eq!(spans(&found), [(60, 75), (0, 75)][..1]);
        assert_eq!(found[0].chosen, [1, 0]);
    }

    #[test]
    fn a_trip_is_of_one_day_and_of_two_to_six() {
        let day = 24 * 60;
        let late = vec![free(900, 15, "a")];
        let next_day = vec![free(day, 15, "a")];
        assert_eq!(
            times_together(&[late.clone(), next_day], Company::OneAfterTheOther, 3),
            []
        );
        assert_eq!(
            times_together(std::slice::from_ref(&late), Company::OneAfterTheOther, 3),
            []
        );
        let seven: Vec<_> = (0..7).map(|n| vec![free(n * 15, 15, "a")]).collect();
        assert_eq!(times_together(&seven, Company::OneAfterTheOther, 3), []);
        assert_eq!(
            spans(&times_together(&seven[..6], Company::OneAfterTheOther, 3)),
            [(0, 90)]
        );
        assert_eq!(
            times_together(&[late, Vec::new()], Company::SideBySide, 3),
            []
        );
    }

    #[test]
    fn thousands_of_times_of_six_people_are_no_hard_work() {
        let doctors = ["a", "b", "c"];
        // 3,000 each: every five minutes of ten hours, at three doctors, on more than a week of days.
        let of = |who: i64| -> Vec<FreeTime<'_>> {
            (0..3_000)
                .map(|n| {
                    free(
                        (n / 360) * 1_440 + (n / 3 % 120) * 5,
                        10 + who * 5,
                        doctors[usize::try_from(n % 3).unwrap()],
                    )
                })
                .collect()
        };
        let people: Vec<_> = (0..6).map(of).collect();
        for company in [Company::OneAfterTheOther, Company::SideBySide] {
            assert_eq!(times_together(&people, company, 3).len(), 3);
        }
    }

    fn arb_free() -> impl Strategy<Value = Vec<FreeTime<'static>>> {
        let doctor = prop::sample::select(vec!["a", "b", ""]);
        // Around midnight of Vietnam, too; now and then one that ends before it begins.
        let time = (0..10_i64, 960..1_100_i64, -1..6_i64, doctor);
        let time = time.prop_map(|(coarse, late, length, doctor)| {
            let start = if coarse < 8 { coarse } else { late };
            free(start * 5, length * 5, doctor)
        });
        vec(time, 0..5)
    }

    /// Every choice that is a trip.
    fn by_force(people: &[Vec<FreeTime<'_>>], company: Company) -> Vec<(Timestamp, Timestamp)> {
        let mut choices: Vec<Vec<FreeTime<'_>>> = vec![Vec::new()];
        for free in people {
            choices = choices
                .into_iter()
                .flat_map(|chosen| {
                    free.iter().map(move |time| {
                        let mut more = chosen.clone();
                        more.push(*time);
                        more
                    })
                })
                .collect();
        }
        let windows: Vec<_> = choices
            .iter()
            .filter(|chosen| is_trip(chosen, company))
            .map(|chosen| {
                let start = chosen.iter().map(|time| time.start).min().unwrap();
                (start, chosen.iter().map(|time| time.end).max().unwrap())
            })
            .collect();
        let mut best: Vec<_> = windows
            .iter()
            .copied()
            .filter(|(start, end)| {
                !windows
                    .iter()
                    .any(|other| other != &(*start, *end) && other.0 >= *start && other.1 <= *end)
            })
            .collect();
        best.sort_by_key(|(start, end)| (end.since(*start), *start));
        best.dedup();
        best
    }

    fn is_trip(chosen: &[FreeTime<'_>], company: Company) -> bool {
        let day = chosen[0].start.vietnam_day();
        let apart = |one: &FreeTime<'_>, other: &FreeTime<'_>| {
            let may_meet = company == Company::SideBySide && one.at != other.at;
            may_meet || one.end <= other.start || other.end <= one.start
        };
        chosen.iter().enumerate().all(|(n, one)| {
            one.end > one.start
                && one.start.vietnam_day() == day
                && chosen[..n].iter().all(|other| apart(one, other))
        })
    }

    proptest! {
        #[test]
        fn the_best_are_those_that_every_choice_shows(
            people in vec(arb_free(), 2..5),
            side_by_side: bool,
        ) {
            let company = if side_by_side { Company::SideBySide } else { Company::OneAfterTheOther };
            let found = times_together(&people, company, usize::MAX);
            let windows: Vec<_> = found.iter().map(|times| (times.start, times.end)).collect();
            prop_assert_eq!(windows, by_force(&people, company));
            for times in &found {
                let chosen: Vec<_> = times.chosen.iter().zip(&people).map(|(n, free)| free[*n]).collect();
                prop_assert!(is_trip(&chosen, company));
                prop_assert_eq!(times.start, chosen.iter().map(|time| time.start).min().unwrap());
                prop_assert_eq!(times.end, chosen.iter().map(|time| time.end).max().unwrap());
            }
            prop_assert_eq!(&times_together(&people, company, 2)[..], &found[..found.len().min(2)]);
        }

        #[test]
        fn what_is_proposed_comes_back(slot_id in "[a-z0-9]{1,9}", name in "\\PC{0,9}") {
            let visit = ProposedVisit {
                slot_id, start: at(0), end: at(15), service: name.clone(), practitioner: name, location: String::new(),
            };
            let trip = ProposedTrip { visits: vec![visit.clone(), visit] };
            let stored = serde_json::to_string(&trip).unwrap();
            prop_assert_eq!(serde_json::from_str::<ProposedTrip>(&stored).unwrap(), trip);
        }
    }
}
