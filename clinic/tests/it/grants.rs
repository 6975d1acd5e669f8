//! What helpers may do, for how long, and how it ends.

use std::time::Duration;

use serde_json::{Value, json};
use sokhoe_clinic::{ClinicError, Giver, GrantRequest, ImportOptions, OfferedGrant, Shown};
use sokhoe_domain::ports::Clock as _;
use sokhoe_domain::{GiverRefusal, GrantScope, Timestamp};
use sokhoe_fhir::consent::Grant;
use sokhoe_fhir::{Measure, OwnReading};
use sokhoe_qr::Invitation;

use crate::queue::{follow, until};
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

fn guardian(name: &str, child_agrees: bool) -> Giver {
    Giver::Guardian {
        name: name.to_owned(),
        child_agrees,
    }
}

fn offer(hospital: &Hospital, request: &GrantRequest) -> OfferedGrant {
    let valid_for = Duration::from_secs(600);
    let offered = hospital
        .clinic
        .offer_grant(request, valid_for, &hospital.base());
    offered.unwrap()
}

async fn redeem(hospital: &Hospital, offered: &OfferedGrant, phone: &Phone) -> Reply {
    let invitation = Invitation::read(&offered.code.text, hospital.clock.now()).unwrap();
    hospital.enrol(&invitation.code, phone).await
}

async fn helper(hospital: &Hospital, scopes: &[GrantScope], days: u32, device: &str) -> Phone {
    let phone = hospital.new_phone(device);
    let offered = offer(hospital, &request(scopes, days));
    phone.let_in(&redeem(hospital, &offered, &phone).await)
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
    let taken = hospital.new_phone("device-two");
    let taken = taken.let_in(&redeem(&hospital, &offered, &taken).await);

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
    let [three, four] = ["device-three", "device-four"].map(|device| hospital.new_phone(device));
    let late = redeem(&hospital, &offered, &three).await;
    assert_eq!((late.status, &*refusal(&late)), (403, "enrolment-unknown"));
    // Not used in time: it is forgotten, names and all, when the next one is made.
    let offered = offer(&hospital, &request(&[GrantScope::Book], 30));
    let code = Invitation::read(&offered.code.text, hospital.clock.now()).unwrap();
    for expected in ["enrolment-expired", "enrolment-unknown"] {
        hospital.clock.advance(Duration::from_secs(601));
        let late = hospital.enrol(&code.code, &three).await;
        assert_eq!((late.status, &*refusal(&late)), (403, expected));
        offer(&hospital, &request(&[GrantScope::Book], 30));
    }
    // Used by one phone, once.
    let offered = offer(&hospital, &request(&[GrantScope::Book], 30));
    let first = redeem(&hospital, &offered, &three).await;
    let again = redeem(&hospital, &offered, &three).await;
    assert_eq!((first.status, &first.body), (200, &again.body));
    let other = redeem(&hospital, &offered, &four).await;
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
    let second = first.let_in(&redeem(&hospital, &more, &first).await);
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
        let third = second.let_in(&redeem(&hospital, &offer(&hospital, &less), &second).await);
        assert_eq!(seen(&third).await, KINDS);
        hospital.clock.advance(DAY);
        assert_eq!(seen(&third).await, KINDS);
    }
    // Neither more nor less.
    let else_ = offer(&hospital, &request(&[Pay], 60));
    let refused = redeem(&hospital, &else_, &second).await;
    assert_eq!(
        (refused.status, &*refusal(&refused)),
        (403, "enrolment-other-grant")
    );
    assert_eq!(seen(&second).await, KINDS);
    // The mother's own phone does not become a helper's.
    let own = hospital.phone("device-of-mother", &[MOTHER]).await;
    let offered = offer(&hospital, &request(&[Book], 70));
    let own = own.let_in(&redeem(&hospital, &offered, &own).await);
    // What the invitation would have granted is over by then; no phone is let in for longer than ninety days.
    for _ in 0..4 {
        hospital.clock.advance(DAY * 20);
        assert_eq!(seen(&own).await, KINDS);
    }
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
        |it| it.giver = guardian("", false),
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
    of_child.giver = guardian("Lò Thị Mẹ", false);
    let offered = offer(&hospital, &of_child);
    redeem(&hospital, &offered, &hospital.new_phone("device-one")).await;
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

