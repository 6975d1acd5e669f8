//! The access log: every request leaves what it should, once, and phones can prove it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use sokhoe_clinic::{Giver, GrantRequest, ImportOptions, Shown};
use sokhoe_domain::merkle::{TreeHead, is_consistent, is_included, leaf_hash};
use sokhoe_domain::ports::Clock as _;
use sokhoe_domain::{AccessAgent, AccessEntry, AccessOutcome, GrantScope, Timestamp};
use sokhoe_fhir::access_log::from_text;
use sokhoe_fhir::{AccessLogHead, AccessLogPage, Measure, OwnReading};
use sokhoe_qr::Invitation;
use sokhoe_qr::signed::{Checkpoint, sha256};

use crate::support::desk::DeskPage;
use crate::support::http::Reply;
use crate::support::{
    Hospital, MOTHER, Phone, SON, STRANGER, by_reference, by_resource, hospital, id, key, link,
    logged, parameters,
};

/// What was left in the log since.
struct Since<'h>(&'h Hospital, usize);

impl<'h> Since<'h> {
    fn now(hospital: &'h Hospital) -> Self {
        Self(hospital, logged(hospital).len())
    }

    /// Each entry, as: of whom, what, on what, with which end; and who.
    fn left(&mut self) -> Vec<(String, AccessAgent)> {
        let all = logged(self.0);
        let new = all[self.1..].iter().map(|entry| {
            let said = format!(
                "{} {} {} {} {}",
                entry.patient,
                entry.operation.code(),
                entry.action.code(),
                entry.kind,
                entry.outcome.code()
            );
            (said, entry.agent.clone())
        });
        let new = new.collect();
        self.1 = all.len();
        new
    }

    /// The same of phones.
    fn by_phones(&mut self) -> Vec<String> {
        let by_phone = |(said, agent)| {
            assert!(matches!(agent, AccessAgent::Phone(_)), "{said}: {agent:?}");
            said
        };
        self.left().into_iter().map(by_phone).collect()
    }
}

fn import(hospital: &Hospital, resource: &Value) {
    let text = resource.to_string();
    let options = ImportOptions::default();
    let report = hospital
        .clinic
        .import_reader("one.json", &mut text.as_bytes(), &options);
    assert!(report.unwrap().skipped.is_empty());
}

/// Something of any type that belongs to somebody.
fn something(kind: &str, patient: &str) -> Value {
    let whose = json!({"reference": format!("Patient/{patient}")});
    let mut resource = json!({
        "resourceType": kind,
        "id": format!("{}-of-{patient}", kind.to_lowercase()),
    });
    let member = match kind {
        "Appointment" => {
            resource["participant"] = json!([{"actor": whose, "status": "accepted"}]);
            return resource;
        }
        "Provenance" => {
            resource["target"] = json!([whose]);
            return resource;
        }
        "AppointmentResponse" => "actor",
        "Coverage" => "beneficiary",
        "Binary" => {
            resource["securityContext"] = whose;
            resource["contentType"] = json!("text/plain");
            resource["data"] = json!("TQ==");
            return resource;
        }
        "AllergyIntolerance"
        | "Claim"
        | "ClaimResponse"
        | "CoverageEligibilityRequest"
        | "CoverageEligibilityResponse"
        | "DetectedIssue"
        | "Device"
        | "EpisodeOfCare"
        | "ExplanationOfBenefit"
        | "FamilyMemberHistory"
        | "Immunization"
        | "ImmunizationEvaluation"
        | "ImmunizationRecommendation"
        | "MolecularSequence"
        | "NutritionOrder"
        | "RelatedPerson"
        | "SupplyDelivery"
        | "VisionPrescription"
        | "BodyStructure"
        | "Consent"
        | "DeviceUseStatement" => "patient",
        _ => "subject",
    };
    resource[member] = whose;
    resource
}

