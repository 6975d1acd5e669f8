//! HAPI's manners by the suite that the real one is asked, too; the sloppy ones here.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;
use sokhoe_domain::{ResourceKey, Timestamp};

use super::conformance::{CASES, Server};
use super::{ForeignClinic, Manners, TransactionState};

const BASE: &str = "https://hospital.example/fhir";
const START: Timestamp = Timestamp::from_millis(1_795_940_000_123);

/// The clinic with a clock that goes on with every request.
struct Ticking {
    clinic: ForeignClinic,
    now: Cell<Timestamp>,
}

impl Ticking {
    fn new(manners: Manners, seed: u64) -> Self {
        Self {
            clinic: ForeignClinic::new(BASE, manners, seed),
            now: Cell::new(START),
        }
    }

    fn tick(&self) -> Timestamp {
        self.wait(Duration::from_millis(3));
        self.now.get()
    }

    fn get(&self, url: &str) -> (u16, Value) {
        let url = if url.starts_with("http") {
            url.to_owned()
        } else {
            format!("{BASE}/{url}")
        };
        let request = Request::get(url).body(Bytes::new()).expect("a request");
        let answer = self.send(request);
        let body = serde_json::from_slice(answer.body()).unwrap_or(Value::Null);
        (answer.status().as_u16(), body)
    }

    /// Until it is not busy.
    fn get_patiently(&self, url: &str) -> (u16, Value) {
        loop {
            match self.get(url) {
                (503, _) => {}
                answer => return answer,
            }
        }
    }
}

impl Server for Ticking {
    fn base(&self) -> &str {
        self.clinic.base()
    }

    fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.clinic.answer(request, self.tick())
    }

    fn send_all(&self, requests: Vec<Request<Bytes>>) -> Vec<Response<Bytes>> {
        requests
            .into_iter()
            .map(|request| self.send(request))
            .collect()
    }

    fn commit_late(&self, bundle: String, meanwhile: &mut dyn FnMut()) {
        let started = self.tick();
        let commits_at = started.plus(Duration::from_secs(4));
        let id = self
            .clinic
            .begin_transaction(&bundle, started, commits_at)
            .expect("a transaction");
        meanwhile();
        let state = |now| self.clinic.transaction(id, now);
        assert_eq!(state(self.now.get()), TransactionState::Running);
        self.wait(Duration::from_secs(4));
        assert_eq!(state(self.now.get()), TransactionState::Committed);
    }

    fn wait(&self, span: Duration) {
        self.now.set(self.now.get().plus(span));
    }
}

#[test]
fn hapi_is_as_it_is() {
    let server = Ticking::new(Manners::hapi(), 1);
    for case in CASES {
        (case.check)(&server);
    }
}

fn observation(id: &str, value: usize) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"{id}","status":"final","code":{{"text":"x"}},"subject":{{"reference":"Patient/p"}},"valueQuantity":{{"value":{value}.50}}}}"#
    )
}

fn filled(manners: Manners, seed: u64, observations: usize) -> Ticking {
    let server = Ticking::new(manners, seed);
    let patient = r#"{"resourceType":"Patient","id":"p"}"#;
    server
        .clinic
        .put(patient, server.tick())
        .expect("a patient");
    for n in 0..observations {
        let text = observation(&format!("o{n:02}"), n);
        server.clinic.put(&text, server.tick()).expect("a result");
    }
    server
}

fn ids(page: &Value) -> Vec<String> {
    let entries = page["entry"].as_array().map_or(&[][..], Vec::as_slice);
    entries
        .iter()
        .map(|entry| entry["resource"]["id"].as_str().expect("an id").to_owned())
        .collect()
}

fn next(page: &Value) -> Option<String> {
    let links = page["link"].as_array()?;
    let next = links.iter().find(|link| link["relation"] == "next")?;
    Some(next["url"].as_str()?.to_owned())
}

/// As a client resolves a link.
fn resolved(link: &str) -> String {
    if link.starts_with("http") {
        link.to_owned()
    } else if link.starts_with('/') {
        format!("https://hospital.example{link}")
    } else {
        format!("{BASE}/{link}")
    }
}

#[test]
fn the_same_seed_answers_the_same() {
    let life = |seed| {
        let server = filled(Manners::sloppy(), seed, 30);
        let mut said = String::new();
        let mut url = "Observation?patient=p".to_owned();
        for _ in 0..12 {
            let (status, page) = server.get(&url);
            said.push_str(&format!("{status} {page}\n"));
            url = next(&page).map_or(url, |link| resolved(&link));
        }
        said
    };
    assert_eq!(life(7), life(7));
    assert_ne!(life(7), life(8));
}

