//! Non-interference: whatever one patient asks, in whatever order, is answered with the same bytes whether the other
//! patient is there or not.
//!
//! Two clinics begin alike, but for the other patient's record, phone and bookings of the past, which only one has.
//! Both are asked the same random requests. Only the letters of cursors may differ: they are sealed, and each clinic
//! gets its own back. And the proofs of an access log, which is one for all.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use sokhoe_app::domain::GrantScope;
use sokhoe_testing::SeededRng;

use crate::dice::Dice;
use crate::request::{Answered, Asked};
use crate::ward::{
    Begun, NOBODYS_READING, NOT_SERVED, ONE, OTHER, OTHERS_READING, Phone, SOMEBODY_ELSE, Ward,
    id_of, intent, reading, resource, runtime,
};

/// Requests when nothing else is said.
const REQUESTS: u64 = 100_000;
/// After so many both clinics begin anew.
const IN_A_ROW: u64 = 500;
/// Stands in a request where each clinic is to find a cursor of its own.
const CURSOR: &str = "{cursor}";

/// What requests are made of.
struct Words<'a> {
    dice: Dice,
    kinds: Vec<&'a str>,
    /// Of times that were free.
    offers: Vec<String>,
    /// Ids that were used, to be used again.
    intents: u64,
}

impl Words<'_> {
    fn patient(&self) -> &'static str {
        self.dice.one(&[
            ONE,
            ONE,
            ONE,
            OTHER,
            OTHER,
            OTHER,
            SOMEBODY_ELSE,
            "bn-000001",
            "*",
        ])
    }

    fn kind(&self) -> &str {
        match self.dice.below(4) {
            0 => self
                .dice
                .one(&["Patient", "Appointment", "Observation", "Binary"]),
            _ => self.dice.one(&self.kinds),
        }
    }

    fn id(&self, kind: &str) -> String {
        match self.dice.below(12) {
            0 => OTHERS_READING.to_owned(),
            1 => NOBODYS_READING.to_owned(),
            2 => "kham-mat".to_owned(),
            // Of another type.
            3 => id_of(self.kind(), self.patient()),
            _ => id_of(kind, self.patient()),
        }
    }

    fn param(&self, kind: &str) -> String {
        if !self.dice.once_in(4) {
            return match self.dice.below(6) {
                0 | 1 => format!("patient={}", self.patient()),
                2 => format!("_id={}", self.id(kind)),
                3 => format!("_count={}", 1 + self.dice.below(4)),
                4 => "_lastUpdated=ge2026-11-01".to_owned(),
                _ => format!("_page={CURSOR}"),
            };
        }
        let other = self.kind();
        let (id, patient) = (self.id(kind), self.patient());
        match self.dice.below(28) {
            0..=2 => format!("patient={patient}"),
            3 => format!("patient=Patient/{patient}"),
            4 | 5 => format!("_id={id}"),
            6 => format!("_id={id},{}", self.id(kind)),
            7 => format!("_count={}", self.dice.below(5)),
            8 => format!("_page={CURSOR}"),
            9 => "_lastUpdated=ge2026-11-01".to_owned(),
            10 => "_lastUpdated=lt2026-11-23".to_owned(),
            11 => "code=8310-5".to_owned(),
            12 => "code=http://loinc.org%7C8310-5".to_owned(),
            13 => "status=active,issued,fulfilled".to_owned(),
            14 => "date=ge2026-11-02".to_owned(),
            15 => "_sort=-date".to_owned(),
            16 => "category=vital-signs".to_owned(),
            17 => format!("_include={kind}:patient"),
            18 => format!("_revinclude={other}:patient"),
            19 => "_include=PractitionerRole:practitioner".to_owned(),
            20 => format!("_has:{other}:patient:_id={id}"),
            21 => format!("patient:{other}._id={id}"),
            22 => "_total=accurate".to_owned(),
            23 => "_summary=count".to_owned(),
            24 => format!("_filter=patient%20eq%20{patient}"),
            25 => format!("identifier={patient}"),
            26 => format!("subject:Patient={patient}"),
            _ => format!("patient:missing={}", self.dice.once_in(2)),
        }
    }

    fn query(&self, kind: &str) -> String {
        let params: Vec<_> = (0..self.dice.below(3)).map(|_| self.param(kind)).collect();
        match params.is_empty() {
            true => String::new(),
            false => format!("?{}", params.join("&")),
        }
    }

    fn intent(&mut self) -> String {
        if self.intents > 0 && self.dice.once_in(4) {
            let earlier = u64::try_from(self.dice.below(8)).unwrap_or(0);
            return intent(self.intents.saturating_sub(earlier));
        }
        self.intents += 1;
        intent(self.intents)
    }

    fn offer(&self) -> String {
        let fresh = !self.offers.is_empty() && !self.dice.once_in(5);
        if fresh {
            return self.offers[self.dice.below(self.offers.len())].clone();
        }
        self.id("Appointment")
    }

    fn operation(&mut self) -> Asked {
        let service = self
            .dice
            .one(&["kham-mat", "kham-tim-mach", "sieu-am-tim", "nothing"]);
        let name = self
            .dice
            .one(&["$find", "$find", "$hold", "$book", "$book", "$wait"]);
        let parameters = json!({"resourceType": "Parameters", "parameter": [
            {"name": "start", "valueDateTime": "2026-11-24T00:00:00+07:00"},
            {"name": "end", "valueDateTime": "2026-11-27T00:00:00+07:00"},
            {"name": "visit-type", "valueString": service},
            {"name": "patient-reference", "valueReference": {"reference": format!("Patient/{}", self.patient())}},
            {"name": "appointment-reference", "valueReference": {"reference": format!("Appointment/{}", self.offer())}},
        ]});
        let body = if self.dice.once_in(4) {
            let mut booking = resource("Appointment", self.patient(), "Ai");
            booking["id"] = json!(self.offer());
            booking["status"] = json!(self.dice.one(&["cancelled", "booked", "pending"]));
            json!({"resourceType": "Parameters", "parameter": [{"name": "appointment-resource", "resource": booking}]})
        } else {
            parameters
        };
        Asked::new(Method::POST, format!("/fhir/Appointment/{name}"))
            .with_header("idempotency-key", self.intent())
            .with_body(body.to_string())
    }

    fn write(&mut self) -> Asked {
        if self.dice.once_in(2) {
            let id = self.intent();
            let body = reading(&id, self.patient(), "Cân nặng").to_string();
            return Asked::new(Method::PUT, format!("/fhir/Observation/{id}")).with_body(body);
        }
        let kind = self.kind();
        let body = resource(kind, self.patient(), "Ai").to_string();
        let path = format!("/fhir/{kind}/{}", self.id(kind));
        // That an id is taken which only its maker knows can be seen by who writes under it.
        let path = path.replace(OTHERS_READING, NOBODYS_READING);
        let method = self.dice.one(&[
            &Method::PUT,
            &Method::PUT,
            &Method::POST,
            &Method::PATCH,
            &Method::DELETE,
        ]);
        let asked = Asked::new(method.clone(), path).with_body(body);
        match self.dice.below(3) {
            0 => asked.with_header("if-match", "W/\"1\""),
            1 => asked.with_header("if-none-match", "*"),
            _ => asked,
        }
    }

    fn request(&mut self) -> Asked {
        let kind = self.kind();
        let get = |path: String| Asked::get(format!("/fhir/{path}"));
        match self.dice.below(100) {
            0..24 => get(format!("{kind}/{}", self.id(kind))),
            24..28 => {
                get(format!("{kind}/{}", self.id(kind))).with_header("if-none-match", "W/\"1\"")
            }
            28..58 => get(format!("{kind}{}", self.query(kind))),
            58..62 => get(format!("{kind}/{}/_history/1", self.id(kind))),
            62..70 => {
                let cursor = match self.dice.below(3) {
                    0 => "",
                    1 => "?_count=3",
                    _ => "?_count=2&cursor={cursor}",
                };
                get(format!("Patient/{}/$changes{cursor}", self.patient()))
            }
            70..76 => {
                let name = self.dice.one(&["$ticket", "$queue", "$join"]);
                get(format!("Appointment/{}/{name}", self.offer()))
            }
            76 => Asked::get("/access"),
            77..88 => self.operation(),
            88..96 => self.write(),
            _ => {
                let method = self.dice.one(&["GET", "PUT", "DELETE"]);
                let url = format!("{kind}/{}", self.id(kind));
                let bundle = json!({"resourceType": "Bundle", "type": "batch",
                    "entry": [{"request": {"method": method, "url": url}}]});
                Asked::new(Method::POST, "/fhir").with_body(bundle.to_string())
            }
        }
    }
}

