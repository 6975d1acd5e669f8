//! Every type, every interaction, every stranger: what is another's is neither given nor changed, and nobody can tell
//! whether it is there.
//!
//! Each request is asked about the other patient at one clinic, and at another one that is the same in every
//! respect about somebody who is not there. Both answers must have the same bytes.

use std::fmt::Write as _;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::request::{Answered, Asked};
use crate::ward::{
    Begun, CANARY, NOT_SERVED, ONE, OTHER, OTHERS_READING, Phone, SOMEBODY_ELSE, Ward, id_of,
    intent, reading, resource, runtime,
};

/// What the issue about people asks for at least.
const CASES: usize = 2_000;

/// The name under which things are written that must not be.
const INTRUDER: &str = "Kẻ Gian";

/// How a resource of a type is gone for: by type and whose it is.
type OfType = (&'static str, fn(&str, &str) -> Asked);

/// How a person is gone for where no type is named.
type OfPerson = (&'static str, fn(&str) -> Asked);

fn get(kind: &str, query: impl std::fmt::Display) -> Asked {
    Asked::get(format!("/fhir/{kind}{query}"))
}

fn body_of(kind: &str, patient: &str) -> String {
    resource(kind, patient, INTRUDER).to_string()
}

/// The numbers are those of docs/abuse-cases.md.
const OF_TYPES: &[OfType] = &[
    ("A1 read", |kind, whose| {
        get(kind, format_args!("/{}", id_of(kind, whose)))
    }),
    ("A1 read what is newer", |kind, whose| {
        get(kind, format_args!("/{}", id_of(kind, whose))).with_header("if-none-match", "W/\"1\"")
    }),
    ("A1 read in another form", |kind, whose| {
        get(kind, format_args!("/{}", id_of(kind, whose))).with_header("accept", "*/*")
    }),
    ("A1 of the compartment", |kind, whose| {
        get("Patient", format_args!("/{whose}/{kind}"))
    }),
    ("A1 everything", |kind, whose| {
        get(kind, format_args!("/{}/$everything", id_of(kind, whose)))
    }),
    ("A1 search by id", |kind, whose| {
        get(kind, format_args!("?_id={}", id_of(kind, whose)))
    }),
    ("A1 search by patient", |kind, whose| {
        get(kind, format_args!("?patient={whose}"))
    }),
    ("A1 search by reference", |kind, whose| {
        get(kind, format_args!("?patient=Patient/{whose}"))
    }),
    ("A1 search by subject", |kind, whose| {
        get(kind, format_args!("?subject=Patient/{whose}"))
    }),
    ("A1 search by both patients", |kind, whose| {
        get(kind, format_args!("?patient={ONE},{whose}"))
    }),
    ("A1 search by form", |kind, whose| {
        Asked::new(Method::POST, format!("/fhir/{kind}/_search"))
            .with_header("content-type", "application/x-www-form-urlencoded")
            .with_text(format!("patient={whose}"))
    }),
    ("A2 create", |kind, whose| {
        Asked::new(Method::POST, format!("/fhir/{kind}")).with_body(body_of(kind, whose))
    }),
    ("A2 write into one's own", |kind, whose| {
        Asked::new(Method::PUT, format!("/fhir/{kind}/{}", id_of(kind, ONE)))
            .with_header("if-match", "W/\"1\"")
            .with_body(body_of(kind, whose))
    }),
    ("A3 include", |kind, whose| {
        get(kind, format_args!("?_id={}&_include=*", id_of(kind, whose)))
    }),
    ("A3 include of a patient", |kind, whose| {
        get(
            kind,
            format_args!("?patient={whose}&_include={kind}:patient"),
        )
    }),
    ("A3 include again and again", |kind, whose| {
        get(
            kind,
            format_args!("?patient={whose}&_include:iterate={kind}:subject"),
        )
    }),
    ("A3 reverse include", |kind, whose| {
        get(
            "Patient",
            format_args!("?_id={whose}&_revinclude={kind}:patient"),
        )
    }),
    ("A4 has", |kind, _| {
        get("Patient", format_args!("?_has:{kind}:patient:code=8310-5"))
    }),
    ("A4 chain", |kind, whose| {
        get(kind, format_args!("?patient.identifier=x%7C{whose}"))
    }),
    ("A6 count", |kind, whose| {
        get(kind, format_args!("?patient={whose}&_summary=count"))
    }),
    ("A6 total", |kind, whose| {
        get(kind, format_args!("?patient={whose}&_total=accurate"))
    }),
    ("A6 count of all", |kind, _| get(kind, "?_count=500")),
    ("A7 sort", |kind, whose| {
        get(kind, format_args!("?patient={whose}&_sort=-date"))
    }),
    ("A7 elements", |kind, whose| {
        get(kind, format_args!("?patient={whose}&_elements=id"))
    }),
    ("A7 text", |kind, _| get(kind, "?_text=Chim")),
    ("A7 content", |kind, _| get(kind, "?_content=Chim")),
    ("A7 filter", |kind, whose| {
        get(kind, format_args!("?_filter=patient%20eq%20{whose}"))
    }),
    ("A9 conditional update", |kind, whose| {
        Asked::new(Method::PUT, format!("/fhir/{kind}?identifier={whose}"))
            .with_body(body_of(kind, whose))
    }),
    ("A9 conditional create", |kind, whose| {
        Asked::new(Method::POST, format!("/fhir/{kind}"))
            .with_header("if-none-exist", format!("patient={whose}"))
            .with_body(body_of(kind, ONE))
    }),
    ("A9 conditional delete", |kind, whose| {
        Asked::new(Method::DELETE, format!("/fhir/{kind}?patient={whose}"))
    }),
    ("A10 write over", |kind, whose| {
        Asked::new(Method::PUT, format!("/fhir/{kind}/{}", id_of(kind, whose)))
            .with_header("if-match", "W/\"1\"")
            .with_body(body_of(kind, whose))
    }),
    ("A10 take over", |kind, whose| {
        Asked::new(Method::PUT, format!("/fhir/{kind}/{}", id_of(kind, whose)))
            .with_body(body_of(kind, ONE))
    }),
    ("A10 patch", |kind, whose| {
        let to_one = json!([{"op": "replace", "path": "/subject/reference", "value": format!("Patient/{ONE}")}]);
        Asked::new(
            Method::PATCH,
            format!("/fhir/{kind}/{}", id_of(kind, whose)),
        )
        .with_header("content-type", "application/json-patch+json")
        .with_text(to_one.to_string())
    }),
    ("A10 delete", |kind, whose| {
        Asked::new(
            Method::DELETE,
            format!("/fhir/{kind}/{}", id_of(kind, whose)),
        )
    }),
    ("A11 history", |kind, whose| {
        get(kind, format_args!("/{}/_history", id_of(kind, whose)))
    }),
    ("A11 version", |kind, whose| {
        get(kind, format_args!("/{}/_history/1", id_of(kind, whose)))
    }),
    ("A11 history of the type", |kind, _| get(kind, "/_history")),
    ("A13 absolute reference", |kind, whose| {
        get(
            kind,
            format_args!("?patient=https://hospital.example/fhir/Patient/{whose}"),
        )
    }),
    ("A15 injection", |kind, whose| {
        get(
            kind,
            format_args!("?patient={whose}'%20OR%20patient='{whose}"),
        )
    }),
];

fn operation(name: &str, patient: &str) -> Asked {
    let parameters = json!({"resourceType": "Parameters", "parameter": [
        {"name": "start", "valueDateTime": "2026-11-24T00:00:00+07:00"},
        {"name": "end", "valueDateTime": "2026-12-04T00:00:00+07:00"},
        {"name": "visit-type", "valueString": "kham-mat"},
        {"name": "patient-reference", "valueReference": {"reference": format!("Patient/{patient}")}},
        {"name": "appointment-reference", "valueReference": {"reference": format!("Appointment/{}", id_of("Appointment", patient))}},
    ]});
    Asked::new(Method::POST, format!("/fhir/Appointment/{name}"))
        .with_header("idempotency-key", intent(1))
        .with_body(parameters.to_string())
}

fn bundle(kind: &str, method: &str, url: &str, resource: Option<Value>) -> Asked {
    let mut entry = json!({"request": {"method": method, "url": url}});
    if let Some(resource) = resource {
        entry["resource"] = resource;
    }
    let bundle = json!({"resourceType": "Bundle", "type": kind, "entry": [entry]});
    Asked::new(Method::POST, "/fhir").with_body(bundle.to_string())
}

fn booking(patient: &str, status: &str) -> Value {
    let mut booking = resource("Appointment", patient, INTRUDER);
    booking["status"] = json!(status);
    booking["id"] = json!("appointment-of-".to_owned() + patient);
    json!({"resourceType": "Parameters", "parameter": [{"name": "appointment-resource", "resource": booking}]})
}

const OF_PERSONS: &[OfPerson] = &[
    ("A1 changes", |whose| {
        get("Patient", format_args!("/{whose}/$changes"))
    }),
    ("A1 changes, waiting", |whose| {
        get("Patient", format_args!("/{whose}/$changes")).with_header("prefer", "wait=1")
    }),
    ("A1 everything", |whose| {
        get("Patient", format_args!("/{whose}/$everything"))
    }),
    ("A1 ticket", |whose| {
        get(
            "Appointment",
            format_args!("/appointment-of-{whose}/$ticket"),
        )
    }),
    ("A1 queue", |whose| {
        get(
            "Appointment",
            format_args!("/appointment-of-{whose}/$queue"),
        )
    }),
    ("A1 join", |whose| {
        get("Appointment", format_args!("/appointment-of-{whose}/$join"))
    }),
    ("A1 all types", |whose| {
        Asked::get(format!("/fhir?_type=Patient,Observation&patient={whose}"))
    }),
    ("A2 find", |whose| operation("$find", whose)),
    ("A2 hold", |whose| operation("$hold", whose)),
    ("A2 book", |whose| operation("$book", whose)),
    ("A2 wait", |whose| operation("$wait", whose)),
    ("A2 call off", |whose| {
        Asked::new(Method::POST, "/fhir/Appointment/$book")
            .with_header("idempotency-key", intent(2))
            .with_body(booking(whose, "cancelled").to_string())
    }),
    ("A2 reading", |whose| {
        let id = intent(3);
        let body = reading(&id, whose, INTRUDER).to_string();
        Asked::new(Method::PUT, format!("/fhir/Observation/{id}")).with_body(body)
    }),
    ("A8 batch read", |whose| {
        bundle("batch", "GET", &format!("Patient/{whose}"), None)
    }),
    ("A8 batch search", |whose| {
        bundle(
            "batch",
            "GET",
            &format!("Observation?patient={whose}"),
            None,
        )
    }),
    ("A8 transaction write", |whose| {
        let body = resource("Observation", whose, INTRUDER);
        let url = format!("Observation/observation-of-{whose}");
        bundle("transaction", "PUT", &url, Some(body))
    }),
    ("A8 transaction delete", |whose| {
        let url = format!("Observation/observation-of-{whose}");
        bundle("transaction", "DELETE", &url, None)
    }),
    ("A8 transaction operation", |whose| {
        let url = "Appointment/$book";
        bundle(
            "transaction",
            "POST",
            url,
            Some(booking(whose, "cancelled")),
        )
    }),
    ("A11 history of all", |_| Asked::get("/fhir/_history")),
    ("A12 an invented cursor", |whose| {
        get(
            "Patient",
            format_args!("/{whose}/$changes?cursor=AAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAA"),
        )
    }),
    ("A34 desk", |_| Asked::get("/desk")),
    ("A34 desk, bookings", |_| {
        Asked::get("/desk/bookings?day=2026-11-02")
    }),
    ("A34 desk, free", |_| Asked::get("/desk/free")),
    ("A34 desk, events", |_| Asked::get("/desk/events")),
    ("A34 desk, somebody's page", |whose| {
        Asked::get(format!("/desk/persons/{whose}"))
    }),
    ("A34 desk, people by a number", |_| {
        Asked::get("/desk/patients?q=0912345678")
    }),
    ("A34 desk, cashier", |_| Asked::get("/desk/cashier")),
    ("A34 desk, an invoice", |_| {
        Asked::get("/desk/invoices/SK222222")
    }),
    ("A34 desk, staff", |_| Asked::get("/desk/staff")),
    ("A34 kiosk", |_| Asked::get("/desk/kiosk")),
    ("A34 board", |_| Asked::get("/desk/board/lines")),
    ("A34 metrics", |_| Asked::get("/metrics")),
];

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Actor {
    /// Without a token.
    Nobody,
    /// With a token that nobody gave.
    Inventor,
    /// With the other's token and the one's key.
    Thief,
    /// The one patient.
    One,
    /// Whoever could see the other once, and was told that this is over.
    Former,
}

impl Actor {
    const ALL: [Self; 5] = [
        Self::Nobody,
        Self::Inventor,
        Self::Thief,
        Self::One,
        Self::Former,
    ];

    fn phone(self, begun: &Begun, other: &Phone, former: &Phone) -> Option<Phone> {
        match self {
            Self::Nobody => None,
            Self::Inventor => Some(Phone {
                token: "x".repeat(43),
                ..other.clone()
            }),
            Self::Thief => Some(Phone {
                token: other.token.clone(),
                ..begun.one.clone()
            }),
            Self::One => Some(begun.one.clone()),
            Self::Former => Some(former.clone()),
        }
    }
}

/// Two clinics that are the same: what is asked about the other in the one is asked about somebody who is not there in
/// the other.
struct Pair {
    of_other: Ward,
    of_nobody: Ward,
}

impl Pair {
    /// What is wrong with the answers, if anything.
    async fn ask(&self, actor: Actor, phone: Option<&Phone>, asked: &Asked) -> Option<String> {
        let of_other = self.of_other.answers(asked, phone).await;
        let of_nobody = self
            .of_nobody
            .answers(&asked.renamed(OTHER, SOMEBODY_ELSE), phone)
            .await;
        let mut wrong = String::new();
        if of_other.body.contains(CANARY) || of_other.body.contains("CHIM YEN") {
            wrong.push_str("the other is seen; ");
        }
        let proves_nothing = matches!(actor, Actor::Nobody | Actor::Inventor | Actor::Thief);
        if proves_nothing && !of_other.gives_nothing() {
            wrong.push_str("somebody who proved nothing was given something; ");
        }
        if of_other.status.is_server_error() {
            wrong.push_str("the clinic failed; ");
        }
        // Who could see somebody once is told that it is over.
        if actor != Actor::Former && of_other.of_somebody_else() != of_nobody {
            let _infallible = write!(wrong, "told from nobody's, {of_nobody:?}; ");
        }
        (!wrong.is_empty()).then(|| format!("{wrong}{of_other:?}"))
    }
}

async fn everything_of(ward: &Ward, phone: &Phone, types: &[(String, bool)]) -> Vec<Answered> {
    let mut everything = Vec::new();
    for (kind, _) in types.iter().filter(|(_, is_personal)| *is_personal) {
        let path = format!("/fhir/{kind}/{}", id_of(kind, OTHER));
        everything.push(ward.answers(&Asked::get(path), Some(phone)).await);
    }
    let reading = Asked::get(format!("/fhir/Observation/{OTHERS_READING}"));
    everything.push(ward.answers(&reading, Some(phone)).await);
    let feed = Asked::get(format!("/fhir/Patient/{OTHER}/$changes?_count=500"));
    everything.push(ward.answers(&feed, Some(phone)).await);
    everything
}

#[test]
fn what_is_anothers_is_neither_given_nor_changed_nor_told_from_what_is_not_there() {
    runtime().block_on(async {
        let begun = Begun::with_one().await;
        let (both, other) = begun.and_the_other().await;
        let former = {
            let ward = both.open(3);
            let former = ward.enrols("device-of-former", &[OTHER]).await;
            let ended = ward.clinic.end_access(OTHER, Some(&former.device));
            assert_eq!(ended.expect("an end"), 1);
            former
        };
        let pair = Pair {
            of_other: both.copied(),
            of_nobody: both.copied(),
        };
        // Nothing of this would be seen if nobody saw it.
        let before = everything_of(&pair.of_other, &other, &both.types).await;
        for seen in &before {
            assert_eq!(seen.status, StatusCode::OK, "{seen:?}");
            let shows = seen.body.contains(CANARY) || seen.body.contains("CHIM YEN");
            assert!(shows || seen.body.contains("Q0hJTSBZRU4="), "{seen:?}");
        }

        let mut cases = 0;
        let mut wrongs = Vec::new();
        let kinds = both.types.iter().map(|(kind, _)| kind.as_str());
        let kinds: Vec<_> = kinds.chain(NOT_SERVED.iter().copied()).collect();
        for actor in Actor::ALL {
            let phone = actor.phone(&both, &other, &former);
            let of_types = kinds.iter().flat_map(|kind| {
                OF_TYPES
                    .iter()
                    .map(move |(name, ask)| (format!("{kind}: {name}"), ask(kind, OTHER)))
            });
            let of_persons = OF_PERSONS
                .iter()
                .map(|(name, ask)| ((*name).to_owned(), ask(OTHER)));
            for (name, asked) in of_types.chain(of_persons) {
                cases += 1;
                if let Some(wrong) = pair.ask(actor, phone.as_ref(), &asked).await {
                    wrongs.push(format!("{actor:?}, {name}: {wrong}"));
                }
            }
        }
        assert!(
            wrongs.is_empty(),
            "{} of {cases}:\n{}",
            wrongs.len(),
            wrongs[..wrongs.len().min(20)].join("\n")
        );
        let after = everything_of(&pair.of_other, &other, &both.types).await;
        assert_eq!(before, after, "something was changed");
        println!("{cases} cases of access, none let through");
        assert!(cases >= CASES, "only {cases} cases");
    });
}

#[test]
fn an_id_that_only_its_maker_knows_is_not_taken_over() {
    runtime().block_on(async {
        let begun = Begun::with_one().await;
        let (both, other) = begun.and_the_other().await;
        let ward = both.copied();
        let path = format!("/fhir/Observation/{OTHERS_READING}");
        let before = ward.answers(&Asked::get(&*path), Some(&other)).await;
        // Whoever writes under an id makes it; that this one is taken can be seen, and an id of 74 random bits
        // cannot be guessed.
        let body = reading(OTHERS_READING, ONE, INTRUDER).to_string();
        for version in [None, Some("W/\"1\"")] {
            let mut asked = Asked::new(Method::PUT, &*path).with_body(&*body);
            if let Some(version) = version {
                asked = asked.with_header("if-match", version);
            }
            let said = ward.answers(&asked, Some(&both.one)).await;
            assert_eq!(said.status, StatusCode::NOT_FOUND, "{said:?}");
        }
        let after = ward.answers(&Asked::get(&*path), Some(&other)).await;
        assert_eq!(before, after);
    });
}