#[tokio::test]
async fn a_phone_is_told_what_it_may_do_and_what_it_may_no_longer() {
    let hospital = hospital().await;
    async fn said(phone: &Phone) -> Value {
        phone.get("/access").await.json()
    }
    let offered = offer(&hospital, &request(&[GrantScope::Book], 30));
    let phone = hospital.new_phone("device-helper");
    let reply = redeem(&hospital, &offered, &phone).await;
    let phone = phone.let_in(&reply);
    let told = said(&phone).await;
    assert_eq!(told["access"], reply.json()["access"]);
    assert_eq!(told["ended"], json!([]));
    let access = &told["access"][0];
    assert_eq!(access["patient"], MOTHER);
    assert_eq!(access["grant"]["scopes"], json!(["book"]));
    assert_eq!(access["grant"]["until"], "2026-12-23T06:00:00+07:00");
    assert_eq!(access["grant"]["lease_seconds"], 72 * 3_600);
    // One phone's and one person's; the same for a wider grant.
    let key = access["lease_key"].as_str().unwrap().to_owned();
    let wider = offer(&hospital, &request(&GrantScope::ALL, 2));
    let reply = redeem(&hospital, &wider, &hospital.new_phone("device-other")).await;
    assert_ne!(reply.json()["access"][0]["lease_key"], json!(key));
    assert_eq!(
        reply.json()["access"][0]["grant"]["lease_seconds"],
        48 * 3_600
    );
    let wider = offer(&hospital, &request(&GrantScope::ALL, 60));
    let reply = redeem(&hospital, &wider, &phone).await;
    let phone = phone.let_in(&reply);
    assert_eq!(reply.json()["access"][0]["lease_key"], json!(key));

    // A phone of the person's own has no lease.
    let own = hospital.phone("device-own", &[MOTHER, SON]).await;
    let told = said(&own).await;
    let whose: Vec<_> = told["access"].as_array().unwrap().iter().collect();
    assert_eq!(whose.len(), 2);
    assert!(whose.iter().all(|access| access.get("grant").is_none()));

    // It ends: no key any more. By the clinic's word, and by itself.
    assert_eq!(hospital.clinic.end_grant(&wider.consent).unwrap(), 1);
    let told = said(&phone).await;
    assert_eq!(
        (&told["access"], &told["ended"]),
        (&json!([]), &json!([MOTHER]))
    );
    let short = offer(&hospital, &request(&[GrantScope::Pay], 1));
    let phone = hospital.new_phone("device-short");
    let phone = phone.let_in(&redeem(&hospital, &short, &phone).await);
    hospital.clock.advance(DAY);
    let told = said(&phone).await;
    assert_eq!(
        (&told["access"], &told["ended"]),
        (&json!([]), &json!([MOTHER]))
    );
    let mut connection = hospital.connect().await;
    assert_eq!(connection.ask("GET", "/access", &[], "").await.status, 401);
}