/// What was answered differently.
struct Interference {
    asked: Asked,
    with: Answered,
    without: Answered,
}

impl fmt::Display for Interference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            asked,
            with,
            without,
        } = self;
        write!(
            f,
            "{asked:?}\nwith the other:\n  {with:?}\nwithout:\n  {without:?}"
        )
    }
}

/// A page of an access log without its proofs: they say how much the log of the whole clinic has, as SECURITY.md does. What
/// is said of the person themselves stays.
fn without_proofs(body: &str) -> String {
    if !body.contains("access-log-entry") {
        return body.to_owned();
    }
    let mut page: Value = serde_json::from_str(body).expect("a Bundle");
    let entries = page["entry"].as_array_mut().expect("its entries");
    entries.retain(|entry| entry["resource"]["resourceType"] != "Parameters");
    for entry in entries {
        entry["resource"]["extension"] = Value::Null;
    }
    page.to_string()
}

/// The answer without its cursors, and they.
fn cursors(answered: &Answered) -> (Answered, Vec<String>) {
    let mut found = Vec::new();
    let mut body = String::new();
    let whole = without_proofs(&answered.body);
    let has_proofs = whole != answered.body;
    let mut rest = whole.as_str();
    let begin = |text: &str| {
        ["_page=", "cursor="]
            .iter()
            .filter_map(|name| text.find(name).map(|at| at + name.len()))
            .min()
    };
    while let Some(at) = begin(rest) {
        let (before, from) = rest.split_at(at);
        let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let end = from.find(|c| !is_letter(c)).unwrap_or(from.len());
        found.push(from[..end].to_owned());
        body.push_str(before);
        // As long as it is.
        body.extend(std::iter::repeat_n('.', end));
        rest = &from[end..];
    }
    body.push_str(rest);
    let mut answered = Answered {
        body,
        ..answered.clone()
    };
    if has_proofs {
        // Of a longer log they are longer.
        answered
            .headers
            .retain(|(name, _)| name != "content-length");
    }
    (answered, found)
}

