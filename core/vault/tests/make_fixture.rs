//! Makes the stored files of today's schema, for `tests/released_schemas.rs`:
//! `SOKHOE_FIXTURE=FOLDER cargo test -p sokhoe-vault --test make_fixture -- --ignored`

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod fixture;

use std::io::Read as _;

use fixture::{at, id, ports};
use sokhoe_domain::{BookingState, ClinicId, PersonId, ResourceKey, Wire};
use sokhoe_fhir::bundle::Change;
use sokhoe_vault::{
    AccountVault, BlobOrigin, ClinicRecord, ExpectedContent, IntentKind, LinkedPerson, NewChange,
    NewDocument, NewEvent, NewIntent, Page, ParkedWhy, PersonRecord, StoredBooking, Vault,
};

fn booking(n: i64, state: BookingState) -> StoredBooking {
    StoredBooking {
        id: id(n),
        clinic: ClinicId::from("hospital"),
        start: at(1_000_000 + n),
        end: at(2_000_000 + n),
        service: "Khám tim mạch".to_owned(),
        practitioner: "BS. Đào".to_owned(),
        location: "P. 101".to_owned(),
        state,
        updated: at(n),
        asked: None,
        occurrence: None,
        changeable_until: None,
    }
}

fn intent(n: i64, kind: IntentKind, about: i64) -> NewIntent {
    NewIntent {
        id: id(n),
        clinic: ClinicId::from("hospital"),
        kind,
        thing: id(about).to_string(),
        body: format!(r#"{{"slot_id":"slot-{n}","patient_id":"p"}}"#),
        created: at(n),
    }
}

/// What only the phone has: a booking that waits for its person, a reading, a new address, a document.
fn what_a_person_wrote(vault: &Vault) {
    let hospital = ClinicId::from("hospital");
    vault
        .enqueue(
            &intent(5, IntentKind::Book, 5),
            &booking(5, BookingState::WaitingForNetwork),
        )
        .unwrap();
    let refused = ParkedWhy::Refused {
        code: "not-supported".to_owned(),
    };
    vault.park(id(5), &refused, at(13), &[]).unwrap();
    let reading = NewChange {
        id: id(6),
        clinic: hospital.clone(),
        key: ResourceKey::new("Observation", id(6).to_string()),
        base: None,
        ours: format!(
            r#"{{"resourceType":"Observation","id":"{}","status":"final","code":{{"text":"Cân nặng"}},"effectiveDateTime":"2026-11-01","valueQuantity":{{"value":61.50,"unit":"kg"}}}}"#,
            id(6)
        ),
        created: at(14),
    };
    vault.keep_change(&reading).unwrap();
    let patient = vault.resources_of_kind("Patient", 1).unwrap().remove(0);
    let address = NewChange {
        id: id(7),
        clinic: hospital,
        key: patient.key,
        ours: patient
            .json
            .replacen("Xã Thanh Nưa", "Phường Mường Thanh", 2),
        base: Some(patient.json),
        created: at(15),
    };
    assert_ne!(address.base.as_ref(), Some(&address.ours));
    vault.keep_change(&address).unwrap();
    vault.mark_change_sending(id(7), at(16)).unwrap();
    vault.postpone_change(id(7), at(60), true).unwrap();
    let mut picture = vault.write_blob().unwrap();
    picture.write(fixture::DOCUMENT).unwrap();
    vault
        .add_document(NewDocument {
            id: id(8),
            title: "Sổ tiêm chủng".to_owned(),
            content_type: "image/jpeg".to_owned(),
            created: at(17),
            received: at(18),
            patient: "Nguyễn Thị Đào".to_owned(),
            blob: picture,
        })
        .unwrap();
}

#[test]
#[ignore = "writes the files of a released schema, once"]
fn make() {
    let folder = std::env::var("SOKHOE_FIXTURE").unwrap();
    let ports = ports(folder.as_ref());
    let vault = Vault::create(&ports, "person-1").unwrap();
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/data/synthea-patient.ndjson.gz"
    );
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    let resources: Vec<(ResourceKey, &str)> = text
        .lines()
        .filter(|line| line.len() < 1_500)
        .take(300)
        .map(|line| (sokhoe_fhir::index(line).unwrap().key, line))
        .collect();
    let mut changes: Vec<Change<'_>> = resources
        .iter()
        .map(|(key, json)| Change::Put {
            key: key.clone(),
            version: Some("1".to_owned()),
            json,
        })
        .collect();
    let unreadable = ResourceKey::new("Observation", "unreadable");
    changes.push(Change::Put {
        key: unreadable,
        version: Some("1".to_owned()),
        json: "{\"half",
    });
    let hospital = ClinicId::from("hospital");
    let news = |kind: &str, n: i64| NewEvent {
        kind: kind.to_owned(),
        subject: id(n).to_string(),
        at: at(n),
        body: String::new(),
    };
    let page = Page {
        clinic: &hospital,
        changes: &changes,
        cursor: "cursor-1",
        received: at(3_000),
        bookings: &[booking(9, BookingState::Confirmed)],
        events: &[news("booking-confirmed", 9)],
    };
    vault.apply(&page).unwrap();
    // Gone again: tombstones.
    let deletions: Vec<Change<'_>> = resources[..3]
        .iter()
        .map(|(key, _)| Change::Delete { key: key.clone() })
        .collect();
    vault
        .apply(&Page {
            changes: &deletions,
            cursor: "cursor-2",
            bookings: &[],
            events: &[],
            ..page
        })
        .unwrap();
    for n in 1..=3 {
        vault
            .enqueue(
                &intent(n, IntentKind::Book, n),
                &booking(n, BookingState::WaitingForNetwork),
            )
            .unwrap();
    }
    vault.mark_sending(id(1), at(11)).unwrap();
    vault
        .settle(
            id(1),
            &booking(
                1,
                BookingState::Refused(sokhoe_domain::Refusal::SlotTaken {
                    alternatives: vec![at(5)],
                }),
            ),
            &[news("booking-refused", 1)],
        )
        .unwrap();
    vault.mark_sending(id(2), at(12)).unwrap();
    vault
        .enqueue(
            &intent(4, IntentKind::Cancel, 9),
            &booking(9, BookingState::Confirmed),
        )
        .unwrap();
    let blob_owner = fixture::blob_owner();
    let mut blob = vault.write_blob().unwrap();
    blob.write(fixture::BLOB).unwrap();
    blob.finish(
        BlobOrigin::Own,
        &blob_owner.0,
        &blob_owner.1,
        fixture::BLOB_PLACE,
        ExpectedContent::default(),
    )
    .unwrap();
    what_a_person_wrote(&vault);
    vault.note_sync(&hospital, at(3_001), None).unwrap();
    vault.expect(&hospital, 400).unwrap();
    drop(vault);

    let account = AccountVault::open_or_create(&ports).unwrap();
    account
        .add_enrolment(
            &ClinicRecord {
                id: hospital,
                name: "Bệnh viện".to_owned(),
                base_url: "https://hospital.example".to_owned(),
                public_key: [7; 32],
                token: "token".to_owned().into(),
                enrolled: at(1),
                wire: Wire::Clinic,
            },
            &[LinkedPerson {
                person: PersonRecord {
                    id: PersonId::from("1"),
                    name: "Nguyễn Thị Đào".to_owned(),
                    birth_date: Some("1960-05-01".to_owned()),
                    gender: Some("female".to_owned()),
                    vault_name: "person-1".to_owned(),
                },
                patient_id: "bn-1".to_owned(),
                helping: None,
            }],
        )
        .unwrap();
    drop(account);
    std::fs::write(
        std::path::Path::new(&folder).join("expected.txt"),
        fixture::describe(&fixture::ports(folder.as_ref())),
    )
    .unwrap();
}
