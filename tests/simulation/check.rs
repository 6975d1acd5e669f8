//! What must be true.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use sokhoe_app::domain::Timestamp;
use sokhoe_app::{BookingStatus, PersonView};
use sokhoe_tests::book::exported_resources;

use crate::bookings::Said;
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
        let without_booking = clinic.without_booking();
        for booking in clinic.bookings() {
            // Whoever came without a booking has no seat.
            if booking.status != "cancelled" && !without_booking.contains(&booking.id) {
                let seat = (booking.practitioner.clone(), booking.start.as_millis());
                seats.entry(seat).or_default().push(booking.id);
            }
        }
        for ((practitioner, start), ids) in seats {
            // Blood is taken from four at a time, and eight lie at dialysis.
            let room = match &*practitioner {
                "KTV. Phòng lấy máu" => 4,
                "ĐD. Lò Thị Ngân" => 8,
                _ => 1,
            };
            if ids.len() > room {
                wrongs.note(format!("I1: {} has {ids:?} at {start}", clinic.host()));
            }
        }
    }
}

/// I3, and whether "confirmed" is true: whatever a phone said the clinic has is there, as it said and when it said; and
/// nothing is on its way to another time but what a person is asked about.
pub fn confirmations(
    phones: &[Arc<SimPhone>],
    clinics: &Clinics,
    records: &Records<'_>,
    wrongs: &Wrongs,
) {
    let there: BTreeMap<String, (String, Timestamp)> = clinics
        .values()
        .flat_map(|clinic| clinic.bookings())
        .map(|booking| (booking.id, (booking.status, booking.start)))
        .collect();
    let places = places(records);
    for phone in phones {
        let persons = phone.app().persons().expect("persons");
        for ((of, id), said) in phone.said() {
            let Said { clinic, status, .. } = said;
            let person = persons.iter().find(|person| person.id == of);
            if person.is_none_or(|person| phone.lost(&clinic, &person.name).is_some()) {
                // What was said of it went with the record.
                continue;
            }
            let expected = match status {
                BookingStatus::Confirmed => Some("booked"),
                BookingStatus::CheckedIn => Some("checked-in"),
                BookingStatus::Fulfilled => Some("fulfilled"),
                BookingStatus::NoShow => Some("noshow"),
                BookingStatus::Cancelled => Some("cancelled"),
                BookingStatus::OnWaitingList => Some("waitlist"),
                BookingStatus::Offered => Some("proposed"),
                BookingStatus::Refused => None,
                BookingStatus::Sending if is_kept_back(phone, &of, &id) => None,
                BookingStatus::WaitingForNetwork | BookingStatus::Sending => {
                    wrongs.note(format!(
                        "I11: {}: {id} is {status:?} at the end",
                        phone.name
                    ));
                    continue;
                }
            };
            let there = there.get(&id);
            // A place on a waiting list is at no time.
            let place = places.get(&id).copied();
            let found = there.map(|(status, _)| status.as_str()).or(place);
            let start = there.map(|(_, start)| *start);
            if status == BookingStatus::Confirmed && start.is_some_and(|start| start != said.start)
            {
                wrongs.note(format!("I3: {}: {id} is at another time there", phone.name));
            }
            if said.is_moving && !is_kept_back(phone, &of, &id) {
                wrongs.note(format!("I11: {}: {id} still moves at the end", phone.name));
            }
            if found != expected {
                wrongs.note(format!(
                    "I3: {}: {id} is {status:?}, the clinic has {found:?}",
                    phone.name
                ));
            }
        }
    }
}

/// How every Appointment of the records stands, by its id: bookings, and places on waiting lists.
fn places<'r>(records: &'r Records<'_>) -> BTreeMap<String, &'r str> {
    let all = records.values().flatten();
    let appointments = all.filter(|json| kind_of(json) == "Appointment");
    appointments
        .map(|json| (text_of(json, "id").to_owned(), text_of(json, "status")))
        .collect()
}

/// Whether a person is asked what is to become of a booking, of which a server of others tells nothing that is clear.
fn is_kept_back(phone: &SimPhone, person: &str, id: &str) -> bool {
    let parked = phone.app().parked(person).unwrap_or_default();
    parked.iter().any(|parked| parked.booking_id == id)
}

/// I9: numbers of a day go up, and everybody is served once.
pub fn queues(clinics: &Clinics, wrongs: &Wrongs) {
    for clinic in clinics.values() {
        for wrong in clinic.wrong_on_the_floor() {
            wrongs.note(wrong);
        }
    }
}

/// I2: every booking at a clinic is one that a phone of the family asked for, under the id it has there, or made for somebody
/// who came without one.
pub fn effects(phones: &[Arc<SimPhone>], clinics: &Clinics, wrongs: &Wrongs) {
    let asked: BTreeSet<String> = phones.iter().flat_map(|phone| phone.asked()).collect();
    for clinic in clinics.values() {
        let without_booking = clinic.without_booking();
        for booking in clinic.bookings() {
            if !asked.contains(&booking.id) && !without_booking.contains(&booking.id) {
                wrongs.note(format!(
                    "I2: {} has {}, which nobody asked for",
                    clinic.host(),
                    booking.id
                ));
            }
        }
    }
}