/// Two clinics that differ in the other patient alone.
struct Pair {
    with: Ward,
    without: Ward,
    /// Of the one and of the other clinic, given in the same answer.
    cursors: Vec<(String, String)>,
}

impl Pair {
    async fn ask(
        &mut self,
        asked: &Asked,
        by: &Phone,
        dice: &Dice,
    ) -> Result<Answered, Box<Interference>> {
        let nothing = || ("AAAA".to_owned(), "AAAA".to_owned());
        let (first, second) = match self.cursors.len() {
            0 => nothing(),
            most => self.cursors[dice.below(most)].clone(),
        };
        let at = |cursor: &str| Asked {
            path: asked.path.replace(CURSOR, cursor),
            ..asked.clone()
        };
        let with = self.with.answers(&at(&first), Some(by)).await;
        let without = self.without.answers(&at(&second), Some(by)).await;
        for ward in [&self.with, &self.without] {
            ward.clock.advance(Duration::from_secs(1));
        }
        let ((with, theirs), (without, ours)) = (cursors(&with), cursors(&without));
        if with != without || with.status.is_server_error() {
            return Err(Box::new(Interference {
                asked: asked.clone(),
                with,
                without,
            }));
        }
        self.cursors.extend(theirs.into_iter().zip(ours));
        Ok(with)
    }
}