#[test]
fn sloppy_pages_overlap_and_end_with_an_empty_one_that_goes_on() {
    let (mut repeated, mut forms) = (0, BTreeSet::new());
    for seed in 0..10 {
        let server = filled(Manners::sloppy(), seed, 30);
        let (_, mut page) = server.get_patiently("Observation?patient=p&_count=30");
        assert_eq!(ids(&page).len(), 7, "_count is not heeded");
        let mut all = ids(&page);
        loop {
            let link = next(&page).expect("every page has a next");
            forms.insert(link.split('?').next().unwrap_or_default().to_owned());
            (_, page) = server.get_patiently(&resolved(&link));
            if ids(&page).is_empty() {
                break;
            }
            all.extend(ids(&page));
        }
        assert!(next(&page).is_some(), "an empty page with a next");
        let different: BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), 30);
        repeated += all.len() - different.len();
    }
    assert!(repeated > 0);
    let known = [BASE, "/fhir", "Observation"].map(ToOwned::to_owned);
    assert_eq!(forms, BTreeSet::from(known));
}

#[test]
fn sloppy_pages_lose_what_changes_meanwhile() {
    let mut lost = 0;
    for seed in 0..10 {
        let server = filled(Manners::sloppy(), seed, 30);
        let (_, mut page) = server.get_patiently("Observation?patient=p");
        for n in 20..30 {
            let changed = observation(&format!("o{n}"), 900 + n);
            server
                .clinic
                .put(&changed, server.tick())
                .expect("a change");
        }
        let mut all: BTreeSet<String> = ids(&page).into_iter().collect();
        loop {
            let link = next(&page).expect("every page has a next");
            let url = resolved(&link);
            (_, page) = server.get_patiently(&url);
            if next(&page).is_some_and(|next| next.contains("_getpagesoffset=30"))
                && ids(&page).is_empty()
            {
                break;
            }
            all.extend(ids(&page));
        }
        lost += 30 - all.len();
    }
    assert!((20..80).contains(&lost), "{lost} of 100");
}

#[test]
fn sloppy_servers_lack_operations_and_refuse_stale_versions_otherwise() {
    let server = filled(Manners::sloppy(), 3, 3);
    let mut statuses = BTreeSet::new();
    for _ in 0..20 {
        for place in [
            "Patient/p/$everything",
            "_history",
            "Observation/o00/_history",
        ] {
            let (status, body) = server.get_patiently(place);
            assert_eq!(body["resourceType"], "OperationOutcome");
            statuses.insert(status);
        }
    }
    assert_eq!(statuses, BTreeSet::from([400, 501]));
    let stale = || {
        Request::put(format!("{BASE}/Observation/o00"))
            .header("if-match", "W/\"9\"")
            .body(Bytes::from(observation("o00", 5)))
            .expect("a request")
    };
    let answers: BTreeSet<u16> = (0..60)
        .map(|_| server.send(stale()))
        .map(|answer| {
            let busy = answer.status().as_u16() == 503;
            assert_eq!(answer.headers().contains_key("retry-after"), busy);
            answer.status().as_u16()
        })
        .collect();
    assert_eq!(answers, BTreeSet::from([412, 503]));
}

#[test]
fn sloppy_stamps_have_any_offset_and_no_milliseconds_and_etags_any_form() {
    let server = filled(Manners::sloppy(), 4, 12);
    let (mut offsets, mut etags) = (BTreeSet::new(), BTreeSet::new());
    for n in 0..12 {
        let request = || {
            Request::get(format!("{BASE}/Observation/o{n:02}"))
                .body(Bytes::new())
                .expect("a request")
        };
        let answer = loop {
            let answer = server.send(request());
            if answer.status() == 200 {
                break answer;
            }
        };
        let body: Value = serde_json::from_slice(answer.body()).expect("JSON");
        let stamp = body["meta"]["lastUpdated"].as_str().expect("a stamp");
        let at = Timestamp::parse_fhir(stamp).expect("an instant");
        assert_eq!(at.as_millis() % 1000, 0);
        offsets.insert(stamp[19..].to_owned());
        let etag = answer.headers()["etag"].to_str().expect("text");
        etags.insert(etag.replace('1', ""));
    }
    let all = ["Z", "+07:00", "-05:00", "+09:00"].map(ToOwned::to_owned);
    assert_eq!(offsets, BTreeSet::from(all));
    let all = ["W/\"\"", "\"\"", ""].map(ToOwned::to_owned);
    assert_eq!(etags, BTreeSet::from(all));
}

