//! What a person writes for a clinic: readings of their own, and how they can be reached.

use std::collections::BTreeMap;
use std::sync::Arc;

use sokhoe_app::{
    AppError, BookingStatus, ChangeContactRequest, Keep, Measure, PersonView, RecordReadingRequest,
    SoKhoe,
};

use crate::check::{Records, Wrongs, patient_of};
use crate::network::Clinics;
use crate::phone::SimPhone;
use crate::template::{GIVES_ALL_IDS, HOSTS, PATIENTS};

/// Pulses that a phone of this number can write, each of which stands nowhere else.
const PULSES: usize = 50;
const LOWEST_PULSE: usize = 30;
/// The code of a pulse as it stands in JSON; no clinic writes any, and ids have no such quotation marks.
const PULSE: &str = "\"8867-4\"";

/// What was written, and kept before the phone said so.
#[derive(Clone)]
pub struct Word {
    pub person: PersonView,
    pub clinic: String,
    /// What stands nowhere else.
    pub mark: String,
    pub is_reading: bool,
    /// The person decided for the clinic's words.
    pub is_given_up: bool,
}

impl SimPhone {
    /// A mark for what is about to be written.
    fn next_mark(&self) -> Option<usize> {
        let mut state = self.state();
        state.written += 1;
        (state.written < PULSES).then_some(state.written)
    }

    fn keeps(&self, person: &PersonView, clinic: &str, mark: String, is_reading: bool) {
        let mut state = self.state();
        state.tally.words += 1;
        state.words.push(Word {
            person: person.clone(),
            clinic: clinic.to_owned(),
            mark,
            is_reading,
            is_given_up: false,
        });
    }

    pub async fn records_a_reading(&self, app: &SoKhoe, person: &PersonView) {
        let (Some(clinic), Some(mark)) = (self.dice.one(&person.clinic_ids), self.next_mark())
        else {
            return;
        };
        let pulse = LOWEST_PULSE + self.number * PULSES + mark;
        let request = RecordReadingRequest {
            person_id: person.id.clone(),
            clinic_id: Some(clinic.clone()),
            measure: Measure::Pulse,
            values: vec![f64::from(u32::try_from(pulse).unwrap())],
            at: None,
        };
        match app.record_reading(request).await {
            Ok(_) => {
                self.tell(format_args!("records the pulse {pulse}"));
                self.keeps(person, clinic, pulse.to_string(), true);
            }
            Err(error) => self.failed_for("record", person, &error),
        }
    }

    /// Another mobile number, or another address.
    pub async fn changes_a_contact(&self, app: &SoKhoe, person: &PersonView) {
        let (Some(clinic), Some(mark)) = (self.dice.one(&person.clinic_ids), self.next_mark())
        else {
            return;
        };
        let known = match app.contact(&person.id, Some(clinic.clone())) {
            Ok(known) => known,
            Err(error) => return self.failed_for("contact", person, &error),
        };
        let is_address = self.dice.percent(25);
        let mark = match is_address {
            true => format!("Bản số {}-{mark}", self.number),
            false => format!("09{}{mark:07}", self.number),
        };
        let mut phones = known.phones;
        match phones.iter_mut().find(|phone| phone.starts_with("09")) {
            Some(mobile) => mobile.clone_from(&mark),
            None => phones.push(mark.clone()),
        }
        let request = ChangeContactRequest {
            person_id: person.id.clone(),
            clinic_id: Some(clinic.clone()),
            phones: (!is_address).then_some(phones),
            address: is_address.then(|| mark.clone()),
        };
        match app.change_contact(request).await {
            Ok(_) => {
                self.tell(format_args!("changes a contact: {mark}"));
                self.keeps(person, clinic, mark, false);
            }
            Err(error) => self.failed_for("change", person, &error),
        }
    }

    /// Whether a person is asked for a decision; what they wrote after it waits for it.
    pub fn asks(&self, app: &SoKhoe, person: &PersonView) -> bool {
        let has_written = self.state().written > 0;
        has_written
            && app
                .conflicts(&person.id)
                .is_ok_and(|conflicts| !conflicts.is_empty())
    }

    /// Whether all that waits are readings for a server that gives all ids itself, and bookings at others' servers.
    pub fn may_ask_later(&self, app: &SoKhoe, person: &PersonView, waiting: u64) -> bool {
        let at = |clinic: &String| {
            let host = self.around.hosts.get(clinic)?;
            HOSTS.iter().position(|known| known == host)
        };
        let words = self.state().words.clone();
        let readings = words.iter().filter(|word| {
            word.is_reading
                && word.person.id == person.id
                && at(&word.clinic) == Some(GIVES_ALL_IDS)
        });
        let bookings = app.bookings(&person.id).unwrap_or_default();
        let bookings = bookings.iter().filter(|booking| {
            let waits = booking.status == BookingStatus::Sending || booking.moving_to.is_some();
            waits && at(&booking.clinic_id) != Some(0)
        });
        // What is called off waits for its booking.
        let bookings: u64 = bookings.map(|it| 1 + u64::from(it.cancelling)).sum();
        readings.count() as u64 + bookings >= waiting
    }