/// Children by the law: the guardian decides, from seven on with the child, from sixteen on the person alone.
#[tokio::test]
async fn who_decides_and_for_how_long_follows_the_persons_age() {
    let hospital = hospital().await;
    let born = |id: &str, birth_date: &str| {
        let patient = json!({"resourceType": "Patient", "id": id, "birthDate": birth_date});
        let text = patient.to_string();
        let options = ImportOptions::default();
        let said = hospital
            .clinic
            .import_reader("one.json", &mut text.as_bytes(), &options);
        assert!(said.unwrap().skipped.is_empty());
    };
    born("four", "2022-05-02");
    born("ten", "2016-05-02");
    born("nearly-sixteen", "2010-12-01");
    born("sixteen", "2010-11-23");
    born("nearly-of-age", "2008-12-01");
    born("of-age", "2008");
    born("grandmother", "1950");
    let ends = |day: &str| {
        let day = Timestamp::parse_fhir(&format!("{day}T00:00:00+07:00")).unwrap();
        Some(GiverRefusal::EndsBefore(day))
    };
    let alone = || Giver::Person;
    let with = |child_agrees| guardian("Lò Thị Mẹ", child_agrees);
    let (needs_guardian, needs_child, themselves) = (
        Some(GiverRefusal::NeedsGuardian),
        Some(GiverRefusal::NeedsChild),
        Some(GiverRefusal::DecidesThemselves),
    );
    for (patient, giver, days, refused) in [
        ("four", alone(), 30, needs_guardian),
        ("four", with(false), 30, None),
        ("ten", alone(), 30, needs_guardian),
        ("ten", with(false), 30, needs_child),
        ("ten", with(true), 30, None),
        ("nearly-sixteen", with(true), 7, None),
        ("nearly-sixteen", with(true), 9, ends("2026-12-01")),
        ("sixteen", with(true), 30, themselves),
        ("sixteen", alone(), 365, None),
        ("nearly-of-age", alone(), 7, None),
        ("nearly-of-age", alone(), 9, ends("2026-12-01")),
        // Of a year alone the last day counts.
        ("of-age", with(false), 1, themselves),
        ("of-age", alone(), 39, ends("2026-12-31")),
        ("grandmother", alone(), 365, None),
        ("grandmother", with(false), 365, None),
    ] {
        let request = GrantRequest {
            patient: patient.to_owned(),
            giver: giver.clone(),
            ..request(&[GrantScope::Book], days)
        };
        let said = hospital.clinic.offer_grant(&request, DAY, &hospital.base());
        let said = match said {
            Ok(_) => None,
            Err(ClinicError::Giver(refusal)) => Some(refusal),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(said, refused, "{patient} {giver:?} {days}");
    }

    // A guardian's phone has a child's record until the sixteenth birthday, and is told when that comes.
    let phone = hospital
        .phone("device-of-parents", &["nearly-sixteen", "sixteen"])
        .await;
    hospital.clock.advance(DAY * 7);
    assert_eq!(phone.get("/fhir/Patient/nearly-sixteen").await.status, 200);
    hospital.clock.advance(DAY);
    assert_eq!(phone.get("/fhir/Patient/nearly-sixteen").await.status, 404);
    assert_eq!(phone.get("/fhir/Patient/sixteen").await.status, 200);
    let feed = phone.get("/fhir/Patient/nearly-sixteen/$changes").await;
    assert_eq!(refusal(&feed), "access-ended");
}

fn consent(id: &str, scopes: &[GrantScope], days: u32) -> Grant {
    let shown = request(scopes, days).shown;
    let now = Timestamp::parse_fhir("2026-11-23T06:00:00+07:00").unwrap();
    Grant {
        id: id.to_owned(),
        patient: MOTHER.to_owned(),
        helper: "Lò Văn Giúp".to_owned(),
        scopes: scopes.iter().copied().collect(),
        given: now,
        until: now.plus(DAY * days),
        giver: Giver::Person,
        shown_hash: sha256(shown.text.as_bytes()),
        shown,
        invitation_hash: Some(sha256(b"a code of the phone")),
        active: true,
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let hash = ring::digest::digest(&ring::digest::SHA256, bytes);
    hash.as_ref().try_into().unwrap()
}

/// A person's own phone invites, prolongs and ends by the Consent that it writes; whatever else it would say is refused, and
/// nobody else says anything.
#[tokio::test]
async fn a_persons_own_phone_decides_who_helps() {
    let hospital = hospital().await;
    let own = hospital.phone("device-of-mother", &[MOTHER]).await;
    let stranger = hospital.phone("device-of-stranger", &[SON]).await;
    let ours = &key();
    let path = &format!("/fhir/Consent/{ours}");
    let book = consent(ours, &[GrantScope::Book], 30);
    let put = |phone: Phone, over: Option<&'static str>, grant: Grant| async move {
        phone.put(path, over, &grant.to_json()).await.status
    };
    let bad: [fn(&mut Grant); 9] = [
        |it| it.active = false,
        |it| it.invitation_hash = None,
        |it| it.until = it.until.plus(DAY * 400),
        |it| it.until = it.given,
        |it| it.scopes = [].into_iter().collect(),
        |it| it.shown.text = "Gì cũng được.".to_owned(),
        |it| it.shown_hash = [0; 32],
        |it| it.helper = String::new(),
        |it| it.id = key(),
    ];
    for spoil in bad {
        let mut grant = book.clone();
        spoil(&mut grant);
        assert_eq!(
            put(own.clone(), None, grant.clone()).await,
            422,
            "{grant:?}"
        );
    }
    // Another's, and nobody's: the same.
    for patient in [SON, "nobody"] {
        let mut grant = book.clone();
        grant.patient = patient.to_owned();
        assert_eq!(put(own.clone(), None, grant).await, 404);
    }
    assert_eq!(put(stranger.clone(), None, book.clone()).await, 404);
    assert_eq!(put(own.clone(), None, book.clone()).await, 201);
    assert_eq!(put(own.clone(), None, book.clone()).await, 200);
    // Nobody else's who knows the id.
    assert_eq!(
        put(stranger.clone(), Some("W/\"1\""), book.clone()).await,
        404
    );

    let helper = hospital.new_phone("device-helper");
    let reply = hospital.enrol("a code of the phone", &helper).await;
    let helper = helper.let_in(&reply);
    assert_eq!(
        reply.json()["access"][0]["grant"]["scopes"],
        json!(["book"])
    );
    assert_eq!(
        helper.get(&format!("/fhir/Patient/{MOTHER}")).await.status,
        200
    );
    // A helper writes no Consent, whatever they may do.
    let all = helper_who_may_all(&hospital).await;
    let ended = Grant {
        active: false,
        ..book.clone()
    };
    for phone in [&helper, &all] {
        assert_eq!(
            put(phone.clone(), Some("W/\"1\""), ended.clone()).await,
            404
        );
    }

    // Longer, not more; not over an older version; not after it was taken back.
    let longer = Grant {
        until: book.until.plus(DAY * 60),
        ..book.clone()
    };
    let more = Grant {
        scopes: [GrantScope::Book, GrantScope::Pay].into_iter().collect(),
        ..book.clone()
    };
    assert_eq!(put(own.clone(), Some("W/\"1\""), more).await, 422);
    assert_eq!(put(own.clone(), None, longer.clone()).await, 428);
    assert_eq!(put(own.clone(), Some("W/\"1\""), longer.clone()).await, 200);
    assert_eq!(put(own.clone(), Some("W/\"1\""), book.clone()).await, 412);
    // No phone that comes sooner is away for a month.
    for days in [16, 15] {
        hospital.clock.advance(DAY * days);
        assert_eq!(
            own.get(&format!("/fhir/Patient/{MOTHER}")).await.status,
            200
        );
        let _is_there = helper.get("/access").await;
    }
    assert_eq!(
        helper.get(&format!("/fhir/Patient/{MOTHER}")).await.status,
        200
    );
    let over = Grant {
        active: false,
        ..longer.clone()
    };
    assert_eq!(put(own.clone(), Some("W/\"2\""), over).await, 200);
    assert_eq!(
        helper.get(&format!("/fhir/Patient/{MOTHER}")).await.status,
        404
    );
    assert_eq!(put(own.clone(), Some("W/\"3\""), longer).await, 422);
}

async fn helper_who_may_all(hospital: &Hospital) -> Phone {
    helper(hospital, &GrantScope::ALL, 30, "device-who-may-all").await
}

/// At the counter a grant lasts longer once the giver was asked again.
#[tokio::test]
async fn the_counter_prolongs_a_grant() {
    let hospital = hospital().await;
    let offered = offer(&hospital, &request(&[GrantScope::Book], 2));
    let phone = hospital.new_phone("device-helper");
    let reply = redeem(&hospital, &offered, &phone).await;
    let phone = phone.let_in(&reply);
    let now = hospital.clock.now();
    let prolong = |days: u32| {
        let until = now.plus(DAY * days);
        hospital
            .clinic
            .prolong_grant(&offered.consent, until)
            .unwrap()
    };
    assert_eq!(prolong(400), None);
    assert_eq!(prolong(10), Some(MOTHER.to_owned()));
    hospital.clock.advance(DAY * 9);
    let told = phone.get("/access").await.json();
    assert_eq!(told["access"][0]["grant"]["lease_seconds"], 24 * 3_600);
    hospital.clock.advance(DAY * 2);
    assert_eq!(prolong(20), None, "it is over");
    assert_eq!(phone.get("/access").await.json()["ended"], json!([MOTHER]));
}

/// Whatever a helper does says who did it for whom: in the Appointment, in a Provenance, at the desk; what the person does
/// does not.
#[tokio::test]
async fn every_act_of_a_helper_says_who_acted_for_whom() {
    let hospital = hospital().await;
    let own = hospital.phone("device-of-mother", &[MOTHER]).await;
    let offered = offer(&hospital, &request(&GrantScope::ALL, 30));
    let helper = hospital.new_phone("device-helper");
    let helper = helper.let_in(&redeem(&hospital, &offered, &helper).await);
    let provenances = async || {
        let found = own.get(&format!("/fhir/Provenance?patient={MOTHER}")).await;
        found.resources("Provenance")
    };
    let helped_by = |appointment: &Value| {
        let extensions = appointment["extension"].as_array().unwrap();
        let mut of_it = extensions
            .iter()
            .filter(|it| it["url"].as_str().unwrap().ends_with("/helped-by"));
        of_it.next().map(|it| it["valueString"].clone())
    };
    let free = hospital.free(&helper, "kham-mat", 2).await;
    let intent = key();
    let booked = helper.book(&intent, id(&free[0]), MOTHER).await;
    assert_eq!(booked.status, 200, "{}", booked.body);
    let again = helper.book(&intent, id(&free[0]), MOTHER).await;
    assert_eq!(again.body, booked.body);
    let appointment = own.get(&format!("/fhir/Appointment/{intent}")).await.json();
    assert_eq!(helped_by(&appointment), Some(json!("Lò Văn Giúp")));
    let said = provenances().await;
    assert_eq!(said.len(), 1, "once, however often it was asked");
    assert_eq!(id(&said[0]), intent);
    let agent = &said[0]["agent"][0];
    assert_eq!(agent["who"]["display"], "Lò Văn Giúp");
    assert_eq!(
        agent["onBehalfOf"]["reference"],
        format!("Patient/{MOTHER}")
    );
    assert_eq!(
        said[0]["entity"][0]["what"]["reference"],
        format!("Consent/{}", offered.consent)
    );
    let targets: Vec<_> = said[0]["target"].as_array().unwrap().iter().collect();
    let appointment_of = |it: &&Value| it["reference"] == format!("Appointment/{intent}");
    assert!(targets.iter().any(appointment_of), "{targets:?}");
    let start = Timestamp::parse_fhir(appointment["start"].as_str().unwrap()).unwrap();
    let listed = hospital
        .clinic
        .bookings_of_day(start.vietnam_day())
        .unwrap();
    let row = listed.iter().find(|row| row.id == intent).unwrap();
    assert_eq!(row.helped_by.as_deref(), Some("Lò Văn Giúp"));

    // A reading, too; and nothing of what the person does.
    let reading = key();
    let body = OwnReading {
        id: &reading,
        patient: MOTHER,
        measure: Measure::Weight,
        values: &[52.0],
        at: hospital.clock.now(),
        title: "Cân nặng",
    };
    let path = format!("/fhir/Observation/{reading}");
    assert_eq!(helper.put(&path, None, &body.to_json()).await.status, 201);
    assert_eq!(provenances().await.len(), 2);
    let own_intent = key();
    let own_booked = own.book(&own_intent, id(&free[1]), MOTHER).await;
    assert_eq!(own_booked.status, 200, "{}", own_booked.body);
    assert_eq!(provenances().await.len(), 2);
    let appointment = own
        .get(&format!("/fhir/Appointment/{own_intent}"))
        .await
        .json();
    assert_eq!(helped_by(&appointment), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_helper_hears_live_of_what_they_may_see_and_of_nothing_else() {
    let hospital = hospital().await;
    let phone = helper(&hospital, &[GrantScope::SeeSummary], 30, "device-helper").await;
    let mut live = follow(&phone, MOTHER).await;
    let writes = |kind: &str| {
        let whose = json!({"reference": format!("Patient/{MOTHER}")});
        let resource =
            json!({"resourceType": kind, "id": "new", "subject": whose, "patient": whose});
        let text = resource.to_string();
        let options = ImportOptions::default();
        let said = hospital
            .clinic
            .import_reader("one.json", &mut text.as_bytes(), &options);
        assert!(said.unwrap().skipped.is_empty());
    };
    writes("Observation");
    let nothing = Duration::from_millis(700);
    let heard = tokio::time::timeout(nothing, until(&mut live, "event: changed")).await;
    assert!(heard.is_err(), "told of a result");
    writes("AllergyIntolerance");
    until(&mut live, "event: changed").await;
    hospital.running.shutdown().await;
}