/// The types of people's records, as `metadata` lists them, but for Patient itself.
async fn types_of_people(hospital: &Hospital) -> Vec<(String, bool)> {
    let mut connection = hospital.connect().await;
    let statement = connection
        .ask("GET", "/fhir/metadata", &[], "")
        .await
        .json();
    let directory = [
        "HealthcareService",
        "Location",
        "Medication",
        "Organization",
        "Practitioner",
        "PractitionerRole",
        "Schedule",
        "Patient",
        "AuditEvent",
    ];
    let resources = statement["rest"][0]["resource"].as_array().unwrap().clone();
    let types: Vec<(String, bool)> = resources
        .iter()
        .map(|resource| {
            let interactions = resource["interaction"].as_array().unwrap();
            let is_searched = interactions.iter().any(|it| it["code"] == "search-type");
            (resource["type"].as_str().unwrap().to_owned(), is_searched)
        })
        .filter(|(name, _)| !directory.contains(&name.as_str()))
        .collect();
    assert!(types.len() > 55, "{types:?}");
    types
}

#[tokio::test]
async fn every_read_and_search_of_every_type_is_one_entry_also_when_it_is_denied() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let mut asked = 0;
    for (kind, is_searched) in types_of_people(&hospital).await {
        for patient in [MOTHER, STRANGER] {
            import(&hospital, &something(&kind, patient));
        }
        let mut since = Since::now(&hospital);
        for (patient, status, outcome) in [(MOTHER, 200, "done"), (STRANGER, 404, "denied")] {
            let one = format!("/fhir/{kind}/{}-of-{patient}", kind.to_lowercase());
            assert_eq!(phone.get(&one).await.status, status, "{one}");
            // A denial is written down after it was said.
            wait_for(&hospital, since.1 + 1).await;
            let expected = format!("{patient} read R {kind} {outcome}");
            assert_eq!(since.by_phones(), [expected], "{one}");
            asked += 1;
            if !is_searched {
                continue;
            }
            for query in [
                format!("patient={patient}"),
                format!("_id={}-of-{patient}", kind.to_lowercase()),
            ] {
                let path = format!("/fhir/{kind}?{query}");
                assert_eq!(phone.get(&path).await.status, 200, "{path}");
                wait_for(&hospital, since.1 + 1).await;
                let expected = format!("{patient} search E {kind} {outcome}");
                assert_eq!(since.by_phones(), [expected], "{path}");
                asked += 1;
            }
        }
        let absent = phone.get(&format!("/fhir/{kind}/nobodys")).await;
        assert_eq!(absent.status, 404);
        assert!(since.by_phones().is_empty(), "nobody's is nobody's entry");
    }
    println!("{asked} reads and searches, an entry each");
    assert!(asked > 330);
    hospital.running.shutdown().await;
}