    /// Decides whatever there is to decide; whether there was anything.
    pub async fn decides(&self) -> bool {
        let app = self.app();
        let mut decided = false;
        for person in app.persons().expect("persons") {
            while self.asks(&app, &person) {
                decided = true;
                self.settles_a_conflict(&app, &person).await;
            }
        }
        decided
    }

    pub async fn settles_a_conflict(&self, app: &SoKhoe, person: &PersonView) {
        let conflicts = match app.conflicts(&person.id) {
            Ok(conflicts) => conflicts,
            Err(error) => return self.failed_for("conflicts", person, &error),
        };
        let Some(conflict) = self.dice.one(&conflicts) else {
            return;
        };
        let keep = match self.dice.percent(50) {
            true => Keep::Mine,
            false => Keep::Clinics,
        };
        if keep == Keep::Clinics {
            // Decided, whatever happens to the phone from here on.
            for word in &mut self.state().words {
                word.is_given_up |= conflict
                    .parts
                    .iter()
                    .any(|part| part.mine.contains(&word.mark));
            }
        }
        self.tell(format_args!("decides a conflict: {keep:?}"));
        match app.settle_conflict(&person.id, &conflict.id, keep).await {
            Ok(()) => self.state().tally.conflicts += 1,
            // The clinic was faster.
            Err(AppError::NotFound { .. }) => {}
            Err(error) => self.failed_for("settle", person, &error),
        }
    }
}

/// I5 and I2 of what persons wrote: whatever a phone said is kept is at the clinic, or the clinic had it, or the phone
/// shows it for a decision; each reading is there once, and nobody wrote others.
pub fn kept(phones: &[Arc<SimPhone>], clinics: &Clinics, records: &Records<'_>, wrongs: &Wrongs) {
    let mut readings: BTreeMap<usize, Vec<(&str, &str)>> = BTreeMap::new();
    for ((host, patient), record) in records {
        for json in record.iter().filter(|json| json.contains(PULSE)) {
            let pulse = pulse_of(json).unwrap_or_default();
            readings.entry(pulse).or_default().push((host, patient));
        }
    }
    for (pulse, at) in &readings {
        let wrote = |phone: &Arc<SimPhone>| {
            let first = LOWEST_PULSE + phone.number * PULSES;
            (first + 1..=first + phone.state().written).contains(pulse)
        };
        if at.len() > 1 || !phones.iter().any(wrote) {
            wrongs.note(format!("I2: the pulse {pulse} is at {at:?}"));
        }
    }
    for phone in phones {
        let (app, words) = (phone.app(), phone.state().words.clone());
        for word in words.iter().filter(|word| !word.is_given_up) {
            if phone.lost(&word.clinic, &word.person.name).is_some() {
                continue;
            }
            let host = phone.around.hosts[&word.clinic].as_str();
            let is_there = if word.is_reading {
                let pulse: usize = word.mark.parse().expect("a pulse");
                let patient = patient_of(&word.person.name).unwrap_or_default();
                readings
                    .get(&pulse)
                    .is_some_and(|at| at.contains(&(host, patient)))
            } else {
                phone.around.answers.were_taken(host, &word.mark)
                    || app.conflicts(&word.person.id).is_ok_and(|conflicts| {
                        let mut parts = conflicts.iter().flat_map(|conflict| &conflict.parts);
                        parts.any(|part| part.mine.contains(&word.mark))
                    })
            };
            if !is_there {
                wrongs.note(format!(
                    "I5: {}: {:?} for {host} was kept and is nowhere",
                    phone.name, word.mark
                ));
            }
        }
    }
    for (host, clinic) in clinics {
        for patient in PATIENTS {
            let Some(record) = records.get(&(host.as_str(), patient)) else {
                continue;
            };
            for fact in clinic.facts(patient) {
                if !record.iter().any(|json| json.contains(&fact)) {
                    wrongs.note(format!("{host}: its own word of {patient} is gone: {fact}"));
                }
            }
        }
    }
}

fn pulse_of(json: &str) -> Option<usize> {
    let reading: serde_json::Value = serde_json::from_str(json).ok()?;
    usize::try_from(reading["valueQuantity"]["value"].as_u64()?).ok()
}
