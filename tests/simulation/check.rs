//! What must be true.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use sokhoe_app::BookingStatus;
use sokhoe_tests::book::exported_resources;

use crate::network::Clinics;
use crate::phone::SimPhone;
use crate::template::{HOSTS, NAMES, PATIENTS};

/// What was not true.
#[derive(Clone, Default)]
pub struct Wrongs(Arc<Mutex<Vec<String>>>);

impl Wrongs {
    pub fn note(&self, what: String) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(what);
    }

    pub fn all(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// I1: no seat with two.
pub fn seats(clinics: &Clinics, wrongs: &Wrongs) {
    for clinic in clinics.values() {
        let mut seats: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for booking in clinic.bookings() {
            if booking.status == "booked" {
                let seat = (booking.practitioner.clone(), booking.start.as_millis());
                seats.entry(seat).or_default().push(booking.id);
            }
        }
        for ((practitioner, start), ids) in seats {
            // Blood is taken from four at a time.
            let room = if practitioner == "KTV. Phòng lấy máu" {
                4
            } else {
                1
            };
            if ids.len() > room {
                wrongs.note(format!("I1: {} has {ids:?} at {start}", clinic.host()));
            }
        }
    }
}

/// I3, and whether "confirmed" is true: whatever a phone said the clinic has is there, and as it said.
pub fn confirmations(phones: &[Arc<SimPhone>], clinics: &Clinics, wrongs: &Wrongs) {
    let there: BTreeMap<String, String> = clinics
        .values()
        .flat_map(|clinic| clinic.bookings())
        .map(|booking| (booking.id, booking.status))
        .collect();
    for phone in phones {
        for ((_, id), status) in phone.said() {
            let expected = match status {
                BookingStatus::Confirmed => Some("booked"),
                BookingStatus::Cancelled => Some("cancelled"),
                BookingStatus::Refused => None,
                BookingStatus::WaitingForNetwork | BookingStatus::Sending => {
                    wrongs.note(format!(
                        "I11: {}: {id} is {status:?} at the end",
                        phone.name
                    ));
                    continue;
                }
            };
            let found = there.get(&id).map(String::as_str);
            if found != expected {
                wrongs.note(format!(
                    "I3: {}: {id} is {status:?}, the clinic has {found:?}",
                    phone.name
                ));
            }
        }
    }
}

/// I2: every booking at a clinic is one that a phone of the family asked for, under the id it has there.
pub fn effects(phones: &[Arc<SimPhone>], clinics: &Clinics, wrongs: &Wrongs) {
    let asked: BTreeSet<String> = phones.iter().flat_map(|phone| phone.asked()).collect();
    for clinic in clinics.values() {
        for booking in clinic.bookings() {
            if !asked.contains(&booking.id) {
                wrongs.note(format!(
                    "I2: {} has {}, which nobody asked for",
                    clinic.host(),
                    booking.id
                ));
            }
        }
    }
}

/// I4 and I6: every phone has, of every person, what the person's clinics have, byte for byte, and nothing
/// of anybody else; but for what a clinic took away without telling, which may still be there.
pub async fn books(phones: &[Arc<SimPhone>], clinics: &Clinics, wrongs: &Wrongs) -> u64 {
    let untold = clinics.values().flat_map(|clinic| clinic.untold());
    compare(phones, clinics, &untold.collect(), wrongs).await
}

/// The same once phones have compared their books with all that is there: nothing else may be there any more.
pub async fn compared_books(phones: &[Arc<SimPhone>], clinics: &Clinics, wrongs: &Wrongs) -> u64 {
    compare(phones, clinics, &BTreeSet::new(), wrongs).await
}

async fn compare(
    phones: &[Arc<SimPhone>],
    clinics: &Clinics,
    untold: &BTreeSet<String>,
    wrongs: &Wrongs,
) -> u64 {
    let (mut records, mut hosts) = (BTreeMap::new(), BTreeMap::new());
    for (host, clinic) in clinics {
        hosts.insert(clinic.id(), host.clone());
    }
    let mut compared = 0;
    for phone in phones {
        let app = phone.app();
        for person in app.persons().expect("persons") {
            let Some(patient) = patient_of(&person.name) else {
                wrongs.note(format!("I6: {} has a stranger", phone.name));
                continue;
            };
            let mut expected = BTreeSet::new();
            for clinic in &person.clinic_ids {
                let host = &hosts[clinic];
                let is_let_in = phone.enrolments.iter().any(|(at, patients)| {
                    HOSTS[*at] == host && patients.iter().any(|p| PATIENTS[*p] == patient)
                });
                if !is_let_in {
                    wrongs.note(format!("I6: {} has {patient} of {host}", phone.name));
                }
                let record = match records.entry((host, patient)) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(unknown) => unknown.insert(clinics[host].record(patient).await),
                };
                expected.extend(record.iter().cloned());
            }
            let mut exported = Vec::new();
            app.export_fhir(&person.id, &mut exported)
                .expect("the book");
            let found: BTreeSet<String> = exported_resources(&exported)
                .into_iter()
                .map(str::to_owned)
                // A refused booking, which no clinic has.
                .filter(|json| !json.contains("StructureDefinition/on-phone"))
                .collect();
            compared += found.len() as u64;
            let missing = expected.difference(&found).count();
            let foreign: Vec<_> = found
                .difference(&expected)
                .filter(|json| !untold.contains(&key_of(json)))
                .collect();
            if missing > 0 || !foreign.is_empty() {
                wrongs.note(format!(
                    "I4: {}, {patient}: {missing} of {} missing, not there: {foreign:?}",
                    phone.name,
                    expected.len()
                ));
            }
        }
    }
    compared
}

fn patient_of(name: &str) -> Option<&'static str> {
    let at = NAMES.iter().position(|known| *known == name)?;
    Some(PATIENTS[at])
}

/// Type and id of a resource as a server of others writes it.
fn key_of(json: &str) -> String {
    let text = |member: &str| {
        let (_, behind) = json.split_once(&format!("\"{member}\":\""))?;
        behind.split_once('"').map(|(text, _)| text)
    };
    let (kind, id) = (text("resourceType"), text("id"));
    format!("{}/{}", kind.unwrap_or_default(), id.unwrap_or_default())
}
