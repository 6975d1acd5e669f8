//! Nothing of the book stands in any file in the clear.

use sokhoe_domain::{BookingState, IntentId, PersonId};
use sokhoe_testing::SeededRng;

use super::{Phone, apply, at, clinic, put, row};
use crate::{
    AccountVault, ClinicRecord, IntentKind, LinkedPerson, NewEvent, NewIntent, Page, PersonRecord,
    StoredBooking,
};

/// Of letters that no base64, hex or machine code gives by chance.
const CANARY: &str = "KanárienVogelŻółw";

fn assert_hidden(phone: &Phone) {
    let files = phone.files();
    assert!(files.len() >= 2);
    for (name, bytes) in files {
        for needle in [
            CANARY,
            "kanarienvogel",
            "KanárienVogel",
            "SQLite format 3",
            "CREATE TABLE",
            "mmol/L",
        ] {
            let found = bytes
                .windows(needle.len())
                .any(|window| window == needle.as_bytes());
            assert!(!found, "{needle} in {name}");
        }
    }
}

#[test]
fn no_file_holds_a_planted_word() {
    let phone = Phone::new();
    let vault = phone.create();
    let long = format!("{CANARY} ").repeat(50);
    let json = row(CANARY, 1, &long, 5);
    // Incompressible enough to be stored raw, and once per place that text can go.
    apply(
        &vault,
        CANARY,
        &[put(CANARY, 1, &json), put("bad", 1, CANARY)],
        CANARY,
    );
    let points = r#"{"kind":"Observation","id":"p","points":[[1,2.5]]}"#;
    let event = NewEvent {
        kind: CANARY.to_owned(),
        subject: CANARY.to_owned(),
        at: at(1),
        body: CANARY.to_owned(),
    };
    let id = IntentId::new(at(1), &SeededRng::new(1));
    let booking = StoredBooking {
        id,
        clinic: clinic(CANARY),
        start: at(1),
        end: at(2),
        service: CANARY.to_owned(),
        practitioner: CANARY.to_owned(),
        location: CANARY.to_owned(),
        state: BookingState::WaitingForNetwork,
        updated: at(1),
    };
    let page = Page {
        clinic: &clinic(CANARY),
        changes: &[put("p", 1, points)],
        cursor: CANARY,
        received: at(1),
        bookings: &[],
        events: &[event],
    };
    vault.apply(&page).unwrap();
    let intent = NewIntent {
        id,
        clinic: clinic(CANARY),
        kind: IntentKind::Book,
        thing: CANARY.to_owned(),
        body: CANARY.to_owned(),
        created: at(1),
    };
    vault.enqueue(&intent, &booking).unwrap();
    let account = AccountVault::open_or_create(&phone.ports).unwrap();
    let clinic = ClinicRecord {
        id: clinic(CANARY),
        name: CANARY.to_owned(),
        base_url: CANARY.to_owned(),
        public_key: [1; 32],
        token: CANARY.to_owned().into(),
        enrolled: at(1),
    };
    let person = PersonRecord {
        id: PersonId::from(CANARY),
        name: CANARY.to_owned(),
        birth_date: Some(CANARY.to_owned()),
        gender: Some(CANARY.to_owned()),
        vault_name: CANARY.to_owned(),
    };
    let linked = LinkedPerson {
        person,
        patient_id: CANARY.to_owned(),
    };
    account.add_enrolment(&clinic, &[linked]).unwrap();
    let names: Vec<_> = phone.files().into_iter().map(|(name, _)| name).collect();
    assert!(names.contains(&"me.db-wal".to_owned()), "{names:?}");
    assert_hidden(&phone);
    // A delete, a search, a close.
    assert!(!super::search(&vault, "kanarienvogel").is_empty());
    apply(&vault, "a", &[super::gone("p")], "c");
    drop((vault, account));
    assert_hidden(&phone);
    // The words are there for who has the key.
    assert!(!super::search(&phone.open().unwrap(), "kanarien").is_empty());
}