/// What clinics have of patients, by host and patient, as they give it.
pub type Records<'c> = BTreeMap<(&'c str, &'static str), BTreeSet<String>>;

/// What the clinics have of everybody that a phone knows there.
pub async fn records<'c>(phones: &[Arc<SimPhone>], clinics: &'c Clinics) -> Records<'c> {
    let mut records = Records::new();
    for (host, clinic) in clinics {
        for at in phones.iter().flat_map(|phone| phone.enrolments) {
            for patient in at.1.iter().map(|patient| PATIENTS[*patient]) {
                if HOSTS[at.0] == host && !records.contains_key(&(host.as_str(), patient)) {
                    records.insert((host.as_str(), patient), clinic.record(patient).await);
                }
            }
        }
    }
    records
}

/// I4, I6 and I7: every phone has, of every person, what the person's clinics have, byte for byte, and nothing
/// of anybody else; and nothing of a clinic that took the access away. What `untold` names may still be there.
pub fn books(
    phones: &[Arc<SimPhone>],
    records: &Records<'_>,
    untold: &BTreeSet<String>,
    wrongs: &Wrongs,
) -> u64 {
    let mut compared = 0;
    for phone in phones {
        let app = phone.app();
        let persons = app.persons().expect("persons");
        links(phone, &persons, wrongs);
        for person in persons {
            let Some(patient) = patient_of(&person.name) else {
                wrongs.note(format!("I6: {} has a stranger", phone.name));
                continue;
            };
            let mut expected = BTreeSet::new();
            for clinic in &person.clinic_ids {
                let host = phone.around.hosts[clinic].as_str();
                let is_let_in = phone.enrolments.iter().any(|(at, patients)| {
                    HOSTS[*at] == host && patients.iter().any(|p| PATIENTS[*p] == patient)
                });
                if !is_let_in {
                    wrongs.note(format!("I6: {} has {patient} of {host}", phone.name));
                }
                let record = records.get(&(host, patient));
                expected.extend(record.into_iter().flatten().map(String::as_str));
            }
            let mut exported = Vec::new();
            app.export_fhir(&person.id, &mut exported)
                .expect("the book");
            let found: BTreeSet<&str> = exported_resources(&exported)
                .into_iter()
                // A refused booking, which no clinic has.
                .filter(|json| !json.contains("StructureDefinition/on-phone"))
                // What a booking refers to may come with it, and is nobody's record.
                .filter(|json| !OF_NOBODY.contains(&kind_of(json)))
                .collect();
            compared += found.len() as u64;
            let missing: Vec<_> = expected
                .difference(&found)
                .map(|json| key_of(json))
                .collect();
            let foreign: Vec<_> = found
                .difference(&expected)
                .filter(|json| !untold.contains(&key_of(json)))
                .collect();
            if !missing.is_empty() || !foreign.is_empty() {
                wrongs.note(format!(
                    "I4: {}, {patient}: of {} there are missing {missing:?}, not there: {foreign:?}",
                    phone.name,
                    expected.len()
                ));
            }
        }
    }
    compared
}

/// I7: after a sync a phone knows no clinic that took the access away; every other one it still knows.
fn links(phone: &SimPhone, persons: &[PersonView], wrongs: &Wrongs) {
    for (at, patients) in phone.enrolments {
        let clinic = phone
            .around
            .hosts
            .iter()
            .find(|(_, host)| *host == HOSTS[*at]);
        let Some((clinic, host)) = clinic else {
            continue;
        };
        for patient in *patients {
            let name = NAMES[*patient];
            let is_linked = persons
                .iter()
                .any(|person| person.name == name && person.clinic_ids.contains(clinic));
            match phone.lost(clinic, name) {
                Some(true) if is_linked => {
                    wrongs.note(format!("I7: {} still has {name} of {host}", phone.name));
                }
                None if !is_linked => {
                    wrongs.note(format!("I7: {} lost {name} of {host}", phone.name));
                }
                _ => {}
            }
        }
    }
}

pub fn patient_of(name: &str) -> Option<&'static str> {
    let at = NAMES.iter().position(|known| *known == name)?;
    Some(PATIENTS[at])
}

/// Types of what is nobody's record.
const OF_NOBODY: [&str; 3] = ["Slot", "Schedule", "Practitioner"];

/// The first text under this name in a resource as a server of others writes it.
fn text_of<'j>(json: &'j str, member: &str) -> &'j str {
    let behind = json.split_once(&format!("\"{member}\":\""));
    let text = behind.and_then(|(_, behind)| behind.split_once('"'));
    text.map_or("", |(text, _)| text)
}

fn kind_of(json: &str) -> &str {
    text_of(json, "resourceType")
}

/// Type and id.
fn key_of(json: &str) -> String {
    format!("{}/{}", kind_of(json), text_of(json, "id"))
}
