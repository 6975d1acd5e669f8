//! Lists on the clinic's screens, which refresh by themselves: who is in one is remembered once a day for everybody who sees it.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use chrono::NaiveDate;
use sokhoe_domain::{AccessAction, AccessOperation, AccessOutcome, Timestamp};

use super::{Draft, Who};

/// A list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ListName {
    /// The bookings of some days.
    Bookings,
    /// The queue of a day.
    Queue,
    /// What somebody looked for by a name.
    Patients,
}

/// Who was in which list today, as far as this process knows: another one remembers them once more.
#[derive(Default)]
pub(crate) struct Lists(Mutex<Day>);

#[derive(Default)]
struct Day {
    day: NaiveDate,
    seen: HashSet<(ListName, Who, String)>,
}

impl fmt::Debug for Lists {
    /// Not who.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lists").finish_non_exhaustive()
    }
}

impl Lists {
    /// What is to be remembered of a list with these people in it. Once that is done, say so to [`Lists::are_kept`].
    pub fn drafts(
        &self,
        list: ListName,
        who: Who,
        people: impl IntoIterator<Item = String>,
        now: Timestamp,
    ) -> Vec<Draft> {
        let mut day = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let today = now.vietnam_day();
        if day.day != today {
            *day = Day {
                day: today,
                seen: HashSet::new(),
            };
        }
        // A search is somebody's doing, each time.
        let is_new = |patient: &String| {
            list == ListName::Patients || !day.seen.contains(&(list, who, patient.clone()))
        };
        let people: BTreeSet<String> = people.into_iter().filter(is_new).collect();
        let kind = match list {
            ListName::Bookings | ListName::Queue => "Appointment",
            ListName::Patients => "Patient",
        };
        people
            .into_iter()
            .map(|patient| Draft {
                patient,
                at: now,
                operation: AccessOperation::List,
                action: AccessAction::Execute,
                kind: kind.to_owned(),
                id: None,
                outcome: AccessOutcome::Done,
                who,
            })
            .collect()
    }

    /// These are remembered.
    pub fn are_kept(&self, list: ListName, who: Who, people: impl IntoIterator<Item = String>) {
        let mut day = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = people.into_iter().map(|patient| (list, who, patient));
        day.seen.extend(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_remembered_once_a_day_and_a_search_each_time() {
        let lists = Lists::default();
        let now = Timestamp::parse_fhir("2026-11-23T06:00:00+07:00").unwrap();
        let people = || ["p", "q", "p"].map(str::to_owned);
        let count = |list, now| lists.drafts(list, Who::Desk, people(), now).len();
        assert_eq!(count(ListName::Queue, now), 2);
        assert_eq!(count(ListName::Queue, now), 2, "it was not kept");
        lists.are_kept(ListName::Queue, Who::Desk, people());
        assert_eq!(count(ListName::Queue, now), 0);
        let kiosk = lists.drafts(ListName::Queue, Who::Kiosk, people(), now);
        assert_eq!(kiosk.len(), 2, "somebody else saw it");
        assert_eq!(count(ListName::Bookings, now), 2);
        lists.are_kept(ListName::Patients, Who::Desk, people());
        assert_eq!(count(ListName::Patients, now), 2);
        let tomorrow = now.plus(std::time::Duration::from_secs(86_400));
        assert_eq!(count(ListName::Queue, tomorrow), 2);
    }
}