fn offers_in(answered: &Answered) -> Vec<String> {
    let Ok(bundle) = serde_json::from_str::<Value>(&answered.body) else {
        return Vec::new();
    };
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    entries
        .iter()
        .filter(|entry| entry["resource"]["resourceType"] == "Appointment")
        .filter_map(|entry| entry["resource"]["id"].as_str().map(str::to_owned))
        .take(20)
        .collect()
}

/// How many requests of a row were answered, and how many of them with success; or what went wrong.
async fn row(without: &Begun, with: &Begun, by: &Phone, seed: u64) -> Result<(u64, u64), String> {
    let kinds = without.types.iter().map(|(kind, _)| kind.as_str());
    let mut words = Words {
        dice: Dice(SeededRng::new(seed)),
        kinds: kinds.chain(NOT_SERVED.iter().copied()).collect(),
        offers: Vec::new(),
        intents: seed * 1_000,
    };
    let mut pair = Pair {
        with: with.copied(),
        without: without.copied(),
        cursors: Vec::new(),
    };
    let mut succeeded = 0;
    for number in 0..IN_A_ROW {
        let asked = words.request();
        let answered = pair
            .ask(&asked, by, &words.dice)
            .await
            .map_err(|wrong| format!("seed {seed}, request {number}: {wrong}"))?;
        succeeded += u64::from(answered.status.is_success());
        let offers = offers_in(&answered);
        if !offers.is_empty() {
            words.offers = offers;
        }
    }
    Ok((IN_A_ROW, succeeded))
}

/// Asks both a part of as often as is wanted.
fn same_bytes(without: &Begun, with: &Begun, by: &Phone, part: u64) {
    let requests = std::env::var("SOKHOE_REQUESTS")
        .ok()
        .and_then(|requests| requests.parse().ok())
        .unwrap_or(REQUESTS)
        .div_ceil(part);
    let next = AtomicU64::new(1);
    let (asked, succeeded) = (AtomicU64::new(0), AtomicU64::new(0));
    let wrongs = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while asked.load(Ordering::Relaxed) < requests && wrongs.lock().unwrap().is_empty()
                {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    match runtime().block_on(row(without, with, by, seed)) {
                        Ok((done, well)) => {
                            asked.fetch_add(done, Ordering::Relaxed);
                            succeeded.fetch_add(well, Ordering::Relaxed);
                        }
                        Err(wrong) => wrongs.lock().unwrap().push(wrong),
                    }
                }
            });
        }
    });
    let (asked, succeeded) = (asked.into_inner(), succeeded.into_inner());
    let wrongs = wrongs.into_inner().unwrap();
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n\n"));
    println!("{asked} random requests, {succeeded} answered with success: the same bytes");
    // Whoever is refused everything sees no difference either.
    assert!(succeeded > asked / 8, "{succeeded} of {asked}");
}

#[test]
fn nobody_can_tell_whether_another_is_there() {
    let (without, with) = runtime().block_on(async {
        let without = Begun::with_one().await;
        let (with, _) = without.and_the_other().await;
        (without, with)
    });
    same_bytes(&without, &with, &without.one, 1);
}

/// What a helper sees, by what they may do.
const OPENED: &[(GrantScope, &[&str])] = &[
    (
        GrantScope::Book,
        &["Patient", "Appointment", "AppointmentResponse", "Coverage"],
    ),
    (
        GrantScope::SeeSummary,
        &[
            "Patient",
            "AllergyIntolerance",
            "Appointment",
            "AppointmentResponse",
            "MedicationRequest",
            "MedicationStatement",
        ],
    ),
    (
        GrantScope::Pay,
        &["Patient", "Coverage", "Invoice", "PaymentNotice"],
    ),
];

#[test]
fn no_helper_can_tell_whether_there_is_more_than_they_may_see() {
    for (scope, opened) in OPENED {
        let (without, with, helper) = runtime().block_on(async {
            let one = Begun::with_one().await;
            let may = [*scope];
            let (without, helper) = one.and_a_helper(|kind| opened.contains(&kind), &may).await;
            let (with, same) = one.and_a_helper(|_| true, &may).await;
            assert_eq!(helper.token, same.token);
            (without, with, helper)
        });
        println!("{scope:?}");
        same_bytes(&without, &with, &helper, 4);
    }
}
