//! What helpers may do, for how long, and how it ends.

use std::time::Duration;

use serde_json::{Value, json};
use sokhoe_clinic::{ClinicError, Giver, GrantRequest, ImportOptions, OfferedGrant, Shown};
use sokhoe_domain::ports::Clock as _;
use sokhoe_domain::{GrantScope, Timestamp};
use sokhoe_fhir::{Measure, OwnReading};
use sokhoe_qr::Invitation;

use crate::support::http::Reply;
use crate::support::{Hospital, MOTHER, Phone, SON, cursor_of, hospital, id, key, refusal};

const DAY: Duration = Duration::from_secs(86_400);

fn request(scopes: &[GrantScope], days: u32) -> GrantRequest {
    let now = Timestamp::parse_fhir("2026-11-23T06:00:00+07:00").unwrap();
    GrantRequest {
        patient: MOTHER.to_owned(),
        person: "Bà Mai".to_owned(),
        helper: "Lò Văn Giúp".to_owned(),
        scopes: scopes.iter().copied().collect(),
        until: now.plus(DAY * days),
        giver: Giver::Person,
        shown: Shown {
            text: "Tôi đồng ý cho ông Lò Văn Giúp đặt lịch khám giúp tôi.".to_owned(),
            language: "vi".to_owned(),
            version: "2026-11".to_owned(),
        },
    }
}

fn offer(hospital: &Hospital, request: &GrantRequest) -> OfferedGrant {
    let valid_for = Duration::from_secs(600);
    let offered = hospital
        .clinic
        .offer_grant(request, valid_for, &hospital.base());
    offered.unwrap()
}

async fn redeem(
    hospital: &Hospital,
    offered: &OfferedGrant,
    device: &str,
    earlier: Option<&Phone>,
) -> Reply {
    let invitation = Invitation::read(&offered.code.text, hospital.clock.now()).unwrap();
    let body = json!({"code": invitation.code, "device_id": device, "device_name": "Máy"});
    let authorization = earlier.map(|phone| format!("Bearer {}", phone.token));
    let mut headers = vec![("Content-Type", "application/json")];
    if let Some(authorization) = &authorization {
        headers.push(("Authorization", authorization));
        headers.push(("Sokhoe-Device", device));
    }
    let mut connection = hospital.connect().await;
    connection
        .ask("POST", "/enrolment", &headers, &body.to_string())
        .await
}

async fn helper(hospital: &Hospital, scopes: &[GrantScope], days: u32, device: &str) -> Phone {
    let reply = redeem(
        hospital,
        &offer(hospital, &request(scopes, days)),
        device,
        None,
    )
    .await;
    phone_of(hospital, &reply, device)
}

fn phone_of(hospital: &Hospital, reply: &Reply, device: &str) -> Phone {
    assert_eq!(reply.status, 200, "{}", reply.body);
    Phone {
        addr: hospital.running.addr.to_string(),
        token: reply.json()["token"].as_str().unwrap().to_owned(),
        device: device.to_owned(),
    }
}

/// Something of these types in the mother's record.
const KINDS: [&str; 9] = [
    "AllergyIntolerance",
    "Condition",
    "Coverage",
    "DiagnosticReport",
    "DocumentReference",
    "Invoice",
    "MedicationRequest",
    "Observation",
    "Procedure",
];

fn fill(hospital: &Hospital) {
    for kind in KINDS {
        let whose = json!({"reference": format!("Patient/{MOTHER}")});
        let resource = json!({"resourceType": kind, "id": format!("{}-m", kind.to_ascii_lowercase()),
            "status": "active", "subject": whose, "patient": whose, "beneficiary": whose});
        let text = resource.to_string();
        let said = hospital.clinic.import_reader(
            "one.json",
            &mut text.as_bytes(),
            &ImportOptions::default(),
        );
        assert!(said.unwrap().skipped.is_empty());
    }
}