#[test]
fn pages_expire() {
    let server = filled(Manners::hapi(), 5, 30);
    let (_, page) = server.get("Observation?patient=p");
    let link = next(&page).expect("a next page");
    assert_eq!(server.get(&link).0, 200);
    server.wait(Manners::hapi().pages_live);
    assert_eq!(server.get(&link).0, 410);
}

#[test]
fn a_search_is_remembered_for_a_minute() {
    let server = filled(Manners::hapi(), 11, 1);
    let found = || ids(&server.get("Observation?patient=p").1).len();
    let counted = || server.get("Observation/_history").1["total"].clone();
    assert_eq!((found(), counted()), (1, Value::from(1)));
    let more = observation("more", 1);
    server.clinic.put(&more, server.tick()).expect("a result");
    assert_eq!((found(), counted()), (1, Value::from(1)));
    server.wait(Duration::from_secs(60));
    assert_eq!((found(), counted()), (2, Value::from(2)));
}

#[test]
fn only_who_has_the_token_is_answered() {
    let clinic = ForeignClinic::new(BASE, Manners::hapi(), 6).with_token("secret");
    let ask = |place: &str, token: Option<&str>| {
        let mut request = Request::get(format!("{BASE}/{place}"));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Bytes::new()).expect("a request");
        clinic.answer(request, START).status().as_u16()
    };
    assert_eq!(ask("metadata", None), 200);
    assert_eq!(ask("Observation", None), 401);
    assert_eq!(ask("Observation", Some("wrong")), 401);
    assert_eq!(ask("Observation", Some("secret")), 200);
}

#[test]
fn what_the_clinic_has_is_what_it_sends_byte_for_byte() {
    for manners in [Manners::hapi(), Manners::sloppy()] {
        let server = filled(manners, 8, 5);
        assert!(server.clinic.delete("Observation", "o01", server.tick()));
        assert!(!server.clinic.delete("Observation", "o01", server.tick()));
        let contents = server.clinic.contents("p", server.now.get());
        assert_eq!(contents.len(), 5);
        let text = &contents[&ResourceKey::new("Observation", "o02")];
        assert!(text.contains(r#""value":2.50"#), "digits are kept: {text}");
        let request = || {
            Request::get(format!("{BASE}/Observation/o02"))
                .body(Bytes::new())
                .expect("a request")
        };
        let sent = loop {
            let answer = server.send(request());
            if answer.status() == 200 {
                break answer.into_body();
            }
        };
        assert_eq!(sent, text.as_bytes());
    }
}

#[test]
fn a_late_commit_that_was_overtaken_does_nothing() {
    let server = filled(Manners::hapi(), 9, 2);
    let entry = |id: &str| {
        let resource = observation(id, 800);
        format!(
            r#"{{"resource":{resource},"request":{{"method":"PUT","url":"Observation/{id}"}}}}"#
        )
    };
    let bundle = format!(
        r#"{{"resourceType":"Bundle","type":"transaction","entry":[{},{}]}}"#,
        entry("o00"),
        entry("new")
    );
    let started = server.tick();
    let commits_at = started.plus(Duration::from_secs(3));
    let begin = || {
        server
            .clinic
            .begin_transaction(&bundle, started, commits_at)
    };
    let id = begin().expect("a transaction");
    let changed = observation("o00", 700);
    server
        .clinic
        .put(&changed, server.tick())
        .expect("a change");
    let TransactionState::Refused(refusal) = server.clinic.transaction(id, commits_at) else {
        panic!("it was not overtaken");
    };
    assert_eq!(refusal.status, 409);
    let contents = server.clinic.contents("p", commits_at);
    assert!(!contents.contains_key(&ResourceKey::new("Observation", "new")));
}

#[test]
fn slots_and_who_has_them() {
    let server = filled(Manners::hapi(), 10, 0);
    for text in [
        r#"{"resourceType":"Slot","id":"s","schedule":{"reference":"Schedule/x"},"status":"busy"}"#,
        r#"{"resourceType":"Appointment","id":"a","status":"booked","slot":[{"reference":"Slot/s"}]}"#,
        r#"{"resourceType":"Appointment","id":"b","status":"cancelled","slot":[{"reference":"Slot/s"}]}"#,
    ] {
        server.clinic.put(text, server.tick()).expect("a resource");
    }
    let slots = server.clinic.slots(server.now.get());
    assert_eq!(slots.len(), 1);
    assert_eq!(slots[0].appointments, ["a"]);
    assert_eq!((slots[0].status.as_str(), slots[0].version), ("busy", 1));
}
