//! The list of times that `find` showed, so that `book 2` means its second line.
//!
//! It says which doctor somebody looks for, so it is kept as the books are: sealed.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sokhoe_app::domain::ports::{KeyStoreError, Ports};
use sokhoe_app::{SlotView, TripTimesView, TripVisit};
use sokhoe_domain::Timestamp;

use crate::failure::Failure;

const FILE: &str = "last-find";
const TRIP_FILE: &str = "last-find-trip";
const SERIES_FILE: &str = "last-find-series";
const KEY: &str = "sokhoe-cli-last-find";

/// A list of times and for whom they were looked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Offers {
    person_id: String,
    slots: Vec<Slot>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Slot {
    id: String,
    clinic_id: String,
    start: Timestamp,
    end: Timestamp,
    when_text: String,
    service: String,
    practitioner: String,
    location: String,
    price_text: String,
}

impl Offers {
    /// What was found for a person.
    pub fn new(person_id: &str, slots: &[SlotView]) -> Self {
        Self {
            person_id: person_id.to_owned(),
            slots: slots.iter().cloned().map(Slot::from).collect(),
        }
    }

    /// Keeps the list in place of the last one.
    pub fn keep(&self, ports: &Ports) -> Result<(), Failure> {
        keep(ports, FILE, self)
    }

    /// The last list of this person. One that cannot be read is no list.
    pub fn last(ports: &Ports, person_id: &str) -> Result<Option<Self>, Failure> {
        let last: Option<Self> = last(ports, FILE)?;
        Ok(last.filter(|last| last.person_id == person_id))
    }

    /// Keeps the list of a series in place of the last one.
    pub fn keep_series(&self, ports: &Ports) -> Result<(), Failure> {
        keep(ports, SERIES_FILE, self)
    }

    /// As [`Self::last`], of a series.
    pub fn last_series(ports: &Ports, person_id: &str) -> Result<Option<Self>, Failure> {
        let last: Option<Self> = last(ports, SERIES_FILE)?;
        Ok(last.filter(|last| last.person_id == person_id))
    }

    /// All times of the list.
    pub fn all(self) -> Vec<SlotView> {
        self.slots.into_iter().map(SlotView::from).collect()
    }

    /// A time of the list: by its line, from 1, or by its id.
    pub fn choose(self, which: &str) -> Option<SlotView> {
        let line = which
            .parse::<usize>()
            .ok()
            .and_then(|line| line.checked_sub(1));
        let index = self
            .slots
            .iter()
            .position(|slot| slot.id == which)
            .or(line)?;
        self.slots.into_iter().nth(index).map(SlotView::from)
    }
}

/// A list of neighbouring times for several people, as `find-trip` showed it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TripOffers(Vec<Vec<(String, Slot)>>);

impl TripOffers {
    /// What was found.
    pub fn new(found: &[TripTimesView]) -> Self {
        let times = found.iter().map(|times| {
            let visits = times.visits.iter().cloned();
            visits
                .map(|visit| (visit.person_id, visit.slot.into()))
                .collect()
        });
        Self(times.collect())
    }

    /// Keeps the list in place of the last one.
    pub fn keep(&self, ports: &Ports) -> Result<(), Failure> {
        keep(ports, TRIP_FILE, self)
    }

    /// The last list. One that cannot be read is no list.
    pub fn last(ports: &Ports) -> Result<Option<Self>, Failure> {
        last(ports, TRIP_FILE)
    }

    /// The times of a line, from 1.
    pub fn choose(self, line: usize) -> Option<Vec<TripVisit>> {
        let visits = self.0.into_iter().nth(line.checked_sub(1)?)?;
        let visits = visits.into_iter().map(|(person_id, slot)| TripVisit {
            person_id,
            slot: slot.into(),
        });
        Some(visits.collect())
    }
}

fn keep(ports: &Ports, file: &str, list: &impl Serialize) -> Result<(), Failure> {
    let plain = serde_json::to_vec(list).map_err(|_| Failure::said("failure-fault"))?;
    let sealed = ports.keys.wrap(KEY, &plain).map_err(refused)?;
    Ok(ports.files.write(file, &sealed)?)
}

fn last<T: DeserializeOwned>(ports: &Ports, file: &str) -> Result<Option<T>, Failure> {
    let Some(sealed) = ports.files.read(file)? else {
        return Ok(None);
    };
    let plain = match ports.keys.unwrap(KEY, &sealed) {
        Ok(plain) => plain,
        Err(KeyStoreError::Missing | KeyStoreError::Invalidated) => return Ok(None),
        Err(error) => return Err(refused(error)),
    };
    Ok(serde_json::from_slice(&plain).ok())
}

fn refused(error: KeyStoreError) -> Failure {
    Failure::App(error.into())
}

impl From<SlotView> for Slot {
    fn from(view: SlotView) -> Self {
        let SlotView {
            id,
            clinic_id,
            start,
            end,
            when_text,
            service,
            practitioner,
            location,
            price_text,
            ..
        } = view;
        Self {
            id,
            clinic_id,
            start,
            end,
            when_text,
            service,
            practitioner,
            location,
            price_text,
        }
    }
}

impl From<Slot> for SlotView {
    fn from(slot: Slot) -> Self {
        let Slot {
            id,
            clinic_id,
            start,
            end,
            when_text,
            service,
            practitioner,
            location,
            price_text,
        } = slot;
        Self {
            id,
            clinic_id,
            start,
            end,
            when_text,
            service,
            practitioner,
            location,
            price_text,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(id: &str) -> SlotView {
        SlotView {
            id: id.to_owned(),
            clinic_id: "c".to_owned(),
            ..SlotView::default()
        }
    }

    #[test]
    fn a_time_is_chosen_by_line_or_id() {
        let offers = || Offers::new("p", &[slot("a"), slot("b"), slot("1")]);
        let chosen = |which: &str| offers().choose(which).map(|slot| slot.id);
        assert_eq!(chosen("2").as_deref(), Some("b"));
        assert_eq!(chosen("a").as_deref(), Some("a"));
        // An id goes before a line.
        assert_eq!(chosen("1").as_deref(), Some("1"));
        for none in ["0", "4", "", "c", "-1"] {
            assert_eq!(chosen(none), None);
        }
    }
}