/// The types of the mother's record that a phone is given, by three ways that must agree.
async fn seen(phone: &Phone) -> Vec<&'static str> {
    let (entries, _) = phone.changes(MOTHER, None).await;
    let fed: Vec<String> = entries
        .iter()
        .map(|entry| id(&entry["resource"]).to_owned())
        .collect();
    let mut seen = Vec::new();
    for kind in KINDS {
        let id = format!("{}-m", kind.to_ascii_lowercase());
        let read = phone.get(&format!("/fhir/{kind}/{id}")).await.status == 200;
        let found = phone.get(&format!("/fhir/{kind}?patient={MOTHER}")).await;
        let found = !found.resources(kind).is_empty();
        let all = phone.get(&format!("/fhir/{kind}")).await;
        let all = !all.resources(kind).is_empty();
        assert_eq!([read, found, all], [fed.contains(&id); 3], "{kind}");
        if read {
            seen.push(kind);
        }
    }
    seen
}

#[tokio::test]
async fn each_scope_opens_what_it_names_and_nothing_else() {
    use GrantScope::{Book, Pay, SeeEverything, SeeSummary};
    let hospital = hospital().await;
    fill(&hospital);
    for (scopes, expected) in [
        (&[Book][..], &["Coverage"][..]),
        (&[SeeSummary], &["AllergyIntolerance", "MedicationRequest"]),
        (&[Pay], &["Coverage", "Invoice"]),
        (
            &[Book, SeeSummary],
            &["AllergyIntolerance", "Coverage", "MedicationRequest"],
        ),
        (&[SeeEverything], &KINDS),
    ] {
        let device = format!("device-{}", scopes.len() + 10 * expected.len());
        let phone = helper(&hospital, scopes, 30, &device).await;
        assert_eq!(seen(&phone).await, expected, "{scopes:?}");
        // Whom they help, everybody knows; who else is there, nobody.
        assert_eq!(
            phone.get(&format!("/fhir/Patient/{MOTHER}")).await.status,
            200
        );
        assert_eq!(phone.get(&format!("/fhir/Patient/{SON}")).await.status, 404);

        let own = hospital.phone("device-of-mother", &[MOTHER]).await;
        let slot = hospital.free(&own, "kham-mat", 1).await.remove(0);
        let booked = phone.book(&key(), id(&slot), MOTHER).await;
        let may_book = scopes.contains(&Book);
        assert_eq!(
            booked.status == 201 || booked.status == 200,
            may_book,
            "{}",
            booked.body
        );
        if may_book {
            let booking = id(&booked.resources("Appointment")[0]).to_owned();
            let ticket = format!("/fhir/Appointment/{booking}/$ticket");
            assert_eq!(phone.get(&ticket).await.status, 200);
            // Seeing when somebody goes is not going in their place.
            let looking = helper(&hospital, &[SeeSummary], 30, &format!("{device}-s")).await;
            let appointment = format!("/fhir/Appointment/{booking}");
            assert_eq!(looking.get(&appointment).await.status, 200);
            assert_eq!(looking.get(&ticket).await.status, 404);
        } else {
            assert_eq!(booked.status, 404, "as if she were not there");
        }
        let reading = key();
        let body = OwnReading {
            id: &reading,
            patient: MOTHER,
            measure: Measure::Weight,
            values: &[51.5],
            at: hospital.clock.now(),
            title: "Cân nặng",
        };
        let path = format!("/fhir/Observation/{reading}");
        let written = phone.put(&path, None, &body.to_json()).await;
        let may_write = scopes.contains(&SeeEverything);
        assert_eq!(written.status, if may_write { 201 } else { 404 });
    }
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_grant_ends_by_itself_or_at_once_and_the_phone_is_told() {
    let hospital = hospital().await;
    fill(&hospital);
    let own = hospital.phone("device-of-mother", &[MOTHER]).await;
    let ends = helper(&hospital, &[GrantScope::SeeEverything], 2, "device-one").await;
    let offered = offer(&hospital, &request(&[GrantScope::SeeEverything], 30));
    let reply = redeem(&hospital, &offered, "device-two", None).await;
    let taken = phone_of(&hospital, &reply, "device-two");

    // What the mother sees of it.
    let consents = own.get(&format!("/fhir/Consent?patient={MOTHER}")).await;
    let consents = consents.resources("Consent");
    assert_eq!(consents.len(), 2);
    let consent = consents
        .iter()
        .find(|consent| id(consent) == offered.consent)
        .unwrap();
    assert_eq!(consent["status"], "active");
    assert_eq!(
        consent["provision"]["actor"][0]["reference"]["display"],
        "Lò Văn Giúp"
    );
    assert_eq!(
        consent["provision"]["action"][0]["coding"][0]["code"],
        "see-everything"
    );

    let cursor = cursor_of(
        &ends
            .get(&format!("/fhir/Patient/{MOTHER}/$changes"))
            .await
            .json(),
    );
    hospital.clock.advance(DAY * 2);
    let changes = format!("/fhir/Patient/{MOTHER}/$changes?cursor={cursor}");
    let over = ends.get(&changes).await;
    assert_eq!((over.status, &*refusal(&over)), (403, "access-ended"));
    assert_eq!(ends.get("/fhir/Condition/condition-m").await.status, 404);
    assert_eq!(taken.get("/fhir/Condition/condition-m").await.status, 200);

    assert_eq!(hospital.clinic.end_grant(&offered.consent).unwrap(), 1);
    assert_eq!(hospital.clinic.end_grant(&offered.consent).unwrap(), 0);
    assert_eq!(taken.get("/fhir/Condition/condition-m").await.status, 404);
    let over = taken.get(&format!("/fhir/Patient/{MOTHER}/$changes")).await;
    assert_eq!((over.status, &*refusal(&over)), (403, "access-ended"));
    let consent = own.get(&format!("/fhir/Consent/{}", offered.consent)).await;
    assert_eq!(consent.json()["status"], "inactive");

    // Taken back before it was used.
    let offered = offer(&hospital, &request(&[GrantScope::Book], 30));
    assert_eq!(hospital.clinic.end_grant(&offered.consent).unwrap(), 0);
    let late = redeem(&hospital, &offered, "device-three", None).await;
    assert_eq!((late.status, &*refusal(&late)), (403, "enrolment-unknown"));
    // Not used in time: it is forgotten, names and all, when the next one is made.
    let offered = offer(&hospital, &request(&[GrantScope::Book], 30));
    let code = Invitation::read(&offered.code.text, hospital.clock.now()).unwrap();
    for expected in ["enrolment-expired", "enrolment-unknown"] {
        hospital.clock.advance(Duration::from_secs(601));
        let late = hospital.enrol(&code.code, "device-three").await;
        assert_eq!((late.status, &*refusal(&late)), (403, expected));
        offer(&hospital, &request(&[GrantScope::Book], 30));
    }
    // Used by one phone, once.
    let offered = offer(&hospital, &request(&[GrantScope::Book], 30));
    let first = redeem(&hospital, &offered, "device-three", None).await;
    let again = redeem(&hospital, &offered, "device-three", None).await;
    assert_eq!((first.status, &first.body), (200, &again.body));
    let other = redeem(&hospital, &offered, "device-four", None).await;
    assert_eq!((other.status, &*refusal(&other)), (403, "enrolment-used"));
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn more_is_given_less_changes_nothing_and_something_else_is_refused() {
    use GrantScope::{Book, Pay, SeeEverything, SeeSummary};
    let hospital = hospital().await;
    fill(&hospital);
    let device = "device-of-helper";
    let first = helper(&hospital, &[Book], 30, device).await;
    let (_, cursor) = first.changes(MOTHER, None).await;

    // More: what it opens lies before where the phone stands, so it begins anew.
    let more = offer(&hospital, &request(&[Book, SeeEverything], 30));
    let reply = redeem(&hospital, &more, device, Some(&first)).await;
    let second = phone_of(&hospital, &reply, device);
    let path = format!("/fhir/Patient/{MOTHER}/$changes?cursor={cursor}");
    assert_eq!(
        first.get(&path).await.status,
        200,
        "the old token is as it was"
    );
    assert_eq!(second.get(&path).await.status, 410);
    assert_eq!(seen(&second).await, KINDS);

    // Less, or as much for a shorter time: nothing is lost.
    for less in [
        request(&[SeeSummary], 30),
        request(&[Book, SeeEverything], 5),
    ] {
        let reply = redeem(&hospital, &offer(&hospital, &less), device, Some(&second)).await;
        let third = phone_of(&hospital, &reply, device);
        assert_eq!(seen(&third).await, KINDS);
        hospital.clock.advance(DAY);
        assert_eq!(seen(&third).await, KINDS);
    }
    // Neither more nor less.
    let else_ = offer(&hospital, &request(&[Pay], 60));
    let refused = redeem(&hospital, &else_, device, Some(&second)).await;
    assert_eq!(
        (refused.status, &*refusal(&refused)),
        (403, "enrolment-other-grant")
    );
    assert_eq!(seen(&second).await, KINDS);
    // The mother's own phone does not become a helper's.
    let own = hospital.phone("device-of-mother", &[MOTHER]).await;
    let offered = offer(&hospital, &request(&[Book], 300));
    let reply = redeem(&hospital, &offered, "device-of-mother", Some(&own)).await;
    let own = phone_of(&hospital, &reply, "device-of-mother");
    hospital.clock.advance(DAY * 301);
    assert_eq!(seen(&own).await, KINDS);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_grant_says_who_what_until_when_and_by_which_words() {
    let hospital = hospital().await;
    let sound = || request(&[GrantScope::Book], 30);
    let offered = offer(&hospital, &sound());
    let shown = Invitation::read(&offered.code.text, hospital.clock.now()).unwrap();
    assert_eq!(shown.person, "Bà Mai");
    assert_eq!(shown.scopes, sound().scopes);
    assert_eq!(shown.public_key, hospital.clinic.public_key());
    let logged = format!("{:?}", sound());
    let names = ["Mai", "Giúp", MOTHER];
    assert!(!names.iter().any(|name| logged.contains(name)), "{logged}");
    let bad: [fn(&mut GrantRequest); 9] = [
        |it| it.scopes.clear(),
        |it| it.helper = "  ".to_owned(),
        |it| it.helper = "x".repeat(201),
        |it| it.person = String::new(),
        |it| it.until = Timestamp::from_millis(0),
        |it| it.until = it.until.plus(DAY * 400),
        |it| it.giver = Giver::Guardian(String::new()),
        |it| it.shown.text = String::new(),
        |it| it.shown.version = String::new(),
    ];
    for spoil in bad {
        let mut request = sound();
        spoil(&mut request);
        let said = hospital.clinic.offer_grant(&request, DAY, &hospital.base());
        assert!(matches!(said, Err(ClinicError::BadGrant)), "{request:?}");
    }
    let mut nobody = sound();
    nobody.patient = "nobody".to_owned();
    let said = hospital.clinic.offer_grant(&nobody, DAY, &hospital.base());
    assert!(matches!(said, Err(ClinicError::NoSuchPatient)));

    // A guardian's word, with what they read.
    let mut of_child = sound();
    of_child.giver = Giver::Guardian("Lò Thị Mẹ".to_owned());
    let offered = offer(&hospital, &of_child);
    redeem(&hospital, &offered, "device-one", None).await;
    let own = hospital.phone("device-of-mother", &[MOTHER]).await;
    let consent: Value = own
        .get(&format!("/fhir/Consent/{}", offered.consent))
        .await
        .json();
    assert_eq!(consent["performer"][0]["display"], "Lò Thị Mẹ");
    let source = &consent["sourceAttachment"];
    assert_eq!(
        (&source["language"], &source["title"]),
        (&json!("vi"), &json!("2026-11"))
    );
    assert_eq!(
        consent["provision"]["period"]["end"],
        of_child.until.to_fhir()
    );
    hospital.running.shutdown().await;
}