/// Waits until so many entries are there: a denial does not wait for its own.
async fn wait_for(hospital: &Hospital, count: usize) {
    for _ in 0..200 {
        if logged(hospital).len() >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// One request, what is answered, and what it leaves.
async fn leaves(since: &mut Since<'_>, what: &str, reply: Reply, status: u16, expected: &[&str]) {
    assert_eq!(reply.status, status, "{what}: {}", reply.body);
    wait_for(since.0, since.1 + expected.len()).await;
    assert_eq!(since.by_phones(), expected, "{what}");
}

#[tokio::test]
async fn every_operation_leaves_one_entry_for_each_person() {
    let hospital = hospital().await;
    let phone = hospital.phone("device-one", &[MOTHER, SON]).await;
    let free = hospital.free(&phone, "kham-mat", 6).await;
    let mut since = Since::now(&hospital);
    let s = &mut since;
    let changes = |patient: &str| format!("/fhir/Patient/{patient}/$changes");
    leaves(
        s,
        "changes",
        phone.get(&changes(MOTHER)).await,
        200,
        &["bn-000001 changes E Patient done"],
    )
    .await;
    leaves(
        s,
        "changes",
        phone.get(&changes(STRANGER)).await,
        404,
        &["bn-000004 changes E Patient denied"],
    )
    .await;
    leaves(s, "changes", phone.get(&changes("absent")).await, 404, &[]).await;
    let gone = format!("{}?cursor=AAAA", changes(MOTHER));
    leaves(
        s,
        "an old cursor",
        phone.get(&gone).await,
        410,
        &["bn-000001 changes E Patient refused"],
    )
    .await;
    let waiting = phone.get_with(&changes(SON), &[("Prefer", "wait=1")]).await;
    leaves(
        s,
        "waiting",
        waiting,
        200,
        &["bn-000002 changes E Patient done"],
    )
    .await;
    let find = |patient: Option<&str>| {
        let mut parts = vec![
            (
                "start",
                json!({"valueDateTime": "2026-11-24T00:00:00+07:00"}),
            ),
            ("end", json!({"valueDateTime": "2026-12-04T00:00:00+07:00"})),
            ("visit-type", json!({"valueString": "kham-mat"})),
        ];
        parts.extend(patient.map(|patient| {
            let reference = json!({"valueReference": {"reference": format!("Patient/{patient}")}});
            ("patient-reference", reference)
        }));
        parameters(&parts)
    };
    let path = "/fhir/Appointment/$find";
    leaves(
        s,
        "find",
        phone.post(path, None, &find(Some(MOTHER))).await,
        200,
        &["bn-000001 find E Appointment done"],
    )
    .await;
    leaves(
        s,
        "find",
        phone.post(path, None, &find(Some(STRANGER))).await,
        404,
        &["bn-000004 find E Appointment denied"],
    )
    .await;
    leaves(
        s,
        "find for nobody",
        phone.post(path, None, &find(None)).await,
        200,
        &[],
    )
    .await;
    let (held, booked, again) = (key(), key(), key());
    leaves(
        s,
        "hold",
        phone.hold(&held, id(&free[0]), MOTHER).await,
        200,
        &["bn-000001 hold C Appointment done"],
    )
    .await;
    leaves(
        s,
        "hold",
        phone.hold(&key(), id(&free[0]), STRANGER).await,
        404,
        &["bn-000004 hold C Appointment denied"],
    )
    .await;
    leaves(
        s,
        "book",
        phone.book(&booked, id(&free[1]), MOTHER).await,
        200,
        &["bn-000001 book C Appointment done"],
    )
    .await;
    leaves(
        s,
        "the same again",
        phone.book(&booked, id(&free[1]), MOTHER).await,
        200,
        &["bn-000001 book C Appointment done"],
    )
    .await;
    leaves(
        s,
        "taken",
        phone.book(&again, id(&free[1]), SON).await,
        409,
        &["bn-000002 book C Appointment refused"],
    )
    .await;
    leaves(
        s,
        "book",
        phone.book(&key(), id(&free[2]), STRANGER).await,
        404,
        &["bn-000004 book C Appointment denied"],
    )
    .await;
    for operation in ["ticket", "queue", "join"] {
        let path = format!("/fhir/Appointment/{booked}/${operation}");
        let (status, outcome) = match operation {
            "ticket" => (200, "done"),
            _ => (404, "refused"),
        };
        let expected = format!("bn-000001 {operation} R Appointment {outcome}");
        leaves(s, operation, phone.get(&path).await, status, &[&expected]).await;
    }
    let other = hospital.phone("device-two", &[STRANGER]).await;
    let _came_in = s.left();
    for operation in ["ticket", "queue", "join"] {
        let path = format!("/fhir/Appointment/{booked}/${operation}");
        let expected = format!("bn-000001 {operation} R Appointment denied");
        leaves(s, operation, other.get(&path).await, 404, &[&expected]).await;
    }
    let mut appointment = phone
        .get(&format!("/fhir/Appointment/{booked}"))
        .await
        .json();
    let _read = s.left();
    appointment["status"] = json!("cancelled");
    let call_off = phone
        .post(
            "/fhir/Appointment/$book",
            Some(&key()),
            &by_resource(&appointment, MOTHER),
        )
        .await;
    leaves(
        s,
        "call off",
        call_off,
        200,
        &["bn-000001 book U Appointment done"],
    )
    .await;
    let wait = phone
        .post("/fhir/Appointment/$wait", Some(&key()), &find(Some(SON)))
        .await;
    let status = wait.status;
    let outcome = if status == 200 { "done" } else { "refused" };
    let expected = format!("bn-000002 wait C Appointment {outcome}");
    leaves(s, "wait", wait, status, &[&expected]).await;
    let wait = phone
        .post(
            "/fhir/Appointment/$wait",
            Some(&key()),
            &find(Some(STRANGER)),
        )
        .await;
    leaves(
        s,
        "wait",
        wait,
        404,
        &["bn-000004 wait C Appointment denied"],
    )
    .await;
    let together = parameters(&[
        (
            "visit",
            json!({"part": parts_of(&by_reference(id(&free[3]), MOTHER))}),
        ),
        (
            "visit",
            json!({"part": parts_of(&by_reference(id(&free[4]), SON))}),
        ),
    ]);
    let together = phone
        .post("/fhir/Appointment/$book", Some(&key()), &together)
        .await;
    let _one_each = (together.status, s.left());
    let reading = |id: &str, patient: &str| {
        OwnReading {
            id,
            patient,
            measure: Measure::Weight,
            values: &[51.5],
            at: Timestamp::parse_fhir("2026-11-23T05:30:00+07:00").unwrap(),
            title: "Cân nặng",
        }
        .to_json()
    };
    let mine = key();
    let path = format!("/fhir/Observation/{mine}");
    leaves(
        s,
        "write",
        phone.put(&path, None, &reading(&mine, MOTHER)).await,
        201,
        &["bn-000001 write C Observation done"],
    )
    .await;
    let stale = phone
        .put(&path, None, &reading(&mine, MOTHER).replace("51.5", "52.5"))
        .await;
    leaves(
        s,
        "write over",
        stale,
        428,
        &["bn-000001 write U Observation refused"],
    )
    .await;
    leaves(
        s,
        "write over another's",
        other.put(&path, None, &reading(&mine, STRANGER)).await,
        404,
        &["bn-000001 write U Observation denied"],
    )
    .await;
    let theirs = key();
    let path = format!("/fhir/Observation/{theirs}");
    leaves(
        s,
        "write of another",
        phone.put(&path, None, &reading(&theirs, STRANGER)).await,
        404,
        &["bn-000004 write U Observation denied"],
    )
    .await;
    let path = format!("/fhir/Patient/{STRANGER}");
    let patient = json!({"resourceType": "Patient", "id": STRANGER}).to_string();
    leaves(
        s,
        "write another",
        phone.put(&path, None, &patient).await,
        404,
        &["bn-000004 write U Patient denied"],
    )
    .await;
    let log = |patient: &str| format!("/fhir/AuditEvent?patient={patient}");
    leaves(
        s,
        "log",
        phone.get(&log(MOTHER)).await,
        200,
        &["bn-000001 log E AuditEvent done"],
    )
    .await;
    leaves(
        s,
        "log",
        phone.get(&log(STRANGER)).await,
        200,
        &["bn-000004 log E AuditEvent denied"],
    )
    .await;
    leaves(
        s,
        "live",
        phone.get(&format!("/live?patient={STRANGER}")).await,
        404,
        &["bn-000004 live E Patient denied"],
    )
    .await;
    leaves(s, "head", phone.get("/access-log/head").await, 200, &[]).await;
    leaves(s, "directory", phone.get("/fhir/Location").await, 200, &[]).await;
    leaves(s, "metadata", phone.get("/fhir/metadata").await, 200, &[]).await;
    // Of a family that is named by nobody, each of whom something was found.
    leaves(
        s,
        "all",
        phone.get("/fhir/Patient").await,
        200,
        &[
            "bn-000001 search E Patient done",
            "bn-000002 search E Patient done",
        ],
    )
    .await;
    let code = hospital.code(&[MOTHER, SON]);
    assert_eq!(s.left().len(), 2, "a code was made for each");
    let came = hospital
        .enrol(&code, &hospital.new_phone("device-three"))
        .await;
    leaves(
        s,
        "enrol",
        came,
        200,
        &[
            "bn-000001 enrol C Device done",
            "bn-000002 enrol C Device done",
        ],
    )
    .await;
    let used = hospital
        .enrol(&code, &hospital.new_phone("device-four"))
        .await;
    leaves(
        s,
        "a used code",
        used,
        403,
        &[
            "bn-000001 enrol C Device denied",
            "bn-000002 enrol C Device denied",
        ],
    )
    .await;
    let mothers = hospital.phone("device-five", &[MOTHER]).await;
    hospital.clinic.end_access(SON, Some("device-one")).unwrap();
    let _made = s.left();
    let lease = phone.get("/access").await;
    leaves(
        s,
        "lease",
        lease,
        200,
        &[
            "bn-000001 lease E Consent done",
            "bn-000002 lease E Consent denied",
        ],
    )
    .await;
    let ended = phone.get(&changes(SON)).await;
    leaves(
        s,
        "changes",
        ended,
        403,
        &["bn-000002 changes E Patient denied"],
    )
    .await;
    let consent = key();
    let body = json!({"resourceType": "Consent", "id": consent, "patient": {"reference": format!("Patient/{MOTHER}")}});
    let bad = mothers
        .put(&format!("/fhir/Consent/{consent}"), None, &body.to_string())
        .await;
    assert_eq!(bad.status, 422, "{}", bad.body);
    // Of a Consent that cannot be read nobody knows whose it would be.
    assert!(s.left().is_empty());
    hospital.running.shutdown().await;
}

fn parts_of(parameters: &str) -> Value {
    let parameters: Value = serde_json::from_str(parameters).unwrap();
    parameters["parameter"].clone()
}

#[tokio::test]
async fn what_the_clinic_does_itself_is_told_by_where_it_was_done() {
    let hospital = hospital().await;
    let seeded = logged(&hospital);
    assert!(
        seeded
            .iter()
            .all(|entry| entry.agent == AccessAgent::Import)
    );
    let phone = hospital.phone("device-one", &[MOTHER]).await;
    let free = hospital.free(&phone, "kham-mat", 2).await;
    phone.book(&key(), id(&free[0]), MOTHER).await;
    let mut since = Since::now(&hospital);
    let desk = DeskPage::open(&hospital).await;
    let listed = (
        "bn-000001 list E Appointment done".to_owned(),
        AccessAgent::Desk,
    );
    // A list that refreshes by itself is one entry a day.
    for expected in [vec![listed], vec![]] {
        desk.get("/desk/bookings").await;
        assert_eq!(since.left(), expected);
    }
    desk.get("/desk/patients?q=mai").await;
    assert_eq!(since.left(), [], "so little tells nobody from others");
    desk.get("/desk/patients?q=thi%20mai").await;
    let found = since.left();
    assert!(!found.is_empty(), "somebody is called so");
    assert!(
        found
            .iter()
            .all(|(said, agent)| said.ends_with("list E Patient done")
                && *agent == AccessAgent::Desk)
    );
    let body = json!({"patient": MOTHER, "by": "counter", "key": key(), "what": "book", "time": id(&free[1])});
    let asked = desk.post("/desk/requests", body).await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    assert_eq!(
        since.left(),
        [(
            "bn-000001 record C Appointment done".to_owned(),
            AccessAgent::Desk
        )]
    );
    import(&hospital, &something("Observation", SON));
    assert_eq!(
        since.left(),
        [(
            "bn-000002 record C Observation done".to_owned(),
            AccessAgent::Import
        )]
    );
    assert_eq!(hospital.clinic.end_access(MOTHER, None).unwrap(), 1);
    assert_eq!(
        since.left(),
        [(
            "bn-000001 end D Device done".to_owned(),
            AccessAgent::CommandLine
        )]
    );
    hospital.running.shutdown().await;
}

/// A phone that keeps what it saw of a log.
struct Keeper {
    phone: Phone,
    clinic: String,
    public: sokhoe_qr::PublicKey,
    held: Option<TreeHead>,
}

impl Keeper {
    fn of(hospital: &Hospital, phone: &Phone) -> Self {
        Self {
            phone: phone.clone(),
            clinic: hospital.clinic.id().to_owned(),
            public: hospital.clinic.public_key(),
            held: None,
        }
    }

    async fn page(&self, path: &str) -> (AccessLogPage, TreeHead, Reply) {
        let reply = self.phone.get(path).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let page = AccessLogPage::parse(&reply.body).unwrap();
        let note = page.checkpoint.as_deref().unwrap();
        let head = Checkpoint::verify(note, &self.clinic, &self.public)
            .unwrap()
            .head;
        (page, head, reply)
    }

    /// Fetches a whole log, proving each entry and that nothing before changed.
    async fn look(&mut self, patient: &str, count: usize) -> Vec<AccessEntry> {
        let mut path = format!("/fhir/AuditEvent?patient={patient}&_count={count}");
        let mut all = Vec::new();
        loop {
            let (page, head, reply) = self.page(&path).await;
            self.follow(head).await;
            for entry in &page.entries {
                let leaf = leaf_hash(sha256, entry.text.as_bytes());
                assert!(is_included(sha256, &leaf, entry.index, &head, &entry.proof));
                all.push(from_text(&entry.text).unwrap());
            }
            match link(&reply.json(), "next") {
                Some(next) => path = next[next.find("/fhir").unwrap()..].to_owned(),
                None => break,
            }
        }
        let numbers: Vec<u64> = all.iter().map(|entry| entry.number).collect();
        let expected: Vec<u64> = (1..=all.len() as u64).rev().collect();
        assert_eq!(numbers, expected, "no gap");
        all
    }

    async fn follow(&mut self, head: TreeHead) {
        let from = self.held.map_or(0, |held| held.size);
        let path = format!("/access-log/head?from={from}&to={}", head.size);
        let answer = AccessLogHead::parse(&self.phone.get(&path).await.body).unwrap();
        let now = Checkpoint::verify(&answer.checkpoint, &self.clinic, &self.public).unwrap();
        assert_eq!(now.head, head);
        if let Some(held) = self.held {
            assert!(is_consistent(sha256, &held, &head, &answer.consistency));
        }
        self.held = Some(head);
    }
}

#[tokio::test]
async fn a_phone_proves_a_log_that_grows_and_reads_who_it_was() {
    let hospital = hospital().await;
    let (mothers, sons) = (
        hospital.phone("device-mother", &[MOTHER]).await,
        hospital.phone("device-son", &[MOTHER, SON]).await,
    );
    let mut keeper = Keeper::of(&hospital, &mothers);
    for round in 0..5 {
        for _ in 0..20 {
            assert_eq!(
                sons.get(&format!("/fhir/Patient/{MOTHER}")).await.status,
                200
            );
        }
        let seen = keeper.look(MOTHER, 7 + round).await;
        assert!(seen.len() >= 20 * (round + 1));
    }
    let (page, _, reply) = keeper
        .page(&format!("/fhir/AuditEvent?patient={MOTHER}&_count=200"))
        .await;
    let by_son = page
        .entries
        .iter()
        .filter(|entry| entry.text.contains("\"read\",\"Patient\""));
    assert!(by_son.clone().count() >= 100);
    let names: BTreeMap<_, _> = by_son.map(|it| (it.name.clone(), ())).collect();
    assert_eq!(
        names.into_keys().collect::<Vec<_>>(),
        [Some("Điện thoại".to_owned())]
    );
    let events = reply.resources("AuditEvent");
    assert_eq!(events[0]["type"]["code"], "rest");
    // Whoever may not see everything of somebody sees nothing of their log, as if they were not there.
    let denied = mothers
        .get(&format!("/fhir/AuditEvent?patient={SON}"))
        .await;
    let absent = mothers.get("/fhir/AuditEvent?patient=bn-999999").await;
    assert_eq!(denied.body.replace(SON, "bn-999999"), absent.body);
    for bad in [
        "",
        "?patient=a&patient=b",
        "?patient=a&_sort=date",
        "?_count=1",
    ] {
        let reply = mothers.get(&format!("/fhir/AuditEvent{bad}")).await;
        assert_eq!(reply.status, 400, "{bad}");
    }
    let bad = mothers
        .get(&format!("/fhir/AuditEvent?patient={MOTHER}&_page=AAAA"))
        .await;
    assert_eq!(bad.status, 410);
    let nobody = hospital
        .connect()
        .await
        .ask("GET", "/access-log/head", &[], "")
        .await;
    assert_eq!(nobody.status, 401);
    hospital.running.shutdown().await;
}

#[tokio::test]
async fn a_helper_is_told_by_the_grant_and_by_name() {
    let hospital = hospital().await;
    let mothers = hospital.phone("device-mother", &[MOTHER]).await;
    let request = GrantRequest {
        patient: MOTHER.to_owned(),
        person: "Bà Mai".to_owned(),
        helper: "Lò Văn Giúp".to_owned(),
        scopes: [GrantScope::SeeSummary].into(),
        until: hospital.clock.now().plus(Duration::from_secs(86_400)),
        giver: Giver::Person,
        shown: Shown {
            text: "Tôi đồng ý.".to_owned(),
            language: "vi".to_owned(),
            version: "1".to_owned(),
        },
    };
    let valid = Duration::from_secs(600);
    let offered = hospital
        .clinic
        .offer_grant(&request, valid, &hospital.base())
        .unwrap();
    let invitation = Invitation::read(&offered.code.text, hospital.clock.now()).unwrap();
    let helper = hospital.new_phone("device-helper");
    let helper = helper.let_in(&hospital.enrol(&invitation.code, &helper).await);
    let path = format!("/fhir/AllergyIntolerance?patient={MOTHER}");
    assert_eq!(helper.get(&path).await.status, 200);
    // Not what the grant opens.
    let path = format!("/fhir/Observation?patient={MOTHER}");
    assert_eq!(helper.get(&path).await.status, 200);
    let log = format!("/fhir/AuditEvent?patient={MOTHER}");
    assert!(helper.get(&log).await.resources("AuditEvent").is_empty());
    hospital.clinic.end_grant(&offered.consent).unwrap();
    wait_for(&hospital, usize::MAX).await;
    let mut keeper = Keeper::of(&hospital, &mothers);
    let seen = keeper.look(MOTHER, 200).await;
    let of_helper: Vec<String> = seen
        .iter()
        .rev()
        .filter(|entry| entry.consent.as_deref() == Some(&*offered.consent))
        .map(|entry| {
            format!(
                "{} {} {}",
                entry.operation.code(),
                entry.kind,
                entry.outcome.code()
            )
        })
        .collect();
    assert_eq!(
        of_helper,
        [
            "enrol Device done",
            "search AllergyIntolerance done",
            "search Observation denied",
            "log AuditEvent denied",
        ]
    );
    let (page, ..) = keeper.page(&log).await;
    let named = page
        .entries
        .iter()
        .filter(|it| it.text.contains(&offered.consent));
    assert!(named.clone().count() == 4);
    assert!(
        named
            .into_iter()
            .all(|it| it.name.as_deref() == Some("Lò Văn Giúp"))
    );
    assert!(
        seen.iter()
            .any(|it| it.operation.code() == "end" && it.agent == AccessAgent::CommandLine)
    );
    // The log itself has no names.
    assert!(
        page.entries
            .iter()
            .all(|it| !it.text.contains("Giúp") && !it.text.contains("Điện thoại"))
    );
    hospital.running.shutdown().await;
}

/// What a write did and that somebody did it are there together, or neither is.
#[tokio::test]
async fn processes_that_write_at_once_lose_and_double_nothing() {
    const PEOPLE: usize = 4;
    const TIMES: usize = 25;
    let hospital = hospital().await;
    let beside = hospital.beside();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let second = beside.serve(listener, &base).await.unwrap();
    let mut phones = Vec::new();
    for number in 0..PEOPLE {
        let mut phone = hospital.phone(&format!("device-{number}"), &[MOTHER]).await;
        if number % 2 == 1 {
            phone.addr = second.addr.to_string();
        }
        phones.push(phone);
    }
    let before = logged(&hospital).len();
    let asking: Vec<_> = phones
        .into_iter()
        .map(|phone| {
            tokio::spawn(async move {
                for _ in 0..TIMES {
                    let id = key();
                    let body = OwnReading {
                        id: &id,
                        patient: MOTHER,
                        measure: Measure::Weight,
                        values: &[51.5],
                        at: Timestamp::parse_fhir("2026-11-23T05:30:00+07:00").unwrap(),
                        title: "Cân nặng",
                    };
                    let path = format!("/fhir/Observation/{id}");
                    assert_eq!(phone.put(&path, None, &body.to_json()).await.status, 201);
                    assert_eq!(phone.get(&path).await.status, 200);
                }
            })
        })
        .collect();
    for one in asking {
        one.await.unwrap();
    }
    beside.tend_access_log().unwrap();
    let all = logged(&hospital);
    assert_eq!(all.len() - before, 2 * PEOPLE * TIMES);
    let written = hospital
        .database
        .rows("SELECT id FROM resource WHERE type = 'Observation' AND json IS NOT NULL");
    for row in written {
        let of_it = |operation: &str| {
            let is_it = |entry: &&AccessEntry| {
                entry.id.as_deref() == Some(&*row[0])
                    && entry.operation.code() == operation
                    && entry.outcome == AccessOutcome::Done
            };
            all.iter().filter(is_it).count()
        };
        assert_eq!((of_it("write"), of_it("read")), (1, 1));
    }
    let phone = hospital.phone("device-last", &[MOTHER]).await;
    let seen = Keeper::of(&hospital, &phone).look(MOTHER, 200).await;
    assert!(seen.len() > 2 * PEOPLE * TIMES);
    second.shutdown().await;
    hospital.running.shutdown().await;
}
