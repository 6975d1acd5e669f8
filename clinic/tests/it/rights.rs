//! What people ask of what is kept of them: received with a receipt, in time, and done.

use std::time::Duration;

use serde_json::json;
use sokhoe_clinic::{ClinicError, Suspected};
use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::Clock as _;
use sokhoe_domain::rights::RightsRequest;
use sokhoe_fhir::{Measure, OwnReading};

use crate::support::{Hospital, MOTHER, Phone, SON, hospital, id, key, refusal};

const DAY: Duration = Duration::from_secs(86_400);

async fn writes_a_reading(hospital: &Hospital, phone: &Phone, patient: &str) -> String {
    let reading = key();
    let body = OwnReading {
        id: &reading,
        patient,
        measure: Measure::Weight,
        values: &[52.0],
        at: hospital.clock.now(),
        title: "Cân nặng",
    };
    let path = format!("/fhir/Observation/{reading}");
    assert_eq!(phone.put(&path, None, &body.to_json()).await.status, 201);
    path
}

#[tokio::test]
async fn a_consent_that_is_taken_back_ends_at_once_with_a_receipt() {
    let hospital = hospital().await;
    let phones = [
        hospital.phone("device-one", &[MOTHER, SON]).await,
        hospital.phone("device-two", &[MOTHER]).await,
    ];
    let unused = hospital.code(&[MOTHER]);
    let others = hospital.code(&[SON]);
    let receipt = hospital
        .clinic
        .receive_rights_request(MOTHER, RightsRequest::Withdraw)
        .unwrap();
    assert_eq!(receipt.phones, 2);
    let of = &receipt.request;
    // Received on Monday 23 November.
    let days = (of.answer_by.to_string(), of.done_by.to_string());
    assert_eq!(days, ("2026-11-25".to_owned(), "2026-12-08".to_owned()));
    // Whoever has the clinic's key can tell that it is the clinic's receipt.
    let signed = format!("{}|withdraw|{}", of.id, of.received.as_millis());
    let signature: Vec<u8> = (0..receipt.signature.len() / 2)
        .map(|at| u8::from_str_radix(&receipt.signature[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let key = hospital.clinic.public_key();
    ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, key.as_bytes())
        .verify(signed.as_bytes(), &signature)
        .unwrap();

    for phone in &phones {
        assert_eq!(
            phone.get(&format!("/fhir/Patient/{MOTHER}")).await.status,
            404
        );
        let feed = phone.get(&format!("/fhir/Patient/{MOTHER}/$changes")).await;
        assert_eq!(refusal(&feed), "access-ended");
    }
    assert_eq!(
        phones[0].get(&format!("/fhir/Patient/{SON}")).await.status,
        200
    );
    assert_eq!(
        hospital
            .enrol(&unused, &hospital.new_phone("device-late"))
            .await
            .status,
        403
    );
    assert_eq!(
        hospital
            .enrol(&others, &hospital.new_phone("device-of-son"))
            .await
            .status,
        200
    );
    let nobody = hospital
        .clinic
        .receive_rights_request("nobody", RightsRequest::Withdraw);
    assert!(matches!(nobody, Err(ClinicError::NoSuchPatient)));
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn the_desk_sees_what_is_due_first() {
    let hospital = hospital().await;
    let receive = |what| {
        hospital.clock.advance(Duration::from_secs(1));
        let receipt = hospital.clinic.receive_rights_request(MOTHER, what);
        receipt.unwrap().request.id
    };
    let erase = receive(RightsRequest::Erase);
    let copy = receive(RightsRequest::Copy);
    hospital.clock.advance(DAY);
    let later = receive(RightsRequest::Correct);
    let open = || -> Vec<String> {
        let rows = hospital.clinic.rights_requests(false).unwrap();
        rows.into_iter().map(|row| row.id).collect()
    };
    assert_eq!(open(), [erase.clone(), copy.clone(), later.clone()]);
    // Once answered it is due later.
    assert!(hospital.clinic.note_rights_request(&erase, false).unwrap());
    assert_eq!(open(), [copy.clone(), later.clone(), erase.clone()]);
    assert!(hospital.clinic.note_rights_request(&copy, true).unwrap());
    assert_eq!(open(), [later, erase]);
    for (request, done) in [(copy.as_str(), true), (&copy, false), ("none", true)] {
        assert!(!hospital.clinic.note_rights_request(request, done).unwrap());
    }
    assert_eq!(hospital.clinic.rights_requests(true).unwrap().len(), 3);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn what_the_person_wrote_is_erased_and_what_the_law_keeps_is_listed() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER, SON]).await;
    for _ in 0..3 {
        writes_a_reading(&hospital, &phone, MOTHER).await;
    }
    let of_son = writes_a_reading(&hospital, &phone, SON).await;
    let free = hospital.free(&phone, "kham-mat", 1).await;
    let booked = phone.book(&key(), id(&free[0]), MOTHER).await;
    assert_eq!(booked.status, 200, "{}", booked.body);
    let result = json!({"resourceType": "Observation", "id": "result", "status": "final",
        "subject": {"reference": format!("Patient/{MOTHER}")}, "performer": [{"reference": "Organization/lab"}]});
    let text = result.to_string();
    let imported = hospital.clinic.import_reader(
        "one.json",
        &mut text.as_bytes(),
        &sokhoe_clinic::ImportOptions::default(),
    );
    assert!(imported.unwrap().skipped.is_empty());

    let receive = |what| {
        let receipt = hospital.clinic.receive_rights_request(MOTHER, what);
        receipt.unwrap().request.id
    };
    let copy = receive(RightsRequest::Copy);
    assert_eq!(hospital.clinic.erase_for(&copy).unwrap(), None);
    assert_eq!(hospital.clinic.erase_for("none").unwrap(), None);
    let request = receive(RightsRequest::Erase);
    let erased = hospital.clinic.erase_for(&request).unwrap().unwrap();
    assert_eq!(erased.own_words, 3);
    assert!(erased.traces >= 1, "{erased:?}");
    let kept: Vec<_> = erased
        .kept
        .iter()
        .map(|kept| (kept.kind.as_str(), kept.count))
        .collect();
    assert_eq!(
        kept,
        [
            ("Appointment", 1),
            ("Coverage", 1),
            ("Invoice", 1),
            ("Observation", 1),
            ("Patient", 1),
            ("Task", 2),
        ]
    );
    let law = |kind: &str| {
        erased
            .kept
            .iter()
            .find(|kept| kept.kind == kind)
            .unwrap()
            .law
    };
    assert!(law("Observation").contains("15/2023") && law("Invoice").contains("Kế toán"));
    // Again: the same, and nothing more.
    assert_eq!(
        hospital.clinic.erase_for(&request).unwrap().as_ref(),
        Some(&erased)
    );
    let left = "SELECT count(*) FROM resource WHERE json LIKE '%Cân nặng%'";
    assert_eq!(hospital.database.number(left), 1, "the son's alone");
    assert_eq!(phone.get(&of_son).await.status, 200);
    let open = hospital.clinic.rights_requests(false).unwrap();
    assert!(open.iter().all(|row| row.id != request));
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_leak_names_everybody_whom_it_touched_and_nobody_else() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER, SON]).await;
    let report = |from: Timestamp, to: Timestamp, agent: Option<&str>| {
        let suspected = Suspected {
            from,
            to,
            agent: agent.map(str::to_owned),
        };
        let mut people = Vec::new();
        let summary = hospital.clinic.breach_report(&suspected, |person| {
            people.push(person);
            true
        });
        (summary.unwrap(), people)
    };
    hospital.clock.advance(DAY);
    let begun = hospital.clock.now();
    for _ in 0..2 {
        let read = phone
            .get(&format!("/fhir/Appointment?patient={MOTHER}"))
            .await;
        assert_eq!(read.status, 200);
    }
    assert_eq!(phone.get("/fhir/Patient/nobody").await.status, 404);
    hospital.clock.advance(DAY);
    let ended = hospital.clock.now();
    assert_eq!(phone.get(&format!("/fhir/Patient/{SON}")).await.status, 200);

    let (summary, people) = report(begun, ended, None);
    let of: Vec<_> = people
        .iter()
        .map(|person| person.patient.as_str())
        .collect();
    assert_eq!(of, [MOTHER]);
    assert!(!people[0].name.is_empty());
    let kinds: Vec<_> = people[0]
        .kinds
        .iter()
        .map(|(kind, count)| (kind.as_str(), *count))
        .collect();
    assert_eq!(kinds, [("Appointment", 2)]);
    assert_eq!((people[0].first, people[0].last), (begun, begun));
    assert_eq!((summary.people, summary.accesses), (1, 2));
    let (everybody, _) = report(begun, ended.plus(DAY), None);
    assert_eq!(everybody.people, 2);
    let (of_desk, _) = report(begun, ended.plus(DAY), Some("desk"));
    assert_eq!((of_desk.people, of_desk.first), (0, None));
    let logged = format!("{people:?}");
    assert!(
        !logged.contains(MOTHER) && !logged.contains(&people[0].name),
        "{logged}"
    );
    hospital.running.shutdown().await;
}
